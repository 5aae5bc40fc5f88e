package pgwire

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// BeginTx implements driver.ConnBeginTx. A transaction that only reads costs no round trips of its own: it begins with its first
// statement, and nobody waits for its end, since there is nothing that could fail to be kept. So it is the first statement that
// finds out whether the server is still there.
func (c *Conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	begin := ""
	switch sql.IsolationLevel(opts.Isolation) {
	case sql.LevelDefault:
		begin = "BEGIN READ ONLY"
	case sql.LevelRepeatableRead:
		begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	case sql.LevelSerializable:
		begin = "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
	}
	if !opts.ReadOnly || begin == "" { // lib/pq knows the others, or that there is no such level
		if err := c.settle(ctx); err != nil {
			return nil, err
		}
		return c.driverConn.BeginTx(ctx, opts)
	}
	if err := c.catchUp(); err != nil {
		c.broken = true
		return nil, errors.Join(driver.ErrBadConn, err)
	}
	c.pending = begin
	return reading{c}, nil
}

// reading is a transaction that only reads.
type reading struct{ conn *Conn }

func (r reading) Commit() error { return r.conn.leave("COMMIT") }

func (r reading) Rollback() error { return r.conn.leave("ROLLBACK") }

func (c *Conn) leave(command string) error {
	switch {
	case !c.IsValid():
		return driver.ErrBadConn
	case c.pending != "": // it has not begun
		c.pending = ""
		return nil
	}
	c.out = c.out[:0]
	c.command(command)
	if err := c.send(); err != nil {
		c.broken = true
		return err
	}
	return nil
}

// catchUp reads the answers that nobody has waited for.
func (c *Conn) catchUp() error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	for c.owed > 0 {
		kind, msg, err := c.in.next(c.sock.Conn)
		switch {
		case err != nil:
			return err
		case kind == 'E':
			return serverError(msg)
		case kind == 'Z':
			c.owed--
		}
	}
	return nil
}

// command appends a statement whose answer is skipped when it comes.
func (c *Conn) command(text string) {
	c.message('Q', func() { c.text(text) })
	c.owed++
}

// settle does what is left before lib/pq takes its turn.
func (c *Conn) settle(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	if c.pending == "" && c.owed == 0 {
		return nil
	}
	c.begin()
	c.message('S', nil)
	return c.exchange(ctx, func(byte, []byte) error { return nil })
}

// QueryContext implements driver.QueryerContext for what is not prepared.
func (c *Conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	return c.driverConn.QueryContext(ctx, query, args)
}

// ExecContext implements driver.ExecerContext for what is not prepared.
func (c *Conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	return c.driverConn.ExecContext(ctx, query, args)
}

// Ping implements driver.Pinger.
func (c *Conn) Ping(ctx context.Context) error {
	if err := c.settle(ctx); err != nil {
		return err
	}
	return c.driverConn.Ping(ctx)
}

// driverStmt is what a statement of lib/pq can do.
type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// foreignStmt is a statement that is left to lib/pq.
type foreignStmt struct {
	driverStmt
	conn *Conn
}

func (s foreignStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.conn.settle(ctx); err != nil {
		return nil, err
	}
	return s.driverStmt.QueryContext(ctx, args)
}

func (s foreignStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.conn.settle(ctx); err != nil {
		return nil, err
	}
	return s.driverStmt.ExecContext(ctx, args)
}

func (s foreignStmt) Close() error {
	if err := s.conn.settle(context.Background()); err != nil {
		return err
	}
	return s.driverStmt.Close()
}
