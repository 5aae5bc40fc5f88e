package migrations

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
)

// project is a folder with migrations, and a database that they are for.
type project struct {
	dir, url string
	postgres bool
}

func each(t *testing.T, test func(t *testing.T, p *project)) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		test(t, &project{dir: dir, url: "sqlite:" + filepath.Join(dir, "blog.db")})
	})
	t.Run("postgres", func(t *testing.T) { test(t, &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}) })
}

// write writes a migration, the same SQL for both databases.
func (p *project) write(t *testing.T, name, text string) {
	t.Helper()
	for _, dialect := range []string{"sqlite", "postgres"} {
		path := filepath.Join(p.dir, "migrate", dialect, name+".up.sql")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := migrate.Hash(filepath.Join(p.dir, "migrate")); err != nil {
		t.Fatal(err)
	}
}

// app is a process of the application.
func (p *project) app(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "app", args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "DATABASE_URL="+p.url, "SCHEMA=v1", "BUILD=b1")
	return cmd
}

func (p *project) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := p.app(t.Context(), args...).CombinedOutput()
	return string(out), err
}

func (p *project) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.run(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// rows are those of a query, a line each.
func (p *project) rows(t *testing.T, statement string) []string {
	t.Helper()
	rows, err := query(t.Context(), p.url, statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	var out []string
	for _, row := range rows {
		out = append(out, strings.Join(row, "|"))
	}
	return out
}

func (p *project) expect(t *testing.T, query string, want ...string) {
	t.Helper()
	if got := p.rows(t, query); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: %q, not %q", query, got, want)
	}
}

// slow is a statement that takes longer than any test.
func (p *project) slow() string {
	if p.postgres {
		return "INSERT INTO posts SELECT 1000 + n FROM generate_series(1, 1000000000) n;\n"
	}
	// With a small cache it soon writes to the file.
	return "PRAGMA cache_size = 16;\nINSERT INTO posts WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT 1000 + n FROM c;\n"
}

// TestManyAtOnce has sixteen processes migrate one database: each migration happens once, and all of them end well.
func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		p.write(t, "20260101000000_posts", "CREATE TABLE posts (id bigint);\n")
		for n := 1; n <= 20; n++ {
			p.write(t, fmt.Sprintf("202601010000%02d_post", n), fmt.Sprintf("INSERT INTO posts VALUES (%d);\n", n))
		}
		var all sync.WaitGroup
		applied := make([]int, 16)
		for i := range applied {
			all.Go(func() {
				out, err := p.run(t, "migrate", "up", "--wait", "2m")
				if err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				applied[i] = strings.Count(out, ".up.sql  ")
			})
		}
		all.Wait()
		sum := 0
		for _, n := range applied {
			sum += n
		}
		if sum != 21 {
			t.Errorf("%d migrations were applied instead of 21: %v", sum, applied)
		}
		p.expect(t, "SELECT count(*), count(DISTINCT id) FROM posts", "20|20")
		p.expect(t, "SELECT count(*) FROM entwine_migrations", "21")
	})
}

// process is one that was started.
type process struct {
	*exec.Cmd
	log  bytes.Buffer // complete when wait returns
	read chan struct{}
}

// wait waits for its end.
func (p *process) wait() error {
	<-p.read
	return p.Wait()
}

// start starts `migrate up` and waits until it is inside of the slow statement.
func (p *project) start(t *testing.T) *process {
	t.Helper()
	cmd := &process{Cmd: p.app(t.Context(), "migrate", "up"), read: make(chan struct{})}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := make(chan struct{})
	go func() {
		defer close(cmd.read)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			fmt.Fprintln(&cmd.log, lines.Text())
			if strings.Contains(lines.Text(), "_posts.up.sql") {
				close(first)
			}
		}
	}()
	select {
	case <-first:
	case <-cmd.read:
		t.Fatalf("it ended\n%s", &cmd.log)
	}
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for timeout := time.After(30 * time.Second); !p.busy(t); {
		select {
		case <-look.C:
		case <-cmd.read:
			t.Fatalf("it ended\n%s", &cmd.log)
		case <-timeout:
			t.Fatal("the slow statement does not run")
		}
	}
	return cmd
}

