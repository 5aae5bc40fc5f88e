package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/sqlgraph"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

func TestClassifyConstraints(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		db.mustExec(t, `CREATE TABLE users (id integer PRIMARY KEY)`)
		db.mustExec(t, `CREATE TABLE posts (id integer PRIMARY KEY, "Slug" varchar(8) UNIQUE, lang text, score integer NOT NULL,
			author_id integer REFERENCES users (id), parent_id integer REFERENCES posts (id) ON DELETE RESTRICT,
			UNIQUE (lang, score), CONSTRAINT positive CHECK (score > 0))`)
		db.mustExec(t, `INSERT INTO users (id) VALUES (1)`)
		db.mustExec(t, `INSERT INTO posts (id, "Slug", lang, score, author_id) VALUES (1, 'a', 'en', 1, 1)`)
		db.mustExec(t, `INSERT INTO posts (id, "Slug", lang, score, parent_id) VALUES (2, 'b', 'fr', 1, 1)`)

		for _, c := range []struct {
			query      string
			kind       store.Kind
			columns    []string
			constraint string // on both
			reference  store.Reference
		}{
			{`INSERT INTO posts (id, "Slug", score) VALUES (9, 'a', 9)`, store.Unique, []string{"Slug"}, "", ""},
			{`INSERT INTO posts (id, lang, score) VALUES (9, 'en', 1)`, store.Unique, []string{"lang", "score"}, "", ""},
			{`INSERT INTO posts (id, score) VALUES (1, 1)`, store.Unique, []string{"id"}, "", ""},
			{`UPDATE posts SET score = NULL WHERE id = 1`, store.NotNull, []string{"score"}, "", ""},
			{`UPDATE posts SET score = 0 WHERE id = 1`, store.Check, nil, "positive", ""},
			{`UPDATE posts SET author_id = 7 WHERE id = 1`, store.ForeignKey, []string{"author_id"}, "", store.NoTarget},
			{`UPDATE posts SET parent_id = 7 WHERE id = 1`, store.ForeignKey, []string{"parent_id"}, "", store.NoTarget},
			{`DELETE FROM users WHERE id = 1`, store.ForeignKey, []string{"id"}, "", store.StillReferenced},
			{`DELETE FROM posts WHERE id = 1`, store.ForeignKey, []string{"id"}, "", store.StillReferenced},
			{`UPDATE missing SET a = 1`, store.Missing, nil, "", ""},
			{`UPDATE posts SET a = 1`, store.Missing, nil, "", ""},
			{`UPDATE posts SET`, store.Unknown, nil, "", ""},
		} {
			err := db.exec(t.Context(), c.query)
			// As ent wraps it.
			v := store.Classify(fmt.Errorf("ent: constraint failed: %w", fmt.Errorf("insert node: %w", err)))
			if v == nil || v.Kind != c.kind {
				t.Errorf("%s: %v; want %s", c.query, v, c.kind)
				continue
			}
			if db.Dialect() == dialect.SQLite && c.kind == store.ForeignKey {
				c.columns, c.reference = nil, "" // not told
			}
			if !slices.Equal(v.Columns, c.columns) || v.Reference != c.reference || c.constraint != "" && v.Constraint != c.constraint {
				t.Errorf("%s: columns %q, reference %q, constraint %q", c.query, v.Columns, v.Reference, v.Constraint)
			}
			if c.columns != nil && v.Table != "posts" && c.reference == "" {
				t.Errorf("%s: table %q", c.query, v.Table)
			}
			if constraint := c.kind == store.Unique || c.kind == store.ForeignKey || c.kind == store.Check; constraint != sqlgraph.IsConstraintError(err) {
				t.Errorf("%s: ent sees it otherwise: %v", c.query, err)
			}
		}
		if store.Classify(nil) != nil {
			t.Error("nil is no error")
		}
	})
}

