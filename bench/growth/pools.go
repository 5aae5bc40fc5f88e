package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// pooling are the operations for which the size of the pool is measured: a small read, one that costs Postgres most, and a write,
// whose connection waits for the disk.
var pooling = []operation{mixed[0].operation, mixed[2].operation, mixed[6].operation}

// pools measures how many connections to Postgres are worth having, and what PgBouncer costs.
func (c *config) pools(ctx context.Context) error {
	out, err := c.results("pools", 4, "through", "operation", "clients", "connections", "requests", "per_second", "p50_ms", "p99_ms", "gateway_ms", "database_ms", "errors")
	if err != nil {
		return err
	}
	d, err := c.openDatabase(ctx, postgres, strconv.Itoa(used), used, fill)
	if err != nil {
		return err
	}
	defer d.sql.Close()
	for _, conns := range []int{1, 2, 4, 8, 10, 16, 32, 64} {
		if err := c.poolOf(ctx, out, d, "direct", conns, nil); err != nil {
			return err
		}
	}
	bouncer, err := exec.LookPath("pgbouncer")
	if err != nil {
		if bouncer, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			log.Print("pgbouncer is not installed: it is left out")
			return nil
		}
	}
	pooled, stop, err := c.pool(ctx, bouncer, d)
	if err != nil {
		return err
	}
	defer stop()
	for _, conns := range []int{10, 64} {
		if err := c.poolOf(ctx, out, d, "pgbouncer", conns, []string{"DATABASE_URL=" + pooled, "ENTWINE_POOLER=true"}); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) poolOf(ctx context.Context, out *results, d *database, through string, conns int, environment []string) error {
	g, err := c.serve(ctx, d, append(environment, "ENTWINE_MAX_CONNS="+strconv.Itoa(conns))...)
	if err != nil {
		return err
	}
	defer g.stop() //nolint:errcheck // what it wrote is taken away
	for _, o := range pooling {
		requests, err := g.requests(o, 2000)
		if err != nil {
			return err
		}
		request := func(i int) []byte { return requests[i%len(requests)] }
		for _, n := range []int{16, 64} {
			if out.has(through, o.name, n, conns) {
				continue
			}
			clients, err := g.dialAll(n)
			if err != nil {
				return err
			}
			g.press(clients, c.warm, request)
			f := g.press(clients, c.each, request)
			hangUp(clients)
			if o.writes {
				if err := d.forget(ctx); err != nil {
					return err
				}
			}
			log.Printf("%s %s, %d clients, %2d connections: %6.0f/s p50 %7.2f p99 %7.2f ms, processor %.3f + %.3f ms, %d errors %s", through, o.name, n, conns, f.rate(),
				ms(f.p50), ms(f.p99), f.each(f.used.gateway), f.each(f.used.database), f.errors, f.firstError)
			if err := out.add(through, o.name, n, conns, f.requests, f.rate(), f.p50, f.p99, f.each(f.used.gateway), f.each(f.used.database), f.errors); err != nil {
				return err
			}
		}
	}
	return nil
}

// pool starts PgBouncer in transaction mode before the server, with ten connections to it, and returns the URL of a database
// behind it.
func (c *config) pool(ctx context.Context, bouncer string, d *database) (string, func(), error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	own := ln.Addr().(*net.TCPAddr).Port
	dir, err := os.MkdirTemp("/tmp", "entwine-pooler-")
	if err := errors.Join(err, ln.Close()); err != nil {
		return "", nil, err
	}
	user, port := c.server.User.Username(), c.server.Port()
	if port == "" {
		port = "5432"
	}
	settings := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 10
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
`, c.server.Hostname(), port, user, own)
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil { //nolint:gosec // read by another user
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, bouncer, "-q", file)
	if os.Geteuid() == 0 { // it does not run as root
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // read by another user
			return "", nil, err
		}
		cmd = exec.CommandContext(ctx, "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", bouncer, "-q", file)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	u := url.URL{Scheme: "postgres", User: url.User(user), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(own)), Path: "/" + d.name, RawQuery: "sslmode=disable"}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", u.Host, time.Second) //nolint:noctx // bounded by its timeout
		if err == nil {
			return u.String(), stop, conn.Close()
		}
		if time.Now().After(deadline) {
			stop()
			return "", nil, fmt.Errorf("the pooler does not answer: %w", err)
		}
	}
}
