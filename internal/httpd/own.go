package httpd

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/gql"
)

// Route is a route of the application's own.
type Route struct {
	// Pattern is one of [http.ServeMux].
	Pattern string
	Handler http.Handler
}

// Own are the routes of the application's own.
type Own struct{ mux *http.ServeMux }

// reserved are the paths of the gateway. What is below them is its, too.
var reserved = []string{"/graphql", "/playground", "/livez", "/readyz", "/metrics"}

// NewOwn puts routes together. An error says which of them cannot be, and why.
func NewOwn(list []Route) (own *Own, err error) {
	own = &Own{mux: http.NewServeMux()}
	at := ""
	defer func() {
		if v := recover(); v != nil { // how ServeMux refuses a pattern
			own, err = nil, fmt.Errorf("the route %q: %v", at, v)
		}
	}()
	for _, r := range list {
		at = r.Pattern
		if path := pathOf(r.Pattern); slices.ContainsFunc(reserved, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") }) {
			return nil, fmt.Errorf("the route %q: the path belongs to the gateway", r.Pattern)
		}
		own.mux.Handle(r.Pattern, r.Handler)
	}
	return own, nil
}

// pathOf is the path of a pattern, which may begin with a method and a host.
func pathOf(pattern string) string {
	fields := strings.Fields(pattern)
	if len(fields) == 0 {
		return ""
	}
	last := fields[len(fields)-1]
	return last[max(0, strings.IndexByte(last, '/')):]
}

// ServeHTTP answers with the route that fits.
func (o *Own) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, pattern := o.mux.Handler(r)
	if pattern != "" {
		o.mux.ServeHTTP(w, r) // which sets the values of the path
		return
	}
	answer := &refusal{header: make(http.Header)}
	h.ServeHTTP(answer, r)
	if answer.status == http.StatusMethodNotAllowed {
		w.Header()["Allow"] = answer.header["Allow"]
		reply(w, http.StatusMethodNotAllowed, map[string]string{"error": "This path does not take the method " + r.Method + "."})
		return
	}
	notFound(w, r)
}

// root says whether the path / is the application's.
func (o *Own) root() bool {
	if o == nil {
		return false
	}
	_, pattern := o.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}})
	return pattern != ""
}

// refusal takes what ServeMux answers where no pattern fits, which is no JSON.
type refusal struct {
	header http.Header
	status int
}

func (w *refusal) Header() http.Header         { return w.header }
func (w *refusal) WriteHeader(status int)      { w.status = status }
func (w *refusal) Write(p []byte) (int, error) { return len(p), nil }

// WriteError answers a request to one of the application's routes with an error, in the form that the API's errors have.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	code := apierr.CodeOf(err)
	if code == apierr.Unauthenticated {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	status := statusOf(code)
	if errors.As(err, new(*http.MaxBytesError)) {
		status = http.StatusRequestEntityTooLarge
	}
	w.WriteHeader(status)
	_, _ = w.Write(gql.ErrorBody(r.Context(), log, err))
}

// statusOf is the status of a code where the path names a thing, unlike that of /graphql.
func statusOf(code apierr.Code) int {
	switch code {
	case apierr.Unauthenticated:
		return http.StatusUnauthorized
	case apierr.Forbidden:
		return http.StatusForbidden
	case apierr.NotFound:
		return http.StatusNotFound
	case apierr.Conflict:
		return http.StatusConflict
	case apierr.RateLimited:
		return http.StatusTooManyRequests
	case apierr.Unavailable:
		return http.StatusServiceUnavailable
	case apierr.Internal:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}
