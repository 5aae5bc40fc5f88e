// Package clients proves that the clients of the GraphQL world work with what the gateway serves, used as their users use
// them: the tools graphql-js, graphql-codegen and relay-compiler, and programs with Relay, Apollo Client and urql that page
// through lists in both directions, change them and show errors.
package clients

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/testenv"
)

var app = gateway.App{Name: "Clients", Open: graph.Open, Demo: data, Examples: graph.Examples}

// TestGraphQLJS: the introspection of a running gateway is a valid schema, the one that `schema` prints, and described
// throughout.
func TestGraphQLJS(t *testing.T) {
	needTools(t)
	sdl := filepath.Join(t.TempDir(), "schema.graphql")
	printSchema(t, sdl)
	url := serve(t, gatewaytest.SQLite(t))
	t.Logf("%s", run(t, ".", "node", "schema.mjs", url, sdl))
}

// TestCodegen: graphql-codegen makes TypeScript from the printed schema, a strict compiler accepts and refuses the right
// uses of it, and the programs that are written with it run.
func TestCodegen(t *testing.T) {
	needTools(t)
	dir := project(t, "codegen")
	run(t, dir, "node", "generate.mjs")
	run(t, dir, "node", "node_modules/typescript/bin/tsc", "--project", ".")
	lists := expected(t)
	gatewaytest.Each(t, func(t *testing.T, database string) {
		url := serve(t, database)
		for _, program := range []string{"apollo", "urql", "fetch"} {
			t.Run(program, func(t *testing.T) {
				run(t, dir, "node", filepath.Join("out", program+".js"), url, key, lists)
			})
		}
	})
}

// TestRelay: relay-compiler accepts the printed schema and makes the artifacts of a project that pages, refetches by
// node and changes a connection by a payload's edge; and the project runs.
func TestRelay(t *testing.T) {
	needTools(t)
	dir := project(t, "relay")
	t.Logf("%s", run(t, dir, "node", "node_modules/relay-compiler/cli.js", "relay.config.json"))
	for _, artifact := range []string{
		"PostPageQuery", "PostPage_comments", "PostPageCommentsQuery", "PostPage_comment", "PostPageCommentQuery",
		"PostPageWriteMutation", "PostPageRemoveMutation", "PostFeedQuery", "PostFeed_posts", "PostFeedPageQuery",
	} {
		if _, err := os.Stat(filepath.Join(dir, "src", "__generated__", artifact+".graphql.ts")); err != nil {
			t.Error(err)
		}
	}
	// Relay finds the way back to a fragment by the interface Node, which only works if ids are global.
	refetch, err := os.ReadFile(filepath.Join(dir, "src", "__generated__", "PostPageCommentsQuery.graphql.ts"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(refetch), "node(id: $id)") {
		t.Error("the pagination query does not go through node")
	}
	run(t, dir, "node", "node_modules/typescript/bin/tsc", "--project", ".")
	run(t, dir, "node", "build.mjs")
	lists := expected(t)
	gatewaytest.Each(t, func(t *testing.T, database string) {
		run(t, dir, "node", filepath.Join("out", "main.js"), serve(t, database), key, lists)
	})
}

// TestGuide: what docs/clients.md shows of the programs is in them, line by line.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join(testenv.Root(t), "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, block := range regexp.MustCompile("(?ms)^```\\w+ (\\S+/\\S+)\n(.*?)^```$").FindAllStringSubmatch(string(guide), -1) {
		source, err := os.ReadFile(block[1])
		if err != nil {
			t.Error(err)
			continue
		}
		for part := range strings.SplitSeq(block[2], "\n\n") {
			shown++
			if !strings.Contains(flushLeft(string(source)), flushLeft(part)) {
				t.Errorf("%s does not hold what docs/clients.md shows of it:\n%s", block[1], part)
			}
		}
	}
	if shown < 15 {
		t.Errorf("only %d parts of programs found", shown)
	}
}

// flushLeft removes the indentation of all lines.
func flushLeft(text string) string {
	return strings.TrimSpace(regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(text, ""))
}

func needTools(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		testenv.Lacking(t, testenv.Node, "install Node 20 or newer")
	}
	for _, tool := range []string{
		"graphql", "@graphql-codegen/core", "@graphql-codegen/client-preset", "relay-compiler", "typescript",
		"@apollo/client", "@urql/core", "relay-runtime",
	} {
		if _, err := os.Stat(filepath.Join("node_modules", tool)); err != nil {
			testenv.Lacking(t, testenv.Node, "run: npm ci --prefix tests/clients")
		}
	}
	testenv.WatchSources(t)
}

// project copies a folder to where its tools may write, with the packages and the printed schema in it.
func project(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	printSchema(t, filepath.Join(dir, "schema.graphql"))
	return dir
}

// printSchema runs the schema command.
func printSchema(t *testing.T, file string) {
	t.Helper()
	var out, log bytes.Buffer
	if code := gateway.Run(t.Context(), app, []string{"schema"}, settings, &out, &log); code != 0 {
		t.Fatalf("schema: exit code %d: %s", code, &log)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// key is that of dev's administrator.
const key = "the-key-of-this-test"

func settings(name string) (string, bool) { return key, name == "ENTWINE_DEV_KEY" }

// serve runs `dev` over an empty database until the test ends and returns the address of the API.
func serve(t *testing.T, database string) (url string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log := &watchedLog{found: make(chan string, 1)}
	ended := make(chan int, 1)
	args := []string{"dev", "--addr", "127.0.0.1:0", "--database-url", database}
	go func() { ended <- gateway.Run(ctx, app, args, settings, log, log) }()
	select {
	case url = <-log.found:
	case code := <-ended:
		t.Fatalf("dev ended with %d: %s", code, log)
	case <-time.After(time.Minute):
		t.Errorf("dev does not say where it serves: %s", log)
	}
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("dev ended with %d: %s", code, log)
		}
	})
	if url == "" {
		t.FailNow()
	}
	return url
}

// watchedLog keeps what dev prints and sends the address of the API once it is complete.
type watchedLog struct {
	mu    sync.Mutex
	text  strings.Builder
	found chan string
}

func (l *watchedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.found != nil {
		for line := range strings.Lines(string(p)) {
			if f := strings.Fields(line); len(f) == 2 && f[0] == "API" {
				l.found <- f[1]
				l.found = nil
			}
		}
	}
	return l.text.Write(p)
}

func (l *watchedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run executes a tool in dir and returns what it says.
func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}
