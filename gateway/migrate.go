package gateway

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/sysdb"
)

func (c *command) migrate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "migrate", Short: "Change the database to fit the schema",
		Long: `Change the database to fit the schema, by migrations: SQL files for SQLite and Postgres in ./migrate, which are reviewed,
committed, and built into the program.

After a change of ent/schema:

  go generate ./...
  ` + invocation() + ` migrate new NAME    writes the migration
  ` + invocation() + ` migrate up          applies it (dev does that by itself)`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("unknown command %q for migrate", strings.Join(args, " "))}
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(c.migrateNew(), c.migrateUp(), c.migrateDown(), c.migrateStatus(), c.migrateCheck(), c.migrateRebase(), c.migrateLint(), c.migrateRehearse(), c.migrateSnapshots(), c.migrateRestore(), c.migrateHash(), c.migratePush())
	return cmd
}

// lockFlags are the settings of everything that takes the lock.
type lockFlags struct {
	wait, lockTimeout time.Duration
}

func addLockFlags(flags *pflag.FlagSet) *lockFlags {
	f := &lockFlags{}
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for another process that migrates the same database")
	flags.DurationVar(&f.lockTimeout, "lock-timeout", 5*time.Second, "how long a statement waits for a lock on a Postgres table before the file is rolled back and tried again")
	return f
}

func (c *command) line() migrate.Line {
	l := migrate.Line{Files: c.app.Migrations}
	for _, m := range c.app.DataMigrations {
		l.Steps = append(l.Steps, migrate.Step{Version: m.Version, Name: m.Name, Up: m.step(m.Up), Down: m.step(m.Down)})
	}
	return l
}

func (c *command) runner(db *store.DB, f *lockFlags) *migrate.Runner {
	return &migrate.Runner{
		DB: db, Line: c.line(), Wait: f.wait, LockTimeout: f.lockTimeout, Build: c.build(),
		Log: func(line string) { c.say("%s", line) },
	}
}

// system is the runner of the framework's own tables. It says little: nobody asked for these migrations.
func (c *command) system(db *store.DB, f *lockFlags) *migrate.Runner {
	r := c.runner(db, f)
	r.Line, r.Log = sysdb.Line(), nil
	return r
}

// upgrade brings the framework's own tables up to date. It returns how many migrations that took.
func (c *command) upgrade(ctx context.Context, db *store.DB, f *lockFlags) (n int, err error) {
	r := c.system(db, f)
	st, err := r.Status(ctx)
	if err == nil && st.Serves() != nil {
		n, err = r.Up(ctx, 0)
	}
	if err != nil {
		return n, fmt.Errorf("the gateway's own tables: %w", err)
	}
	return n, nil
}

// upgradeAloud is upgrade for those who asked for migrations.
func (c *command) upgradeAloud(ctx context.Context, db *store.DB, f *lockFlags) error {
	n, err := c.upgrade(ctx, db, f)
	if n > 0 {
		c.say("  the gateway's own tables: %s", migrations(n))
	}
	return err
}

// systemServes says why the framework's own tables do not let this build serve.
func (c *command) systemServes(ctx context.Context, db *store.DB) error {
	st, err := c.system(db, &lockFlags{}).Status(ctx)
	if err == nil {
		err = st.Serves()
	}
	if err != nil {
		return fmt.Errorf("the gateway's own tables: %w", err)
	}
	return nil
}

// withRunner opens the database for a command that needs its history.
func (c *command) withRunner(cmd *cobra.Command, f *lockFlags, makes bool, fn func(ctx context.Context, r *migrate.Runner, handle *Handle, cfg Config) error) error {
	cfg, err := readConfig(cmd.Flags(), c.lookup, true)
	if err != nil {
		return &usageError{err}
	}
	if cfg.External {
		return errExternal
	}
	if c.app.Migrations == nil {
		return errNoMigrations
	}
	if err := c.exists(cfg); err != nil && !makes {
		return err
	}
	db, handle, err := c.open(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	r := c.runner(db, f)
	r.Snapshots, r.URL = cfg.Snapshots, cfg.DatabaseURL
	return c.explain(fn(cmd.Context(), r, handle, cfg))
}

var (
	errExternal     = errors.New("migrations are external: whoever migrates this database has to make the tables")
	errNoMigrations = errors.New("this application has no migrations: its server.go has to pass them as gateway.App.Migrations, as docs/migrations.md shows")
)

func (c *command) migrateUp() *cobra.Command {
	var baseline, dump string
	cmd := &cobra.Command{
		Use: "up [N]", Short: "Apply pending migrations, or the next N",
		Long: `Apply the migrations that are pending, or the next N of them, the oldest first.

One process at a time migrates a database; others wait for it. Each file is one transaction with the entry in the history.
If it fails, the database is as before that file, and the next run goes on with it. A file whose first line is
"-- atlas:txmode none" has no transaction, as CREATE INDEX CONCURRENTLY needs it: the next run goes on at the statement that failed.

Before it changes a SQLite database it takes a snapshot, which migrate restore brings back. On Postgres, --dump writes one.`,
	}
	addFlags(cmd.Flags(), false)
	f := addLockFlags(cmd.Flags())
	cmd.Flags().StringVar(&baseline, "baseline", "", "start the history of a database whose tables are those of this version already")
	addDumpFlag(cmd.Flags(), &dump)
	limit := countArg(cmd, 0)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withRunner(cmd, f, true, func(ctx context.Context, r *migrate.Runner, _ *Handle, _ Config) error {
			r.Dump = dump
			if baseline != "" {
				if err := r.Baseline(ctx, baseline); err != nil {
					return err
				}
			}
			return c.up(ctx, r, *limit)
		})
	}
	return cmd
}

