// Package gatewaytest tests an application as its clients use it: over a real database of its own, in process, as any
// viewer.
//
//	func TestNotes(t *testing.T) {
//		gatewaytest.Each(t, func(t *testing.T, url string) {
//			g := gatewaytest.Open(t, app, url)
//			g.Run(t,
//				gatewaytest.Scenario{Name: "strangers write nothing", Query: `mutation { … }`, Code: "UNAUTHENTICATED"},
//			)
//		})
//	}
package gatewaytest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/internal/engine"
	"github.com/entwine-data/entwine/internal/gql"
	"github.com/entwine-data/entwine/internal/httpd"
	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/load"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/sysdb"
)

// Each runs a test on both databases, in subtests named sqlite and postgres, with the URL of an empty database. Postgres is
// the server that ENTWINE_TEST_POSTGRES names, or one that is started from local binaries; where there is neither, its
// subtest is skipped, or fails if ENTWINE_TEST_REQUIRE asks for postgres.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns the URL of an empty SQLite database that is removed when the test ends.
func SQLite(t testing.TB) (url string) { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }

// Postgres returns the URL of an empty Postgres database that is dropped when the test ends; see [Each].
func Postgres(t testing.TB) (url string) { return pgtest.New(t) }

// Gateway is an application that is open for a test. It may be used from several goroutines.
type Gateway struct {
	Handle *gateway.Handle
	app    gateway.App
	db     *store.DB
	engine *engine.Engine
	h      http.Handler
	server http.Handler // all routes
	// unruled are the application without the rules of one entity, by its name: see [Gateway.lifted].
	unruled map[string]http.Handler

	mu         sync.Mutex
	statements []string
	quiet      bool
}

// Open opens an application over the database and makes its tables.
func Open(t testing.TB, app gateway.App, url string) *Gateway {
	t.Helper()
	g := &Gateway{app: app}
	db, err := store.Open(t.Context(), url, store.Options{Trace: g.record})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	handle, err := app.Handle(db.Driver())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Push(t.Context(), db, handle.Tables); err != nil {
		t.Fatal(err)
	}
	if _, err := (&migrate.Runner{DB: db, Line: sysdb.Line(), Wait: time.Minute}).Up(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	g.db, g.Handle = db, handle
	g.engine, g.h = serve(db, handle)
	log := slog.New(slog.DiscardHandler)
	own, err := app.OwnRoutes(handle, gateway.RouteLimits{Body: 1 << 20, Time: 10 * time.Second}, log)
	if err != nil {
		t.Fatal(err)
	}
	g.server = httpd.New(httpd.Config{GraphQL: g.h, Own: own, Logger: log})
	return g
}

func serve(db *store.DB, handle *gateway.Handle) (*engine.Engine, http.Handler) {
	e := engine.New(db, handle.Catalog, handle.Mutators, handle.Custom, engine.Config{})
	return e, gql.New(e, gql.Config{Introspection: true, Keys: idempotency.New(db, 24*time.Hour), Logger: slog.New(slog.DiscardHandler)})
}

// Close closes the database before the test ends, so that another gateway can open it.
func (g *Gateway) Close(t testing.TB) {
	t.Helper()
	if err := g.db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Demo fills the database with rows as demo data has them; those of the application if demo is nil.
func (g *Gateway) Demo(t testing.TB, demo gateway.Demo) *Gateway {
	t.Helper()
	if demo == nil {
		demo = g.app.Demo
	}
	if demo == nil {
		t.Fatal("the application has no demo data")
	}
	if _, err := load.Rows(t.Context(), g.db, g.Handle.Tables, demo(t.Context()), nil); err != nil {
		t.Fatal(err)
	}
	return g
}

// Load fills the database from a folder, as the load command does.
func (g *Gateway) Load(t testing.TB, dir string) *Gateway {
	t.Helper()
	if _, err := load.Folder(t.Context(), g.db, g.Handle.Tables, g.Handle.Catalog, dir, load.Options{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// Exec changes the database behind the API's back. The arguments are those of database/sql.
func (g *Gateway) Exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if err := g.db.Driver().Exec(t.Context(), statement, append([]any{}, args...), nil); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Rows reads rows behind the API's back, each as its values in the order of the columns.
func (g *Gateway) Rows(t testing.TB, query string, args ...any) [][]any {
	t.Helper()
	var out [][]any
	err := g.db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			out = append(out, values)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

// Send sends an operation as viewer and returns the response's body. Variables may be nil.
func (g *Gateway) Send(t testing.TB, viewer access.Viewer, query string, variables map[string]any) []byte {
	t.Helper()
	return send(t, access.NewContext(t.Context(), viewer), g.h, query, variables)
}

func send(t testing.TB, ctx context.Context, h http.Handler, query string, variables map[string]any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.Bytes()
}

// Request sends an HTTP request to any of the gateway's routes as viewer.
func (g *Gateway) Request(viewer access.Viewer, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	g.server.ServeHTTP(w, r.WithContext(access.NewContext(r.Context(), viewer)))
	return w
}

// Do is Send with the response read.
func (g *Gateway) Do(t testing.TB, viewer access.Viewer, query string, variables map[string]any) Response {
	t.Helper()
	return read(t, g.Send(t, viewer, query, variables))
}

func read(t testing.TB, body []byte) Response {
	t.Helper()
	response := Response{Raw: string(body)}
	if err := json.Unmarshal(body, &response); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return response
}

// Must is Do for operations that have to succeed.
func (g *Gateway) Must(t testing.TB, viewer access.Viewer, query string, variables map[string]any) Response {
	t.Helper()
	r := g.Do(t, viewer, query, variables)
	if len(r.Errors) > 0 {
		t.Fatalf("%s\n%s", query, r.Raw)
	}
	return r
}

// Dialect is "sqlite3" or "postgres".
func (g *Gateway) Dialect() string { return g.db.Dialect() }

func (g *Gateway) record(_ context.Context, statement string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.quiet {
		g.statements = append(g.statements, statement)
	}
}

// Quiet stops the recording of statements, for measurements.
func (g *Gateway) Quiet() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.quiet, g.statements = true, nil
}

// Statements returns the SQL that reached the driver since the last call, and how many statements began or ended
// transactions beside it.
func (g *Gateway) Statements() (statements []string, transactions int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.statements {
		switch verb, _, _ := strings.Cut(strings.ToUpper(s), " "); verb {
		case "BEGIN", "COMMIT", "ROLLBACK":
			transactions++
		default:
			statements = append(statements, s)
		}
	}
	g.statements = nil
	return statements, transactions
}
