package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/entwine-data/entwine/internal/pgwire"
	"github.com/entwine-data/entwine/internal/vdbe"
)

// Querier reads rows. That of a transaction serves one statement at a time: the rows of one must be closed before the next.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// Read calls row with the values of each row. They are valid until row returns: what is kept of their Data must be copied. An
	// error of row ends reading and is returned. The memory of query is the caller's again when Read returns.
	//
	// Unlike QueryContext it needs no receiver, lock and goroutine of database/sql for each result, and no box for each
	// value, which is most of the work of a list.
	Read(ctx context.Context, query string, args []any, row func(values []Value) error) error
}

// session reads within a transaction.
type session struct {
	*sql.Tx
	conn *sql.Conn
	// again begins the transaction on another connection, if it has not read anything yet. A snapshot begins with its first statement,
	// which is then the first to learn that the server has ended the connection.
	again func(ctx context.Context) error
}

// session reads, and executes what returns rows, within an update.
func (u *update) session() *session { return &session{Tx: u.tx, conn: u.conn} }

func (s *session) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := s.Tx.QueryContext(ctx, query, args...)
	for s.retry(ctx, &err, false) {
		rows, err = s.Tx.QueryContext(ctx, query, args...)
	}
	return rows, err
}

func (s *session) Read(ctx context.Context, query string, args []any, row func([]Value) error) error {
	began := false
	each := func(values []Value) error {
		began = true
		return row(values)
	}
	err := read(ctx, s.conn, query, args, each)
	for s.retry(ctx, &err, began) {
		err = read(ctx, s.conn, query, args, each)
	}
	return err
}

// retry says whether the first statement can be executed once more.
func (s *session) retry(ctx context.Context, err *error, began bool) bool {
	if s.again == nil || began || !errors.Is(*err, driver.ErrBadConn) {
		s.again = nil
		return false
	}
	if failure := s.again(ctx); failure != nil {
		*err = failure
		return false
	}
	return true
}

func read(ctx context.Context, on *sql.Conn, query string, args []any, row func([]Value) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return raw(on, func(c *conn) error { return c.read(ctx, query, args, row) })
}

// raw calls fn with the connection below that of database/sql.
func raw(on *sql.Conn, fn func(*conn) error) error {
	var failure error
	err := on.Raw(func(c any) error {
		// Raw would close the connection over some errors, and wait for the transaction that it belongs to before.
		failure = fn(c.(*conn))
		return nil
	})
	return errors.Join(failure, err)
}

// patience is the number of rows after which reading looks whether anybody still waits. What a database does before its
// first row ends with the context by itself.
const patience = 128

func (c *conn) read(ctx context.Context, query string, args []any, row func([]Value) error) (err error) {
	named, err := c.named(args)
	if err != nil {
		return err
	}
	result, err := c.QueryContext(ctx, query, named)
	if err != nil {
		return err
	}
	cur := c.cursor(result.(*rows).Rows)
	defer func() {
		err = errors.Join(err, result.Close())
		clear(named)
		clear(cur.values)
		c.spareArgs, c.spareValues = named, cur.values
	}()
	for n := 1; ; n++ {
		switch err := cur.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return c.failed(ctx, query, err)
		default:
			if err := row(cur.values); err != nil {
				return err
			}
		}
		if n%patience == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// named makes arguments what the driver takes.
func (c *conn) named(args []any) ([]driver.NamedValue, error) {
	named := slices.Grow(c.spareArgs[:0], len(args))[:len(args)]
	c.spareArgs = nil // a result within the result needs its own
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
		if err := c.CheckNamedValue(&named[i]); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return named, nil
}

// cursor walks through a result.
type cursor struct {
	values []Value // of the present row

	// The result, of one of these.
	postgres *pgwire.Rows
	sqlite   *vdbe.Rows
	other    driver.Rows

	columns []pgwire.Column // of Postgres
	row     []driver.Value  // of another
}

func (c *conn) cursor(result driver.Rows) cursor {
	var cur cursor
	var n int
	switch result := result.(type) {
	case *pgwire.Rows:
		cur.postgres, cur.columns = result, result.Stmt().Columns()
		n = len(cur.columns)
	case *vdbe.Rows:
		cur.sqlite = result
		n = result.Count()
	default:
		cur.other = result
		n = len(result.Columns())
		cur.row = make([]driver.Value, n)
	}
	cur.values = slices.Grow(c.spareValues[:0], n)[:n]
	c.spareValues = nil
	return cur
}

// next goes to the next row. It returns io.EOF after the last one.
func (c *cursor) next() error {
	switch {
	case c.sqlite != nil:
		if err := c.sqlite.NextRow(); err != nil {
			return err
		}
		view(c.values, c.sqlite)
	case c.postgres != nil:
		row, err := c.postgres.NextRow()
		if err != nil {
			return err
		}
		return decode(c.values, row, c.columns)
	default:
		if err := c.other.Next(c.row); err != nil {
			return err
		}
		for i, v := range c.row {
			c.values[i] = ValueOf(v)
		}
	}
	return nil
}
