package httpd_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/httpd"
)

func TestTakenPort(t *testing.T) {
	ln, err := httpd.Listen("127.0.0.1:0", "entwine dev")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, err = httpd.Listen(ln.Addr().String(), "go run . dev")
	if err == nil || !strings.Contains(err.Error(), "try: go run . dev --addr 127.0.0.1:") || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("error: %v", err)
	}
}

// A request that runs when the server is told to stop gets its answer, and Serve returns without an error.
func TestServeDrains(t *testing.T) {
	running, release := make(chan struct{}), make(chan struct{})
	s := httpd.New(httpd.Config{Logger: slog.New(slog.DiscardHandler), GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(running)
		<-release
		_, _ = io.WriteString(w, "done "+fmt.Sprint(r.Context().Err()))
	})})
	ln, err := httpd.Listen("127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, ln) }()

	answer := make(chan string)
	go func() {
		resp, err := http.Post("http://"+ln.Addr().String()+"/graphql", "application/json", strings.NewReader("{}"))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-running
	stop()
	for { // until the port is closed, which is how the server says that it drains
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(release)
	if got := <-answer; got != "done <nil>" {
		t.Errorf("answer %q", got)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// The health check finds a running server, whatever it listens on; headers that never end are cut, not waited for.
func TestProbeAndLargeHeader(t *testing.T) {
	s := httpd.New(httpd.Config{GraphQL: echo, Logger: slog.New(slog.DiscardHandler)})
	ln, err := httpd.Listen("127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, ln) }()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	for _, addr := range []string{ln.Addr().String(), ":" + port, "0.0.0.0:" + port} {
		if err := httpd.Probe(ctx, addr); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: x\r\nX-Fill: %s\r\n\r\n", strings.Repeat("x", 80<<10))
	line, _ := bufio.NewReader(conn).ReadString('\n')
	if !strings.Contains(line, "431") {
		t.Errorf("answer %q", line)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := httpd.Probe(t.Context(), ln.Addr().String()); err == nil {
		t.Error("a stopped server is alive")
	}
}
