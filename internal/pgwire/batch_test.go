package pgwire

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lib/pq"
)

// onConn calls fn with a connection.
func onConn(t *testing.T, db *sql.DB, fn func(c *Conn) error) error {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var failure error
	if err := conn.Raw(func(c any) error { failure = fn(c.(*Conn)); return nil }); err != nil {
		t.Fatal(err)
	}
	return failure
}

// A batch gives each statement its own rows, and happens as a whole or not at all.
func TestBatch(t *testing.T) {
	ours, theirs := pools(t)
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := theirs.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	count := func() (n int) {
		t.Helper()
		if err := theirs.QueryRowContext(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec("CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz DEFAULT now())")
	insert := func(c *Conn, id int, rows *[]string) Call {
		st, err := c.Prepare("INSERT INTO t (id, name) SELECT $1, $2 WHERE $1 <> 13 RETURNING id, name")
		if err != nil {
			t.Fatal(err)
		}
		return Call{Stmt: st.(*Stmt), Args: named([]driver.Value{int64(id), fmt.Sprint("row ", id)}), Row: func(values [][]byte) error {
			*rows = append(*rows, fmt.Sprint(Int(values[0]), string(values[1])))
			return nil
		}}
	}
	several := func(c *Conn, rows *[]string) Call {
		st, err := c.Prepare("SELECT g, NULL, 'x' || g FROM generate_series(1, 3) g")
		if err != nil {
			t.Fatal(err)
		}
		return Call{Stmt: st.(*Stmt), Row: func(values [][]byte) error {
			*rows = append(*rows, fmt.Sprint(Int(values[0]), values[1] == nil, string(values[2])))
			return nil
		}}
	}
	var rows [4][]string
	err := onConn(t, ours, func(c *Conn) error {
		return c.Batch(t.Context(), []Call{insert(c, 1, &rows[0]), several(c, &rows[1]), insert(c, 13, &rows[2]), insert(c, 2, &rows[3])})
	})
	want := [4][]string{{"1row 1"}, {"1 truex1", "2 truex2", "3 truex3"}, nil, {"2row 2"}}
	for i := range rows {
		if err != nil || !slices.Equal(rows[i], want[i]) {
			t.Errorf("call %d: %q, want %q (%v)", i, rows[i], want[i], err)
		}
	}
	// They have begun at the same time.
	var times int
	if err := theirs.QueryRowContext(t.Context(), "SELECT count(DISTINCT at) FROM t").Scan(&times); err != nil || times != 1 || count() != 2 {
		t.Errorf("%d rows, begun at %d times (%v)", count(), times, err)
	}

	var ignored []string
	for at := range 3 {
		err := onConn(t, ours, func(c *Conn) error {
			calls := []Call{insert(c, 3, &ignored), insert(c, 4, &ignored), insert(c, 5, &ignored)}
			calls[at] = insert(c, 1, &ignored)
			if err := c.Batch(t.Context(), calls); err != nil {
				return err
			}
			return errors.New("no error")
		})
		if e, ok := errors.AsType[*pq.Error](err); !ok || e.Code != "23505" || count() != 2 {
			t.Errorf("a taken key as number %d: %v, %d rows", at, err, count())
		}
	}
	err = onConn(t, ours, func(c *Conn) error {
		call := insert(c, 3, &ignored)
		call.Args = call.Args[:1]
		return c.Batch(t.Context(), []Call{insert(c, 4, &ignored), call})
	})
	if err == nil || count() != 2 {
		t.Errorf("an argument too few: %v, %d rows", err, count())
	}

	// Who gives up has the server undo all.
	tx, err := theirs.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t (id) VALUES (8)"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	err = onConn(t, ours, func(c *Conn) error {
		err := c.Batch(ctx, []Call{insert(c, 7, &ignored), insert(c, 8, &ignored)})
		if c.IsValid() {
			t.Error("a connection that was asked to cancel serves on")
		}
		return err
	})
	if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
		t.Errorf("%v after %s", err, took)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if count() != 2 {
		t.Errorf("%d rows", count())
	}
}
