package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
	"github.com/spf13/cobra"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/engine"
	"github.com/entwine-data/entwine/internal/gql"
	"github.com/entwine-data/entwine/internal/httpd"
	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/store"
)

func (c *command) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the API (production)", Args: noArgs,
		Long: `Serve the API for production: no playground, no introspection and no development key unless settings say so.

It does not change the database. If migrations are pending, or the database has some that this build does not know, it
says which and what to do, and does not start. With --migrate it applies pending ones first, one server at a time.`,
	}
	addFlags(cmd.Flags(), true)
	migrating, lockFlags := false, addLockFlags(cmd.Flags())
	cmd.Flags().BoolVar(&migrating, "migrate", false, "apply pending migrations before serving")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, false)
		if err != nil {
			return &usageError{err}
		}
		ctx := cmd.Context()
		if migrating && (cfg.External || c.app.Migrations == nil) {
			return &usageError{errors.New("--migrate: this application does not migrate the database")}
		}
		if err := c.exists(cfg); err != nil && !migrating {
			return err
		}
		who, err := viewers(cfg)
		if err != nil {
			return err
		}
		db, handle, err := c.open(ctx, cfg)
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.Ping(ctx); err != nil {
			return fmt.Errorf("reach the database: %w", err)
		}
		if migrating {
			r := c.runner(db, lockFlags)
			r.Snapshots = cfg.Snapshots
			if err := c.up(ctx, r, 0); err != nil {
				return c.explain(err)
			}
		}
		if err := c.fits(ctx, db, handle, cfg); err != nil {
			return err
		}
		keys := idempotency.New(db, cfg.KeyRetention)
		s, err := c.server(db, handle, cfg, keys, func(hc *httpd.Config) { hc.Authenticate = who })
		if err != nil {
			return err
		}
		ln, err := httpd.Listen(cfg.Addr, invocation()+" serve")
		if err != nil {
			return err
		}
		c.say("%s serves http://%s/graphql", c.app.Name, ln.Addr())
		defer keys.Purging(ctx, c.logger())()
		defer db.Analyzing(ctx)()
		return s.Serve(ctx, ln)
	}
	return cmd
}

// fits says why the database cannot be served, and what to do about it. It takes note of how one of somebody else sorts.
func (c *command) fits(ctx context.Context, db *store.DB, handle *Handle, cfg Config) error {
	if cfg.External {
		faults, err := migrate.Mismatches(ctx, db, handle.Tables)
		if err == nil && handle.Catalog.KeepsHistory() {
			var missing []string
			if missing, err = migrate.Missing(ctx, db, []*schema.Table{{Name: entity.HistoryTable}}); len(missing) > 0 {
				faults = append(faults, "table "+entity.HistoryTable+" does not exist, in which entity.History keeps what became of rows; the guide's chapter on mutations has its SQL")
			}
		}
		if err == nil && len(faults) > 0 {
			err = fmt.Errorf("the database does not fit the schema:\n  %s", strings.Join(faults, "\n  "))
		}
		if err != nil {
			return err
		}
		return migrate.Collate(ctx, db, handle.Catalog)
	}
	if c.app.Migrations != nil {
		return c.migrated(ctx, db, handle)
	}
	missing, err := migrate.Missing(ctx, db, handle.Tables)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("the database lacks the tables %s; make them with: %s migrate push", strings.Join(missing, ", "), invocation())
	}
	if err != nil {
		return err
	}
	if err := c.systemServes(ctx, db); err != nil {
		return fmt.Errorf("%w; make them with: %s migrate push", err, invocation())
	}
	return nil
}

// exists says that there is no database. SQLite would make an empty file of any name.
func (c *command) exists(cfg Config) error {
	path, ok := sqliteFile(cfg.DatabaseURL)
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	next := "migrate up"
	if c.app.Migrations == nil {
		next = "migrate push"
	}
	return fmt.Errorf("there is no database %s; make it with: %s %s", path, invocation(), next)
}

// sqliteFile is the path of the file that a database URL names, if it names one.
func sqliteFile(url string) (path string, ok bool) {
	path, ok = strings.CutPrefix(url, "sqlite:")
	return strings.TrimPrefix(path, "//"), ok && !strings.HasPrefix(path, ":")
}

// server puts the parts together.
func (c *command) server(db *store.DB, handle *Handle, cfg Config, keys *idempotency.Keys, options ...func(*httpd.Config)) (*httpd.Server, error) {
	c.relaxGC()
	log := c.logger()
	own, err := c.app.OwnRoutes(handle, RouteLimits{Body: int64(cfg.Documents.Body), Time: cfg.Timeout}, log)
	if err != nil {
		return nil, err
	}
	e := engine.New(db, handle.Catalog, handle.Mutators, handle.Custom, cfg.Reads)
	hc := httpd.Config{
		GraphQL: gql.New(e, gql.Config{
			Introspection: cfg.Introspection, Hints: cfg.Introspection, Limits: cfg.Documents, Timeout: cfg.Timeout, Keys: keys, Logger: log,
		}),
		Own:         own,
		Ready:       db.Ping,
		CORSOrigins: cfg.CORSOrigins,
		Logger:      log,
	}
	if cfg.Playground {
		hc.Playground = &httpd.Playground{Name: c.app.Name, Examples: c.examples()}
	}
	for _, option := range options {
		option(&hc)
	}
	return httpd.New(hc), nil
}

// examples reads the application's example operations.
func (c *command) examples() []httpd.Example {
	if c.app.Examples == nil {
		return nil
	}
	var out []httpd.Example
	// The order of WalkDir is that of the names.
	_ = fs.WalkDir(c.app.Examples, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".graphql" {
			return err
		}
		query, err := fs.ReadFile(c.app.Examples, name)
		if err != nil {
			return err
		}
		example := httpd.Example{Query: string(query)}
		if vars, err := fs.ReadFile(c.app.Examples, strings.TrimSuffix(name, ".graphql")+".json"); err == nil && json.Valid(vars) {
			example.Variables = string(vars)
		}
		out = append(out, example)
		return nil
	})
	return out
}
