// Package architecture proves what holds the code together: who may import whom, what is linked into the binary, that
// every package says why it exists, and that a stranger finds only folders he was told of.
package architecture

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/testenv"
)

const module = "github.com/entwine-data/entwine"

// zone is a part of the repository by its folders.
type zone []string

// The zones. What is in none of them (tests, web, bench) is nobody's dependency but where a rule says so.
var (
	app       = zone{".", "ent", "graph", "migrate"}
	framework = zone{"gateway", "internal"}
)

func (z zone) has(dir string) bool {
	return slices.ContainsFunc(z, func(root string) bool {
		return dir == root || root != "." && strings.HasPrefix(dir, root+"/")
	})
}

// features says which packages of internal and web a package of internal may use. Features do not know each other: package
// gateway composes them. An entry needs its reason.
var features = map[string][]string{
	"gateway/codegen":      {"internal/search"},                                                   // marks what is searched for the migrations
	"internal/doctor":      {"internal/store"},                                                    // asks the database about itself
	"internal/engine":      {"internal/idempotency", "internal/search", "internal/store"},         // claims keys where it writes, finds by words, and runs its statements
	"internal/gql":         {"internal/idempotency", "internal/requestid"},                        // answers repeats, and names it in errors
	"internal/httpd":       {"internal/gql", "internal/idempotency", "internal/requestid", "web"}, // serves the API and the playground
	"internal/idempotency": {"internal/store"},                                                    // keeps answers in the transactions that made them
	"internal/load":        {"internal/store"},                                                    // writes in bulk
	"internal/migrate":     {"internal/migrate/rules", "internal/search", "internal/store"},       // changes tables, says what to beware of, makes them searchable
	"internal/pgtest":      {"internal/testenv"},                                                  // may lack Postgres
	"internal/store":       {"internal/pgwire", "internal/requestid", "internal/vdbe"},            // executes statements with both, and names requests in its log
	"internal/sysdb":       {"internal/migrate"},                                                  // is a line of migrations
}

// testTools are what tests of features may use on top.
var testTools = []string{"internal/pgtest", "internal/testenv", "internal/store", "internal/migrate"}

// testExtras is what tests of one feature may use of another.
var testExtras = map[string][]string{
	"internal/engine": {"internal/gql"}, // parses and validates what the engine executes
}

// TestZones: the framework knows no application, and the application has no power that a stranger's module lacks.
func TestZones(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range slices.Concat(p.Imports, p.tests()) {
			dir, ours := folder(imported)
			switch {
			case !ours:
			case framework.has(p.dir) && app.has(dir):
				t.Errorf("%s imports %s: the framework takes what it needs from gateway.App and gateway.Handle", p.dir, dir)
			case app.has(p.dir) && zone{"internal"}.has(dir):
				t.Errorf("%s imports %s: the reference application uses gateway alone, as a project of its own would", p.dir, dir)
			case (framework.has(p.dir) || app.has(p.dir)) && zone{"tests", "bench"}.has(dir):
				t.Errorf("%s imports %s: what is tested does not know its tests", p.dir, dir)
			}
		}
	}
}

// TestFeatures: features do not import each other; package gateway composes them.
func TestFeatures(t *testing.T) {
	private := zone{"internal", "web"}
	unused := make(map[string]bool)
	for from, list := range features {
		for _, to := range list {
			unused[from+" → "+to] = true
		}
	}
	for _, p := range packages(t) {
		if !framework.has(p.dir) || p.dir == "gateway" || p.dir == "gateway/gatewaytest" { // they compose
			continue
		}
		for _, imported := range p.Imports {
			dir, ours := folder(imported)
			if ours && private.has(dir) && !slices.Contains(features[p.dir], dir) {
				t.Errorf("%s imports %s: compose them in package gateway, or give the reason in the list of this test", p.dir, dir)
			}
			delete(unused, p.dir+" → "+dir)
		}
		for _, imported := range p.tests() {
			dir, ours := folder(imported)
			if ours && private.has(dir) && dir != p.dir && !slices.Contains(slices.Concat(features[p.dir], testTools, testExtras[p.dir]), dir) {
				t.Errorf("the tests of %s import %s: a test that needs two features belongs into tests", p.dir, dir)
			}
		}
	}
	for rule := range unused {
		t.Errorf("%s is allowed and not needed", rule)
	}
}

