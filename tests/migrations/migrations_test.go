// Package migrations tests the commands that change a database's tables as their users call them: as processes, on files and
// servers, the wrong turns included. Each file in testdata is a script that runs on both databases.
package migrations

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// TestMain makes this program also the ones that scripts call: app, an application whose tables are those of the version that
// SCHEMA names, and sql, which executes a statement and prints its rows.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"app": func() {
			if r, ok := releases[os.Getenv("SCHEMA")]; ok {
				gateway.Main(r.app())
			}
			gateway.Main(app())
		},
		"sql": func() {
			if err := execute(context.Background(), os.Getenv("DATABASE_URL"), strings.Join(os.Args[1:], " ")); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		},
	})
}

// app is the application as a build of it would be: BUILD is its version, and the migrations are those in the working folder.
func app() gateway.App {
	a := gateway.App{
		Name: "Blog", Version: os.Getenv("BUILD"), Migrations: os.DirFS("migrate"),
		Open: func(drv dialect.Driver) (*gateway.Handle, error) {
			h, err := graph.Open(drv)
			if err != nil {
				return nil, err
			}
			version := os.Getenv("SCHEMA")
			if h.Tables = schemas[version](); version == "v3" {
				h.Renamed = renamed
			}
			return h, nil
		},
	}
	if os.Getenv("STEPS") != "" {
		a.DataMigrations = steps
	}
	return a
}

// steps are data migrations in Go. The second cannot be undone.
var steps = []gateway.DataMigration{
	{
		Version: "20260101000150", Name: "shout",
		Up: func(ctx context.Context, tx gateway.MigrationTx) error {
			_, err := tx.ExecContext(ctx, `UPDATE posts SET title = upper(title)`)
			return err
		},
		Down: func(ctx context.Context, tx gateway.MigrationTx) error {
			_, err := tx.ExecContext(ctx, `UPDATE posts SET title = lower(title)`)
			return err
		},
	},
	{
		Version: "20260101000151", Name: "count",
		Up: func(ctx context.Context, tx gateway.MigrationTx) error {
			query := `INSERT INTO posts (title, text) SELECT 'there were ' || count(*), ? FROM posts`
			if tx.Dialect == dialect.Postgres {
				query = `INSERT INTO posts (title, text) SELECT 'there were ' || count(*), $1 FROM posts`
			}
			if _, err := tx.ExecContext(ctx, query, "counted"); err != nil {
				return err
			}
			if os.Getenv("STEPS") == "fail" {
				return errors.New("counted wrongly")
			}
			return nil
		},
	},
}

// execute executes a statement and prints its rows, a line each.
func execute(ctx context.Context, databaseURL, statement string) error {
	rows, err := query(ctx, databaseURL, statement)
	for _, row := range rows {
		fmt.Println(strings.Join(row, "|"))
	}
	return err
}

func query(ctx context.Context, databaseURL, statement string) ([][]string, error) {
	db, err := store.Open(ctx, databaseURL, store.Options{MaxConns: 2, Statements: -1})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	result, err := conn.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for result.Next() {
		values, dest := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := result.Scan(dest...); err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			if row[i] = v.String; !v.Valid {
				row[i] = "null"
			}
		}
		rows = append(rows, row)
	}
	return rows, errors.Join(result.Err(), result.Close())
}

func TestScripts(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		run(t, "sqlite", func(e *testscript.Env) (string, error) { return "sqlite:./data/blog.db", nil })
	})
	t.Run("postgres", func(t *testing.T) {
		server := pgtest.New(t)
		run(t, "postgres", func(e *testscript.Env) (string, error) {
			name := "entwine_script_" + strings.ToLower(rand.Text()[:12])
			if _, err := query(t.Context(), server, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
				return "", err
			}
			e.Defer(func() { _, _ = query(context.Background(), server, "DROP DATABASE "+name+" WITH (FORCE)") })
			u, err := url.Parse(server)
			if err != nil {
				return "", err
			}
			u.Path = "/" + name
			return u.String(), nil
		})
	})
}

// run runs all scripts on one database. A script may ask for it by the conditions [sqlite] and [postgres].
func run(t *testing.T, database string, create func(*testscript.Env) (string, error)) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			databaseURL, err := create(e)
			e.Setenv("DATABASE_URL", databaseURL)
			e.Setenv("SCHEMA", "v1")
			e.Setenv("BUILD", "b1")
			e.Setenv("D", database)
			return err
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "sqlite", "postgres":
				return name == database, nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
	})
}

func open(t *testing.T, databaseURL string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), databaseURL, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}
