package store

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/entwine-data/entwine/internal/requestid"
)

// afterWithin is how long one function may take after a COMMIT. Whoever waits for the answer waits for it, too.
const afterWithin = 10 * time.Second

// AfterCommit calls fn once the transaction that ctx belongs to is committed, and never if it is rolled back. Functions are
// called one after the other in the order in which they were given, with a context that is outside of the transaction, and
// that does not end with the request. What they return, or panic with, is logged: the writes stay.
//
// If ctx belongs to no transaction, there is nothing to wait for: fn is called at once.
func AfterCommit(ctx context.Context, fn func(context.Context) error) {
	u, _ := ctx.Value(updateKey{}).(*update)
	if u == nil {
		callAfter(ctx, slog.Default(), fn)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.after = append(u.after, fn)
}

// committed calls what was to wait for the COMMIT.
func (u *update) committed(ctx context.Context) {
	for _, fn := range u.after {
		callAfter(ctx, u.db.log, fn)
	}
}

func callAfter(ctx context.Context, log *slog.Logger, fn func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterWithin)
	defer cancel()
	failed := func(args ...any) {
		log.ErrorContext(ctx, "after commit", append(args, "request", requestid.FromContext(ctx))...)
	}
	defer func() {
		if v := recover(); v != nil {
			failed("error", fmt.Sprintf("panic: %v", v), "stack", string(debug.Stack()))
		}
	}()
	if err := fn(ctx); err != nil {
		failed("error", err)
	}
}
