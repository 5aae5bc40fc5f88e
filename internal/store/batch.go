package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/entwine-data/entwine/internal/pgwire"
)

// On Postgres, too, most of what an INSERT costs is its COMMIT, and the way there and back. While some are on their way, others
// wait and then go together: in one request, as one transaction. Nobody hears of success before that is committed. Where no more
// come at a time than may be on their way alone, nobody waits.
//
// What goes wrong with one undoes all, and then each goes alone, so that nobody has the errors of another. The same is done if they
// do not come back soon: one may wait for a lock, which the others are not to wait for.

const (
	// maxFlights is how many batches are on their way at a time.
	maxFlights = 2
	// maxCalls and maxCallBytes bound a batch, see [pgwire.Conn.Batch].
	maxCalls     = 32
	maxCallBytes = 1 << 10
	// waitWithin is how long an INSERT waits for others to come back, and batchWithin how long a batch may take. Longer than that it is
	// not the disk that they wait for.
	waitWithin  = 100 * time.Millisecond
	batchWithin = 250 * time.Millisecond
	// restFor is how long all go alone after a batch that was undone: what has happened to it may happen to the next one.
	restFor = time.Second
)

// batches are the INSERTs that wait to go together.
type batches struct {
	pool *pool
	most int          // flights
	rest atomic.Int64 // until when all go alone, in Unix nanoseconds

	mu      sync.Mutex
	flights int
	waiting []*passenger
}

func newBatches(pool *pool) *batches {
	return &batches{pool: pool, most: min(maxFlights, pool.Stats().MaxOpenConnections)}
}

// passenger is an INSERT that waits. It is told once what to do.
type passenger struct {
	*lone
	ctx   context.Context //nolint:containedctx // of who waits
	told  chan order
	found bool // a row came of it, in a batch
}

// order is what a passenger is told.
type order struct {
	batch []*passenger // go with these, of whom it is the first, and tell them
	alone bool
	err   error // of the batch that it went with
}

// do executes an INSERT.
func (b *batches) do(ctx context.Context, w *lone) error {
	if w.size() > maxCallBytes || time.Now().UnixNano() < b.rest.Load() {
		return w.read(ctx, b.pool)
	}
	p := b.wait(ctx, w)
	if p == nil {
		defer b.land()
		return w.read(ctx, b.pool)
	}
	o := b.await(ctx, p)
	if len(o.batch) > 0 {
		defer b.land()
		o = b.fly(o.batch)
	}
	switch {
	case o.alone:
		return w.read(ctx, b.pool)
	case o.err != nil:
		return o.err
	case !p.found:
		return sql.ErrNoRows
	}
	return nil
}

// await returns what an INSERT that waits is told.
func (b *batches) await(ctx context.Context, p *passenger) order {
	patience := time.NewTimer(waitWithin)
	defer patience.Stop()
	select {
	case o := <-p.told:
		return o
	case <-ctx.Done():
		if b.leave(p) {
			return order{err: fmt.Errorf("wait to write: %w", ctx.Err())}
		}
	case <-patience.C:
		if b.leave(p) {
			return order{alone: true}
		}
	}
	return <-p.told // it was chosen meanwhile
}

// wait puts an INSERT among those that wait. It is nil for one that goes at once, alone.
func (b *batches) wait(ctx context.Context, w *lone) *passenger {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.flights < b.most {
		b.flights++
		return nil
	}
	p := &passenger{lone: w, ctx: ctx, told: make(chan order, 1)}
	b.waiting = append(b.waiting, p)
	return p
}

// leave takes an INSERT out of those that wait, if it is still there.
func (b *batches) leave(p *passenger) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.waiting, p)
	if at < 0 {
		return false
	}
	b.waiting = slices.Delete(b.waiting, at, at+1)
	return true
}

// land lets those go who wait, in the place of what has come back.
func (b *batches) land() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.flights--
		return
	}
	n := min(len(b.waiting), maxCalls)
	batch := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	batch[0].told <- order{batch: batch}
}

// fly executes a batch and tells the others. It returns what the first is told.
func (b *batches) fly(batch []*passenger) order {
	if len(batch) == 1 {
		return order{alone: true}
	}
	o := order{err: errors.New("the batch did not end")} // by a panic of the first, which is not for the others to see
	defer func() {
		for _, p := range batch[1:] {
			p.told <- o
		}
	}()
	o = b.try(batch)
	if o.alone {
		b.rest.Store(time.Now().Add(restFor).UnixNano())
	}
	return o
}

// try executes a batch.
func (b *batches) try(batch []*passenger) order {
	// No client that goes away ends what others wait for.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(batch[0].ctx), followerLimit)
	defer cancel()
	c, err := b.pool.take(ctx)
	if err != nil {
		return order{alone: true} // which says it with the client's own time
	}
	defer c.Close()
	ctx, cancel = context.WithTimeout(ctx, batchWithin)
	defer cancel()
	err = c.raw(ctx, func(c *conn) error { return c.batch(ctx, batch) })
	return order{err: err, alone: err != nil && undone(err)}
}

// undone says whether nothing of a batch has happened. Of a connection that was lost nobody knows.
func undone(err error) bool {
	if errors.Is(err, errNoBatch) || errors.Is(err, driver.ErrBadConn) {
		return true
	}
	_, server := errors.AsType[*pq.Error](err)
	return server && !errors.Is(err, errLost)
}

// errNoBatch is for statements that cannot go together. None was executed.
var errNoBatch = errors.New("not for a batch")

// batch executes INSERTs as one transaction.
func (c *conn) batch(ctx context.Context, batch []*passenger) error {
	inner, ok := c.driverConn.(*pgwire.Conn)
	if !ok {
		return errNoBatch
	}
	calls := make([]pgwire.Call, len(batch))
	for i, p := range batch {
		if err := c.admit(p.ctx, p.text); err != nil {
			return err
		}
		args, err := c.named(p.args)
		if err != nil {
			return errors.Join(errNoBatch, err)
		}
		st, err := c.prepared(ctx, p.text)
		if err != nil {
			return errors.Join(errNoBatch, c.failed(ctx, preparing, err))
		}
		if st == nil {
			return errNoBatch
		}
		stmt, ok := st.stmt.(*pgwire.Stmt)
		if !ok {
			return errNoBatch
		}
		columns := stmt.Columns()
		values := make([]Value, len(columns))
		p.found = false
		calls[i] = pgwire.Call{Stmt: stmt, Args: args, Row: func(row [][]byte) error {
			if err := decode(values, row, columns); err != nil {
				return err
			}
			p.found = true
			p.row(values)
			return nil
		}}
	}
	if err := inner.Batch(ctx, calls); err != nil {
		c.outdated(err)
		return c.failed(ctx, batch[0].text, err)
	}
	return nil
}

// size is that of the arguments.
func (w *lone) size() int {
	n := 0
	for _, v := range w.args {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		default:
			n += 8
		}
	}
	return n
}
