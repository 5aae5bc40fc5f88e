package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/store"
)

// migrationsDir is the folder of the migrations in a project.
const migrationsDir = "migrate"

func (c *command) migrateNew() *cobra.Command {
	var o migrate.NewOptions
	cmd := &cobra.Command{
		Use: "new NAME", Short: "Write the migration for what has changed in the schema",
		Long: `Write the migration that leads from the newest one in ./migrate to the schema: SQL for SQLite and for Postgres, up and down,
and the checksums. No database is needed. Review the files and commit them.

What the schema does not tell is never guessed: a column that is gone was either renamed or dropped.`,
		Example: "  " + invocation() + " migrate new add_bio\n" +
			"  " + invocation() + " migrate new rename_text --rename posts.text=body\n" +
			"  " + invocation() + " migrate new tidy --drop posts.legacy --drop old_posts\n" +
			"  " + invocation() + " migrate new require_kind --fill posts.kind=note\n" +
			"  " + invocation() + " migrate new fix_slugs --empty",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("new needs a name that says what changes, such as: %s migrate new add_bio", invocation())}
			}
			o.Name = args[0]
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Choices.Renames, "rename", nil, "a column or a table has a new name: posts.text=body, posts=articles")
	flags.StringSliceVar(&o.Choices.Drops, "drop", nil, "a column or a table goes, with what it holds: posts.text, posts")
	flags.StringArrayVar(&o.Choices.Fills, "fill", nil, "what rows that are there get in a required column: posts.kind=note")
	flags.BoolVar(&o.Empty, "empty", false, "write empty files, for SQL by hand")
	flags.StringVar(&o.Dir, "dir", migrationsDir, "the folder of the migrations")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := inProject(cmd, o.Dir); err != nil {
			return err
		}
		handle, err := c.describe(cmd.Context())
		if err != nil {
			return err
		}
		for _, r := range handle.Renamed {
			o.Choices.Declared = append(o.Choices.Declared, migrate.Renaming{Table: r.Table, Column: r.Column, From: r.From})
		}
		o.Now, o.Steps = time.Now(), c.line().Steps
		w, err := migrate.New(cmd.Context(), handle.Tables, o)
		if errors.Is(err, migrate.ErrNothingToDo) {
			c.say("The migrations lead to the schema already: nothing to do. After a change of ent/schema, run `go generate ./...` first.")
			return nil
		}
		if err != nil {
			return c.explain(err)
		}
		for _, path := range w.Files {
			c.say("  %s", filepath.Join(o.Dir, path))
		}
		if o.Empty {
			c.say("Write the SQL into them, then: %s migrate hash", invocation())
			return nil
		}
		const short = 40 // lines
		if sql := w.SQL["sqlite"]; strings.Count(sql, "\n") <= short {
			c.say("\nOn SQLite:\n\n%s", sql)
		}
		if err := c.lintNew(o.Dir, w.Version); err != nil {
			return err
		}
		if invocation() == goRun {
			c.say("Review and commit them. They are applied by: %s migrate up", invocation())
		} else {
			c.say("Review and commit them. The next build of %s holds them, and applies them by: %[1]s migrate up", invocation())
		}
		return nil
	}
	return cmd
}

// inProject refuses to write migrations where there is no project.
func inProject(cmd *cobra.Command, dir string) error {
	if cmd.Flags().Changed("dir") {
		return nil
	}
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("this is not the folder of a project, which holds go.mod: go there, or name the folder of the migrations by --dir %s", dir)
	}
	return nil
}

// describe opens the application for its description alone. The database is never used.
func (c *command) describe(ctx context.Context) (*Handle, error) {
	db, err := store.Open(ctx, "sqlite::memory:", store.Options{})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	handle, err := c.app.Handle(db.Driver())
	if err != nil {
		return nil, fmt.Errorf("open the application: %w", err)
	}
	return handle, nil
}

