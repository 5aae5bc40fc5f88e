package store_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// bundle is an open database and the statements that reached it.
type bundle struct {
	*store.DB
	url string

	mu    sync.Mutex
	trace []string
}

// traced returns the statements since the last call.
func (b *bundle) traced() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.trace
	b.trace = nil
	return out
}

// both runs a test on both databases.
func both(t *testing.T, opts store.Options, test func(t *testing.T, db *bundle)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "some folder", "te%st.db"), opts))
	})
	t.Run("postgres", func(t *testing.T) { test(t, open(t, pgtest.New(t), opts)) })
}

func open(t *testing.T, url string, opts store.Options) *bundle {
	t.Helper()
	b := &bundle{url: url}
	opts.Trace = func(_ context.Context, statement string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.trace = append(b.trace, statement)
	}
	var err error
	if b.DB, err = store.Open(t.Context(), url, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// exec writes outside of a transaction, or in the one of ctx.
func (b *bundle) exec(ctx context.Context, query string, args ...any) error {
	return b.Driver().Exec(ctx, query, args, nil)
}

func (b *bundle) mustExec(t *testing.T, query string, args ...any) {
	t.Helper()
	if err := b.exec(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// column returns the first column of a result as text.
func column(ctx context.Context, q store.Querier, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func (b *bundle) column(t *testing.T, query string, args ...any) []string {
	t.Helper()
	var out []string
	err := b.View(t.Context(), false, func(ctx context.Context, q store.Querier) (err error) {
		out, err = column(ctx, q, query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

// param returns the placeholder of the first argument.
func (b *bundle) param() string {
	if b.Dialect() == dialect.Postgres {
		return "$1"
	}
	return "?"
}

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	for url, want := range map[string]string{
		"":                                  "is empty",
		"mysql://u:secret@h/d":              `must begin with "sqlite:" or "postgres://"`,
		"host=h password=secret":            `must begin with "sqlite:" or "postgres://"`,
		"sqlite:":                           "needs the path of a file",
		"sqlite:a.db?mode=ro":               "no parameters",
		"postgres://u:pa/secret@h/d":        "malformed",
		"postgres://u:%zzsecret@h/d":        "malformed",
		"postgres://u:secret@h/d?sslmode=x": "sslmode",
	} {
		_, err := store.Open(t.Context(), url, store.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", url, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows the password: %v", url, err)
		}
	}
}

func TestMemory(t *testing.T) {
	db := open(t, "sqlite::memory:", store.Options{})
	db.mustExec(t, `CREATE TABLE items (name text)`)
	db.mustExec(t, `INSERT INTO items (name) VALUES ('a')`)
	if got := db.column(t, `SELECT name FROM items`); !slices.Equal(got, []string{"a"}) {
		t.Errorf("rows: %v", got)
	}
}

func TestPing(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
	down := open(t, "postgres://user:secret@127.0.0.1:1/none", store.Options{})
	err := down.Ping(t.Context())
	if v := store.Classify(err); v == nil || v.Kind != store.Unavailable || strings.Contains(err.Error(), "secret") {
		t.Errorf("ping without a server: %v", err)
	}
}

func TestUpdateCommitsAndRollsBack(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		db.mustExec(t, `CREATE TABLE items (name text PRIMARY KEY)`)
		insert := `INSERT INTO items (name) VALUES (` + db.param() + `)`
		errStop := errors.New("stop")

		if err := db.Update(t.Context(), func(ctx context.Context) error {
			if err := db.exec(ctx, insert, "kept"); err != nil {
				return err
			}
			// Reads with the transaction's context see its writes.
			return db.View(ctx, true, func(ctx context.Context, q store.Querier) error {
				if got, err := column(ctx, q, `SELECT name FROM items`); err != nil || !slices.Equal(got, []string{"kept"}) {
					t.Errorf("inside: %v, %v", got, err)
				}
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(ctx context.Context) error {
			return errors.Join(db.exec(ctx, insert, "error"), errStop)
		}); !errors.Is(err, errStop) {
			t.Errorf("error of fn: %v", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = db.Update(t.Context(), func(ctx context.Context) error {
				_ = db.exec(ctx, insert, "panic")
				panic("stop")
			})
		}()
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.Update(ctx, func(ctx context.Context) error {
			defer cancel()
			return db.exec(ctx, insert, "cancelled")
		}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before commit: %v", err)
		}
		var leaked context.Context
		if err := db.Update(t.Context(), func(ctx context.Context) error { leaked = ctx; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := db.exec(leaked, insert, "late"); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("write after the end of the transaction: %v", err)
		}
		if got := db.column(t, `SELECT name FROM items`); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("rows: %v; want only the committed one", got)
		}
	})
}

func TestNestedTransactionsAreOne(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		db.mustExec(t, `CREATE TABLE items (name text PRIMARY KEY)`)
		insert := `INSERT INTO items (name) VALUES (` + db.param() + `)`
		nested := func(name string, end func(dialect.Tx) error) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				tx, err := db.Driver().Tx(ctx)
				if err != nil {
					return err
				}
				return errors.Join(tx.Exec(ctx, insert, []any{name}, nil), end(tx))
			}
		}
		if err := db.Update(t.Context(), nested("commit", dialect.Tx.Commit)); err != nil {
			t.Error(err)
		}
		if err := db.Update(t.Context(), nested("rollback", dialect.Tx.Rollback)); err == nil {
			t.Error("committed although a part was rolled back")
		}
		if err := db.Update(t.Context(), func(ctx context.Context) error {
			_ = db.Update(ctx, func(ctx context.Context) error { return errors.Join(db.exec(ctx, insert, "inner"), errors.New("stop")) })
			return nil
		}); err == nil {
			t.Error("committed although an inner Update failed")
		}
		if got := db.column(t, `SELECT name FROM items`); !slices.Equal(got, []string{"commit"}) {
			t.Errorf("rows: %v", got)
		}
		db.traced()
		if err := nested("alone", dialect.Tx.Commit)(t.Context()); err != nil {
			t.Error(err)
		}
		if got := db.traced(); !slices.Equal(got, []string{"BEGIN", insert, "COMMIT"}) {
			t.Errorf("outside of an Update: %q", got)
		}
	})
}

func TestSnapshotSeesOneState(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		db.mustExec(t, `CREATE TABLE items (name text)`)
		db.mustExec(t, `INSERT INTO items (name) VALUES ('one')`)
		for _, snapshot := range []bool{true, false} {
			before := db.column(t, `SELECT count(*) FROM items`)
			err := db.View(t.Context(), snapshot, func(ctx context.Context, q store.Querier) error {
				first, err := column(ctx, q, `SELECT count(*) FROM items`)
				if err != nil {
					return err
				}
				db.mustExec(t, `INSERT INTO items (name) VALUES ('more')`)
				second, err := column(ctx, q, `SELECT count(*) FROM items`)
				if !slices.Equal(first, before) || slices.Equal(first, second) != snapshot {
					t.Errorf("snapshot %t: before %v, first %v, second %v", snapshot, before, first, second)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := db.View(t.Context(), true, func(ctx context.Context, q store.Querier) error {
			_, err := column(ctx, q, `INSERT INTO items (name) VALUES ('view') RETURNING name`)
			return err
		})
		if v := store.Classify(err); v == nil || v.Kind != store.ReadOnly {
			t.Errorf("write inside of View: %v", err)
		}
	})
}

// A driver's statement is shared by all who use the same text on a connection.
func TestStatementsOfOneText(t *testing.T) {
	both(t, store.Options{Statements: 2}, func(t *testing.T, db *bundle) {
		db.mustExec(t, `CREATE TABLE items (name text)`)
		// Several statements in one text go through as they are, and so does a semicolon in quotes.
		db.mustExec(t, `INSERT INTO items (name) VALUES ('a;1'); INSERT INTO items (name) VALUES ('b');`)
		err := db.View(t.Context(), true, func(ctx context.Context, q store.Querier) error {
			// More texts than the cache holds, each twice.
			for _, text := range []string{`SELECT name FROM items`, `SELECT name FROM items WHERE 1=1`, `SELECT name FROM items WHERE 2=2`} {
				for range 2 {
					if got, err := column(ctx, q, text+` ORDER BY name`); err != nil || !slices.Equal(got, []string{"a;1", "b"}) {
						t.Errorf("%s: %v, %v", text, got, err)
					}
				}
			}
			outer, err := q.QueryContext(ctx, `SELECT name FROM items ORDER BY name`)
			if err != nil {
				return err
			}
			defer outer.Close()
			if !outer.Next() {
				t.Error("no row")
			}
			inner, err := column(ctx, q, `SELECT name FROM items ORDER BY name`)
			if db.Dialect() == dialect.SQLite {
				if err != nil || !slices.Equal(inner, []string{"a;1", "b"}) {
					t.Errorf("nested: %v, %v", inner, err)
				}
			} else if err == nil {
				t.Error("lib/pq cannot nest results, but there was no error")
			}
			var name string
			if !outer.Next() || outer.Scan(&name) != nil || name != "b" {
				t.Errorf("second row of the outer result: %q", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestStatementsSurviveSchemaChanges(t *testing.T) {
	both(t, store.Options{MaxConns: 1}, func(t *testing.T, db *bundle) {
		db.mustExec(t, `CREATE TABLE items (name text)`)
		db.mustExec(t, `INSERT INTO items (name) VALUES ('a')`)
		columns := func(ctx context.Context, q store.Querier) ([]string, error) {
			rows, err := q.QueryContext(ctx, `SELECT * FROM items`)
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			return rows.Columns()
		}
		err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
			if got, err := columns(ctx, q); err != nil || len(got) != 1 {
				t.Fatalf("before: %v, %v", got, err)
			}
			db.mustExec(t, `ALTER TABLE items ADD COLUMN size integer`)
			for range 2 {
				if got, err := columns(ctx, q); err != nil || len(got) != 2 {
					t.Errorf("after: %v, %v", got, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}

		// In a transaction nothing can be repeated: one operation is told to try again, and none after it.
		read := func() error {
			return db.View(t.Context(), true, func(ctx context.Context, q store.Querier) error {
				_, err := columns(ctx, q)
				return err
			})
		}
		if err := read(); err != nil {
			t.Fatal(err)
		}
		db.mustExec(t, `ALTER TABLE items ADD COLUMN colour text`)
		if err := read(); err != nil && store.Classify(err).Kind != store.Serialization {
			t.Errorf("in a transaction: %v", err)
		}
		if err := read(); err != nil {
			t.Errorf("next transaction: %v", err)
		}
	})
}

func TestTrace(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		db.traced()
		one := func(ctx context.Context, q store.Querier) error {
			_, err := column(ctx, q, `SELECT 1`)
			return err
		}
		for range 2 {
			if err := db.View(t.Context(), true, one); err != nil {
				t.Fatal(err)
			}
			if got := db.traced(); !slices.Equal(got, []string{"BEGIN", "SELECT 1", "COMMIT"}) {
				t.Errorf("snapshot: %q", got)
			}
		}
		if err := db.View(t.Context(), false, one); err != nil {
			t.Fatal(err)
		}
		if got := db.traced(); !slices.Equal(got, []string{"SELECT 1"}) {
			t.Errorf("no snapshot: %q", got)
		}
		_ = db.Update(t.Context(), func(ctx context.Context) error { return errors.New("stop") })
		if got := db.traced(); !slices.Equal(got, []string{"BEGIN", "ROLLBACK"}) {
			t.Errorf("rollback: %q", got)
		}
	})
}

func TestTimesAreEqualOnBoth(t *testing.T) {
	base := time.Date(2014, 1, 21, 20, 26, 5, 0, time.UTC)
	times := []time.Time{ // in order
		time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		base, base.Add(time.Microsecond), base.Add(10 * time.Microsecond), base.Add(99 * time.Millisecond),
		base.Add(100 * time.Millisecond), base.Add(383 * time.Millisecond), base.Add(time.Second),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		kind := map[string]string{dialect.SQLite: "datetime", dialect.Postgres: "timestamp with time zone"}[db.Dialect()]
		db.mustExec(t, `CREATE TABLE events (at `+kind+`)`)
		zone := time.FixedZone("", -5*3600)
		for i := range times {
			// Another zone, and nanoseconds that are cut off and not rounded.
			db.mustExec(t, `INSERT INTO events (at) VALUES (`+db.param()+`)`, times[(i*7)%len(times)].In(zone).Add(999*time.Nanosecond))
		}
		read := func(query string, args ...any) (got []time.Time) {
			t.Helper()
			var rows entsql.Rows
			if err := db.Driver().Query(t.Context(), query, args, &rows); err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var at time.Time
				if err := rows.Scan(&at); err != nil {
					t.Fatal(err)
				}
				got = append(got, at)
			}
			return got
		}
		same := func(a, b time.Time) bool { return a.Equal(b) }
		if got := read(`SELECT at FROM events ORDER BY at`); !slices.EqualFunc(got, times, same) {
			t.Errorf("order:\n%v; want\n%v", got, times)
		}
		for i, at := range times {
			if got := read(`SELECT at FROM events WHERE at >= `+db.param()+` ORDER BY at`, at); !slices.EqualFunc(got, times[i:], same) {
				t.Errorf("from %v: %v", at, got)
			}
		}
	})
}

func TestTextIsEqualOnBoth(t *testing.T) {
	texts := []string{ // by code point
		"", " ", "A", "B", "a", "e\u0301", "z", "\u00e9", "\u05d0", "\ufb01", "\ufffd", "\U0001F37A", "\U0001F468\u200d\U0001F469",
	}
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		kind := map[string]string{dialect.SQLite: "text", dialect.Postgres: `text COLLATE "C"`}[db.Dialect()]
		db.mustExec(t, `CREATE TABLE items (name `+kind+`, data json)`)
		insert := `INSERT INTO items (name) VALUES (` + db.param() + `)`
		for i := range texts {
			db.mustExec(t, insert, texts[(i*5)%len(texts)])
		}
		if got := db.column(t, `SELECT name FROM items ORDER BY name`); !slices.Equal(got, texts) {
			t.Errorf("order:\n%q; want\n%q", got, texts)
		}
		for _, bad := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
			if v := store.Classify(db.exec(t.Context(), insert, bad)); v == nil || v.Kind != store.InvalidText {
				t.Errorf("%q: %v", bad, v)
			}
		}
		db.mustExec(t, `DELETE FROM items`)
		db.mustExec(t, `INSERT INTO items (name, data) VALUES ('j', `+db.param()+`)`, json.RawMessage(`{"a":"é"}`))
		db.mustExec(t, `INSERT INTO items (name, data) VALUES ('n', `+db.param()+`)`, json.RawMessage(nil))
		if got := db.column(t, `SELECT data FROM items WHERE data IS NOT NULL`); !slices.Equal(got, []string{`{"a":"é"}`}) {
			t.Errorf("json: %q", got)
		}
	})
}

// Writers on SQLite wait for each other, in this process and in another one.
func TestSQLiteWritersWait(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
	dbs := []*bundle{open(t, url, store.Options{}), open(t, url, store.Options{})}
	dbs[0].mustExec(t, `CREATE TABLE items (n integer)`)
	dbs[0].mustExec(t, `INSERT INTO items (n) VALUES (0)`)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			db := dbs[i%2]
			err := db.Update(t.Context(), func(ctx context.Context) error {
				// Read, then write: with a deferred transaction this fails under load.
				return db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
					if _, err := column(ctx, q, `SELECT n FROM items`); err != nil {
						return err
					}
					return db.exec(ctx, `UPDATE items SET n = n + 1`)
				})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := dbs[0].column(t, `SELECT n FROM items`); !slices.Equal(got, []string{"40"}) {
		t.Errorf("n = %v; want 40", got)
	}
}

// Hand-written fields below a mutation run side by side, in the transaction that the mutation is.
func TestTransactionsServeOneStatementAfterTheOther(t *testing.T) {
	both(t, store.Options{}, func(t *testing.T, db *bundle) {
		err := db.Update(t.Context(), func(ctx context.Context) error {
			errs := make(chan error)
			for range 8 {
				go func() {
					errs <- func() error {
						for range 20 {
							var rows entsql.Rows
							if err := db.Driver().Query(ctx, "SELECT 1 UNION ALL SELECT 2", []any{}, &rows); err != nil {
								return err
							}
							n := 0
							for rows.Next() {
								n++
							}
							if err := errors.Join(rows.Err(), rows.Close()); err != nil || n != 2 {
								return fmt.Errorf("%d rows: %w", n, err)
							}
						}
						return nil
					}()
				}()
			}
			var all []error
			for range 8 {
				all = append(all, <-errs)
			}
			return errors.Join(all...)
		})
		if err != nil {
			t.Error(err)
		}
	})
}