// TestBinary: nothing that generates code or tests it is linked into the binary.
func TestBinary(t *testing.T) {
	never := map[string]string{
		module + "/gateway/codegen":           "it is the generator",
		module + "/gateway/gatewaytest":       "it is for tests",
		module + "/internal/pgtest":           "it is for tests",
		module + "/internal/testenv":          "it is for tests",
		module + "/tests":                     "they are tests",
		"entgo.io/ent/entc":                   "it is ent's generator",
		"entgo.io/contrib":                    "it links ent's generator",
		"github.com/99designs/gqlgen/api":     "it is gqlgen's generator",
		"github.com/99designs/gqlgen/cmd":     "it is gqlgen's generator",
		"github.com/99designs/gqlgen/codegen": "it is gqlgen's generator",
		"github.com/99designs/gqlgen/plugin":  "it is gqlgen's generator",
		"golang.org/x/tools":                  "it reads Go code",
		"go/types":                            "it reads Go code",
		"pgregory.net/rapid":                  "it is for tests",
		"github.com/rogpeppe/go-internal":     "it is for tests",
		"net/http/httptest":                   "it is for tests",
		"testing":                             "it is for tests",
	}
	for _, path := range strings.Fields(run(t, "go", "list", "-deps", ".")) {
		for name, reason := range never {
			if path == name || strings.HasPrefix(path, name+"/") {
				t.Errorf("the binary holds %s: %s", path, reason)
			}
		}
	}
}

// TestPackageComments: every package that is written by hand says why it exists.
func TestPackageComments(t *testing.T) {
	for _, p := range packages(t) {
		files := p.GoFiles
		if len(files) == 0 {
			files = slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		}
		var docs []string
		generated := true
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			generated = generated && ast.IsGenerated(file)
			if file.Doc != nil {
				docs = append(docs, name)
			}
		}
		switch {
		case len(docs) == 0 && !generated:
			t.Errorf("%s has no package comment: say why it exists", p.dir)
		case len(docs) > 1:
			t.Errorf("%s has several package comments, in %s: keep one", p.dir, strings.Join(docs, " and "))
		}
	}
}

// TestTopLevel: the root holds what DESIGN and README name, and the files that tools look for there.
func TestTopLevel(t *testing.T) {
	allowed := []string{
		"server.go", "gqlgen.yml", "ent", "graph", "migrate", // the application
		"gateway", "internal", "web", // the framework
		"tests", "bench", "docs",
		"go.mod", "go.sum", "Makefile", "Dockerfile", "docker-compose.yml", "fly.toml",
		"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "NOTICE",
		".ci", ".github", ".gitignore", ".gitattributes", ".dockerignore", ".editorconfig", ".golangci.yml",
	}
	seen := make(map[string]bool)
	for _, path := range strings.Fields(run(t, "git", "ls-files")) {
		top, _, _ := strings.Cut(path, "/")
		if !seen[top] && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong to the root: find it a place below, or add it to this list and to the README", top)
		}
		seen[top] = true
	}
}

// pkg is a package of this module, as `go list` describes it.
type pkg struct {
	ImportPath, Dir                    string
	GoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports []string

	dir string // from the root, with slashes
}

func (p *pkg) tests() []string { return slices.Concat(p.TestImports, p.XTestImports) }

// folder returns where an imported package of this module lies, and whether it is one.
func folder(importPath string) (dir string, ours bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func packages(t *testing.T) []*pkg {
	t.Helper()
	testenv.WatchSources(t)
	var all []*pkg
	d := json.NewDecoder(strings.NewReader(run(t, "go", "list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")))
	for {
		p := &pkg{}
		err := d.Decode(p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		p.dir, _ = folder(p.ImportPath)
		all = append(all, p)
	}
	if len(all) < 20 {
		t.Fatalf("go list knows %d packages only", len(all))
	}
	return all
}

// run executes a command in the root of the module and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = testenv.Root(t)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, exit.Stderr)
	} else if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}
