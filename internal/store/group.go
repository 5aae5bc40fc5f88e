package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/entwine-data/entwine/internal/vdbe"
)

// SQLite has one writer at a time, and each COMMIT waits for the disk. Writes that wait meanwhile therefore go together: the first of
// them begins a transaction, the others follow in it, each in a savepoint of its own, and one COMMIT is for all of them. Nobody
// hears of success before it. Who is alone executes it for itself. As soon as others come one goroutine executes all: to pass
// transactions from one caller's to the next one's takes as long as several writes, since it is the callers of the last transaction that
// run just then.

// maxGroup is how many writes go together at most, so that the first of them does not wait for too long.
const maxGroup = 128

// followerLimit bounds the statements of all followers in a transaction. A client that goes away does not end them: an interrupted write
// undoes the whole transaction.
const followerLimit = 30 * time.Second

// sweptWithin is how long a write may wait in the queue after its context has ended.
const sweptWithin = 10 * time.Millisecond

// group is the queue of writes of one database.
type group struct {
	pool *pool

	mu      sync.Mutex
	waiting []*write
	several bool      // went together in the last transaction
	led     bool      // a caller executes its own write, and those that come meanwhile
	started bool      // the goroutine that executes them otherwise
	idle    bool      // neither does
	came    sync.Cond // some wait for the goroutine, or the database was closed
	closed  bool
	sweeper *time.Timer // looks after who waits, if it runs

	writes []*write // of the transaction that runs
}

func newGroup(pool *pool) *group {
	g := &group{pool: pool, idle: true}
	g.came.L = &g.mu
	return g
}

// close ends the goroutine once nobody waits. What comes later is refused.
func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.came.Signal()
}

// write is what a caller waits for: a single statement, or what a function writes.
type write struct {
	ctx    context.Context //nolint:containedctx // of the caller
	single *lone
	u      *update
	fn     func(ctx context.Context) error

	told chan error // how the transaction has ended

	// How the write itself has ended, before the transaction has.
	err      error
	panicked *panicked
	exited   bool // by runtime.Goexit
}

// panicked is the panic of a write, which happened in another goroutine than it is heard of.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value, if it was an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

var spareWrites = sync.Pool{New: func() any { return &write{told: make(chan error, 1)} }}

// update is [update.run] for a database whose writers go together. It may call fn in another goroutine. If fn panics, or ends its
// goroutine as tests do, update does.
func (g *group) update(ctx context.Context, u *update, fn func(ctx context.Context) error) error {
	w := spareWrites.Get().(*write)
	w.u, w.fn = u, fn
	return g.run(ctx, w)
}

// single executes a single statement.
func (g *group) single(ctx context.Context, statement *lone) error {
	w := spareWrites.Get().(*write)
	w.single = statement
	return g.run(ctx, w)
}

func (g *group) run(ctx context.Context, w *write) error {
	w.ctx = ctx
	if g.join(w) {
		g.lead(w)
	}
	end := <-w.told // to be told of the end of ctx here, too, costs as much as a tenth of a small write
	written := *w
	*w = write{told: w.told}
	spareWrites.Put(w)
	return written.ended(end)
}

// join puts a write into the queue, or says that its caller leads.
func (g *group) join(w *write) (leads bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		w.told <- errors.New("the database is closed")
		return false
	case g.idle && !g.several:
		g.idle, g.led = false, true
		return true
	}
	g.waiting = append(g.waiting, w)
	if g.idle {
		g.idle = false
		g.start()
	} else if g.sweeper == nil {
		g.sweeper = time.AfterFunc(sweptWithin, g.sweep)
	}
	return false
}

// lead executes a write, and leaves those that still wait then to the goroutine.
func (g *group) lead(w *write) {
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.led = false
		if len(g.waiting) > 0 {
			g.start()
		} else {
			g.idle = true
		}
	}()
	g.together(w)
}

// start has the goroutine execute what waits.
func (g *group) start() {
	if !g.started {
		g.started = true
		go g.work()
	}
	g.came.Signal()
}

// sweep sends away who need not wait any more.
func (g *group) sweep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = slices.DeleteFunc(g.waiting, func(w *write) bool {
		err := w.ctx.Err()
		if err != nil {
			w.told <- fmt.Errorf("wait to write: %w", err)
		}
		return err != nil
	})
	if len(g.waiting) > 0 {
		g.sweeper.Reset(sweptWithin)
	} else {
		g.sweeper = nil
	}
}

