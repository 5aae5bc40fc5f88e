package vdbe_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/entwine-data/entwine/internal/vdbe"
)

// open opens a new file with the driver alone and past it.
func open(t *testing.T, params string) (driven, direct *sql.DB) {
	t.Helper()
	file := "file:" + filepath.Join(t.TempDir(), "a.db") + "?_pragma=journal_mode(WAL)&_time_format=sqlite&_timezone=UTC" + params
	inner, err := sqlite.NewConnector(file)
	if err != nil {
		t.Fatal(err)
	}
	driven, direct = sql.OpenDB(inner), sql.OpenDB(vdbe.Connector{Connector: inner})
	t.Cleanup(func() {
		if err := errors.Join(driven.Close(), direct.Close()); err != nil {
			t.Error(err)
		}
	})
	return driven, direct
}

func mustExec(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// read returns what a prepared statement gives, with the names and types of its columns.
func read(t *testing.T, db *sql.DB, query string, args ...any) (out []any) {
	t.Helper()
	stmt, err := db.PrepareContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer stmt.Close()
	for range 2 { // a statement serves again
		rows, err := stmt.QueryContext(t.Context(), args...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		defer rows.Close()
		types, err := rows.ColumnTypes()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range types {
			out = append(out, c.Name(), c.DatabaseTypeName())
		}
		for rows.Next() {
			values, dest := make([]any, len(types)), make([]any, len(types))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			out = append(out, values)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestSameAsTheDriver(t *testing.T) {
	at := time.Date(2024, 2, 29, 23, 59, 59, 123_456_000, time.UTC)
	for _, encoding := range []string{"UTF-8", "UTF-16le"} {
		t.Run(encoding, func(t *testing.T) {
			driven, direct := open(t, "&_pragma=encoding('"+encoding+"')")
			mustExec(t, driven, `CREATE TABLE times (id integer PRIMARY KEY, made datetime, day date, other timestamp, text text)`)
			mustExec(t, driven, `INSERT INTO times (made, day, other, text) VALUES
				('2024-02-29 23:59:59.123456+00:00', '2024-02-29', '2024-02-29T23:59:59Z', '2024-02-29'),
				('2024-02-29 23:59', '2024-02-29T01:02:03.5+02:00', '2024-02-29 23:59:59 +0100 CET m=+0.1', 'é'),
				('yesterday', 5, NULL, ''), (1.5, x'00ff', '', 'no time')`)
			for _, q := range []struct {
				query string
				args  []any
			}{
				{query: `SELECT * FROM times`},
				{query: `SELECT +made, upper(text), made = ?, count(*) AS "n o" FROM times WHERE made < ? GROUP BY 1, 2, 3`, args: []any{at, "3"}},
				{query: `SELECT ?, typeof(?1), ?2, typeof(?2)`, args: []any{"", nil}},
				{query: `SELECT ?, ?, ?, ?, ?, typeof(?4)`, args: []any{int64(-1 << 63), 1.25, true, []byte("a\x00b"), "日本 \U0001f600"}},
				{query: `SELECT ?, typeof(?1)`, args: []any{[]byte(nil)}},
				{query: `SELECT ?, typeof(?1)`, args: []any{at}},
				{query: `SELECT zeroblob(3), x'', 9.0, -0.0, 1e300, NULL`},
				{query: `SELECT id FROM times WHERE 1=0`},
				{query: `UPDATE times SET text = text || ? WHERE id = 1 RETURNING *, ?1`, args: []any{""}},
				{query: `INSERT INTO times (made) SELECT ? WHERE 1=0 RETURNING id`, args: []any{at}},
			} {
				if diff := cmp.Diff(read(t, driven, q.query, q.args...), read(t, direct, q.query, q.args...)); diff != "" {
					t.Errorf("%s: the driver -, here +\n%s", q.query, diff)
				}
			}
		})
	}
}

func TestSameErrorsAsTheDriver(t *testing.T) {
	driven, direct := open(t, "")
	mustExec(t, driven, `CREATE TABLE posts (slug text NOT NULL UNIQUE CHECK (slug != 'no'))`)
	mustExec(t, driven, `INSERT INTO posts VALUES ('a')`)
	failure := func(db *sql.DB, query string, arg any) error {
		stmt, err := db.PrepareContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		var got any
		err = stmt.QueryRowContext(t.Context(), arg).Scan(&got)
		if err == nil {
			t.Fatalf("%s: no error", query)
		}
		if err := stmt.QueryRowContext(t.Context(), "b").Scan(&got); err != nil {
			t.Errorf("%s: afterwards: %v", query, err)
		}
		mustExec(t, db, `DELETE FROM posts WHERE slug = 'b'`)
		return err
	}
	for _, q := range []struct {
		query string
		arg   any
	}{
		{`INSERT INTO posts VALUES (?) RETURNING slug`, "a"},
		{`INSERT INTO posts VALUES (?) RETURNING slug`, nil},
		{`INSERT INTO posts VALUES (?) RETURNING slug`, "no"},
		{`SELECT abs(iif(? = 'b', 1, -9223372036854775807 - 1))`, "a"},
	} {
		var theirs *sqlite.Error
		var ours *vdbe.Error
		a, b := failure(driven, q.query, q.arg), failure(direct, q.query, q.arg)
		if !errors.As(a, &theirs) || !errors.As(b, &ours) || theirs.Code() != ours.Code() || a.Error() != b.Error() {
			t.Errorf("%s: %v; the driver says %v", q.query, b, a)
		}
	}
}

// A plan does not depend on the values, so that SQLite need not look for it again.
func TestStatementsArePlannedOnce(t *testing.T) {
	_, db := open(t, "")
	mustExec(t, db, `CREATE TABLE posts (id integer PRIMARY KEY, status text, made integer)`)
	mustExec(t, db, `CREATE INDEX posts_status ON posts (status)`)
	mustExec(t, db, `CREATE INDEX posts_made ON posts (made)`)
	mustExec(t, db, `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000) INSERT INTO posts (status, made) SELECT iif(n < 9, n, 'most'), n FROM n`)
	mustExec(t, db, `ANALYZE`)
	direct(t, db, func(c *vdbe.Conn) {
		stmt := prepare(t, c, `SELECT id FROM posts WHERE status = ? AND made > ? LIMIT ?`)
		defer stmt.Close()
		for _, status := range []string{"most", "1", "most", "2"} {
			rows, err := stmt.QueryContext(t.Context(), args(status, int64(500), int64(3)))
			if err != nil {
				t.Fatal(err)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if n := stmt.Status(sqlite3.SQLITE_STMTSTATUS_REPREPARE); n != 0 {
			t.Errorf("planned anew %d times", n)
		}
	})
}

func direct(t *testing.T, db *sql.DB, fn func(c *vdbe.Conn)) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Raw(func(c any) error { fn(c.(*vdbe.Conn)); return nil }); err != nil {
		t.Fatal(err)
	}
}

func prepare(t *testing.T, c *vdbe.Conn, query string) *vdbe.Stmt {
	t.Helper()
	stmt, err := c.PrepareContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return stmt.(*vdbe.Stmt)
}

func args(values ...driver.Value) (out []driver.NamedValue) {
	for i, v := range values {
		out = append(out, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return out
}

// endless counts to a number that nobody waits for.
const endless = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n`

func TestContextInterrupts(t *testing.T) {
	_, db := open(t, "")
	direct(t, db, func(c *vdbe.Conn) {
		stmt := prepare(t, c, endless)
		defer stmt.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := stmt.QueryContext(ctx, nil)
		var e *vdbe.Error
		if !errors.As(err, &e) || e.Code() != sqlite3.SQLITE_INTERRUPT {
			t.Errorf("%v; want an interrupt", err)
		}
		if _, err := stmt.QueryContext(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v; want the end of the context", err)
		}
	})
}

// A connection that was interrupted is used again.
func TestInterruptedConnectionsStay(t *testing.T) {
	_, db := open(t, "")
	db.SetMaxOpenConns(1)
	mustExec(t, db, "CREATE TEMP TABLE here (n INTEGER)")
	for _, within := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		stmt, err := db.PrepareContext(t.Context(), endless)
		if err != nil {
			t.Fatal(err)
		}
		if within {
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			err = tx.StmtContext(t.Context(), stmt).QueryRowContext(ctx).Scan(new(int))
			if err == nil {
				t.Error("it came to an end")
			}
			if _, err := tx.ExecContext(t.Context(), "INSERT INTO here VALUES (1)"); err != nil {
				t.Errorf("after a read that was interrupted: %v", err)
			}
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
		} else if err := stmt.QueryRowContext(ctx).Scan(new(int)); err == nil {
			t.Error("it came to an end")
		}
		cancel()
		_ = stmt.Close()
		mustExec(t, db, "INSERT INTO here VALUES (2)")
	}
	var sum int
	if err := db.QueryRowContext(t.Context(), "SELECT sum(n) FROM here").Scan(&sum); err != nil || sum != 2+1+2 {
		t.Error(sum, err)
	}
}

// A context that ends just when its statement does interrupts no other one.
func TestLateInterruptsHitNothing(t *testing.T) {
	_, db := open(t, "")
	direct(t, db, func(c *vdbe.Conn) {
		stmt := prepare(t, c, `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?) SELECT max(n) FROM n`)
		defer stmt.Close()
		began := time.Now()
		for range 20 {
			if err := maximum(stmt, t.Context(), 1000); err != nil {
				t.Fatal(err)
			}
		}
		takes := time.Since(began) / 20
		interrupted := 0
		for i := range 2000 {
			rows := int64(1000)
			if i%100 == 0 {
				rows = 100_000 // which certainly is not over by then, however busy the machine is
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				time.Sleep(takes * time.Duration(i%200) / 100)
				cancel()
			}()
			result, err := stmt.QueryContext(ctx, args(rows))
			if err == nil {
				err = result.Close()
			}
			if err != nil {
				interrupted++
			}
			if err := maximum(stmt, t.Context(), 50); err != nil {
				t.Fatalf("the next statement: %v", err)
			}
			<-ended
		}
		if interrupted == 0 || interrupted == 2000 {
			t.Errorf("%d of 2000 were interrupted", interrupted)
		}
	})
}

func maximum(stmt *vdbe.Stmt, ctx context.Context, n int64) error {
	rows, err := stmt.QueryContext(ctx, args(n))
	if err != nil {
		return err
	}
	defer rows.Close()
	dest := make([]driver.Value, 1)
	if err := rows.Next(dest); err != nil || dest[0] != n {
		return fmt.Errorf("%v, %w", dest[0], err)
	}
	if err := rows.Next(dest); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w; want the end", err)
	}
	return nil
}

// What a statement remembers of its columns is that of the schema that it was compiled for.
func TestTypesFollowTheSchema(t *testing.T) {
	_, db := open(t, "")
	mustExec(t, db, `CREATE TABLE a (made text)`)
	mustExec(t, db, `INSERT INTO a VALUES ('2024-02-29')`)
	direct(t, db, func(c *vdbe.Conn) {
		stmt := prepare(t, c, `SELECT * FROM a`)
		defer stmt.Close()
		got := func() any {
			rows, err := stmt.QueryContext(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			dest := make([]driver.Value, len(rows.Columns()))
			if err := rows.Next(dest); err != nil {
				t.Fatal(err)
			}
			return dest[len(dest)-1]
		}
		if v := got(); v != "2024-02-29" {
			t.Errorf("a text is %v", v)
		}
		for _, query := range []string{`ALTER TABLE a RENAME TO b`, `CREATE TABLE a (id int, made datetime)`, `INSERT INTO a VALUES (1, '2024-02-29')`} {
			if _, err := c.ExecContext(t.Context(), query, nil); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
		if v := got(); v != time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC) {
			t.Errorf("a time is %v", v)
		}
	})
}
