package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/entwine-data/entwine/internal/pgwire"
	"github.com/entwine-data/entwine/internal/vdbe"
)

// Querier reads rows. That of a transaction serves one statement at a time: the rows of one must be closed before the next.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	// Read calls row with the values of each row. They are valid until row returns: what is kept of their Data must be copied. An
	// error of row ends reading and is returned.
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
	defer func() { err = errors.Join(err, result.Close()) }()
	next := nextOf(result.(*rows).Rows)
	for n := 1; ; n++ {
		switch values, err := next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return c.failed(ctx, query, err)
		default:
			if err := row(values); err != nil {
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
	named := make([]driver.NamedValue, len(args))
	for i, v := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
		if err := c.CheckNamedValue(&named[i]); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return named, nil
}

// nextOf returns a function for the next row of a result.
func nextOf(result driver.Rows) func() ([]Value, error) {
	if result, ok := result.(*pgwire.Rows); ok {
		columns := result.Stmt().Columns()
		values := make([]Value, len(columns))
		return func() ([]Value, error) {
			row, err := result.NextRow()
			if err != nil {
				return nil, err
			}
			return values, decode(values, row, columns)
		}
	}
	if result, ok := result.(*vdbe.Rows); ok {
		values := make([]Value, result.Count())
		return func() ([]Value, error) {
			if err := result.NextRow(); err != nil {
				return nil, err
			}
			view(values, result)
			return values, nil
		}
	}
	row := make([]driver.Value, len(result.Columns()))
	values := make([]Value, len(row))
	return func() ([]Value, error) {
		if err := result.Next(row); err != nil {
			return nil, err
		}
		for i, v := range row {
			values[i] = ValueOf(v)
		}
		return values, nil
	}
}
