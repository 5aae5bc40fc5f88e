package gateway

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/internal/doctor"
	"github.com/entwine-data/entwine/internal/migrate"
)

func (c *command) doctor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what is wrong with the database, and what makes it slow", Args: noArgs,
		Long: `Look at the database and say what is wrong with it for this gateway, and what to do: whether it can be served, indexes that
lists, relations and rules need and that are not there, columns that have to be sorted for each request, settings that
cost speed, and on Postgres the statements that took the most time (if pg_stat_statements is there).

"wrong" is what costs more the more rows there are, "slow" what matters for large tables, "note" what is worth knowing.
Exits with 1 if something is wrong. It changes nothing.`,
	}
	addFlags(cmd.Flags(), false)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, false)
		if err != nil {
			return &usageError{err}
		}
		if err := c.exists(cfg); err != nil {
			return err
		}
		ctx := cmd.Context()
		db, handle, err := c.open(ctx, cfg)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.Ping(ctx); err != nil {
			return fmt.Errorf("reach the database: %w", err)
		}
		if cfg.External {
			if err := migrate.Collate(ctx, db, handle.Catalog); err != nil {
				return fmt.Errorf("look at the columns: %w", err)
			}
		}
		found, err := doctor.Examine(ctx, db, handle.Catalog, cfg.External)
		if err != nil {
			return err
		}
		if err := c.fits(ctx, db, handle, cfg); err != nil {
			found = append([]doctor.Finding{{Severity: doctor.Wrong, What: "it cannot be served", Why: err.Error()}}, found...)
		}
		return c.findings(found)
	}
	return cmd
}

// findings prints the findings, the worst first.
func (c *command) findings(found []doctor.Finding) error {
	counts := make(map[doctor.Severity]int)
	for _, severity := range []doctor.Severity{doctor.Wrong, doctor.Slow, doctor.Note} {
		for _, f := range found {
			if f.Severity != severity {
				continue
			}
			counts[severity]++
			fmt.Fprintf(c.out, "%-6s %s\n       %s\n", f.Severity, f.What, f.Why)
			if f.Do != "" {
				fmt.Fprintf(c.out, "       Do: %s\n", f.Do)
			}
		}
	}
	if len(found) == 0 {
		_, err := io.WriteString(c.out, "Nothing is wrong.\n")
		return err
	}
	fmt.Fprintf(c.out, "\n%d wrong, %d slow, %d worth knowing.\n", counts[doctor.Wrong], counts[doctor.Slow], counts[doctor.Note])
	if counts[doctor.Wrong] > 0 {
		return errors.New("something is wrong with the database; see above")
	}
	return nil
}
