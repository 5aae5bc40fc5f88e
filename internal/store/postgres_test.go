package store

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/lib/pq"

	"github.com/entwine-data/entwine/internal/pgtest"
)

func TestSSLModeDefaults(t *testing.T) {
	for text, prefer := range map[string]bool{
		"postgres://u@localhost/d":                   true,
		"postgres://u@127.0.0.1/d":                   true,
		"postgres://u@[::1]/d":                       true,
		"postgres://u@db.example.com/d":              false,
		"postgres://u@10.0.0.1/d":                    false,
		"postgres://u@localhost,db.example.com/d":    false,
		"postgres://u@localhost/d?hostaddr=10.0.0.1": false,
	} {
		cfg, err := pq.NewConfig(text)
		if err != nil {
			t.Fatal(err)
		}
		c, err := postgresConnector(cfg, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.(*preferTLS); ok != prefer {
			t.Errorf("%s: prefer is %t; want %t", text, ok, prefer)
		}
	}
}

// A server without TLS is asked once, and not left with connections that never become one.
func TestPreferTLSAsksOnce(t *testing.T) {
	u, err := url.Parse(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	if u.Host != "" {
		t.Skip("needs a server at a socket in the file system, to which it forwards")
	}
	socket := filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var accepted atomic.Int32
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			server, err := net.Dial("unix", socket)
			if err != nil {
				t.Error(err)
				return
			}
			go func() {
				_, _ = io.Copy(server, client)
				server.Close()
			}()
			go func() { _, _ = io.Copy(client, server) }()
		}
	}()

	u.Host, u.User, u.RawQuery = ln.Addr().String(), url.User("postgres"), ""
	db, err := Open(t.Context(), u.String(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 2 {
		conn, err := db.reader.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if n := accepted.Load(); n != 3 {
		t.Errorf("%d connections were made for two", n)
	}
}
