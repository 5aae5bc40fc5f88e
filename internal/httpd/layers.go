package httpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/gql"
	"github.com/entwine-data/entwine/internal/requestid"
)

// nameRequest gives every request an id, in its context and in its response.
func nameRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestid.Of(r)
		w.Header()[requestid.Header] = []string{id}
		next.ServeHTTP(w, r.WithContext(&growing{requestid.NewContext(r.Context(), id)}))
	})
}

// growing is the context of a request that layers may still add to, so that none of them may give it to another goroutine before the
// last one has added something. A copy of the request for each of them is more work than what they do.
type growing struct{ context.Context }

// survive answers a request whose handler panics. The panic goes to the log with its stack.
func survive(log *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(http.ErrAbortHandler) // net/http's own way to cut a response, if it is this very value
				}
				gql.WriteError(w, r, log, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// secured are the headers of every response, without an allocation for each: nobody changes the lists. They are few, because a
// map of more than eight entries makes the headers of a response cost twice as much.
var secured = map[string][]string{
	"X-Content-Type-Options":       {"nosniff"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
	"Cache-Control":                {"no-store"},
}

// pageSecured are those that say what a page may do and who may do something with it. They mean nothing for other responses.
var pageSecured = map[string][]string{
	"Referrer-Policy":            {"no-referrer"},
	"X-Frame-Options":            {"DENY"},
	"Cross-Origin-Opener-Policy": {"same-origin"},
}

// withHeaders sets headers of a response; handlers below change them for themselves.
func withHeaders(headers map[string][]string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			maps.Copy(w.Header(), headers)
			next.ServeHTTP(w, r)
		})
	}
}

// loopbackHosts refuses requests that name the server by a name that is not the machine's own. A page of a foreign site
// whose name was pointed at 127.0.0.1 sends its own name, and counts as same origin in the browser.
func loopbackHosts(development bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if !development {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !loopback(r.Host) {
				reply(w, http.StatusMisdirectedRequest, map[string]string{
					"error": "The development server answers to localhost only. To serve others, use the serve command.",
				})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// loopback says whether host, with or without a port, is a name of this machine that no foreign DNS can give away.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

const bodyWithin = 10 * time.Second

// limitBodyTime bounds how long a client may take to send its body. http.Server.ReadTimeout would end slow operations,
// too: its deadline goes on after the body has been read.
func limitBodyTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody && http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWithin)) == nil {
			r.Body = &timedBody{ReadCloser: r.Body, of: w}
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody lifts the deadline once the body has been read.
type timedBody struct {
	io.ReadCloser
	of http.ResponseWriter
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = http.NewResponseController(b.of).SetReadDeadline(time.Time{})
	}
	return n, err
}

// authenticate puts the viewer into the request's context, or has the request refused.
func authenticate(
	who func(*http.Request) (access.Viewer, error), log *slog.Logger,
	refuse func(http.ResponseWriter, *http.Request, *slog.Logger, error),
) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if who == nil {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			viewer, err := who(r)
			if err != nil {
				if apierr.CodeOf(err) == apierr.Unauthenticated {
					w.Header().Set("WWW-Authenticate", "Bearer")
				}
				refuse(w, r, log, err)
				return
			}
			if ctx, ok := r.Context().(*growing); ok {
				ctx.Context = access.NewContext(ctx.Context, viewer)
			} else {
				r = r.WithContext(access.NewContext(r.Context(), viewer))
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Bearer returns the token of the Authorization header. given is false if there is no such header; a header of another
// form is an UNAUTHENTICATED error.
func Bearer(r *http.Request) (token string, given bool, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", false, nil
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	token = strings.TrimSpace(token)
	if len(headers) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", true, apierr.New(apierr.Unauthenticated, "The Authorization header must have the form: Bearer <token>.")
	}
	return token, true, nil
}
