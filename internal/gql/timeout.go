package gql

import (
	"context"
	"sync"
	"time"
)

// timeout is context.WithTimeout for operations nearly all of which end before anybody waits for that: until then it is no more than a
// time. A timer, and to be a child of the request's context, are a few hundredths of a small read.
type timeout struct {
	context.Context
	at time.Time

	mu     sync.Mutex
	waited context.Context //nolint:containedctx // the one that ends by itself, once somebody waits for that
	cancel context.CancelFunc
}

// ended is what is waited for when the operation has ended.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// withTimeout returns a context that ends with ctx, after d, or with its method end, which must be called.
func withTimeout(ctx context.Context, d time.Duration) *timeout {
	return &timeout{Context: ctx, at: time.Now().Add(d)}
}

func (t *timeout) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.waited != nil:
		t.cancel()
	case t.passed() == nil:
		t.waited, t.cancel = ended, func() {}
	default:
		t.waited, t.cancel = context.WithDeadline(t.Context, t.at) // which knows why
		t.cancel()
	}
}

// passed is why it has ended by itself.
func (t *timeout) passed() error {
	if err := t.Context.Err(); err != nil {
		return err
	}
	if !time.Now().Before(t.at) {
		return context.DeadlineExceeded
	}
	return nil
}

func (t *timeout) Deadline() (time.Time, bool) {
	if at, ok := t.Context.Deadline(); ok && at.Before(t.at) {
		return at, true
	}
	return t.at, true
}

func (t *timeout) Done() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waited == nil {
		t.waited, t.cancel = context.WithDeadline(t.Context, t.at)
	}
	return t.waited.Done()
}

func (t *timeout) Err() error {
	if ctx := t.waiting(); ctx != nil {
		return ctx.Err()
	}
	return t.passed()
}

// Value lets package context find the one that ends by itself, which it would otherwise watch in a goroutine.
func (t *timeout) Value(key any) any {
	if ctx := t.waiting(); ctx != nil && ctx != ended {
		return ctx.Value(key)
	}
	return t.Context.Value(key)
}

func (t *timeout) waiting() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waited
}