// up applies migrations and says how it went. Those of the framework's own tables always are applied.
func (c *command) up(ctx context.Context, r *migrate.Runner, limit int) error {
	start := time.Now()
	n, err := r.Up(ctx, limit)
	if err != nil {
		return err
	}
	if err := c.upgradeAloud(ctx, r.DB, &lockFlags{wait: r.Wait, lockTimeout: r.LockTimeout}); err != nil {
		return err
	}
	switch {
	case n == 0:
		c.say("The database is up to date.")
	case limit > 0:
		c.say("%s in %d ms.", migrations(n), time.Since(start).Milliseconds())
	default:
		c.say("%s in %d ms. The database is up to date.", migrations(n), time.Since(start).Milliseconds())
	}
	return nil
}

// migrations counts them.
func migrations(n int) string { return plural(n, "migration") }

// plural counts things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// countArg lets a command take a number above zero.
func countArg(cmd *cobra.Command, otherwise int) *int {
	n := otherwise
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		if _, err := fmt.Sscanf(args[0], "%d", &n); err != nil || n < 1 || len(args) > 1 || fmt.Sprint(n) != args[0] {
			return &usageError{fmt.Errorf("%q is not a number of migrations", strings.Join(args, " "))}
		}
		return nil
	}
	return &n
}

func (c *command) migrateDown() *cobra.Command {
	var lose bool
	var dump string
	cmd := &cobra.Command{
		Use: "down [N]", Short: "Undo the newest migration, or the newest N",
		Long: `Undo the newest migration, or the newest N, by their *.down.sql files.

It stops before one that would destroy data: a table with rows, a column with values. --allow-data-loss destroys them.`,
	}
	addFlags(cmd.Flags(), false)
	f := addLockFlags(cmd.Flags())
	cmd.Flags().BoolVar(&lose, "allow-data-loss", false, "undo them even if data is destroyed")
	addDumpFlag(cmd.Flags(), &dump)
	n := countArg(cmd, 1)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withRunner(cmd, f, false, func(ctx context.Context, r *migrate.Runner, _ *Handle, _ Config) error {
			r.Dump = dump
			undone, err := r.Down(ctx, *n, lose)
			if err != nil {
				return err
			}
			if undone == 0 {
				c.say("There is nothing to undo.")
				return nil
			}
			c.say("%s undone.", migrations(undone))
			return nil
		})
	}
	return cmd
}

func (c *command) migrateStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show which migrations are applied", Args: noArgs,
		Long: "Show the history of the database and what is pending. It changes nothing.",
	}
	addFlags(cmd.Flags(), false)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withRunner(cmd, &lockFlags{}, false, func(ctx context.Context, r *migrate.Runner, _ *Handle, _ Config) error {
			st, err := r.Status(ctx)
			if err != nil {
				return err
			}
			for _, e := range st.Entries {
				fmt.Fprintf(c.out, "%-50s %s\n", e.Name, entryText(e))
			}
			own, err := c.system(r.DB, &lockFlags{}).Status(ctx)
			if err != nil {
				return err
			}
			for _, e := range own.Entries {
				fmt.Fprintf(c.out, "%-50s %s\n", "gateway: "+e.Name, entryText(e))
			}
			if st.Pushed {
				c.say("dev has brought the tables ahead of the migrations: run %s migrate new NAME before you commit.", invocation())
			}
			switch n := len(st.In(migrate.Pending, migrate.Partial)); {
			case len(st.Entries) == 0:
				c.say("There are no migrations yet: write the first one with: %s migrate new init", invocation())
			case n > 0:
				c.say("%s pending: %s migrate up", migrations(n), invocation())
			case own.Serves() != nil:
				c.say("The gateway's own tables are not up to date: %s migrate up", invocation())
			}
			return nil
		})
	}
	return cmd
}