// busy says whether the slow statement runs.
func (p *project) busy(t *testing.T) bool {
	if p.postgres {
		return p.rows(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'INSERT INTO posts SELECT%'`)[0] == "1"
	}
	// The pages that do not fit into the cache are written to the log of the database.
	info, err := os.Stat(filepath.Join(p.dir, "blog.db-wal"))
	return err == nil && info.Size() > 1<<20
}

// TestKilled kills the process in the middle of a file. The database is as before the file, and the next run goes on.
func TestKilled(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\nINSERT INTO posts VALUES (1);\n")
		p.write(t, "20260101000200_slow", "CREATE TABLE tags (id bigint);\nDELETE FROM posts;\n"+p.slow())
		cmd := p.start(t)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.wait()

		// Who comes next waits until the server has noticed.
		p.write(t, "20260101000200_slow", "CREATE TABLE tags (id bigint);\nINSERT INTO posts VALUES (2);\n")
		out := p.must(t, "migrate", "up", "--wait", "30s")
		if strings.Contains(out, "_posts") || !strings.Contains(out, "1 migration in") {
			t.Error(out)
		}
		p.expect(t, "SELECT id FROM posts ORDER BY id", "1", "2")
		p.expect(t, "SELECT version FROM entwine_migrations ORDER BY version", "20260101000100", "20260101000200")
		if !p.postgres {
			p.expect(t, "PRAGMA integrity_check", "ok")
		}
	})
}

// TestInterrupted presses Ctrl+C in the middle of a file: it is rolled back and said.
func TestInterrupted(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\nINSERT INTO posts VALUES (1);\n")
		p.write(t, "20260101000200_slow", "DELETE FROM posts;\n"+p.slow())
		cmd := p.start(t)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := cmd.wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("it ended with %v", err)
		}
		expect(t, cmd.log.String(), "20260101000200_slow.up.sql, statement", "it was interrupted", "The database is as it was before this file")
		p.expect(t, "SELECT id FROM posts", "1")
		p.expect(t, "SELECT count(*) FROM entwine_migrations", "1")
	})
}

// TestTwoAtOnce: the second waits for as long as it was told to, and says so.
func TestTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\n")
		p.write(t, "20260101000200_slow", p.slow())
		cmd := p.start(t)
		defer func() { _ = cmd.Process.Kill(); _ = cmd.wait() }()
		out, err := p.run(t, "migrate", "up", "--wait", "1s")
		if err == nil {
			t.Error("it did not fail")
		}
		for _, part := range []string{"another process is migrating this database; waiting for it, up to 1s", "still at it after 1s", "--wait 10m"} {
			if !strings.Contains(out, part) {
				t.Errorf("%q is missing in:\n%s", part, out)
			}
		}
	})
}

// TestLostConnection has the server end the session in the middle of a file.
func TestLostConnection(t *testing.T) {
	p := &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}
	p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\nINSERT INTO posts VALUES (1);\n")
	p.write(t, "20260101000200_slow", "DELETE FROM posts;\n"+p.slow())
	cmd := p.start(t)
	p.rows(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'INSERT INTO posts SELECT%' AND pid <> pg_backend_pid()`)
	if err := cmd.wait(); err == nil {
		t.Error("it did not fail")
	}
	expect(t, cmd.log.String(), "20260101000200_slow.up.sql, statement 2", "the connection to the database was lost", "The database is as it was before this file", "go on with: app migrate up")
	p.expect(t, "SELECT id FROM posts", "1")
	p.write(t, "20260101000200_slow", "INSERT INTO posts VALUES (2);\n")
	p.must(t, "migrate", "up")
	p.expect(t, "SELECT id FROM posts ORDER BY id", "1", "2")
}

// TestFullDisk lets the database grow to a limit only.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	p := &project{dir: dir, url: "sqlite:" + filepath.Join(dir, "blog.db")}
	p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\nINSERT INTO posts VALUES (1);\n")
	p.write(t, "20260101000200_more", "PRAGMA max_page_count = 100;\nCREATE TABLE tags (id bigint);\nDELETE FROM posts;\n"+strings.Replace(p.slow(), "1000000000", "1000000", 1))
	out, err := p.run(t, "migrate", "up")
	if err == nil || !strings.Contains(out, "database or disk is full") || !strings.Contains(out, "statement 5 (line 5)") {
		t.Errorf("%v\n%s", err, out)
	}
	p.expect(t, "SELECT id FROM posts", "1")
	p.expect(t, "SELECT count(*) FROM sqlite_master WHERE name = 'tags'", "0")
	p.expect(t, "PRAGMA integrity_check", "ok")
	p.write(t, "20260101000200_more", "INSERT INTO posts VALUES (2);\n")
	p.must(t, "migrate", "up")
}

