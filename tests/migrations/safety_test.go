package migrations

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/testenv"
)

// TestRestoreWhileServing: a database that a server has open is not replaced under its feet.
func TestRestoreWhileServing(t *testing.T) {
	dir := t.TempDir()
	p := &project{dir: dir, url: "sqlite:" + filepath.Join(dir, "blog.db")}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/blog\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must(t, "migrate", "new", "init")
	p.must(t, "migrate", "up")
	p.must(t, "migrate", "new", "--empty", "nothing")
	expect(t, p.must(t, "migrate", "up"), "snapshot ")
	cmd := p.app(t.Context(), "serve", "--addr", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	served := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), "serves http") {
			served = true
			out, err := p.run(t, "migrate", "restore")
			if err == nil {
				t.Error("it was replaced")
			}
			expect(t, out, "blog.db is open in another process", "Stop the server")
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
	if err := cmd.Wait(); err != nil || !served {
		t.Fatal(err, served)
	}
	expect(t, p.must(t, "migrate", "restore"), "is as it was in")
}

// TestDumpIsRestored goes back to a dump, after a migration that went well and was wrong. The new database goes on from there.
func TestDumpIsRestored(t *testing.T) {
	p := &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}
	p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint PRIMARY KEY);\nINSERT INTO posts VALUES (1), (2);\n")
	p.must(t, "migrate", "up")
	p.write(t, "20260101000200_wrong", "CREATE TABLE votes (post_id bigint REFERENCES posts (id));\nDELETE FROM posts;\n")
	p.must(t, "migrate", "up", "--dump", "before.dump")
	p.expect(t, "SELECT count(*) FROM posts", "0")

	restored := &project{dir: p.dir, url: pgtest.New(t), postgres: true}
	program, err := exec.LookPath("pg_restore")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_restore")
		if len(found) == 0 {
			testenv.Lacking(t, testenv.Postgres, "install its client programs")
		}
		program = found[len(found)-1]
	}
	cmd := exec.CommandContext(t.Context(), program, "--exit-on-error", "--dbname", restored.url, "before.dump")
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	restored.expect(t, "SELECT id FROM posts ORDER BY id", "1", "2")
	expect(t, restored.must(t, "migrate", "status"), "_posts                               applied", "_wrong                               pending")
	restored.write(t, "20260101000200_wrong", "CREATE TABLE votes (post_id bigint REFERENCES posts (id));\n")
	expect(t, restored.must(t, "migrate", "up"), "1 migration in")
	restored.expect(t, "SELECT id FROM posts ORDER BY id", "1", "2")
}

// TestRehearsalLeavesNothing: the copy on the server is dropped, whatever happens, and who may not make one is told so.
func TestRehearsalLeavesNothing(t *testing.T) {
	server := pgtest.New(t)
	p := &project{dir: t.TempDir(), url: server, postgres: true}
	p.rows(t, "CREATE ROLE rehearser LOGIN")
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY rehearser", "DROP ROLE rehearser"} {
			if _, err := query(context.Background(), server, statement); err != nil {
				t.Error(err)
			}
		}
	})
	p.rows(t, "GRANT ALL ON SCHEMA public TO rehearser")
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("user", "rehearser")
	u.RawQuery = q.Encode()
	ours := &project{dir: p.dir, url: u.String(), postgres: true}
	ours.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\nINSERT INTO posts VALUES (1), (2);\n")
	ours.must(t, "migrate", "up")
	ours.write(t, "20260101000200_title", "ALTER TABLE posts ADD COLUMN title text;\n")

	out, err := ours.run(t, "migrate", "rehearse")
	if err == nil {
		t.Error("it was rehearsed")
	}
	expect(t, out, "permission denied to create database", "--scratch-url")
	expect(t, ours.must(t, "migrate", "rehearse", "--scratch-url", server), "posts", "1 migration rehearsed")

	// Stopped in the middle, and failing.
	ours.write(t, "20260101000300_slow", "SELECT pg_sleep(1000);\n")
	cmd := ours.app(t.Context(), "migrate", "rehearse", "--scratch-url", server)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), "_title.up.sql") {
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was not stopped")
	}
	ours.write(t, "20260101000300_slow", "SELECT nothing;\n")
	if out, err = ours.run(t, "migrate", "rehearse", "--scratch-url", server); err == nil {
		t.Error("it did not fail")
	}
	expect(t, out, "20260101000300_slow.up.sql, statement 1")
	p.expect(t, "SELECT count(*) FROM pg_database WHERE datname LIKE 'entwine_scratch_%'", "0")
	p.expect(t, "SELECT count(*) FROM posts", "2")
}
