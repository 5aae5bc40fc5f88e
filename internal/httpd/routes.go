package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

func about(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"service": "Entwine GraphQL gateway", "graphql": "/graphql"})
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusNotFound, map[string]string{"error": "There is nothing here. The API is at /graphql."})
}

// live says that the process serves. It asks nobody else, so that a database's failure never restarts the gateway.
func live(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

func reply(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// readiness answers /readyz. However many probes arrive, one check runs at a time, and an answer is given in time even if
// the check does not heed its context, as drivers are known not to on a frozen database.
type readiness struct {
	check    func(context.Context) error
	draining *atomic.Bool
	log      *slog.Logger

	mu      sync.Mutex
	running *probe
}

type probe struct {
	done chan struct{}
	err  error // valid once done is closed
}

const readyWithin = 900 * time.Millisecond

var (
	errDraining = errors.New("the server is shutting down")
	errNoAnswer = errors.New("the check did not end in time")
)

func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if err := r.ready(req.Context()); err != nil {
		r.log.WarnContext(req.Context(), "not ready", "error", err)
		reply(w, http.StatusServiceUnavailable, map[string]string{"status": "unavailable"})
		return
	}
	reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (r *readiness) ready(ctx context.Context) error {
	if r.draining.Load() {
		return errDraining
	}
	if r.check == nil {
		return nil
	}
	p := r.join(ctx)
	select {
	case <-p.done:
		return p.err
	case <-time.After(readyWithin):
		return errNoAnswer
	}
}

// join returns the check that is running, or starts one.
func (r *readiness) join(ctx context.Context) *probe {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running != nil {
		return r.running
	}
	p := &probe{done: make(chan struct{})}
	r.running = p
	// The check outlives the probe that started it, because others wait for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
	go func() {
		defer cancel()
		p.err = r.check(ctx)
		r.mu.Lock()
		r.running = nil
		r.mu.Unlock()
		close(p.done)
	}()
	return p
}
