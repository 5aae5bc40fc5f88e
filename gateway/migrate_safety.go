package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/entwine-data/entwine/internal/migrate"
)

func addDumpFlag(flags *pflag.FlagSet, dump *string) {
	flags.StringVar(dump, "dump", "", "dump a Postgres database to this file first, by pg_dump, and prove that all tables are in it")
}

func (c *command) migrateRehearse() *cobra.Command {
	var scratch string
	cmd := &cobra.Command{
		Use: "rehearse", Short: "Apply pending migrations to a copy of the database, and undo them", Args: noArgs,
		Long: `Apply the pending migrations to a copy of the database with all of its rows, undo them, and apply them again. It reports how
long each takes, the locks that it holds at its end, and the numbers of rows; and it compares the tables, and every value of the
tables that no migration names. It exits with 1 if something is wrong. Nothing touches the database itself.

The copy of a SQLite file is made in the folder for temporary files (TMPDIR). On Postgres, pg_dump and pg_restore fill a scratch
database on the same server, or on the one that --scratch-url names; it is dropped at the end. The user must be allowed to
make databases (CREATEDB).`,
	}
	addFlags(cmd.Flags(), false)
	addScratchFlag(cmd.Flags(), &scratch)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withRunner(cmd, &lockFlags{}, false, func(ctx context.Context, r *migrate.Runner, _ *Handle, cfg Config) error {
			n, err := r.Rehearse(ctx, c.scratch(scratch, cfg))
			switch {
			case err != nil:
				return err
			case n == 0:
				c.say("There is nothing to rehearse: no migration is pending.")
			default:
				c.say("%s rehearsed. The copy is gone. To apply: %s migrate up", migrations(n), invocation())
			}
			return nil
		})
	}
	return cmd
}

func (c *command) migrateSnapshots() *cobra.Command {
	cmd := &cobra.Command{
		Use: "snapshots", Short: "List the copies of a SQLite database that were taken before migrations", Args: noArgs,
		Long: `List the copies of a SQLite database, the newest first. One is taken whenever up, down or serve --migrate are about to change
the database; the newest few are kept (--snapshots). A database that migrate restore has replaced is listed, too, and stays until
somebody deletes it.`,
	}
	addFlags(cmd.Flags(), false)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path, err := c.snapshotted(cmd)
		if err != nil {
			return err
		}
		list, err := migrate.Snapshots(path)
		if err != nil {
			return err
		}
		for _, s := range list {
			fmt.Fprintf(c.out, "%-70s %10s\n", s.Name, size(s.Size))
		}
		if len(list) == 0 {
			c.say("There are no snapshots of %s.", path)
		}
		return nil
	}
	return cmd
}

func (c *command) migrateRestore() *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use: "restore [NAME]", Short: "Put a snapshot in the place of a SQLite database",
		Long: `Put a snapshot in the place of a SQLite database: the one with this name, or the newest that was taken before migrations. The
database must not be open anywhere. It is kept as a snapshot itself, with all that was written since.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{errors.New("restore takes one name, from: " + invocation() + " migrate snapshots")}
			}
			if len(args) == 1 {
				name = args[0]
			}
			return nil
		},
	}
	addFlags(cmd.Flags(), false)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path, err := c.snapshotted(cmd)
		if err != nil {
			return err
		}
		restored, replaced, err := migrate.Restore(cmd.Context(), path, name)
		if err != nil {
			return c.explain(err)
		}
		c.say("%s is as it was in %s.", path, restored)
		if replaced != "" {
			c.say("What it held before is kept as %s.", replaced)
		}
		return nil
	}
	return cmd
}

// snapshotted is the file that a command about snapshots is for.
func (c *command) snapshotted(cmd *cobra.Command) (string, error) {
	cfg, err := readConfig(cmd.Flags(), c.lookup, true)
	if err != nil {
		return "", &usageError{err}
	}
	path, ok := sqliteFile(cfg.DatabaseURL)
	if !ok {
		return "", fmt.Errorf("snapshots are of SQLite files. For Postgres: %s migrate up --dump FILE, and pg_restore into a new database", invocation())
	}
	return path, nil
}

// size is short enough to read.
func size(bytes int64) string {
	switch {
	case bytes < 1<<20:
		return fmt.Sprintf("%d KB", (bytes+1023)>>10)
	case bytes < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/(1<<30))
}