func TestClassifyPostgres(t *testing.T) {
	db := open(t, pgtest.New(t), store.Options{StatementTimeout: 200 * time.Millisecond})
	db.mustExec(t, `CREATE TABLE items (id uuid, name varchar(2), n integer, at timestamptz, data jsonb)`)
	for query, want := range map[string]store.Kind{
		`INSERT INTO items (id) VALUES ('x')`:                 store.InvalidText,
		`INSERT INTO items (data) VALUES ('{"a": "\u0000"}')`: store.InvalidText,
		`INSERT INTO items (name) VALUES ('abc')`:             store.TooLong,
		`INSERT INTO items (n) VALUES (3000000000)`:           store.OutOfRange,
		`INSERT INTO items (at) VALUES ('2014-02-30')`:        store.OutOfRange,
		`SELECT pg_sleep(10)`:                                 store.Timeout, // by the server
		`DO $$ BEGIN RAISE SQLSTATE '53100'; END $$`:          store.DiskFull,
		`DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$`:          store.Serialization,
		`SET TRANSACTION READ ONLY; DELETE FROM items`:        store.ReadOnly,
	} {
		if v := store.Classify(db.exec(t.Context(), query)); v == nil || v.Kind != want {
			t.Errorf("%s: %v; want %s", query, v, want)
		}
	}
	err := db.Update(t.Context(), func(ctx context.Context) error {
		if err := db.exec(ctx, `LOCK TABLE items`); err != nil {
			return err
		}
		err := db.Update(t.Context(), func(ctx context.Context) error { return db.exec(ctx, `LOCK TABLE items NOWAIT`) })
		if v := store.Classify(err); v == nil || v.Kind != store.Busy {
			t.Errorf("locked: %v", v)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestClassifySQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db := open(t, "sqlite:"+path, store.Options{})
	db.mustExec(t, `CREATE TABLE items (name text)`)

	db.mustExec(t, `PRAGMA max_page_count = 10`)
	if v := store.Classify(db.exec(t.Context(), `INSERT INTO items (name) VALUES (zeroblob(100000))`)); v == nil || v.Kind != store.DiskFull {
		t.Errorf("full: %v", v)
	}

	other := open(t, "sqlite:"+path, store.Options{})
	other.mustExec(t, `PRAGMA busy_timeout = 1`)
	if err := db.Update(t.Context(), func(ctx context.Context) error {
		if v := store.Classify(other.exec(t.Context(), `DELETE FROM items`)); v == nil || v.Kind != store.Busy {
			t.Errorf("locked: %v", v)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}

	folder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+folder+"/a.db", store.Options{}); err == nil {
		t.Error("opened a database below a file")
	}
	if err := os.WriteFile(path+"x", []byte("this is not a database, and long enough to be read as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+path+"x", store.Options{}); err == nil {
		t.Error("opened a text file")
	}
}

func TestCancelledStatement(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		endless := map[string]string{
			dialect.SQLite:   `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`,
			dialect.Postgres: `SELECT pg_sleep(60)`,
		}[db.Dialect()]
		for _, snapshot := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			err := db.View(ctx, snapshot, func(ctx context.Context, q store.Querier) error {
				_, err := column(ctx, q, endless)
				return err
			})
			cancel()
			if v := store.Classify(err); !errors.Is(err, context.DeadlineExceeded) || v.Kind != store.Timeout {
				t.Errorf("snapshot %t: %v", snapshot, v)
			}
			if got := db.column(t, `SELECT 1`); !slices.Equal(got, []string{"1"}) {
				t.Errorf("afterwards: %v", got)
			}
		}
	})
}

// database/sql repeats a statement on a new connection if the driver says that the old one was bad. For a write, that could
// be a second time.
func TestLostConnection(t *testing.T) {
	db := open(t, pgtest.New(t), store.Options{})
	db.mustExec(t, `CREATE TABLE items (n integer)`)
	db.mustExec(t, `CREATE SEQUENCE tries`)
	db.traced()

	err := db.exec(t.Context(), `INSERT INTO items (n) SELECT 1 FROM pg_terminate_backend(pg_backend_pid()), nextval('tries')`)
	if v := store.Classify(err); v == nil || v.Kind != store.Unavailable {
		t.Errorf("write: %v", v)
	}
	if got := db.traced(); len(got) != 1 {
		t.Errorf("write: sent %d times", len(got))
	}
	err = db.Update(t.Context(), func(ctx context.Context) error {
		_ = db.exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
		return db.exec(ctx, `INSERT INTO items (n) VALUES (2)`)
	})
	if v := store.Classify(err); v == nil || v.Kind != store.Unavailable {
		t.Errorf("transaction: %v", v)
	}
	if got := db.column(t, `SELECT count(*) FROM items`); !slices.Equal(got, []string{"0"}) {
		t.Errorf("rows: %v", got)
	}

	// All connections of the pool die while they are idle: reads and new transactions do not notice.
	killer := open(t, db.url, store.Options{})
	kill := func() {
		killer.column(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`)
	}
	kill()
	if err := db.View(t.Context(), true, func(ctx context.Context, q store.Querier) error {
		_, err := column(ctx, q, `SELECT n FROM items`)
		return err
	}); err != nil {
		t.Errorf("snapshot after all connections died: %v", err)
	}
	kill()
	if err := db.Update(t.Context(), func(ctx context.Context) error {
		return db.exec(ctx, `INSERT INTO items (n) VALUES (3)`)
	}); err != nil {
		t.Errorf("transaction after all connections died: %v", err)
	}
}