// TestLockTimeout: a migration that does not get its lock on a table makes nobody wait behind it for longer than that, and
// gets it in the end.
func TestLockTimeout(t *testing.T) {
	p := &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}
	p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\n")
	p.must(t, "migrate", "up")
	p.write(t, "20260101000200_title", "CREATE TABLE tags (id bigint);\nALTER TABLE posts ADD COLUMN title text;\n")

	release := p.hold(t, "SELECT * FROM posts")
	cmd := p.app(t.Context(), "migrate", "up", "--lock-timeout", "100ms")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log, lines := "", bufio.NewScanner(stderr)
	for lines.Scan() {
		if log += lines.Text() + "\n"; strings.Contains(log, "try 2 of") {
			release()
		}
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(log, "others hold a lock that it needs") || !strings.Contains(log, "1 migration in") {
		t.Errorf("%v\n%s", err, log)
	}
	p.expect(t, "SELECT count(title) FROM posts", "0")
}

// hold keeps a transaction open that has executed a query.
func (p *project) hold(t *testing.T, query string) (release func()) {
	t.Helper()
	db := open(t, p.url)
	held, done := make(chan error), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = db.Update(context.WithoutCancel(t.Context()), func(ctx context.Context) error {
			err := db.Driver().Exec(ctx, query, []any{}, nil)
			held <- err
			<-done
			return err
		})
	}()
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { close(done); <-ended })
}

// TestKilledIndex kills the process while Postgres makes an index beside the writers. What it leaves does not work; the next
// run makes it anew.
func TestKilledIndex(t *testing.T) {
	p := &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}
	p.write(t, "20260101000100_posts", "CREATE TABLE posts (id bigint);\nINSERT INTO posts VALUES (1);\n")
	p.must(t, "migrate", "up")
	p.write(t, "20260101000200_index", "-- atlas:txmode none\nCREATE TABLE tags (id bigint);\nCREATE INDEX CONCURRENTLY by_id ON posts (id);\nCREATE TABLE votes (id bigint);\n")
	release := p.hold(t, "INSERT INTO posts VALUES (2)") // the index waits for whoever writes
	defer release()
	cmd := p.app(t.Context(), "migrate", "up", "--lock-timeout", "100ms") // which does not concern it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const left = `SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('by_id')`
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for timeout := time.After(30 * time.Second); len(p.rows(t, left)) == 0; {
		select {
		case <-look.C:
		case <-timeout:
			t.Fatal("the index is not begun")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	release()
	out := p.must(t, "migrate", "up", "--wait", "30s")
	expect(t, out, "goes on at statement 2 of 3", "1 migration in")
	p.expect(t, left, "true")
	p.expect(t, "SELECT count(*) FROM votes", "0")
}
