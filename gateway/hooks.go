package gateway

import (
	"context"
	"errors"

	"github.com/entwine-data/entwine/internal/store"
)

// AfterCommit calls fn once the transaction that ctx belongs to is committed, and never if it is rolled back. It is for what
// cannot be undone, such as sending mail: hooks, hand-written mutations and routes call it while they write. Functions are called
// in the order in which they were given, after the transaction and before the answer is sent, so that it waits for them, for at
// most 10 seconds each. Their context is that of the request, but for the transaction and the request's end.
//
// What fn returns is logged, and so is a panic: the writes stay, and the client is told nothing. A process that dies between the
// COMMIT and the call never makes it; what must not get lost is written into a table by the transaction, for somebody to work
// off. Outside of a transaction there is nothing to wait for: fn is called at once.
func AfterCommit(ctx context.Context, fn func(context.Context) error) { store.AfterCommit(ctx, fn) }

// updater is a driver that can begin transactions which travel in a context. Those of the framework can.
type updater interface {
	Update(ctx context.Context, fn func(ctx context.Context) error) error
}

// Transaction calls fn with a context that carries a transaction: what the client does with that context happens in it. It is
// committed if fn returns nil, and rolled back if fn returns an error or panics. Inside of another transaction fn takes part in
// that one.
func (h *Handle) Transaction(ctx context.Context, fn func(ctx context.Context) error) error {
	if h.driver == nil {
		return errors.New("the application was opened over a driver of its own, which knows no transactions in contexts")
	}
	return h.driver.Update(ctx, fn)
}
