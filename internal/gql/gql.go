// Package gql answers GraphQL requests over HTTP for any executable schema: it decides what a well-formed request is, how
// large a document may be, which errors a client may see, and how a response looks on the wire.
package gql

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/internal/idempotency"
)

// Config holds what differs between gateways. The zero value is the strict one.
type Config struct {
	// Introspection allows __schema and __type. __typename is always allowed.
	Introspection bool
	// Hints lets validation errors suggest names of the schema ("Did you mean …").
	Hints bool
	// Limits on requests and documents.
	Limits Limits
	// Timeout ends an operation that takes longer, and its statement on the database. 0 is no limit.
	Timeout time.Duration
	// Keys are those of mutations that may be repeated. Without them a mutation with such a key is refused.
	Keys *idempotency.Keys
	// CachedDocuments is how many parsed and validated documents are kept. Defaults to 1000.
	CachedDocuments int
	// Logger receives errors that clients do not see. Defaults to slog.Default().
	Logger *slog.Logger
}

// New returns the handler of one GraphQL endpoint.
func New(es graphql.ExecutableSchema, cfg Config) http.Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.CachedDocuments <= 0 {
		cfg.CachedDocuments = 1000
	}
	cfg.Limits = cfg.Limits.withDefaults()
	return &handler{
		es:     es,
		cfg:    cfg,
		cache:  lru.New[*ast.QueryDocument](cfg.CachedDocuments),
		errors: presenter{log: cfg.Logger, max: cfg.Limits.Errors},
	}
}

type handler struct {
	es     graphql.ExecutableSchema
	cfg    Config
	cache  graphql.Cache[*ast.QueryDocument]
	errors presenter
}

// ServeHTTP is the life of a request, in order.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	format, ok := negotiate(r.Header)
	if !ok {
		h.refuse(w, jsonFormat, notAcceptable)
		return
	}
	params, refusal := h.readRequest(w, r)
	if refusal != nil {
		h.refuse(w, format, refusal)
		return
	}
	op, errs := h.prepare(r.Context(), params)
	if len(errs) > 0 {
		h.write(w, format.status(errs), format, &graphql.Response{Errors: errs})
		return
	}
	if refusal := transportFits(r.Method, op.Operation.Operation); refusal != nil {
		h.refuse(w, format, refusal)
		return
	}
	ctx := r.Context()
	if h.cfg.Timeout > 0 {
		timeout := withTimeout(ctx, h.cfg.Timeout)
		defer timeout.end()
		ctx = timeout
	}
	if keys := r.Header[idempotency.Header]; len(keys) > 0 && op.Operation.Operation == ast.Mutation {
		h.once(ctx, w, keys, format, op, params)
		return
	}
	resp := h.execute(ctx, op)
	h.write(w, http.StatusOK, format, resp)
	if es, ok := h.es.(releaser); ok {
		es.Release(resp.Data)
	}
}

// releaser is a schema that uses the memory of a response's data again, when nobody needs the response any more.
type releaser interface{ Release(data []byte) }
