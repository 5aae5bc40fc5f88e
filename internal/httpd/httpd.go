// Package httpd is the gateway's front door: every route and every layer around the routes, in one list.
package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/internal/gql"
)

// Config describes a server. Only GraphQL is required.
type Config struct {
	// GraphQL answers /graphql.
	GraphQL http.Handler
	// Own are the application's routes, nil if it has none. They get what the others leave.
	Own *Own
	// Playground is what /playground shows; nil switches the page off.
	Playground *Playground
	// Ready says why the gateway cannot serve, nil if it can. The reason is logged, not shown. Calls do not overlap.
	Ready func(context.Context) error
	// Authenticate says who sends a request. Its error is answered with the status of its code (see package apierr).
	// Without it every viewer is anonymous.
	Authenticate func(*http.Request) (access.Viewer, error)
	// CORSOrigins are the origins whose pages may call /graphql, as browsers send them ("https://shop.example").
	CORSOrigins []string
	// Development answers loopback names only, so that no foreign page reaches the server through a name of its own
	// (DNS rebinding), and lets pages of every loopback origin call /graphql.
	Development bool
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Server is the handler of all routes, and serves them.
type Server struct {
	http.Handler
	log      *slog.Logger
	draining atomic.Bool
}

// New returns the server for cfg.
func New(cfg Config) *Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &Server{log: cfg.Logger}
	ready := &readiness{check: cfg.Ready, draining: &s.draining, log: cfg.Logger}

	// Routes.
	mux := http.NewServeMux()
	mux.Handle("/graphql", layers(cfg.GraphQL,
		cors(cfg.CORSOrigins, cfg.Development, "GET, POST"),
		limitBodyTime,
		authenticate(cfg.Authenticate, cfg.Logger, gql.WriteError),
	))
	mux.HandleFunc("GET /livez", live)
	mux.Handle("GET /readyz", ready)
	if cfg.Playground != nil {
		pages := layers(cfg.Playground.handler(), withHeaders(pageSecured))
		mux.Handle("GET /playground", pages)
		mux.Handle("GET /playground/", pages)
	}
	switch {
	case cfg.Own.root():
	case cfg.Playground != nil:
		mux.Handle("GET /{$}", http.RedirectHandler("/playground", http.StatusFound))
	default:
		mux.HandleFunc("GET /{$}", about)
	}
	if cfg.Own != nil {
		mux.Handle("/", layers(cfg.Own,
			withHeaders(pageSecured),
			cors(cfg.CORSOrigins, cfg.Development, "GET, POST, PUT, PATCH, DELETE"),
			limitBodyTime,
			authenticate(cfg.Authenticate, cfg.Logger, WriteError),
		))
	} else {
		mux.HandleFunc("/", notFound)
	}

	// Around all of them, outermost first.
	s.Handler = layers(mux,
		nameRequest,
		survive(cfg.Logger),
		withHeaders(secured),
		loopbackHosts(cfg.Development),
	)
	return s
}

// layers puts layers around a handler, the first one outermost.
func layers(h http.Handler, around ...func(http.Handler) http.Handler) http.Handler {
	for i := len(around) - 1; i >= 0; i-- {
		h = around[i](h)
	}
	return h
}
