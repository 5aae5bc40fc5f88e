package pgwire

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// watch has the server cancel what it does for a connection when the context of that ends. Most requests are answered before it begins
// to look: to be told of the end by the context takes memory and a lock each time.
type watch struct {
	sock *socket

	mu    sync.Mutex
	ctx   context.Context //nolint:containedctx // of the request that is not answered yet
	stop  func() bool     // being told of its end, nil before watchAfter
	timer *time.Timer     // is left to run out where the request ends before
}

// watchAfter is how long a request takes before anybody looks whether it is still wanted.
const watchAfter = 20 * time.Millisecond

// begin begins a request.
func (w *watch) begin(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx, w.stop = ctx, nil
	if w.timer == nil {
		w.timer = time.AfterFunc(watchAfter, w.look)
	} else {
		w.timer.Reset(watchAfter)
	}
}

func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx != nil && w.stop == nil {
		w.stop = context.AfterFunc(w.ctx, w.sock.cancel)
	}
}

// end ends the request. If the server was asked to cancel it, cancelled says why.
func (w *watch) end() (cancelled error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ctx, stop := w.ctx, w.stop
	w.ctx, w.stop = nil, nil
	if stop == nil || stop() {
		return nil
	}
	return ctx.Err()
}

// end ends a request. If the server was asked to cancel it, that may reach the server at any later time, so that the connection serves no
// other.
func (c *Conn) end(err error) error {
	cancelled := c.watch.end()
	if cancelled == nil {
		return err
	}
	c.broken = true
	if err == nil {
		return nil // it was too late
	}
	return fmt.Errorf("%w: %w", cancelled, err)
}
