package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/store"
)

func (c *command) migrateRebase() *cobra.Command {
	var dir, disposable, scratch string
	var versions []string
	cmd := &cobra.Command{
		Use: "rebase [VERSION...]", Short: "Put the migrations of your branch on top of those of another one",
		Long: `Put the migrations of your branch on top of those that another branch has added meanwhile. They get versions of now. What
was generated and not edited is planned anew from the schema as it is below it now; other SQL stays as it is. The checksums
are written anew, and the result is tried as migrate check does.

Merge or rebase with git first, and solve the conflicts in ent/schema; those in atlas.sum may stay. Your migrations are found by
these conflicts, or as the later ones of two that were planned from the same schema. Name them otherwise.`,
		Args: func(_ *cobra.Command, args []string) error {
			versions = args
			return nil
		},
	}
	addFlags(cmd.Flags(), false)
	cmd.Flags().StringVar(&dir, "dir", migrationsDir, "the folder of the migrations")
	cmd.Flags().StringVar(&disposable, "disposable", "", "the configured database, if it has these migrations and may be thrown away")
	addScratchFlag(cmd.Flags(), &scratch)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := inProject(cmd, dir); err != nil {
			return err
		}
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		if disposable != "" && disposable != cfg.DatabaseURL {
			return &usageError{errors.New("--disposable must name the configured database, so that no other one is meant: " + redacted(cfg.DatabaseURL))}
		}
		o := migrate.RebaseOptions{Dir: dir, Steps: c.line().Steps, Versions: versions, Now: time.Now()}
		if c.exists(cfg) == nil && !cfg.External {
			if o.Applied, o.Late, err = c.places(cmd.Context(), cfg, dir); err != nil {
				return c.explain(err)
			}
		}
		had := o.Applied
		if disposable != "" {
			o.Applied = nil
		}
		moved, err := migrate.Rebase(cmd.Context(), o)
		if err != nil {
			return c.explain(err)
		}
		return c.rebased(cmd.Context(), moved, dir, c.scratch(scratch, cfg), disposable != "" && len(had) > 0)
	}
	return cmd
}

// places are the versions of a folder that the configured database has, and those that come too late for it.
func (c *command) places(ctx context.Context, cfg Config, dir string) (applied, late []string, err error) {
	db, err := store.Open(ctx, cfg.DatabaseURL, store.Options{MaxConns: cfg.MaxConns, Pooler: cfg.Pooler})
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	st, err := (&migrate.Runner{DB: db, Line: c.lineIn(dir)}).UnverifiedStatus(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range st.In(migrate.Applied, migrate.Changed, migrate.Partial, migrate.Undoing) {
		if e.Name == e.Version+"_"+e.Row.Name { // and not another one of the same second
			applied = append(applied, e.Version)
		}
	}
	for _, e := range st.In(migrate.Late) {
		late = append(late, e.Version)
	}
	return applied, late, nil
}

// lineIn is the line as it is in a folder now, which the program was built before.
func (c *command) lineIn(dir string) migrate.Line {
	l := c.line()
	l.Files = os.DirFS(dir)
	return l
}

func (c *command) rebased(ctx context.Context, moved []migrate.Moved, dir, scratch string, outdated bool) error {
	if len(moved) == 0 {
		c.say("The migrations follow each other: nothing to do.")
		return nil
	}
	for _, m := range moved {
		switch {
		case m.To == "":
			c.say("  %s is left out: the other branch does the same", m.From)
		case m.Planned:
			c.say("  %s is %s, planned anew", m.From, m.To)
		default:
			c.say("  %s is %s, with its SQL as it was", m.From, m.To)
		}
	}
	if outdated {
		c.say("The database has them by their old names: delete it and start afresh.")
	}
	handle, err := c.describe(ctx)
	if err != nil {
		return err
	}
	if err := c.checkFiles(ctx, c.lineIn(dir), handle, scratch); err != nil {
		return fmt.Errorf("the migrations were moved, but: %w", err)
	}
	c.say("Review and commit them.")
	return nil
}
