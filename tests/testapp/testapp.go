// Package testapp opens the reference application for end-to-end tests: on a database of its own, with data, in process,
// and with a count of the statements that reach the driver.
package testapp

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

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/engine"
	"github.com/entwine-data/entwine/internal/gql"
	"github.com/entwine-data/entwine/internal/load"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/testenv"
)

// The viewers that tests act as.
var (
	Anonymous = access.Viewer{}
	Admin     = access.Viewer{Roles: []string{"admin"}}
	Moderator = access.Viewer{UserID: "2", Roles: []string{"moderator"}}
)

// User is the user with the given key, without roles.
func User(id string) access.Viewer { return access.Viewer{UserID: id} }

// App is an opened application.
type App struct {
	DB     *store.DB
	Handle *gateway.Handle
	h      http.Handler

	mu         sync.Mutex
	statements []string
	quiet      bool
}

// Each runs a test on both databases, in subtests that are named for them.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.New(t)) })
}

// Open opens the application over an empty database and makes its tables.
func Open(t testing.TB, url string) *App {
	t.Helper()
	a := &App{}
	db, err := store.Open(t.Context(), url, store.Options{Trace: func(_ context.Context, statement string) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if !a.quiet {
			a.statements = append(a.statements, statement)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	handle, err := graph.Open(db.Driver())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Push(t.Context(), db, handle.Tables); err != nil {
		t.Fatal(err)
	}
	a.DB, a.Handle = db, handle
	e := engine.New(db, handle.Catalog, handle.Mutators, handle.Custom, engine.Config{})
	a.h = gql.New(e, gql.Config{Introspection: true, Logger: slog.New(slog.DiscardHandler)})
	return a
}

// Demo fills the database with made-up data of the given number of users.
func (a *App) Demo(t testing.TB, users int) *App {
	t.Helper()
	return a.Fill(t, demo.Config{Users: users})
}

// Fill fills the database with made-up data.
func (a *App) Fill(t testing.TB, cfg demo.Config) *App {
	t.Helper()
	if _, err := load.Rows(t.Context(), a.DB, a.Handle.Tables, demo.Data(cfg)(t.Context()), nil); err != nil {
		t.Fatal(err)
	}
	return a
}

// Load fills the database with a data set, "community" or "community-fr", and returns its folder.
func (a *App) Load(t testing.TB, set string) (dir string) {
	t.Helper()
	dir = testenv.DataSet(t, set)
	if _, err := load.Folder(t.Context(), a.DB, a.Handle.Tables, a.Handle.Catalog, dir, load.Options{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Exec changes the database behind the API's back.
func (a *App) Exec(t testing.TB, statement string) {
	t.Helper()
	if err := a.DB.Driver().Exec(t.Context(), statement, []any{}, nil); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Response is what a client gets.
type Response struct {
	Data   map[string]any
	Errors []Error
	Raw    string
}

// Error is one error of a response.
type Error struct {
	Message    string
	Path       []any
	Extensions struct {
		Code   string
		Fields []struct {
			Path    []any
			Code    string
			Message string
			Limit   any
		}
	}
}

// Send sends an operation as viewer and returns the response's body. Variables may be nil.
func (a *App) Send(t testing.TB, viewer access.Viewer, query string, variables map[string]any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(access.NewContext(t.Context(), viewer), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w.Body.Bytes()
}

// Do is Send with the response read.
func (a *App) Do(t testing.TB, viewer access.Viewer, query string, variables map[string]any) Response {
	t.Helper()
	body := a.Send(t, viewer, query, variables)
	response := Response{Raw: string(body)}
	if err := json.Unmarshal(body, &response); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return response
}

// Must is Do for operations that have to succeed.
func (a *App) Must(t testing.TB, viewer access.Viewer, query string, variables map[string]any) Response {
	t.Helper()
	r := a.Do(t, viewer, query, variables)
	if len(r.Errors) > 0 {
		t.Fatalf("%s\n%s", query, r.Raw)
	}
	return r
}

// At returns the value at a path of keys and indexes below data, nil if there is none.
func (r Response) At(path ...any) any {
	var v any = r.Data
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return nil
			}
			v = list[s]
		}
	}
	return v
}

// Quiet stops the recording of statements, for measurements.
func (a *App) Quiet() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.quiet, a.statements = true, nil
}

// Statements returns what reached the driver since the last call, transactions' BEGIN and COMMIT apart.
func (a *App) Statements() (statements []string, transactions int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.statements {
		switch verb, _, _ := strings.Cut(strings.ToUpper(s), " "); verb {
		case "BEGIN", "COMMIT", "ROLLBACK":
			transactions++
		default:
			statements = append(statements, s)
		}
	}
	a.statements = nil
	return statements, transactions
}
