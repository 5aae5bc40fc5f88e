package pgwire

import (
	"context"
	"database/sql/driver"
)

// Call is one statement of a [Conn.Batch].
type Call struct {
	Stmt *Stmt // of the batch's connection
	Args []driver.NamedValue
	// Row is called with the values of each row, nil for null. They may be used until it returns.
	Row func(values [][]byte) error
}

// Batch executes statements in one request and waits for the answer once. They are one transaction, which the server begins and
// commits by itself: either all of them have happened or, if an error is that of the server, none. The connection must not be
// within a transaction.
//
// The request is sent as a whole before anything is read. Together with what comes back it must be small enough for the buffers of
// the sockets, some 100 KB.
func (c *Conn) Batch(ctx context.Context, calls []Call) error {
	for _, call := range calls {
		if err := call.Stmt.fits(call.Args); err != nil {
			return err
		}
	}
	c.begin()
	for _, call := range calls {
		call.Stmt.execute(call.Args)
	}
	c.message('S', nil)
	at := 0
	var values [][]byte
	return c.exchange(ctx, func(kind byte, msg []byte) error {
		switch {
		case at == len(calls):
		case kind == 'C':
			at++
		case kind == 'D':
			call := calls[at]
			values = append(values[:0], make([][]byte, len(call.Stmt.columns))...)
			if err := cut(values, msg); err != nil {
				return err
			}
			return call.Row(values)
		}
		return nil
	})
}
