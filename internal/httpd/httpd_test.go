package httpd_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/httpd"
	"github.com/entwine-data/entwine/internal/requestid"
)

// echo stands where the GraphQL endpoint will: it shows what the layers around it did to the request.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		w.WriteHeader(http.StatusRequestTimeout)
	case string(body) == "panic":
		panic("secret")
	}
	_, _ = io.WriteString(w, "viewer="+access.FromContext(r.Context()).UserID+" id="+requestid.FromContext(r.Context()))
})

// own is a route of an application.
func own(t *testing.T) *httpd.Own {
	t.Helper()
	o, err := httpd.NewOwn([]httpd.Route{{Pattern: "PUT /own/{id}", Handler: echo}})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func who(r *http.Request) (access.Viewer, error) {
	token, given, err := httpd.Bearer(r)
	switch {
	case err != nil || !given:
		return access.Viewer{}, err
	case token == "key":
		return access.Viewer{UserID: "7"}, nil
	case token == "broken":
		return access.Viewer{}, errors.New("secret")
	}
	return access.Viewer{}, apierr.New(apierr.Unauthenticated, "The token is not valid.")
}

func TestRoutes(t *testing.T) {
	playground := &httpd.Playground{
		Name: "Shop <b>", Key: "dev-key", Examples: []httpd.Example{{Query: "{posts{nodes{id}}}", Variables: "{}"}},
	}
	for _, c := range []struct {
		name   string
		config httpd.Config
		method string
		url    string
		header map[string]string
		body   string

		status     int
		want       string
		not        string
		wantHeader map[string]string // "" means that the header is absent
	}{
		{name: "alive", url: "/livez", status: 200, want: "ok"},
		{name: "ready", url: "/readyz", status: 200, want: "ok"},
		{
			name: "not ready", url: "/readyz", status: 503, want: "unavailable", not: "secret",
			config: httpd.Config{Ready: func(context.Context) error { return errors.New("secret") }},
		},
		{name: "nothing there", url: "/nope", status: 404, want: "/graphql", wantHeader: map[string]string{"Content-Type": "application/json; charset=utf-8"}},
		{name: "a path that climbs", url: "/playground/../../etc/passwd", status: 307},
		{name: "the root", url: "/", status: 200, want: "/graphql"},
		{name: "the root leads to the playground", url: "/", status: 302, config: httpd.Config{Playground: playground}, wantHeader: map[string]string{"Location": "/playground"}},
		{name: "no playground", url: "/playground", status: 404},
		{
			name: "the playground", url: "/playground", status: 200, config: httpd.Config{Playground: playground}, want: "<script type=\"module\"", not: "dev-key",
			wantHeader: map[string]string{"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"},
		},
		{
			name: "its settings", url: "/playground/settings.json", status: 200, config: httpd.Config{Playground: playground},
			want:       `{"name":"Shop \u003cb\u003e","endpoint":"/graphql","headers":{"Authorization":"Bearer dev-key"},"examples":[{"query":"{posts{nodes{id}}}","variables":"{}"}]}`,
			header:     map[string]string{"Origin": "http://localhost:3000"},
			wantHeader: map[string]string{"Access-Control-Allow-Origin": "", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"},
		},
		{
			name: "a playground without settings", url: "/playground/settings.json", status: 200, config: httpd.Config{Playground: &httpd.Playground{}},
			want: `{"name":"Entwine","endpoint":"/graphql","headers":{},"examples":[]}`,
		},
		{
			name: "a route of the application's own", method: "PUT", url: "/own/1", status: 200, config: httpd.Config{Own: own(t)}, want: "viewer=",
			wantHeader: map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"},
		},
		{name: "no listing of assets", url: "/playground/assets/", status: 302, config: httpd.Config{Playground: playground}},
		{name: "an asset that is not there", url: "/playground/assets/nope.js", status: 404, config: httpd.Config{Playground: playground}},

		{
			name: "anonymous", url: "/graphql", method: "POST", status: 200, want: "viewer= id=",
			wantHeader: map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Vary": "Origin", "X-Frame-Options": ""},
		},
		{name: "a viewer", url: "/graphql", method: "POST", header: map[string]string{"Authorization": "bearer key"}, status: 200, want: "viewer=7"},
		{
			name: "a wrong token", url: "/graphql", method: "POST", header: map[string]string{"Authorization": "Bearer secret"}, status: 401,
			want: `{"errors":[{"message":"The token is not valid.","extensions":{"code":"UNAUTHENTICATED"}}]}`, wantHeader: map[string]string{"WWW-Authenticate": "Bearer"},
		},
		{name: "another scheme", url: "/graphql", method: "POST", header: map[string]string{"Authorization": "Basic secret"}, status: 401, want: "UNAUTHENTICATED", not: "secret"},
		{name: "a token that cannot be checked", url: "/graphql", method: "POST", header: map[string]string{"Authorization": "Bearer broken"}, status: 500, want: "INTERNAL_SERVER_ERROR", not: "secret"},
		{name: "a panic", url: "/graphql", method: "POST", body: "panic", status: 500, want: "INTERNAL_SERVER_ERROR", not: "secret"},
		{name: "a request id", url: "/graphql", method: "POST", header: map[string]string{"X-Request-Id": "abc-1"}, status: 200, want: "id=abc-1", wantHeader: map[string]string{"X-Request-Id": "abc-1"}},

		{name: "a foreign origin", url: "/graphql", method: "OPTIONS", header: map[string]string{"Origin": "https://evil.example"}, status: 204, wantHeader: map[string]string{"Access-Control-Allow-Origin": ""}},
		{name: "a loopback origin in production", url: "/graphql", method: "OPTIONS", header: map[string]string{"Origin": "http://localhost:3000"}, status: 204, wantHeader: map[string]string{"Access-Control-Allow-Origin": ""}},
		{
			name: "an allowed origin asks", url: "/graphql", method: "OPTIONS", header: map[string]string{"Origin": "https://shop.example"}, status: 204,
			config: httpd.Config{CORSOrigins: []string{"https://shop.example"}},
			wantHeader: map[string]string{
				"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
				"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Credentials": "",
			},
		},
		{
			name: "an allowed origin is refused with its headers", url: "/graphql", method: "POST", header: map[string]string{"Origin": "https://shop.example", "Authorization": "x"}, status: 401,
			config: httpd.Config{CORSOrigins: []string{"https://shop.example"}}, wantHeader: map[string]string{"Access-Control-Allow-Origin": "https://shop.example"},
		},
		{
			name: "a part of an allowed origin", url: "/graphql", method: "OPTIONS", header: map[string]string{"Origin": "https://shop.example.evil.example"}, status: 204,
			config: httpd.Config{CORSOrigins: []string{"https://shop.example"}}, wantHeader: map[string]string{"Access-Control-Allow-Origin": ""},
		},
		{
			name: "a loopback origin in development", url: "/graphql", method: "OPTIONS", header: map[string]string{"Origin": "http://[::1]:3000", "Host": "localhost:8080"}, status: 204,
			config: httpd.Config{Development: true}, wantHeader: map[string]string{"Access-Control-Allow-Origin": "http://[::1]:3000"},
		},
		{
			name: "an allowed origin asks for an own route", url: "/own/7", method: "OPTIONS", header: map[string]string{"Origin": "https://shop.example"}, status: 204,
			config:     httpd.Config{CORSOrigins: []string{"https://shop.example"}, Own: own(t)},
			wantHeader: map[string]string{"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE"},
		},
		{name: "an own route", url: "/own/7", method: "PUT", header: map[string]string{"Authorization": "Bearer key"}, config: httpd.Config{Own: own(t)}, status: 200, want: "viewer=7"},
		{name: "a wrong method of an own route", url: "/own/7", config: httpd.Config{Own: own(t)}, status: 405, want: "GET", wantHeader: map[string]string{"Allow": "PUT"}},
		{name: "no own route", url: "/own", config: httpd.Config{Own: own(t)}, status: 404, want: "/graphql"},
		{name: "a panic of an own route", url: "/own/7", method: "PUT", body: "panic", config: httpd.Config{Own: own(t)}, status: 500, want: "INTERNAL_SERVER_ERROR", not: "secret"},
		{name: "the root beside own routes", url: "/", config: httpd.Config{Own: own(t)}, status: 200, want: "/graphql"},
		{
			name: "a wrong token on an own route", url: "/own/7", method: "PUT", header: map[string]string{"Authorization": "Bearer secret"}, config: httpd.Config{Own: own(t)}, status: 401,
			want: `"code":"UNAUTHENTICATED"`, not: "secret", wantHeader: map[string]string{"WWW-Authenticate": "Bearer", "Content-Type": "application/json; charset=utf-8"},
		},
		{
			name: "null is no origin", url: "/graphql", method: "OPTIONS", header: map[string]string{"Origin": "null", "Host": "localhost"}, status: 204,
			config: httpd.Config{Development: true}, wantHeader: map[string]string{"Access-Control-Allow-Origin": ""},
		},

		{name: "development under another name", url: "/livez", header: map[string]string{"Host": "evil.example:8080"}, status: 421, config: httpd.Config{Development: true}, not: "ok"},
		{name: "development under a name that only looks local", url: "/graphql", header: map[string]string{"Host": "localhost.evil.example"}, status: 421, config: httpd.Config{Development: true}},
		{name: "development under an address", url: "/livez", header: map[string]string{"Host": "127.0.0.1:8080"}, status: 200, config: httpd.Config{Development: true}},
		{name: "development under IPv6", url: "/livez", header: map[string]string{"Host": "[::1]:8080"}, status: 200, config: httpd.Config{Development: true}},
		{name: "production under any name", url: "/livez", header: map[string]string{"Host": "shop.example"}, status: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			c.config.GraphQL, c.config.Authenticate, c.config.Logger = echo, who, slog.New(slog.NewTextHandler(&log, nil))
			method := c.method
			if method == "" {
				method = http.MethodGet
			}
			r := httptest.NewRequest(method, c.url, strings.NewReader(c.body))
			for k, v := range c.header {
				r.Header.Set(k, v)
				if k == "Host" {
					r.Host = v
				}
			}
			w := httptest.NewRecorder()
			httpd.New(c.config).ServeHTTP(w, r)
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			if !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("lacks %s", c.want)
			}
			if c.not != "" && strings.Contains(w.Body.String(), c.not) {
				t.Errorf("shows %s", c.not)
			}
			for k, v := range c.wantHeader {
				if got := w.Header().Get(k); got != v {
					t.Errorf("%s is %q, want %q", k, got, v)
				}
			}
			csp := w.Header().Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script-src 'self' ") {
				t.Errorf("Content-Security-Policy %q", csp)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Errorf("no request id")
			}
			if t.Failed() {
				t.Logf("%v\n%s\nlog: %s", w.Header(), w.Body, &log)
			}
		})
	}
}

// A check that hangs must not hang the probe, and probes must not pile up behind it.
func TestReadyAnswersInTime(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{}, 100)
	s := httpd.New(httpd.Config{GraphQL: echo, Logger: slog.New(slog.DiscardHandler), Ready: func(context.Context) error {
		started <- struct{}{}
		<-release
		return nil
	}})
	done := make(chan int)
	begin := time.Now()
	for range 10 {
		go func() {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			done <- w.Code
		}()
	}
	for range 10 {
		if code := <-done; code != http.StatusServiceUnavailable {
			t.Errorf("status %d", code)
		}
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %s", took)
	}
	if n := len(started); n != 1 {
		t.Errorf("%d checks ran", n)
	}
	close(release)
}