// next returns the write that waits longest, nil without one. For the first of a transaction it waits, until the database is closed. A
// function is not for the goroutine of another caller, which it could end.
func (g *group) next(first bool) *write {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) == 0 || first && g.led {
		if !first || g.closed && len(g.waiting) == 0 {
			return nil
		}
		g.idle = !g.led
		g.came.Wait()
	}
	w := g.waiting[0]
	if g.led && w.single == nil {
		return nil
	}
	g.several = !first
	g.waiting[0] = nil
	g.waiting = g.waiting[1:]
	return w
}

// work executes writes until the database is closed.
func (g *group) work() {
	done := false
	defer func() {
		if !done { // a write has ended the goroutine
			go g.work()
		}
	}()
	for w := g.next(true); w != nil; w = g.next(true) {
		g.together(w)
	}
	done = true
}

// together begins a transaction, has those follow who wait, commits for all of them, and tells them.
func (g *group) together(first *write) {
	g.writes = append(g.writes[:0], first)
	end := errors.New("one of several writers has ended the goroutine")
	defer func() {
		if v := recover(); v != nil {
			end = &panicked{v, debug.Stack()} // not a write's own, and no reason to end the process
		}
		for _, w := range g.writes {
			w.told <- end
		}
		clear(g.writes)
	}()
	conn, tx, err := g.pool.begin(first.ctx, nil)
	if err != nil {
		end = fmt.Errorf("begin to write: %w", err)
		return
	}
	defer conn.Close()
	defer tx.Rollback()
	on := &session{Tx: tx, conn: conn.Conn}
	if first.call(first.ctx, on); first.err != nil {
		end = nil
		return
	}
	limit, cancel := context.WithTimeout(context.Background(), followerLimit)
	defer cancel()
	var broken error
	for len(g.writes) < maxGroup && broken == nil && limit.Err() == nil {
		w := g.next(false)
		if w == nil {
			// A writer that could run by now joins instead of waiting for a COMMIT and paying for another.
			runtime.Gosched()
			w = g.next(false)
		}
		if w == nil {
			break
		}
		g.writes = append(g.writes, w)
		broken = w.follow(limited{w.ctx, limit}, on)
	}
	if broken == nil {
		if broken = tx.Commit(); broken != nil {
			broken = fmt.Errorf("commit: %w", broken)
		}
	}
	end = broken
}

// ended is the end of a write. What it found in the transaction of others is true only if that was committed, so that its own
// error has waited, too.
func (w write) ended(end error) error {
	switch {
	case w.exited:
		runtime.Goexit()
	case w.panicked != nil:
		panic(w.panicked)
	case end != nil:
		return end
	}
	return w.err
}

// limited has the values of one context and ends with another.
type limited struct {
	context.Context
	by context.Context //nolint:containedctx // that is what it is for
}

func (l limited) Deadline() (time.Time, bool) { return l.by.Deadline() }
func (l limited) Done() <-chan struct{}       { return l.by.Done() }
func (l limited) Err() error                  { return l.by.Err() }

// follow writes in the transaction of others. It returns why that cannot be committed.
func (w *write) follow(ctx context.Context, on *session) (broken error) {
	if err := w.ctx.Err(); err != nil {
		w.err = fmt.Errorf("wait to write: %w", err)
		return nil
	}
	if w.single != nil {
		w.call(ctx, on)
		if w.err == nil || w.panicked == nil && !errors.Is(w.err, errUnread) && on.stands() {
			return nil // a statement that fails leaves nothing
		}
		return allUndone(w.err)
	}
	if _, err := on.ExecContext(ctx, "SAVEPOINT follower"); err != nil {
		return err
	}
	w.call(ctx, on)
	if w.err != nil {
		_, broken = on.ExecContext(ctx, "ROLLBACK TO follower")
	}
	if broken == nil {
		_, broken = on.ExecContext(ctx, "RELEASE follower")
	}
	if broken != nil {
		// SQLite itself undoes a transaction for which the disk has no room, or that is interrupted.
		return allUndone(errors.Join(w.err, broken))
	}
	return nil
}

func allUndone(err error) error {
	return fmt.Errorf("the transaction of several writers was undone: %w", err)
}

// call writes. A panic is the caller's own, and so is the end of the goroutine.
func (w *write) call(ctx context.Context, on *session) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			w.panicked = &panicked{v, debug.Stack()}
		} else {
			w.exited = true
		}
		w.err = errors.New("the write did not end")
	}()
	if w.single != nil {
		w.err = w.single.read(ctx, on)
	} else {
		w.u.tx, w.u.conn = on.Tx, on.conn
		w.err = w.u.call(ctx, w.fn)
	}
	returned = true
}

// stands says whether a transaction on SQLite goes on after an error.
func (s *session) stands() bool {
	stands := false
	err := raw(s.conn, func(c *conn) error {
		stands = c.driverConn.(*vdbe.Conn).InTransaction()
		return nil
	})
	return err == nil && stands
}
