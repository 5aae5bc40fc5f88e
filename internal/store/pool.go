package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"time"
)

// pool is one of database/sql whose connections are lent in the order in which they are asked for. By itself it gives a connection
// that becomes free to any of those who wait, and under load some wait for ten times as long as the others.
type pool struct {
	*sql.DB
	line *line
}

func newPool(inner *sql.DB, conns int) pool {
	// Connections stay open, since each holds its prepared statements.
	inner.SetMaxOpenConns(conns)
	inner.SetMaxIdleConns(conns)
	return pool{inner, &line{free: conns}}
}

// line is where callers wait for a connection.
type line struct {
	mu      sync.Mutex
	free    int         // connections that nobody has
	waiting []chan lent // who came first is first
}

// lent is a connection of a pool, given back by one of its methods.
type lent struct {
	*sql.Conn
	line  *line
	since time.Time // when it was taken out of database/sql's pool
}

// lentWithin is for how long a connection goes from one to the next. Then it is the turn of those who ask database/sql itself, as the ORM
// does, and the pool may look how old it is.
const lentWithin = 10 * time.Millisecond

// take waits for a connection for as long as ctx lasts.
func (p pool) take(ctx context.Context) (lent, error) {
	c, err := p.line.wait(ctx)
	if err != nil || c.Conn != nil {
		return c, err
	}
	if c.Conn, err = p.Conn(ctx); err != nil {
		p.line.next(lent{})
		return lent{}, err
	}
	return lent{c.Conn, p.line, time.Now()}, nil
}

// wait waits for the turn of the caller, who gets a connection of somebody else, or none and takes one out of the pool.
func (l *line) wait(ctx context.Context) (lent, error) {
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return lent{}, nil
	}
	turn := make(chan lent, 1)
	l.waiting = append(l.waiting, turn)
	l.mu.Unlock()
	select {
	case c := <-turn:
		return c, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	at := slices.Index(l.waiting, turn)
	if at >= 0 {
		l.waiting = slices.Delete(l.waiting, at, at+1)
	}
	l.mu.Unlock()
	if at < 0 { // it was the caller's turn just then
		l.next(<-turn)
	}
	return lent{}, ctx.Err()
}

// next gives a connection to who waits longest, or back to the pool, where it is already if c is empty.
func (l *line) next(c lent) {
	l.mu.Lock()
	var turn chan lent
	if len(l.waiting) > 0 {
		turn, l.waiting[0] = l.waiting[0], nil
		l.waiting = l.waiting[1:]
	}
	if turn == nil && c.Conn == nil {
		l.free++
	}
	l.mu.Unlock()
	switch {
	case turn != nil:
		turn <- c
	case c.Conn != nil:
		_ = c.Close()
	}
}

// Close gives the connection back to the pool.
func (c lent) Close() error {
	err := c.Conn.Close()
	c.line.next(lent{})
	return err
}

// pass gives a connection that is as good as new to who waits for one.
func (c lent) pass(ctx context.Context) {
	c.line.mu.Lock()
	wanted := len(c.line.waiting) > 0
	c.line.mu.Unlock()
	if !wanted || time.Since(c.since) > lentWithin || raw(c.Conn, func(c *conn) error { return c.ResetSession(ctx) }) != nil {
		_ = c.Close()
		return
	}
	c.line.next(c)
}

// Read reads with any connection that is free.
func (p pool) Read(ctx context.Context, query string, args []any, row func([]Value) error) error {
	for attempt := 0; ; attempt++ {
		c, err := p.take(ctx)
		if err != nil {
			return err
		}
		began := false
		err = read(ctx, c.Conn, query, args, func(values []Value) error {
			began = true
			return row(values)
		})
		if err == nil {
			c.pass(ctx)
			return nil
		}
		_ = c.Close() // what the statement said is worth more
		// A server that was restarted has left a pool of dead connections.
		if began || !errors.Is(err, driver.ErrBadConn) || attempt > p.Stats().MaxOpenConnections {
			return err
		}
	}
}

// begin waits for a connection for as long as ctx lasts. The transaction itself outlives ctx: cancelling it ends the statement
// that runs, and the transaction is ended by its owner alone and not, at the same time, by database/sql, which is also
// spared a goroutine.
func (p pool) begin(ctx context.Context, opts *sql.TxOptions) (lent, *sql.Tx, error) {
	for attempt := 0; ; attempt++ {
		c, err := p.take(ctx)
		if err != nil {
			return lent{}, nil, err
		}
		tx, err := c.BeginTx(context.WithoutCancel(ctx), opts)
		if err == nil {
			return c, tx, nil
		}
		_ = c.Close() // what BEGIN said is worth more
		// A server that was restarted has left a pool of dead connections.
		if !errors.Is(err, driver.ErrBadConn) || attempt > p.Stats().MaxOpenConnections {
			return lent{}, nil, err
		}
	}
}
