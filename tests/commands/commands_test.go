// Package commands tests the command line as a user calls it: in an empty folder, with real files and ports.
package commands

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/testenv"
	"github.com/entwine-data/entwine/migrate"
)

var app = gateway.App{
	Name: "Community", Version: "v0-test", Open: graph.Open, Migrations: migrate.Files, Demo: demo.Data(demo.Config{Users: 30}), Examples: graph.Examples,
	Hooks: graph.Hooks, Routes: graph.Routes, Commands: graph.Commands(),
}

// run runs a command to its end.
func run(t *testing.T, env map[string]string, args ...string) (code int, out, log string) {
	t.Helper()
	var o, l bytes.Buffer
	code = gateway.Run(t.Context(), app, args, lookup(env), &o, &l)
	return code, o.String(), l.String()
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// running is a command that serves.
type running struct {
	url  string
	log  string // what it said until it was ready
	stop func() int
}

// start runs a command that serves, until it says where.
func start(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- gateway.Run(ctx, app, append(args, "--addr", "127.0.0.1:0"), lookup(env), io.Discard, w)
		w.Close()
	}()
	s := &running{stop: func() int { cancel(); return <-ended }}
	t.Cleanup(cancel)
	lines := bufio.NewScanner(r)
	address := regexp.MustCompile(`http://[^/ ]+`)
	for lines.Scan() {
		s.log += lines.Text() + "\n"
		if url := address.FindString(lines.Text()); url != "" && s.url == "" {
			s.url = url
		}
		if s.url != "" && (strings.Contains(s.log, "Ctrl+C") || strings.Contains(s.log, "serves")) {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return s
		}
	}
	t.Fatalf("it ended: %d\n%s", <-ended, s.log)
	return nil
}

// post sends an operation and returns the status and the answer.
func (s *running) post(t *testing.T, key, query string) (int, string) {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func expect(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in:\n%s", part, got)
		}
	}
}

func TestDev(t *testing.T) {
	t.Chdir(t.TempDir())
	s := start(t, nil, "dev")
	expect(t, s.log, "Community is ready", "/playground", "sqlite:./data/entwine.db: new, filled with", "Authorization: Bearer ", "curl http://")
	key, err := os.ReadFile(filepath.Join("data", "dev.key"))
	if err != nil {
		t.Fatal(err)
	}
	bearer := strings.TrimSpace(string(key))
	expect(t, s.log, bearer)
	if info, err := os.Stat(filepath.Join("data", "dev.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the key: %v %v", info.Mode(), err)
	}

	_, body := s.post(t, "", `{ posts(first: 1) { totalCount nodes { title } } }`)
	expect(t, body, `"totalCount":`, `"title":`)
	_, body = s.post(t, bearer, `mutation { createTag(input: {name: "kept"}) { tag { name } } }`)
	expect(t, body, `{"data":{"createTag":{"tag":{"name":"kept"}}}}`)
	_, body = s.post(t, "", `mutation { createTag(input: {name: "x"}) { tag { name } } }`)
	expect(t, body, `"UNAUTHENTICATED"`, `"data":null`)
	status, body := s.post(t, "wrong", `{ __typename }`)
	expect(t, body, `"UNAUTHENTICATED"`)
	if status != http.StatusUnauthorized {
		t.Errorf("status %d for a wrong key", status)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}

	// The second start changes nothing and keeps everything, the key too.
	s = start(t, nil, "dev")
	expect(t, s.log, "up to date", bearer)
	if strings.Contains(s.log, "demo data") {
		t.Errorf("data was made again:\n%s", s.log)
	}
	_, body = s.post(t, bearer, `{ tagByName(name: "kept") { name } }`)
	expect(t, body, `"kept"`)
	s.stop()
}

func TestDevStaysOnThisMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, log := run(t, nil, "dev", "--addr", "0.0.0.0:0")
	expect(t, log, "this machine only", "serve")
	if code != 2 {
		t.Errorf("code %d", code)
	}
	if _, err := os.Stat("data"); err == nil {
		t.Error("a refused call left files")
	}
}

