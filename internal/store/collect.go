package store

import (
	"context"
	"sync"

	"entgo.io/ent/dialect"
)

// Collected is what somebody collects during a transaction, to write it at once.
type Collected interface {
	// Flush writes what was collected since it was called last, by statements of the same transaction.
	Flush(ctx context.Context) error
}

// collector is the part of a transaction that holds what is collected during it.
type collector struct {
	mu        sync.Mutex
	collected Collected
}

// flush writes what was collected. What is collected meanwhile is written by the next call.
func (c *collector) flush(ctx context.Context) error {
	c.mu.Lock()
	collected := c.collected
	c.mu.Unlock()
	if collected == nil {
		return nil
	}
	return collected.Flush(ctx)
}

// Collect returns what is collected during the transaction that conn, a connection of the ORM over [DB.Driver], belongs to by itself
// or by ctx; it is flushed before that is committed. begin makes it if there is nothing yet. Without such a transaction Collect returns
// nil.
func Collect(ctx context.Context, conn dialect.ExecQuerier, begin func() Collected) Collected {
	var c *collector
	switch conn := conn.(type) {
	case *ormTx:
		c = &conn.collector
	case *nestedTx:
		c = &conn.update.collector
	default:
		u, _ := ctx.Value(updateKey{}).(*update)
		if d, ok := conn.(entDriver); ok {
			u = d.db.running(ctx)
		}
		if u == nil {
			return nil
		}
		c = &u.collector
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.collected == nil {
		c.collected = begin()
	}
	return c.collected
}

// Flush writes what was collected so far during the transaction that ctx belongs to.
func Flush(ctx context.Context) error {
	u, _ := ctx.Value(updateKey{}).(*update)
	if u == nil {
		return nil
	}
	return u.flush(ctx)
}

// Within returns a context that is in the transaction of another one, and like ctx otherwise.
func Within(ctx, other context.Context) context.Context {
	u, _ := other.Value(updateKey{}).(*update)
	if u == nil || ctx.Value(updateKey{}) == u {
		return ctx
	}
	return context.WithValue(ctx, updateKey{}, u)
}
