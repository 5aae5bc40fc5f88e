package scaffold

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/internal/testenv"
)

const framework = "github.com/entwine-data/entwine"

// ownFiles are about the new project's schema, or about the project itself. All other files are the reference
// application's, so that what is proven there holds for new projects.
var ownFiles = regexp.MustCompile(`^(README\.md|Makefile|\.gitignore|go\.mod|go\.sum|rules_test\.go|testdata/.*|ent/schema/.*|graph/notes\..*|graph/examples/.*)$`)

func TestFilesAreTheReferenceApplications(t *testing.T) {
	root := testenv.Root(t)
	rendered, err := Project{Module: framework, Name: "Entwine", Framework: framework, Replace: root}.render()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, f := range rendered {
		if ownFiles.MatchString(f.name) {
			continue
		}
		compared++
		reference, err := os.ReadFile(filepath.Join(root, f.name))
		if err != nil {
			t.Error(err)
			continue
		}
		want, got := string(reference), string(f.content)
		if f.name == "server.go" {
			want, got = withoutExtras(want), withoutExtras(got)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s is not that of the reference application; change both:\n%s", f.name, diff)
		}
	}
	if compared < 9 {
		t.Errorf("%d files were compared", compared)
	}
}

// extras are the lines of server.go that the reference application has on top: demo data, and examples of docs/extending.md.
var extras = regexp.MustCompile(`demo|graph\.(Hooks|Routes|Commands)`)

// withoutExtras is server.go without them, and without the comment that describes it.
func withoutExtras(server string) string {
	_, code, _ := strings.Cut(server, "package main")
	lines := slices.DeleteFunc(strings.Split(code, "\n"), extras.MatchString)
	return strings.Join(lines, "\n")
}

func TestWriteLeavesWhatItFinds(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := Project{Module: "example.com/shop", Framework: framework, Replace: testenv.Root(t)}
	if _, err := p.Write(dir); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("%v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestProgram(t *testing.T) {
	for path, want := range map[string]string{"example.com/shop": "shop", "example.com/shop/v2": "shop", "shop": "shop"} {
		if got := (Project{Module: path}).Program(); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}
