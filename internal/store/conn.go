package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// connector makes connections that keep their prepared statements and normalise values. Everything that reaches the
// database goes through it.
type connector struct {
	driver.Connector
	statements int
	trace      func(ctx context.Context, statement string) // nil without one
	// serial says that the driver cannot start a statement before the rows of the last one are closed. lib/pq does not
	// notice it with prepared statements, and mixes up the answers.
	serial bool
	// epoch counts the times that prepared statements turned out to be out of date, which concerns all connections.
	epoch atomic.Uint64
}

func newConnector(inner driver.Connector, opts Options) *connector {
	return &connector{Connector: inner, statements: or(opts.Statements, 256), trace: opts.Trace}
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{driverConn: inner.(driverConn), shared: c, epoch: c.epoch.Load(), cache: newStatementCache(c.statements)}, nil
}

func (c *connector) traced(ctx context.Context, statement string) {
	if c.trace != nil {
		c.trace(ctx, strings.Clone(statement)) // whose memory is the caller's, see [Querier.Read]
	}
}

// driverConn is what both drivers' connections can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// conn is used by one goroutine at a time, as database/sql promises.
type conn struct {
	driverConn
	shared *connector
	epoch  uint64
	cache  *statementCache
	inTx   bool
	open   int  // results whose rows are not closed
	lost   bool // a write had no answer

	// What [conn.read] needs for each result.
	spareArgs   []driver.NamedValue
	spareValues []Value
}

var (
	_ driverConn               = (*conn)(nil)
	_ driver.NamedValueChecker = (*conn)(nil)
)

// errLost replaces driver.ErrBadConn, which would make database/sql repeat a write that may have happened already.
var errLost = errors.New("connection lost before the answer came")

var errRowsOpen = errors.New("statement started on a connection whose last result is still being read")

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.admit(ctx, query); err != nil {
		return nil, err
	}
	st, err := c.prepared(ctx, query)
	if err != nil {
		return nil, c.failed(ctx, preparing, err)
	}
	var rs driver.Rows
	if st != nil {
		rs, err = st.stmt.QueryContext(ctx, args)
	}
	if st == nil || c.outdated(err) && !c.inTx {
		rs, err = c.driverConn.QueryContext(ctx, strings.Clone(query), args) // which lib/pq keeps in errors
	}
	if err != nil {
		return nil, c.failed(ctx, query, err)
	}
	c.open++
	if st == nil {
		return &rows{Rows: rs, conn: c}, nil
	}
	st.busy = true
	st.rows = rows{Rows: rs, conn: c, st: st}
	return &st.rows, nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.admit(ctx, query); err != nil {
		return nil, err
	}
	st, err := c.prepared(ctx, query)
	if err != nil {
		return nil, c.failed(ctx, preparing, err)
	}
	var res driver.Result
	if st != nil {
		res, err = st.stmt.ExecContext(ctx, args)
	}
	if st == nil || c.outdated(err) && !c.inTx {
		res, err = c.driverConn.ExecContext(ctx, query, args)
	}
	if err != nil {
		return nil, c.failed(ctx, query, err)
	}
	return res, nil
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.admit(ctx, query); err != nil {
		return nil, err
	}
	stmt, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, c.failed(ctx, preparing, err)
	}
	return stmt, nil
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.admit(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	inner, err := c.driverConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, c.failed(ctx, preparing, err)
	}
	c.inTx = true
	return &tx{Tx: inner, conn: c, ctx: ctx}, nil
}

// ResetSession has database/sql replace a connection whose prepared statements may be out of date.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.lost || c.epoch != c.shared.epoch.Load() {
		return driver.ErrBadConn
	}
	return c.driverConn.ResetSession(ctx)
}

func (c *conn) IsValid() bool { return !c.lost && c.driverConn.IsValid() }

// admit refuses a statement that cannot be sent. Nothing has happened then, so that database/sql may try another connection.
func (c *conn) admit(ctx context.Context, query string) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	if c.shared.serial && c.open > 0 {
		return errRowsOpen
	}
	c.shared.traced(ctx, query)
	return nil
}

// outdated says whether a prepared statement has to be made anew because the schema has changed or the server has forgotten
// it. It was not executed then.
func (c *conn) outdated(err error) bool {
	if err == nil || !statementOutdated(err) {
		return false
	}
	c.shared.epoch.Add(1)
	return true
}

// failed makes the error of a statement that was sent fit for database/sql and for callers.
func (c *conn) failed(ctx context.Context, query string, err error) error {
	if connectionLost(err) {
		if !reads(query) {
			c.lost = true
			return fmt.Errorf("%w: %v", errLost, err) //nolint:errorlint // hides driver.ErrBadConn
		}
		return fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		// Postgres says only that the statement was cancelled.
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// preparing stands for what changes nothing, like a SELECT: PREPARE and BEGIN.
const preparing = "SELECT"

// reads says whether a statement can be repeated without harm. WITH may hide a write.
func reads(query string) bool { return verb(query) == "SELECT" }

// verb returns the first word of a statement in upper case.
func verb(query string) string {
	query = strings.TrimLeft(query, " \t\r\n(")
	end := strings.IndexFunc(query, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' })
	if end < 0 {
		end = len(query)
	}
	return strings.ToUpper(query[:min(end, 16)])
}

// tx tells its connection when it ends. The driver's interface for transactions knows no context, so that the one of BEGIN
// is kept to trace the end.
type tx struct {
	driver.Tx
	conn *conn
	ctx  context.Context //nolint:containedctx // see above
}

func (t *tx) Commit() error {
	t.conn.shared.traced(t.ctx, "COMMIT")
	t.conn.inTx = false
	if err := t.Tx.Commit(); err != nil {
		return t.conn.failed(t.ctx, "COMMIT", err)
	}
	return nil
}

func (t *tx) Rollback() error {
	t.conn.shared.traced(t.ctx, "ROLLBACK")
	t.conn.inTx = false
	return t.Tx.Rollback()
}

// rows tells its connection when it is closed.
type rows struct {
	driver.Rows
	conn *conn
	st   *statement // nil if it was not prepared
}

func (r *rows) Close() error {
	if r.conn == nil {
		return nil
	}
	err := r.Rows.Close()
	r.conn.open--
	if r.st != nil {
		err = errors.Join(err, r.st.release())
	}
	r.conn = nil
	return err
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	if t, ok := r.Rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
		return t.ColumnTypeDatabaseTypeName(index)
	}
	return ""
}
