package gateway

import (
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/gateway/access"
)

// Command is a command of the application's own, beside serve and the others. It has the settings of the database, as flags and
// otherwise, and appears in the help.
type Command struct {
	// Name is what it is called by: one word of small letters, digits and dashes.
	Name string
	// Short says in one line what it does, for the list of commands.
	Short string
	// Long is its help. Defaults to Short.
	Long string
	// Args describes its arguments for the help, such as "[FILE]...". Without it there are none.
	Args string
	// Flags declares flags of its own, if there are any.
	Flags func(*flag.FlagSet)
	// Run does it. An error is printed, and the program exits with 1. The context belongs to no viewer: whoever can run commands
	// operates the gateway, so that no rule restricts it. For the view of somebody, see [access.NewContext].
	Run func(ctx context.Context, call Call) error
}

// Call is one execution of a [Command].
type Call struct {
	// Handle is the application, open over the configured database, whose tables are up to date.
	Handle *Handle
	// Args are the arguments after the name, without flags.
	Args []string
	// Out is for answers, and Log for messages to people.
	Out, Log io.Writer
}

var commandName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// addCommands adds the application's commands to the framework's.
func (c *command) addCommands(root *cobra.Command) error {
	for _, own := range c.app.Commands {
		taken := slices.ContainsFunc(root.Commands(), func(cmd *cobra.Command) bool { return cmd.Name() == own.Name })
		switch {
		case !commandName.MatchString(own.Name) || own.Run == nil:
			return fmt.Errorf("App.Commands: %q needs a name of small letters, digits and dashes, and a function Run", own.Name)
		case taken || own.Name == "help":
			return fmt.Errorf("App.Commands: there is a command %s already", own.Name)
		}
		root.AddCommand(c.own(own))
	}
	return nil
}

func (c *command) own(own Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: own.Name, Short: own.Short, Long: own.Long, Args: noArgs,
	}
	if own.Args != "" {
		cmd.Use += " " + own.Args
		cmd.Args = cobra.ArbitraryArgs
	}
	addFlags(cmd.Flags(), false)
	if own.Flags != nil {
		flags := flag.NewFlagSet(own.Name, flag.ContinueOnError)
		own.Flags(flags)
		cmd.Flags().AddGoFlagSet(flags)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		if err := c.exists(cfg); err != nil {
			return err
		}
		db, handle, err := c.open(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := c.fits(cmd.Context(), db, handle, cfg); err != nil {
			return err
		}
		return own.Run(access.SystemContext(cmd.Context()), Call{Handle: handle, Args: args, Out: c.out, Log: c.log})
	}
	return cmd
}
