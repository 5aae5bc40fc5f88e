// Package pooler runs the gateway behind PgBouncer in transaction mode, which gives each transaction any connection to the
// server that is free.
package pooler

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/testenv"
	"github.com/entwine-data/entwine/migrate"
)

// keeper ends the pooler with its standard input, which ends with this process.
const keeper = `"$1" -q "$2" & pid=$!; read -r _; kill $pid; wait $pid`

// start starts a pooler before the server of a database, with fewer connections than there are clients, and returns the
// database's URL behind it.
func start(t *testing.T, direct string) string {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		if bin = "/usr/sbin/pgbouncer"; !executable(bin) {
			testenv.Lacking(t, testenv.Pooler, "install pgbouncer")
		}
	}
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	host, port, user := u.Query().Get("host"), "5432", u.Query().Get("user")
	if u.Hostname() != "" {
		host, user = u.Hostname(), u.User.Username()
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if _, secret := u.User.Password(); secret {
		t.Skip("SKIPPED, NOT PASSED: the pooler of this test knows no passwords")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, own, _ := net.SplitHostPort(ln.Addr().String())
	_ = ln.Close()
	dir, err := os.MkdirTemp("/tmp", "entwine-pooler-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
logfile = %s/log
`, host, port, user, own, dir)
	file := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil { //nolint:gosec // read by another user
		t.Fatal(err)
	}
	args := []string{"/bin/sh", "-c", keeper, "keeper", bin, file}
	if os.Geteuid() == 0 { // it does not run as root, and the server's socket is its user's
		if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // it writes its log there
			t.Fatal(err)
		}
		args = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}, args...)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+own)
		if err == nil {
			_ = conn.Close()
			return fmt.Sprintf("postgres://%s@127.0.0.1:%s%s?sslmode=disable", user, own, u.Path)
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("the pooler does not answer: %v\n%s", err, log)
		}
	}
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

var app = gateway.App{Name: "Community", Open: graph.Open, Migrations: migrate.Files, Demo: demo.Data(demo.Config{Users: 30})}

// Sixteen clients read and write through three connections, and no request fails.
func TestPooler(t *testing.T) {
	direct := pgtest.New(t)
	pooled := start(t, direct)
	env := map[string]string{"DATABASE_URL": direct}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	if code := gateway.Run(t.Context(), app, []string{"migrate", "up"}, lookup, io.Discard, io.Discard); code != 0 {
		t.Fatal("migrate up")
	}
	env["DATABASE_URL"], env["ENTWINE_POOLER"] = pooled, "true"
	env["ENTWINE_JWT_SECRET"] = "a secret that is long enough for a test"
	var log strings.Builder
	if code := gateway.Run(t.Context(), app, []string{"migrate", "up"}, lookup, io.Discard, &log); code == 0 || !strings.Contains(log.String(), "name the server itself") {
		t.Errorf("migrations through the pooler: %d %s", code, log.String())
	}
	var token strings.Builder
	if code := gateway.Run(t.Context(), app, []string{"token", "--user", "1", "--role", "admin"}, lookup, &token, io.Discard); code != 0 {
		t.Fatal("token")
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- gateway.Run(ctx, app, []string{"serve", "--addr", "127.0.0.1:0"}, lookup, io.Discard, w)
		_ = w.Close()
	}()
	t.Cleanup(func() { cancel(); <-ended })
	address := ready(t, r)
	post := func(query string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(fmt.Sprintf(`{"query": %q}`, query)))
		if err != nil {
			t.Error(err)
			return ""
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token.String()))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return string(body)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := range 40 {
				name := fmt.Sprintf("p%d-%d", i, n)
				for _, query := range []string{
					fmt.Sprintf(`mutation { createTag(input: { name: "%s" }) { tag { id name } } }`, name),
					fmt.Sprintf(`mutation { createGrid(input: { title: "%s", slug: "%s", cells: [[1, "x"], null], user: { create: { name: "n", username: "%s" } } }) { grid { cells version user { username } } } }`, name, name, name),
					`{ posts(first: 5) { totalCount nodes { title createdAt comments(first: 3) { totalCount nodes { message author { name } } } } } tags(first: 3, orderBy: [{ posts: { count: DESC } }]) { nodes { name } } }`,
					`{ tags(where: { name: { ne: "guessed" } }) { totalCount(estimate: true, atMost: 0) } posts(first: 5) { nodes { comments { totalCount(atMost: 2) } } } }`,
					fmt.Sprintf(`{ tagByName(name: "%s") { name } gridBySlug(slug: "%s") { cells } }`, name, name),
				} {
					if body := post(query); strings.Contains(body, `"errors"`) || !strings.Contains(body, `"data"`) {
						t.Errorf("%s: %.300s", name, body)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if body := post(`{ tags(where: { name: { startsWith: "p" } }) { totalCount } grids { totalCount } }`); body != `{"data":{"tags":{"totalCount":640},"grids":{"totalCount":640}}}` {
		t.Error(body)
	}
}

// ready waits until the gateway says where it serves.
func ready(t *testing.T, r io.Reader) string {
	t.Helper()
	buf := make([]byte, 4096)
	said := ""
	for {
		n, err := r.Read(buf)
		said += string(buf[:n])
		if _, rest, ok := strings.Cut(said, "serves "); ok {
			if address, _, ok := strings.Cut(rest, "\n"); ok {
				go func() { _, _ = io.Copy(io.Discard, r) }()
				return address
			}
		}
		if err != nil {
			t.Fatalf("it does not serve: %s", said)
		}
	}
}
