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

func newPool(inner *sql.DB, conns int) *pool {
	// Connections stay open, since each holds its prepared statements.
	inner.SetMaxOpenConns(conns)
	inner.SetMaxIdleConns(conns)
	return &pool{inner, &line{free: conns, keeps: conns > 1}}
}

// Close closes all connections, waiting for statements that run.
func (p *pool) Close() error {
	for _, c := range p.line.end() {
		_ = c.Conn.Close() // which gives it back
	}
	return p.DB.Close()
}

// line is where callers wait for a connection.
type line struct {
	mu      sync.Mutex
	free    int         // connections that nobody has
	kept    []lent      // those of them that are not in database/sql's pool
	keeps   bool        // whether there may be some
	waiting []*waiter   // who came first is first
	sweeper *time.Timer // looks after who waits and what is kept, if it runs
}

// waiter is a caller who waits for a connection.
type waiter struct {
	ctx  context.Context //nolint:containedctx // for as long as which
	turn chan lent
	gone bool // it was not given one, since nobody waits any more
}

var spareWaiters = sync.Pool{New: func() any { return &waiter{turn: make(chan lent, 1)} }}

// lent is a connection of a pool, given back by one of its methods.
type lent struct {
	*sql.Conn
	line  *line
	since time.Time // when it was taken out of database/sql's pool
}

// lentWithin is for how long a connection goes from one to the next, or waits for the next one. Then it is the turn of those who ask
// database/sql itself, as the ORM does, and the pool may look how old it is.
const lentWithin = 10 * time.Millisecond

// old says whether the connection has to go back.
func (c lent) old() bool { return time.Since(c.since) > lentWithin }

// take waits for a connection for as long as ctx lasts, or a few milliseconds longer. What uses it first goes through its method raw.
func (p *pool) take(ctx context.Context) (lent, error) {
	c, err := p.line.wait(ctx)
	if err != nil || c.Conn != nil {
		return c, err
	}
	if c.Conn, err = p.Conn(ctx); err != nil {
		p.line.next()
		return lent{}, err
	}
	return lent{c.Conn, p.line, time.Now()}, nil
}

// raw calls fn with the connection below that of database/sql, if it is as good as new, as database/sql asks before it gives one away.
func (c lent) raw(ctx context.Context, fn func(*conn) error) error {
	return raw(c.Conn, func(c *conn) error {
		if err := c.ResetSession(ctx); err != nil {
			return err
		}
		return fn(c)
	})
}

// wait waits for the turn of the caller, who gets a connection of somebody else, or none and takes one out of the pool.
func (l *line) wait(ctx context.Context) (lent, error) {
	if err := ctx.Err(); err != nil {
		return lent{}, err
	}
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		var c lent
		if last := len(l.kept) - 1; last >= 0 {
			c, l.kept[last] = l.kept[last], lent{}
			l.kept = l.kept[:last]
		}
		l.mu.Unlock()
		return c, nil
	}
	w := spareWaiters.Get().(*waiter)
	w.ctx = ctx
	l.waiting = append(l.waiting, w)
	l.sweepLater()
	l.mu.Unlock()
	c := <-w.turn // to be told of the end of ctx here, too, costs more than a small statement does
	gone := w.gone
	w.ctx, w.gone = nil, false
	spareWaiters.Put(w)
	err := ctx.Err()
	switch {
	case gone || err == nil:
		return c, err
	case c.Conn != nil: // it was the caller's turn just then
		c.pass()
	default:
		l.next()
	}
	return lent{}, err
}

// first is the turn of who waits longest, nil if nobody does.
func (l *line) first() chan lent {
	if len(l.waiting) == 0 {
		return nil
	}
	w := l.waiting[0]
	l.waiting[0] = nil
	l.waiting = l.waiting[1:]
	return w.turn
}

// next lets the next one take a connection out of the pool.
func (l *line) next() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if turn := l.first(); turn != nil {
		turn <- lent{}
		return
	}
	l.free++
}

// Close gives the connection back to the pool.
func (c lent) Close() error {
	err := c.Conn.Close()
	c.line.next()
	return err
}

// pass gives a connection that is as good as new to who waits for one, or keeps it for the next one who comes.
func (c lent) pass() {
	if !c.old() && c.line.keep(c) {
		return
	}
	_ = c.Close()
}

func (l *line) keep(c lent) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if turn := l.first(); turn != nil {
		turn <- c
		return true
	}
	if !l.keeps {
		return false
	}
	l.free++
	l.kept = append(l.kept, c)
	l.sweepLater()
	return true
}

func (l *line) sweepLater() {
	if l.sweeper == nil {
		l.sweeper = time.AfterFunc(lentWithin, l.sweep)
	}
}

// sweep gives back what was kept for long enough, and sends away who need not wait any more.
func (l *line) sweep() {
	l.mu.Lock()
	l.waiting = slices.DeleteFunc(l.waiting, func(w *waiter) bool {
		if w.ctx.Err() == nil {
			return false
		}
		w.gone = true
		w.turn <- lent{}
		return true
	})
	var old []lent
	l.kept = slices.DeleteFunc(l.kept, func(c lent) bool {
		if !c.old() {
			return false
		}
		old = append(old, c)
		return true
	})
	if len(l.kept)+len(l.waiting) > 0 {
		l.sweeper.Reset(lentWithin)
	} else {
		l.sweeper = nil
	}
	l.mu.Unlock()
	for _, c := range old {
		_ = c.Conn.Close()
	}
}

// end returns what is kept, and keeps nothing any more.
func (l *line) end() []lent {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept
	l.kept, l.keeps = nil, false
	return kept
}

// Read reads with any connection that is free.
func (p *pool) Read(ctx context.Context, query string, args []any, row func([]Value) error) error {
	for attempt := 0; ; attempt++ {
		c, err := p.take(ctx)
		if err != nil {
			return err
		}
		began := false
		err = c.read(ctx, query, args, func(values []Value) error {
			began = true
			return row(values)
		})
		if err == nil {
			return nil
		}
		// A server that was restarted has left a pool of dead connections.
		if began || !errors.Is(err, driver.ErrBadConn) || attempt > p.Stats().MaxOpenConnections {
			return err
		}
	}
}

// read reads, and passes the connection on, or closes it after an error or a panic of row.
func (c lent) read(ctx context.Context, query string, args []any, row func([]Value) error) (err error) {
	good := false
	defer func() {
		if good {
			c.pass()
		} else {
			_ = c.Close() // what the statement said is worth more
		}
	}()
	err = c.raw(ctx, func(c *conn) error { return c.read(ctx, query, args, row) })
	good = err == nil
	return err
}

// begin waits for a connection for as long as ctx lasts. The transaction itself outlives ctx: cancelling it ends the statement
// that runs, and the transaction is ended by its owner alone and not, at the same time, by database/sql, which is also
// spared a goroutine.
func (p *pool) begin(ctx context.Context, opts *sql.TxOptions) (lent, *sql.Tx, error) {
	for attempt := 0; ; attempt++ {
		c, err := p.take(ctx)
		if err != nil {
			return lent{}, nil, err
		}
		var tx *sql.Tx
		if err = c.raw(ctx, func(*conn) error { return nil }); err == nil {
			if tx, err = c.BeginTx(context.WithoutCancel(ctx), opts); err == nil {
				return c, tx, nil
			}
		}
		_ = c.Close() // what BEGIN said is worth more
		// A server that was restarted has left a pool of dead connections.
		if !errors.Is(err, driver.ErrBadConn) || attempt > p.Stats().MaxOpenConnections {
			return lent{}, nil, err
		}
	}
}
