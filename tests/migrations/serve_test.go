package migrations

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/migrate"
)

// serving starts a command that serves and returns what it said until it did. It is stopped at once, and must end well.
func (p *project) serving(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := p.app(t.Context(), append(args, "--addr", "127.0.0.1:0")...)
	cmd.Env = append(cmd.Env, env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log, stopped := "", false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		log += lines.Text() + "\n"
		if strings.Contains(lines.Text(), "serves http") || strings.Contains(lines.Text(), "Ctrl+C stops it") {
			stopped = true
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
	if err := cmd.Wait(); err != nil || !stopped {
		t.Fatalf("%v: %v\n%s", args, err, log)
	}
	return log
}

func expect(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in:\n%s", part, got)
		}
	}
}

// TestServe: it does not start on pending migrations, applies them if it is told to, and an older build goes on if all that it
// does not know is marked compatible.
func TestServe(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		p.write(t, "20250101000000_nothing", "-- Nothing yet.\n")
		p.must(t, "migrate", "new", "init", "--dir", "migrate")
		out, err := p.run(t, "serve", "--addr", "127.0.0.1:0")
		if err == nil {
			t.Error("it serves a database without tables")
		}
		expect(t, out, "migrate up")
		out = p.serving(t, nil, "serve", "--migrate")
		expect(t, out, "_init.up.sql", "2 migrations in")
		expect(t, p.serving(t, nil, "serve", "--migrate"), "up to date")
		p.serving(t, nil, "serve")

		older := &project{dir: t.TempDir(), url: p.url, postgres: p.postgres}
		if err := os.CopyFS(older.dir, os.DirFS(p.dir)); err != nil {
			t.Fatal(err)
		}
		p.write(t, "20990101000000_index", "-- entwine:compatible\nCREATE INDEX by_title ON posts (title);\n")
		p.must(t, "migrate", "up")
		expect(t, older.serving(t, nil, "serve"), "ahead of this build by 1 migration, which are marked compatible")

		p.write(t, "20990101000001_more", "CREATE TABLE more (id bigint);\n")
		p.must(t, "migrate", "up")
		out, err = older.run(t, "serve", "--addr", "127.0.0.1:0")
		if err == nil || strings.Contains(out, "_index") {
			t.Errorf("%v\n%s", err, out)
		}
		expect(t, out, "20990101000001_more (applied by build b1)", "Use the build that knows them")
		if out, err := older.run(t, "migrate", "up"); err == nil {
			t.Error(out)
		}
	})
}

// TestDevelop goes through a developer's day: the schema runs ahead of the migrations and these follow, on one database.
func TestDevelop(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		v2 := []string{"SCHEMA=v2"}
		run := func(env []string, args ...string) string {
			cmd := p.app(t.Context(), args...)
			cmd.Env = append(cmd.Env, env...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			return string(out)
		}
		p.write(t, "20250101000000_nothing", "-- Nothing yet.\n")
		expect(t, p.serving(t, nil, "dev", "--watch=false"), "The schema is ahead of the migrations", "migrate new NAME")
		run(nil, "migrate", "new", "init", "--dir", "migrate")
		expect(t, p.serving(t, nil, "dev", "--watch=false"), "_init is recorded and not run")
		expect(t, run(nil, "migrate", "status"), "_init", "(adopted)")
		p.rows(t, "INSERT INTO posts (title) VALUES ('mine')")
		if out := p.serving(t, nil, "dev", "--watch=false"); strings.Contains(out, "ahead") || strings.Contains(out, "recorded") {
			t.Errorf("something is left to do:\n%s", out)
		}
		run(nil, "migrate", "check")

		// The next change, with a migration that runs SQL by hand on top.
		expect(t, p.serving(t, v2, "dev", "--watch=false"), "ahead of the migrations", `"posts" table`)
		run(v2, "migrate", "new", "more", "--dir", "migrate")
		p.write(t, "20990101000000_titles", "UPDATE posts SET title = 'changed';\n")
		expect(t, p.serving(t, v2, "dev", "--watch=false"), "_more is recorded and not run", "_titles.up.sql  ")
		p.expect(t, "SELECT title, views FROM posts", "changed|0")
		run(v2, "migrate", "check")
		p.serving(t, v2, "serve")

		// Somebody else's database gets the same by the files.
		other := &project{dir: p.dir, url: "sqlite:" + filepath.Join(t.TempDir(), "other.db")}
		if p.postgres {
			other.url = pgtest.New(t)
		}
		cmd := other.app(t.Context(), "migrate", "up")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, err := other.app(t.Context(), "migrate", "push").CombinedOutput(); err == nil {
			t.Errorf("push on a database with a history:\n%s", out)
		}
	})
}

// TestDevelopOnPushedTables takes over a database that was made before there were migrations.
func TestDevelopOnPushedTables(t *testing.T) {
	each(t, func(t *testing.T, p *project) {
		p.write(t, "20250101000000_nothing", "-- Nothing yet.\n")
		p.must(t, "migrate", "push")
		p.rows(t, "INSERT INTO posts (title) VALUES ('mine')")
		p.must(t, "migrate", "new", "init", "--dir", "migrate")
		expect(t, p.serving(t, nil, "dev", "--watch=false"), "_init is recorded and not run")
		p.expect(t, "SELECT title FROM posts", "mine")
		p.must(t, "migrate", "check")
	})
}

// TestReferenceApplication is `migrate check` for the application of this repository.
func TestReferenceApplication(t *testing.T) {
	t.Chdir(t.TempDir())
	server := pgtest.New(t)
	app := gateway.App{Name: "Entwine", Open: graph.Open, Migrations: migrate.Files, DataMigrations: migrate.Data, Demo: demo.Data(demo.Config{Users: 5})}
	var log strings.Builder
	none := func(string) (string, bool) { return "", false }
	if code := gateway.Run(context.WithoutCancel(t.Context()), app, []string{"migrate", "check", "--scratch-url", server}, none, &log, &log); code != 0 {
		t.Errorf("%d\n%s", code, &log)
	}
	expect(t, log.String(), "ok      files and schema", "ok      SQLite", "ok      Postgres")
}
