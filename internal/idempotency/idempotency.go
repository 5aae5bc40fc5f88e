// Package idempotency makes a mutation that is sent again with the same Idempotency-Key happen once. The first answer is
// stored in the transaction that made it, so that there is an answer exactly if there is an effect, whatever happens to the
// process or to the connection; repeats get it byte for byte. The row of the key is what concurrent repeats wait for, on
// whichever node they are.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/store"
)

// waitWithin is how long a repeat waits for the first request to end.
const waitWithin = 5 * time.Second

// Keys are the keys of a database. They may be used from many goroutines.
type Keys struct {
	db        *store.DB
	retention time.Duration

	mu sync.Mutex
	// running are the keys of requests that this process executes. Their repeats wait here, where they hold no connection.
	running map[id]chan struct{}
}

// New returns the keys of a database, which are kept for as long as retention says. Without Keys (nil) keys are refused.
func New(db *store.DB, retention time.Duration) *Keys {
	return &Keys{db: db, retention: retention, running: make(map[id]chan struct{})}
}

// The errors that clients see, beside [malformed].
var (
	// ErrReused says that the key came with another request before.
	ErrReused = apierr.New(apierr.BadUserInput, "This Idempotency-Key was used for another request.")
	// ErrRunning says that the first request has not ended.
	ErrRunning = apierr.New(apierr.Conflict, "A request with this Idempotency-Key is still running. Please try again.")

	errAnonymous = apierr.New(apierr.Unauthenticated, "Sign in to send an Idempotency-Key: keys belong to those who send them.")
	errNoTable   = apierr.New(apierr.BadUserInput, "This gateway keeps no Idempotency-Keys: its database lacks the table for them.")
)

// errStored undoes the transaction of a repeat, in which nothing has happened.
var errStored = errors.New("the answer is stored")

// Attempt is one request with a key. It travels in the context of its operation to the transaction, where it is claimed and
// kept; a nil Attempt, that of a request without a key, does nothing.
type Attempt struct {
	keys    *Keys
	id      id
	request [32]byte
	render  func(ctx context.Context, data []byte, errs gqlerror.List) []byte
	done    chan struct{}

	answer   []byte
	replayed bool
	refusal  error
}

type attemptKey struct{}

// FromContext returns the attempt that ctx belongs to, nil if there is none.
func FromContext(ctx context.Context) *Attempt {
	a, _ := ctx.Value(attemptKey{}).(*Attempt)
	return a
}

// Begin reads the header of a mutation and waits for a request with the same key that this process executes. render makes the
// answer of what the operation gave. Unless there is an error, [Attempt.End] must be called.
func (k *Keys) Begin(ctx context.Context, header []string, r Request, render func(ctx context.Context, data []byte, errs gqlerror.List) []byte) (*Attempt, error) {
	key, err := parseKey(header)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, errNoTable
	}
	viewer := access.FromContext(ctx)
	if !viewer.SignedIn() && !viewer.System {
		return nil, errAnonymous
	}
	a := &Attempt{keys: k, id: identify(viewer, key), render: render, done: make(chan struct{})}
	if a.request, err = r.sum(); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, waitWithin)
	defer cancel()
	for {
		k.mu.Lock()
		other := k.running[a.id]
		if other == nil {
			k.running[a.id] = a.done
		}
		k.mu.Unlock()
		if other == nil {
			return a, nil
		}
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ErrRunning
		}
	}
}

// End lets repeats go on.
func (a *Attempt) End() {
	a.keys.mu.Lock()
	defer a.keys.mu.Unlock()
	delete(a.keys.running, a.id)
	close(a.done)
}

// NewContext returns a context whose mutation claims the key and keeps its answer.
func (a *Attempt) NewContext(ctx context.Context) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

// Outcome is what came of it, once the operation has ended. refusal says why it was not executed. Otherwise answer is that of the
// first request if replayed says so, or else what is stored now if the operation was committed.
func (a *Attempt) Outcome() (answer []byte, replayed bool, refusal error) {
	return a.answer, a.replayed, a.refusal
}

// Claim begins a transaction: it takes the key, for which it waits while another transaction has it. An error means that there
// is nothing to execute, and that the transaction must be undone. After a transaction that was undone it can be called again.
func (a *Attempt) Claim(ctx context.Context) error {
	if a == nil {
		return nil
	}
	a.answer, a.replayed, a.refusal = nil, false, nil
	within, cancel := context.WithTimeout(ctx, waitWithin)
	defer cancel()
	err := a.keys.db.View(within, false, func(within context.Context, q store.Querier) error { return a.claim(within, q) })
	switch {
	case err == nil:
		return nil
	case within.Err() != nil && ctx.Err() == nil:
		err = ErrRunning
	case store.Classify(err).Kind == store.Missing:
		err = errNoTable
	}
	if _, ok := errors.AsType[*apierr.Error](err); ok {
		a.refusal = err
	}
	return err
}

func (a *Attempt) claim(ctx context.Context, q store.Querier) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	claimed, err := a.keys.row(ctx, q, `INSERT INTO entwine_idempotency (id, request, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET request = excluded.request, response = NULL, expires_at = excluded.expires_at
		WHERE entwine_idempotency.expires_at <= ? RETURNING 1`,
		[]any{a.id[:], a.request[:], now.Add(a.keys.retention), now}, new(int))
	if err != nil || claimed {
		return err
	}
	var request []byte
	found, err := a.keys.row(ctx, q, `SELECT request, response FROM entwine_idempotency WHERE id = ?`, []any{a.id[:]}, &request, &a.answer)
	switch {
	case err != nil:
		return err
	case !found: // it has just expired
		return ErrRunning
	case string(request) != string(a.request[:]):
		a.answer = nil
		return ErrReused
	}
	a.replayed = true
	return errStored
}

// Keep ends a transaction: it stores the answer.
func (a *Attempt) Keep(ctx context.Context, data []byte, errs gqlerror.List) error {
	if a == nil {
		return nil
	}
	answer := a.render(ctx, data, errs)
	err := a.keys.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		kept, err := a.keys.row(ctx, q, `UPDATE entwine_idempotency SET response = ? WHERE id = ? RETURNING 1`, []any{answer, a.id[:]}, new(int))
		if err == nil && !kept {
			err = errors.New("the key is gone")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("store the answer: %w", err)
	}
	a.answer = answer
	return nil
}

// row executes a statement that gives one row or none.
func (k *Keys) row(ctx context.Context, q store.Querier, query string, args []any, dest ...any) (found bool, err error) {
	rows, err := q.QueryContext(ctx, k.bind(query), args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return false, err
		}
		found = true
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

// bind writes placeholders as the dialect wants them.
func (k *Keys) bind(query string) string {
	if k.db.Dialect() != dialect.Postgres {
		return query
	}
	for n := 1; strings.Contains(query, "?"); n++ {
		query = strings.Replace(query, "?", fmt.Sprintf("$%d", n), 1)
	}
	return query
}