func TestTakenPort(t *testing.T) {
	t.Chdir(t.TempDir())
	s := start(t, nil, "dev")
	code, _, log := run(t, nil, "dev", "--addr", strings.TrimPrefix(s.url, "http://"))
	expect(t, log, "another program uses this port", "dev --addr 127.0.0.1:")
	if code != 1 {
		t.Errorf("code %d", code)
	}
	s.stop()
}

func TestServe(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Chdir(t.TempDir())
			env := map[string]string{"DATABASE_URL": "sqlite:./shop.db"}
			if database == "postgres" {
				env["DATABASE_URL"] = pgtest.New(t)
			}
			code, _, log := run(t, env, "serve", "--addr", "127.0.0.1:0")
			expect(t, log, map[string]string{"sqlite": "there is no database ./shop.db", "postgres": "these migrations are pending"}[database], "migrate up")
			if code != 1 {
				t.Errorf("code %d without tables", code)
			}
			if _, err := os.Stat("shop.db"); err == nil {
				t.Error("a refused start left a file")
			}
			code, _, log = run(t, env, "migrate", "up")
			expect(t, log, "_init.up.sql", "up to date")
			if code != 0 {
				t.Fatalf("up: %d\n%s", code, log)
			}

			s := start(t, env, "serve")
			_, body := s.post(t, "", `{ posts { totalCount } }`)
			expect(t, body, `{"data":{"posts":{"totalCount":0}}}`)
			_, body = s.post(t, "", `{ __schema { queryType { name } } }`)
			if strings.Contains(body, `"name":"Query"`) {
				t.Errorf("introspection is on: %s", body)
			}
			status, body := s.post(t, "some-token", `{ __typename }`)
			expect(t, body, `"UNAUTHENTICATED"`)
			if status != http.StatusUnauthorized {
				t.Errorf("status %d for a token that nobody can check", status)
			}
			_, body = s.post(t, "", `{ postz { id } }`)
			if strings.Contains(body, "Did you mean") {
				t.Errorf("names are suggested: %s", body)
			}
			for path, status := range map[string]int{"/livez": 200, "/readyz": 200, "/playground": 404, "/nothing": 404} {
				res, err := http.Get(s.url + path)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
				if res.StatusCode != status {
					t.Errorf("%s: %d", path, res.StatusCode)
				}
			}
			if code := s.stop(); code != 0 {
				t.Errorf("stopped with %d", code)
			}
		})
	}
}

// Somebody else's tables are checked and never changed.
func TestExternalMigrations(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Chdir(t.TempDir())
			env := map[string]string{"DATABASE_URL": "sqlite:./theirs.db"}
			if database == "postgres" {
				env["DATABASE_URL"] = pgtest.New(t)
			}
			if code, _, log := run(t, env, "migrate", "push"); code != 0 {
				t.Fatal(log)
			}
			env["ENTWINE_MIGRATIONS"] = "external"
			code, _, log := run(t, env, "migrate", "push")
			expect(t, log, "migrations are external")
			if code != 1 {
				t.Errorf("code %d", code)
			}
			s := start(t, env, "serve")
			_, body := s.post(t, "", `{ posts { totalCount } }`)
			expect(t, body, `"totalCount":0`)
			s.stop()

			db, err := store.Open(t.Context(), env["DATABASE_URL"], store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Driver().Exec(t.Context(), "ALTER TABLE posts RENAME COLUMN title TO headline", []any{}, nil); err != nil {
				t.Fatal(err)
			}
			for _, command := range []string{"serve", "dev", "load"} {
				args := []string{command, "--addr", "127.0.0.1:0"}
				if command == "load" {
					args = []string{command, "."}
				}
				code, _, log = run(t, env, args...)
				expect(t, log, "does not fit the schema", "column posts.title does not exist", "column posts.headline is not in the schema and needs a value")
				if code != 1 {
					t.Errorf("%s: code %d", command, code)
				}
			}
		})
	}
}

func TestServeWithoutDatabase(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, log := run(t, map[string]string{"DATABASE_URL": "postgres://somebody:secret@127.0.0.1:1/none"}, "serve")
	expect(t, log, "reach the database")
	if code != 1 || strings.Contains(log, "secret") {
		t.Errorf("code %d\n%s", code, log)
	}
}

