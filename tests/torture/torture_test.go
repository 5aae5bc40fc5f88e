// Package torture proves that any ent schema can be served: testdata/app is an application of its own whose schema uses
// all that ent knows.
package torture

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/internal/testenv"
)

const module = "github.com/entwine-data/entwine"

// TestAnySchema generates the application in a module outside of this one, and runs its tests there. What is generated is
// not committed: it is 60,000 lines that nobody would read.
func TestAnySchema(t *testing.T) {
	testenv.WatchSources(t)
	root := app(t)
	must(t, root, "go", "generate", "./...")
	must(t, root, "go", "vet", "./...")
	out := must(t, root, "go", "test", "-count=1", "-v", "./...")
	t.Logf("%s", out)
	if strings.Contains(out, "SKIPPED, NOT PASSED") {
		testenv.Lacking(t, testenv.Postgres, "the schema was served on SQLite only")
	}
}

// app copies the application into a module that uses this one, as a stranger's does.
func app(t *testing.T) (root string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a module")
	}
	repository := testenv.Root(t)
	root = t.TempDir()
	if err := os.CopyFS(root, os.DirFS(filepath.Join("testdata", "app"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "gqlgen.yml"} {
		b, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if name == "go.mod" {
			text = strings.Replace(text, "module "+module, "module example.com/torture", 1) +
				"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + repository + "\n"
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), fs.FileMode(0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// must runs a program in dir. Nothing may be downloaded: what the application needs is in this repository's go.mod.
func must(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	start := time.Now()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	t.Logf("%s %s: %.1f s", name, strings.Join(args, " "), time.Since(start).Seconds())
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
