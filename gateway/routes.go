package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/httpd"
	"github.com/entwine-data/entwine/internal/store"
)

// Router takes the HTTP routes of the application. Patterns are those of [net/http.ServeMux], such as "POST /posts/{id}/comments";
// paths of the gateway itself are refused when it starts.
//
// What holds for /graphql holds for all of them: the request's context carries the viewer of its bearer token (see package access),
// so that the ORM's client is under the rules of that viewer; the body is limited in size and time, and the whole in time; other
// origins are those of ENTWINE_CORS_ORIGINS; a panic is answered with INTERNAL_SERVER_ERROR and logged.
type Router struct {
	// Handle is the application.
	Handle *Handle

	routes *routes
	layers []func(http.Handler) http.Handler
}

// routes are what the routers of an application have taken.
type routes struct {
	list   []httpd.Route
	limits RouteLimits
	log    *slog.Logger
}

// RouteLimits are those of a request to one of the application's routes.
type RouteLimits struct {
	// Body is in bytes.
	Body int64
	Time time.Duration
}

// around puts the limits around a handler.
func (l RouteLimits) around(next http.Handler) http.Handler {
	return within(l.Time, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.Body = http.MaxBytesReader(w, req.Body, l.Body)
		next.ServeHTTP(w, req)
	}))
}

// With returns a router whose routes have the given middleware around them, the first outermost, inside of what r has.
func (r *Router) With(middleware ...func(http.Handler) http.Handler) *Router {
	with := *r
	with.layers = append(slices.Clip(r.layers), middleware...)
	return &with
}

// HandleFunc takes a route. The error of fn is answered in JSON, as those of the API are: an [*apierr.Error] with its code and the
// status that belongs to it, what the ORM says of rows that are not there or not valid likewise, and anything else as
// INTERNAL_SERVER_ERROR, which is logged.
//
// A request that may write (POST, PUT, PATCH and DELETE) runs in a transaction, which is committed if fn returns nil; only then
// the answer is sent. Its body has been read before the transaction begins. For streams, and for what takes long between its
// writes, see [Router.Serve].
func (r *Router) HandleFunc(pattern string, fn func(w http.ResponseWriter, req *http.Request) error) {
	r.Serve(pattern, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.Method {
		case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
			r.write(w, req, fn)
			return
		}
		out := &tracked{ResponseWriter: w}
		if err := fn(out, req); err != nil {
			if out.begun {
				r.routes.log.ErrorContext(req.Context(), "route failed after its answer had begun", "path", req.URL.Path, "error", err)
				panic(http.ErrAbortHandler)
			}
			r.Refuse(w, req, err)
		}
	}))
}

// Serve takes a route that does everything itself: it has no transaction (see [Handle.Transaction]), and its answer goes out as it is
// written. [Router.Refuse] answers errors.
func (r *Router) Serve(pattern string, h http.Handler) {
	for _, around := range slices.Backward(r.layers) {
		h = around(h)
	}
	r.routes.list = append(r.routes.list, httpd.Route{Pattern: pattern, Handler: r.routes.limits.around(h)})
}

// Refuse answers a request with an error, as [Router.HandleFunc] does. It is for middleware, and for handlers of [Router.Serve].
func (r *Router) Refuse(w http.ResponseWriter, req *http.Request, err error) {
	httpd.WriteError(w, req, r.routes.log, r.explain(err))
}

// explain turns an error of the ORM or the database into what a client may know.
func (r *Router) explain(err error) error {
	if _, ok := errors.AsType[*apierr.Error](err); ok {
		return err
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return apierr.Wrap(err, apierr.BadUserInput, "The request's body is larger than %d bytes, which is the limit.", tooLarge.Limit)
	}
	switch store.Classify(err).Kind {
	case store.Unavailable, store.Busy:
		return apierr.Wrap(err, apierr.Unavailable, "The database cannot be reached at the moment. Please try again.")
	case store.DiskFull, store.ReadOnly:
		return apierr.Wrap(err, apierr.Unavailable, "The database accepts no changes at the moment. Please try again later.")
	case store.Timeout:
		return apierr.Wrap(err, apierr.Unavailable, "The request took too long and was stopped.")
	case store.Serialization:
		return apierr.Wrap(err, apierr.Conflict, "The request met a concurrent change. Please try again.")
	case store.Unique:
		return apierr.Wrap(err, apierr.Conflict, "A value is already in use.")
	}
	if r.Handle.Explain != nil {
		return r.Handle.Explain(err)
	}
	return err
}

// write runs a handler in a transaction and sends what it answered once that is committed.
func (r *Router) write(w http.ResponseWriter, req *http.Request, fn func(http.ResponseWriter, *http.Request) error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.Refuse(w, req, unread(err))
		return
	}
	out := &buffered{header: make(http.Header), status: http.StatusOK}
	err = r.Handle.Transaction(req.Context(), func(ctx context.Context) error {
		req := req.WithContext(ctx)
		req.Body = io.NopCloser(bytes.NewReader(body))
		return fn(out, req)
	})
	if err != nil {
		r.Refuse(w, req, err)
		return
	}
	maps.Copy(w.Header(), out.header)
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body.Bytes()) // the client may have gone away
}

// unread is the error of a body that did not arrive.
func unread(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return apierr.Wrap(err, apierr.BadUserInput, "The request's body did not arrive.")
}

// tracked knows whether an answer has begun.
type tracked struct {
	http.ResponseWriter
	begun bool
}

func (w *tracked) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *tracked) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *tracked) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// buffered keeps an answer.
type buffered struct {
	header http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

func (w *buffered) Header() http.Header { return w.header }

func (w *buffered) WriteHeader(status int) {
	if !w.begun {
		w.status, w.begun = status, true
	}
}

func (w *buffered) Write(p []byte) (int, error) {
	w.begun = true
	return w.body.Write(p)
}

// ReadJSON reads the body of a request, which must be one JSON value. Keys that the type of into lacks are refused. The error is
// one for the client.
func ReadJSON(req *http.Request, into any) error {
	if mediaType, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return apierr.New(apierr.BadUserInput, "The Content-Type must be application/json.")
	}
	dec := json.NewDecoder(req.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	var typeErr *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*http.MaxBytesError)):
		return err
	case errors.As(err, &typeErr) && typeErr.Field != "":
		return apierr.Wrap(err, apierr.BadUserInput, "%s does not have the right type.", typeErr.Field)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return apierr.Wrap(err, apierr.BadUserInput, "There is no field %s.", strings.TrimPrefix(err.Error(), "json: unknown field "))
	}
	return apierr.Wrap(err, apierr.BadUserInput, "The body must be JSON of the right form.")
}

// WriteJSON answers a request.
func WriteJSON(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// OwnRoutes are the application's routes, nil if it has none. The framework and package gatewaytest call it.
func (a App) OwnRoutes(handle *Handle, limits RouteLimits, log *slog.Logger) (*httpd.Own, error) {
	if a.Routes == nil {
		return nil, nil //nolint:nilnil // there is nothing, and nothing wrong
	}
	all := &routes{limits: limits, log: log}
	a.Routes(&Router{Handle: handle, routes: all})
	return httpd.NewOwn(all.list)
}

// within ends what takes too long. Its statement is cancelled on the database.
func within(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