func (c *command) migrateHash() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "hash", Short: "Note the checksums of migrations that were written by hand", Args: noArgs,
		Long: `Note the checksums of the files in ./migrate anew, after some were written or changed by hand.

Change only what nobody has applied yet: each database remembers the files that it was migrated by, and refuses others.`,
	}
	cmd.Flags().StringVar(&dir, "dir", migrationsDir, "the folder of the migrations")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := inProject(cmd, dir); err != nil {
			return err
		}
		changed, err := migrate.Hash(dir)
		if err != nil {
			return err
		}
		for _, name := range changed {
			c.say("  %s", filepath.Join(dir, name, "atlas.sum"))
		}
		if len(changed) == 0 {
			c.say("The checksums are right; nothing to do.")
		}
		return nil
	}
	return cmd
}

func (c *command) migrateCheck() *cobra.Command {
	var scratch string
	cmd := &cobra.Command{
		Use: "check", Short: "Verify the migrations: for CI", Args: noArgs,
		Long: `Verify that the files are as they were written, that the schema needs no migration that is missing, that the migrations
lead to the schema on both databases and back again, and that the configured database, if there is one, is what its
history says. It exits with 1 if anything is wrong, and changes nothing.

SQLite is tried in memory. Postgres is tried in databases that are made on a server and dropped again: that of the
configured database, or the one that --scratch-url names. Without a server that part is left out, and said so.`,
	}
	addFlags(cmd.Flags(), false)
	addScratchFlag(cmd.Flags(), &scratch)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		if c.app.Migrations == nil {
			return errNoMigrations
		}
		return c.check(cmd.Context(), cfg, c.scratch(scratch, cfg))
	}
	return cmd
}

func addScratchFlag(flags *pflag.FlagSet, scratch *string) {
	flags.StringVar(scratch, "scratch-url", "", "a Postgres server on which databases may be made and dropped: postgres://USER@HOST/postgres (ENTWINE_SCRATCH_URL)")
}

// scratch is the server to try migrations on, empty if there is none.
func (c *command) scratch(flag string, cfg Config) string {
	if v, ok := c.lookup("ENTWINE_SCRATCH_URL"); ok && flag == "" {
		flag = v
	}
	if _, ok := sqliteFile(cfg.DatabaseURL); flag == "" && !ok {
		flag = cfg.DatabaseURL
	}
	return flag
}

func (c *command) check(ctx context.Context, cfg Config, scratch string) error {
	handle, err := c.describe(ctx)
	if err != nil {
		return err
	}
	if err := c.checkFiles(ctx, c.line(), handle, scratch); err != nil {
		return err
	}
	if c.exists(cfg) != nil || cfg.External {
		return nil
	}
	db, err := store.Open(ctx, cfg.DatabaseURL, store.Options{MaxConns: cfg.MaxConns, Pooler: cfg.Pooler})
	if err != nil {
		return err
	}
	defer db.Close()
	good := c.report("the database "+redacted(cfg.DatabaseURL), migrate.CheckDrift(ctx, c.runner(db, &lockFlags{}), scratch))
	good = c.report("the gateway's own tables in it", migrate.CheckDrift(ctx, c.system(db, &lockFlags{}), scratch)) && good
	if !good {
		return errNotInOrder
	}
	return nil
}

var errNotInOrder = errors.New("the migrations are not in order")

// checkFiles tries the migrations by themselves, and says how that went.
func (c *command) checkFiles(ctx context.Context, line migrate.Line, handle *Handle, scratch string) error {
	if !c.report("files and schema", migrate.CheckLine(ctx, line, handle.Tables)) {
		return errNotInOrder
	}
	good := c.report("SQLite: the migrations lead to the schema and back", migrate.CheckReplay(ctx, line, handle.Tables, dialect.SQLite, ""))
	if scratch == "" {
		c.say("left out: Postgres. To try it, name a server: --scratch-url postgres://USER@HOST/postgres")
	} else {
		good = c.report("Postgres: the migrations lead to the schema and back", migrate.CheckReplay(ctx, line, handle.Tables, dialect.Postgres, scratch)) && good
	}
	if !good {
		return errNotInOrder
	}
	return nil
}

// report says how a check went, and whether it went well.
func (c *command) report(what string, err error) bool {
	if err == nil {
		c.say("ok      %s", what)
		return true
	}
	c.say("FAILED  %s\n%v", what, c.explain(err))
	return false
}