func TestLoad(t *testing.T) {
	data := testenv.DataSet(t, "community-fr")
	t.Chdir(t.TempDir())
	code, _, log := run(t, nil, "load", data)
	expect(t, log, "rows", "posts", "post_tags")
	if code != 0 {
		t.Fatalf("%d\n%s", code, log)
	}
	code, _, log = run(t, nil, "load", data)
	if code != 1 {
		t.Errorf("loading the same rows twice: %d\n%s", code, log)
	}
	code, _, log = run(t, nil, "load")
	expect(t, log, "load needs one folder")
	if code != 2 {
		t.Errorf("code %d", code)
	}
	if err := os.MkdirAll("bad", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("bad/tags.csv", []byte("id,name,source_count\n9001,one,1\n9002,two,many\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, log = run(t, nil, "load", "bad")
	expect(t, log, "tags.csv", "3", "source_count", "many")
	if code != 1 {
		t.Errorf("code %d\n%s", code, log)
	}
	s := start(t, nil, "dev")
	_, body := s.post(t, "", `{ a: tagByName(name: "one") { id } posts { totalCount } }`)
	expect(t, body, `"a":null`, `"totalCount":274`)
	s.stop()
}

func TestSchemaIsTheServedOne(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, _ := run(t, nil, "schema")
	expect(t, out, "type Query", "trendingPosts", "createPost")
	if code != 0 || strings.Contains(out, "@needs") {
		t.Errorf("%d", code)
	}
	if entries, _ := os.ReadDir("."); len(entries) > 0 {
		t.Errorf("schema left files: %v", entries)
	}
}

// What new writes is tested in tests/newproject.
func TestNewRefuses(t *testing.T) {
	root := testenv.Root(t)
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("full", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("full/mine.txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := []string{"--module", "example.com/shop", "--replace", root}
	for _, c := range []struct {
		name string
		args []string
		path string // of programs
		code int
		has  string
	}{
		{"no folder", good, "", 2, "new ../shop --module example.com/shop"},
		{"no module", []string{"shop"}, "", 2, "new ../shop --module example.com/shop"},
		{"a module path that is none", []string{"shop", "--module", "a b", "--replace", root}, "", 2, `"a b" is not a module path`},
		{"no framework to be had", []string{"shop", "--module", "example.com/shop"}, "", 2, "--replace DIR"},
		{"another folder as the framework", []string{"shop", "--module", "example.com/shop", "--replace", "full"}, "", 2, "full is not a checkout of"},
		{"a folder that is not empty", append([]string{"full"}, good...), "", 1, "full is not empty"},
		{"a file in place of the folder", append([]string{"full/mine.txt"}, good...), "", 1, "mine.txt"},
		{"no Go", append([]string{"shop"}, good...), "/nowhere", 1, "there is no go command in PATH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.path != "" {
				t.Setenv("PATH", c.path)
			}
			code, _, log := run(t, nil, append([]string{"new"}, c.args...)...)
			expect(t, log, c.has)
			if code != c.code {
				t.Errorf("code %d, not %d", code, c.code)
			}
			if _, err := os.Stat("shop"); err == nil {
				t.Error("a refused call left files")
			}
			if entries, _ := os.ReadDir("full"); len(entries) != 1 {
				t.Errorf("the folder holds %v", entries)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		args []string
		code int
		has  []string
	}{
		{nil, 0, []string{"Start here:", "dev", "serve", "load", "migrate", "schema", "version"}},
		{[]string{"version"}, 0, []string{"Community v0-test", "go1."}},
		{[]string{"nonsense"}, 2, []string{"unknown command", "--help"}},
		{[]string{"dev", "--nonsense"}, 2, []string{"unknown flag", "--help"}},
		{[]string{"serve", "--timeout", "soon"}, 2, []string{"--timeout", "soon"}},
		{[]string{"migrate"}, 0, []string{"push"}},
		{[]string{"migrate", "sideways"}, 2, []string{"sideways"}},
		{[]string{"load", "--help"}, 0, []string{"CSV", "--skip-unknown"}},
	} {
		code, out, log := run(t, nil, c.args...)
		if code != c.code {
			t.Errorf("%v: code %d, not %d\n%s%s", c.args, code, c.code, out, log)
		}
		expect(t, out+log, c.has...)
	}
}
