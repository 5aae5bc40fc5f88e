package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// SQLite has one writer at a time, and each COMMIT waits for the disk. Writers that wait meanwhile therefore go together: the
// first of them begins a transaction, the others follow in it, each in a savepoint of its own, and one COMMIT is for all of
// them. Nobody hears of success before it. Who is alone pays nothing for it. The first one's goroutine writes for all: to wake
// another's for each write, and to wait for it, costs as much as the write.

// maxGroup is how many writers go together at most, so that the first of them does not wait for too long.
const maxGroup = 128

// followerLimit bounds the statements of all followers in a transaction. A client that goes away does not end them: an interrupted write
// undoes the whole transaction, which is that of others, too.
const followerLimit = 30 * time.Second

// group is the queue of writers of one database.
type group struct {
	mu      sync.Mutex
	waiting []*follower
	busy    bool // somebody leads
}

// follower is a writer in the queue. It is told to lead the next transaction, or what has become of its write in another's.
type follower struct {
	ctx context.Context //nolint:containedctx // the leader's goroutine writes with it
	u   *update
	fn  func(ctx context.Context) error

	told chan turn

	// What fn has done, before it is told of the end.
	err      error
	panicked any
}

// turn is what a follower is told.
type turn struct {
	leads bool  // the next transaction
	end   error // of the transaction that it was written in
}

// join puts a writer into the queue. It is nil for one that leads at once.
func (g *group) join(ctx context.Context, u *update, fn func(ctx context.Context) error) *follower {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.busy {
		g.busy = true
		return nil
	}
	f := &follower{ctx: ctx, u: u, fn: fn, told: make(chan turn)}
	g.waiting = append(g.waiting, f)
	return f
}

// leave takes a writer out of the queue, if it is still there.
func (g *group) leave(f *follower) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiting {
		if other == f {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// next returns who waits longest, nil if nobody does.
func (g *group) next(leads bool) *follower {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy = g.busy && !leads
		return nil
	}
	f := g.waiting[0]
	g.waiting = g.waiting[1:]
	return f
}

// run is [update.run] for a database whose writers go together.
func (g *group) run(ctx context.Context, u *update, fn func(ctx context.Context) error) error {
	f := g.join(ctx, u, fn)
	if f == nil {
		return g.leading(ctx, u, fn)
	}
	left := ctx.Done()
	for {
		select {
		case t := <-f.told:
			if t.leads {
				return g.leading(ctx, u, fn)
			}
			return f.ended(t.end)
		case <-left:
			if g.leave(f) {
				return fmt.Errorf("wait to write: %w", ctx.Err())
			}
			left = nil // chosen already
		}
	}
}

// leading begins a transaction, has those follow who wait, and commits for all of them.
func (g *group) leading(ctx context.Context, u *update, fn func(ctx context.Context) error) error {
	defer func() {
		if f := g.next(true); f != nil {
			f.told <- turn{leads: true}
		}
	}()
	var followers []*follower
	var end error // of all followers
	defer func() {
		for _, f := range followers {
			f.told <- turn{end: end}
		}
	}()
	conn, tx, err := u.db.writer.begin(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer conn.Close()
	defer tx.Rollback()
	u.tx, u.conn = tx, conn.Conn
	if err := u.call(ctx, fn); err != nil {
		return err
	}
	var limit context.Context
	for len(followers) < maxGroup && end == nil {
		f := g.next(false)
		if f == nil {
			// A writer that could run by now joins instead of waiting for a COMMIT and paying for another.
			runtime.Gosched()
			f = g.next(false)
		}
		if f == nil {
			break
		}
		if limit == nil {
			var cancel context.CancelFunc
			limit, cancel = context.WithTimeout(context.WithoutCancel(ctx), followerLimit)
			defer cancel()
		}
		followers = append(followers, f)
		end = f.write(limited{f.ctx, limit}, tx, conn.Conn)
	}
	if end == nil {
		if err := tx.Commit(); err != nil {
			end = fmt.Errorf("commit: %w", err)
		}
	}
	return end
}

// ended is the end of a follower. What it found in the transaction of another is true only if that was committed, so that its own
// error has waited, too.
func (f *follower) ended(end error) error {
	if f.panicked != nil {
		panic(f.panicked)
	}
	if end != nil {
		return end
	}
	return f.err
}

// limited has the values of one context and ends with another.
type limited struct {
	context.Context
	by context.Context //nolint:containedctx // that is what it is for
}

func (l limited) Deadline() (time.Time, bool) { return l.by.Deadline() }
func (l limited) Done() <-chan struct{}       { return l.by.Done() }
func (l limited) Err() error                  { return l.by.Err() }

// write writes in the transaction of another. It returns why that cannot be committed.
func (f *follower) write(ctx context.Context, tx *sql.Tx, conn *sql.Conn) (broken error) {
	if err := f.ctx.Err(); err != nil {
		f.err = fmt.Errorf("wait to write: %w", err)
		return nil
	}
	f.u.tx, f.u.conn = tx, conn
	if f.u.once {
		f.call(ctx)
		return keeps(f.err)
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT follower"); err != nil {
		return err
	}
	f.call(ctx)
	if f.err != nil {
		_, broken = tx.ExecContext(ctx, "ROLLBACK TO follower")
	}
	if broken == nil {
		_, broken = tx.ExecContext(ctx, "RELEASE follower")
	}
	if broken != nil {
		// SQLite itself undoes a transaction for which the disk has no room, or that is interrupted.
		return fmt.Errorf("the transaction of several writers was undone: %w", errors.Join(f.err, broken))
	}
	return nil
}

// call calls fn. Its panic is the follower's own.
func (f *follower) call(ctx context.Context) {
	defer func() {
		if f.panicked = recover(); f.panicked != nil {
			f.err = errors.New("the write did not end")
		}
	}()
	f.err = f.u.call(ctx, f.fn)
}

// keeps says why the transaction cannot be committed after a statement that ended with an error, nil if the statement has left
// nothing.
func keeps(err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	switch Classify(err).Kind {
	case Unique, ForeignKey, NotNull, Check, InvalidText, TooLong, OutOfRange:
		return nil
	}
	return fmt.Errorf("the transaction of several writers was undone: %w", err)
}
