package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/internal/store"
)

// command is what all commands share.
type command struct {
	app    App
	args   []string
	lookup func(string) (string, bool)
	out    io.Writer // answers: what a pipe wants
	log    io.Writer // progress and messages for people
}

func run(app App, args []string, _ io.Reader, out, log io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, app, args, os.LookupEnv, out, log)
}

// Run executes one command of the application and returns the exit code: 0, 1 for a failure, 2 for a wrong call. It
// returns when the command ends or ctx does.
func Run(ctx context.Context, app App, args []string, lookup func(string) (string, bool), out, log io.Writer) int {
	if app.Name == "" {
		app.Name = "Entwine"
	}
	c := &command{app: app, args: args, lookup: lookup, out: out, log: log}
	root := c.root()
	if err := c.addCommands(root); err != nil {
		fmt.Fprintf(log, "error: %v\n", err)
		return 1
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(log)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(log, "error: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command") {
		fmt.Fprintf(log, "See: %s --help\n", invocation())
		return 2
	}
	return 1
}

// usageError is a call that cannot be understood.
type usageError struct{ error }

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		// Cobra takes the first word of Use for the name; `go run .` has three.
		Use:         "app",
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: invocation()},
		Short:       c.app.Name + ": a GraphQL gateway over its database",
		Long: c.app.Name + " serves a GraphQL API over its database.\n\n" +
			"Start here:  " + invocation() + " dev",
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(c.dev(), c.serve(), c.new(), c.migrate(), c.load(), c.schema(), c.rules(), c.token(), c.doctor(), c.health(), c.version())
	return root
}

// goRun is how a project is called without being built.
const goRun = "go run ."

// invocation is how the user called the program, for messages that name the next command.
func invocation() string {
	name := filepath.Base(os.Args[0])
	// `go run .` builds into a temporary folder.
	if strings.Contains(os.Args[0], string(filepath.Separator)+"go-build") {
		return goRun
	}
	return name
}

// noArgs is cobra's check with the exit code of a wrong call.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return &usageError{err}
	}
	return nil
}

// open opens the database and the application over it.
func (c *command) open(ctx context.Context, cfg Config) (*store.DB, *Handle, error) {
	db, err := store.Open(ctx, cfg.DatabaseURL, store.Options{MaxConns: cfg.MaxConns, Pooler: cfg.Pooler, Logger: c.logger()})
	if err != nil {
		return nil, nil, err
	}
	handle, err := c.app.Handle(db.Driver())
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, handle, nil
}

// logger is for what goes wrong while the gateway runs.
func (c *command) logger() *slog.Logger { return slog.New(slog.NewTextHandler(c.log, nil)) }

func (c *command) say(format string, args ...any) {
	fmt.Fprintf(c.log, format+"\n", args...)
}

// build is the version of the application.
func (c *command) build() string {
	if c.app.Version != "" {
		return c.app.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return info.Main.Version
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print what runs here", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(c.out, "%s %s\n", c.app.Name, c.build())
			if info, ok := debug.ReadBuildInfo(); ok {
				fmt.Fprintf(c.out, "%s, %s\n", info.Main.Path, info.GoVersion)
			}
			return nil
		},
	}
}

func (c *command) schema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the GraphQL schema (SDL)", Args: noArgs,
		Long: "Print the GraphQL schema as clients see it, in the schema definition language.\nTools read it where introspection is off:  " +
			invocation() + " schema > schema.graphql",
		RunE: func(cmd *cobra.Command, _ []string) error {
			handle, err := c.describe(cmd.Context())
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.out, handle.SDL)
			return err
		},
	}
}
