// Package newentity proves what the framework promises to developers: one file in ent/schema and one command give an
// entity its tables and its API.
package newentity

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestReview adds testdata/review.go to a copy of this repository, generates, builds, and uses the new API there, by
// testdata/review_test.go.
//
// Edges are declared where ent lets one file declare them: on the new entity. The way back (post.reviews) is an edge of
// Post, a line in post.go.
func TestReview(t *testing.T) {
	testenv.WatchSources(t)
	root := clone(t)
	schema := filepath.Join(root, "ent", "schema", "review.go")

	// Somebody forgets the rules first. The answer must say what to write.
	review := read(t, "testdata/review.go")
	withoutRules := strings.Replace(review, "		access.Rules{Read: access.Everyone(), Create: author, Update: author, Delete: author},\n", "", 1)
	withoutRules = strings.Replace(withoutRules, "	author := access.Any(access.Owner(\"author\"), access.Role(\"admin\"))\n", "", 1)
	withoutRules = strings.Replace(withoutRules, "	\"github.com/entwine-data/entwine/gateway/access\"\n", "", 1)
	write(t, schema, withoutRules)
	before := tree(t, root)
	out, err := command(t, root, "go", "generate", "./...")
	if err == nil {
		t.Fatal("an entity without rules was generated")
	}
	for _, part := range []string{"Review", "func (Review) Annotations() []schema.Annotation {", "access.Rules{", "Read:", "Create:", "Update:", "Delete:"} {
		if !strings.Contains(out, part) {
			t.Errorf("the message for an entity without rules lacks %q:\n%s", part, out)
		}
	}
	if changed := difference(before, tree(t, root)); len(changed) > 0 {
		t.Errorf("generation failed and changed %s", strings.Join(changed, ", "))
	}

	write(t, schema, review)
	must(t, root, "go", "generate", "./...")
	generated := tree(t, root)
	if generated["go.mod"] != before["go.mod"] || generated["go.sum"] != before["go.sum"] {
		t.Error("generation changed go.mod or go.sum")
	}
	must(t, root, "go", "generate", "./...")
	if changed := difference(generated, tree(t, root)); len(changed) > 0 {
		t.Errorf("generating again changed %s", strings.Join(changed, ", "))
	}

	must(t, root, "go", "build", "./...")
	write(t, filepath.Join(root, "tests", "review", "review_test.go"), read(t, "testdata/review_test.go"))
	out = must(t, root, "go", "test", "-count=1", "-v", "./tests/review")
	t.Logf("%s", out)
	if strings.Contains(out, "SKIPPED, NOT PASSED") {
		testenv.Lacking(t, testenv.Postgres, "the new entity was used on SQLite only:\n"+out)
	}
}

// clone copies what git has or would take of this repository, changes that are not committed included.
func clone(t *testing.T) (dir string) {
	t.Helper()
	root := testenv.Root(t)
	dir = t.TempDir()
	list := must(t, root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for path := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		b, err := os.ReadFile(filepath.Join(root, path))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, path), string(b))
	}
	return dir
}

// tree returns the content of all files below dir by their paths.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path] = read(t, filepath.Join(dir, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// difference lists the files that are not the same in both trees.
func difference(a, b map[string]string) []string {
	var paths []string
	for path := range a {
		if content, ok := b[path]; !ok || content != a[path] {
			paths = append(paths, path)
		}
	}
	for path := range b {
		if _, ok := a[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// command runs a program in dir. Nothing may be downloaded: what the repository needs is in its go.mod.
func command(t *testing.T, dir, name string, args ...string) (out string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	start := time.Now()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	b, err := cmd.CombinedOutput()
	t.Logf("%s %s: %.1f s", name, strings.Join(args, " "), time.Since(start).Seconds())
	return string(b), err
}

func must(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := command(t, dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
