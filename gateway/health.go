package gateway

import (
	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/internal/httpd"
)

func (c *command) health() *cobra.Command {
	cmd := &cobra.Command{
		Use: "health", Short: "Ask the gateway that runs here whether it is alive", Args: noArgs,
		Long: `Ask the gateway that runs here, with these settings, whether it is alive. Exits with 1 if it is not.

It is the health check of a container, which holds no other program that could ask.`,
	}
	addFlags(cmd.Flags(), true)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, false)
		if err != nil {
			return &usageError{err}
		}
		return httpd.Probe(cmd.Context(), cfg.Addr)
	}
	return cmd
}
