package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"github.com/entwine-data/entwine/internal/httpd"
	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/load"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/watch"
)

// watchedFlag marks a process that a watching one started. It is not for people.
const watchedFlag = "watched"

func (c *command) dev() *cobra.Command {
	var watching, watched bool
	cmd := &cobra.Command{
		Use: "dev", Short: "Start a working gateway for development: tables, demo data, playground", Args: noArgs,
		Long: `Start a working gateway for development, on this machine only.

It makes the database and brings its tables up to date, fills an empty one with demo data, and serves the API with
introspection and a playground. Requests with the key that it prints run as an administrator; others are anonymous.

In the folder of its own project it watches the files that are written by hand. When one is saved it generates, builds,
brings the tables up to date and restarts. If that fails it says where, and the server goes on as it was.`,
	}
	addFlags(cmd.Flags(), true)
	cmd.Flags().BoolVar(&watching, "watch", true, "restart when a file of the project is saved, in the project's own folder")
	cmd.Flags().BoolVar(&watched, watchedFlag, false, "")
	_ = cmd.Flags().MarkHidden(watchedFlag)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		if err != nil {
			return &usageError{err}
		}
		if name, _, err := net.SplitHostPort(cfg.Addr); err != nil || !isLoopback(name) {
			return &usageError{fmt.Errorf("dev listens on this machine only, not on %s; use serve for other addresses", cfg.Addr)}
		}
		if watched {
			ctx, parent, err := watch.Join(cmd.Context())
			if err != nil {
				return err
			}
			return c.serveDev(ctx, cfg, cfg.DevKey, parent.Listener, parent.Ready)
		}
		return c.runDev(cmd.Context(), cfg, watching)
	}
	return cmd
}

func (c *command) runDev(ctx context.Context, cfg Config, watching bool) error {
	start := time.Now()
	// The port is taken first: if another program has it, nothing has happened yet.
	ln, err := httpd.Listen(cfg.Addr, invocation()+" dev")
	if err != nil {
		return err
	}
	defer ln.Close()
	key, err := devKey(cfg)
	if err != nil {
		return err
	}
	port, ok := ln.(*net.TCPListener)
	dir, own := ownProject()
	if !watching || !ok || !own {
		return c.serveDev(ctx, cfg, key, ln, func(did string) error {
			c.welcome(cfg, ln.Addr().String(), key, did, time.Since(start))
			c.say("Ctrl+C stops it.")
			return nil
		})
	}
	return watch.Run(ctx, watch.Config{
		Dir: dir, Listener: port, Log: c.log,
		Args: append(slices.Clone(c.args), "--"+watchedFlag),
		Env:  append(os.Environ(), "ENTWINE_DEV_KEY="+key),
		Started: func(did string) {
			c.welcome(cfg, ln.Addr().String(), key, did, time.Since(start))
			c.say("Save a file of the project, and it restarts. Ctrl+C stops it.")
		},
	})
}

// serveDev serves until ctx ends. It calls ready, with what it did to the database, as soon as it can.
func (c *command) serveDev(ctx context.Context, cfg Config, key string, ln net.Listener, ready func(did string) error) error {
	db, handle, err := c.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	did, err := c.prepare(ctx, db, handle, cfg)
	if err != nil {
		return err
	}
	who, err := developers(cfg, key)
	if err != nil {
		return err
	}
	keys := idempotency.New(db, cfg.KeyRetention)
	s, err := c.server(db, handle, cfg, keys, func(hc *httpd.Config) {
		hc.Development = true
		hc.Authenticate = who
		if hc.Playground != nil {
			hc.Playground.Key = key
		}
	})
	if err != nil {
		return err
	}
	if err := ready(did); err != nil {
		return err
	}
	defer keys.Purging(ctx, c.logger())()
	defer db.Analyzing(ctx)()
	return s.Serve(ctx, ln)
}

// ownProject returns the working folder if this program was built from the module there, so that it can be built again.
func ownProject() (dir string, ok bool) {
	info, ok := debug.ReadBuildInfo()
	if !ok || runtime.GOOS == "windows" { // which cannot pass a port on
		return "", false
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil || modfile.ModulePath(mod) != info.Path {
		return "", false
	}
	for _, sources := range []string{filepath.Join("ent", "schema"), "graph"} {
		if _, err := os.Stat(sources); err != nil {
			return "", false
		}
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", false
	}
	dir, err = os.Getwd()
	return dir, err == nil
}

// isLoopback says whether an address to listen on can be reached from this machine only.
func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// prepare brings the tables up to date and fills an empty database. It says what it did.
func (c *command) prepare(ctx context.Context, db *store.DB, handle *Handle, cfg Config) (did string, err error) {
	if cfg.External {
		return "migrated by somebody else", c.fits(ctx, db, handle, cfg)
	}
	if did, err = c.develop(ctx, db, handle); err != nil || c.app.Demo == nil {
		return did, err
	}
	empty, err := migrate.Empty(ctx, db, handle.Tables)
	if err != nil || !empty {
		return did, err
	}
	n, err := load.Rows(ctx, db, handle.Tables, c.app.Demo(ctx), nil)
	if err != nil {
		return "", fmt.Errorf("load the demo data: %w", err)
	}
	return fmt.Sprintf("%s, filled with %d rows of demo data", did, n), nil
}

// devKey is the bearer key of the administrator: the one that is set, or one that is kept beside the SQLite file, so that
// a restart does not make the clients of a development session strangers.
func devKey(cfg Config) (string, error) {
	if cfg.DevKey != "" {
		return cfg.DevKey, nil
	}
	path, ok := sqliteFile(cfg.DatabaseURL)
	if !ok {
		return rand.Text(), nil
	}
	path = filepath.Join(filepath.Dir(path), "dev.key")
	if b, err := os.ReadFile(path); err == nil && len(strings.TrimSpace(string(b))) >= 16 {
		return strings.TrimSpace(string(b)), nil
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the development key: %w", err)
	}
	key := rand.Text()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the development key: %w", err)
	}
	return key, nil
}

func (c *command) welcome(cfg Config, addr, key, did string, took time.Duration) {
	c.say("%s is ready (%d ms)\n", c.app.Name, took.Milliseconds())
	if cfg.Playground {
		c.say("  Playground  http://%s/playground", addr)
	}
	c.say("  API         http://%s/graphql", addr)
	c.say("  Database    %s: %s", redacted(cfg.DatabaseURL), did)
	c.say("  Key         Authorization: Bearer %s", key)
	c.say("              (an administrator, on this machine only; requests without it are anonymous)")
	if examples := c.examples(); len(examples) > 0 {
		c.say("\nTry it:\n\n  curl http://%s/graphql -H 'Content-Type: application/json' \\\n    -d '{\"query\": %q}'\n", addr, oneLine(examples[0].Query))
	}
}

// oneLine drops comments and line breaks of an example.
func oneLine(query string) string {
	var words []string
	for line := range strings.Lines(query) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			words = append(words, strings.Fields(line)...)
		}
	}
	return strings.Join(words, " ")
}

// redacted is a database URL without its password.
func redacted(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	user, host, ok := strings.Cut(rest, "@")
	if !ok {
		return url
	}
	user, _, _ = strings.Cut(user, ":")
	return scheme + "://" + user + "@" + host
}