func entryText(e migrate.Entry) string {
	text := string(e.State)
	if e.Row == nil {
		return text
	}
	if e.State == migrate.Partial || e.State == migrate.Undoing {
		text += fmt.Sprintf(", %d of %d statements", e.Row.Done, e.Row.Statements)
	}
	text += " " + e.Row.AppliedAt.UTC().Format("2006-01-02 15:04:05") + fmt.Sprintf(" in %d ms", e.Row.Took.Milliseconds())
	if e.Row.Build != "" {
		text += " by " + e.Row.Build
	}
	if e.Row.Kind != "sql" && e.Row.Kind != "go" {
		text += " (" + e.Row.Kind + ")"
	}
	return text
}

func (c *command) migratePush() *cobra.Command {
	cmd := &cobra.Command{
		Use: "push", Short: "Make the tables of the schema without migrations, for development", Args: noArgs,
		Long: `Make the tables, columns and indexes that the schema has and the database lacks, without migrations.

It is for development: it never drops anything, it keeps no history of what it did, and it leaves a database alone that
has one.`,
	}
	addFlags(cmd.Flags(), false)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		if cfg.External {
			return errExternal
		}
		db, handle, err := c.open(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		defer db.Close()
		if c.app.Migrations != nil {
			st, err := c.runner(db, &lockFlags{}).Status(cmd.Context())
			if err != nil {
				return c.explain(err)
			}
			if st.History {
				return fmt.Errorf("this database has a history of migrations, which push would bypass; use: %s migrate up", invocation())
			}
		}
		changes, err := migrate.Push(cmd.Context(), db, handle.Tables)
		if err != nil {
			return err
		}
		for _, change := range changes {
			c.say("  %s", change)
		}
		if err := c.upgradeAloud(cmd.Context(), db, &lockFlags{}); err != nil {
			return c.explain(err)
		}
		if len(changes) == 0 {
			c.say("The database fits the schema; nothing to do.")
		}
		return nil
	}
	return cmd
}

// migrated says why the database cannot be served by this build, as far as migrations are concerned.
func (c *command) migrated(ctx context.Context, db *store.DB, handle *Handle) error {
	r := c.runner(db, &lockFlags{})
	st, err := r.Status(ctx)
	if err != nil {
		return c.explain(err)
	}
	if err := st.Serves(); err != nil {
		return c.explain(err)
	}
	if err := migrate.CheckLine(ctx, r.Line, handle.Tables); err != nil {
		return c.explain(err)
	}
	if err := c.systemServes(ctx, db); err != nil {
		return c.explain(err)
	}
	if ahead := st.In(migrate.Unknown); len(ahead) > 0 {
		c.say("The database is ahead of this build by %s, which are marked compatible.", migrations(len(ahead)))
	}
	return nil
}

// develop brings the tables of a developer's database up to date and says what it did.
func (c *command) develop(ctx context.Context, db *store.DB, handle *Handle) (did string, err error) {
	if c.app.Migrations == nil {
		did, err = c.pushed(ctx, db, handle)
	} else {
		did, err = c.developed(ctx, db, handle)
	}
	if err == nil {
		_, err = c.upgrade(ctx, db, &lockFlags{wait: time.Minute})
	}
	return did, err
}

// developed is develop for an application with migrations.
func (c *command) developed(ctx context.Context, db *store.DB, handle *Handle) (did string, err error) {
	d, err := c.runner(db, &lockFlags{wait: time.Minute}).Develop(ctx, handle.Tables)
	if err != nil {
		return "", fmt.Errorf("bring the tables up to date: %w", c.explain(err))
	}
	if d.Warning != nil {
		c.say("Careful: %v\n  To start afresh, delete this database.", d.Warning)
	}
	if d.Ahead {
		c.say("The schema is ahead of the migrations: run `%s migrate new NAME` before you commit.", invocation())
	}
	switch {
	case d.Fresh:
		return "new", nil
	case len(d.Changes) > 0:
		return "changed: " + strings.Join(d.Changes, "; "), nil
	case d.Applied > 0:
		return migrations(d.Applied) + " applied", nil
	}
	return "up to date", nil
}

// pushed is develop for an application without migrations.
func (c *command) pushed(ctx context.Context, db *store.DB, handle *Handle) (did string, err error) {
	missing, err := migrate.Missing(ctx, db, handle.Tables)
	if err != nil {
		return "", fmt.Errorf("look at the tables: %w", err)
	}
	changes, err := migrate.Push(ctx, db, handle.Tables)
	if err != nil {
		return "", fmt.Errorf("bring the tables up to date: %w", err)
	}
	switch {
	case len(missing) == len(handle.Tables):
		return "new", nil
	case len(changes) > 0:
		return "changed: " + strings.Join(changes, "; "), nil
	}
	return "up to date", nil
}
