package walks

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestMutants proves that the walks would notice: each file of testdata/mutants breaks the engine in one place, and the walks
// must fail with it. A mutant whose old text is no longer found exactly once fails too, and must be written anew.
func TestMutants(t *testing.T) {
	testenv.WatchSources(t)
	files, err := filepath.Glob("testdata/mutants/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no mutants", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			overlay := mutate(t, file)
			cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-vet=off", "-ldflags=-s -w",
				"-run", "^TestWalks$/^sqlite$", ".", "-rapid.shrinktime=1ms")
			// The same walks each time, whatever this test was told to do.
			cmd.Env = append(os.Environ(), "ENTWINE_TEST_SEED=", "ENTWINE_TEST_OPERATIONS=", "ENTWINE_TEST_LONG=")
			out, err := cmd.CombinedOutput()
			// It must be a page that is wrong, not a program that does not compile or panics.
			noticed := strings.Contains(string(out), "want [") || strings.Contains(string(out), "the walk showed")
			if err == nil || !strings.Contains(string(out), "[rapid] failed after") || !noticed {
				t.Errorf("the walks do not notice it: %v\n%.5000s", err, out)
			}
		})
	}
}

// mutate writes the overlay with which the go command builds a mutant.
func mutate(t *testing.T, file string) (overlay string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil || len(archive.Files) != 2 {
		t.Fatal("a mutant has an old and a new text", err)
	}
	before, after := archive.Files[0], archive.Files[1]
	name, ok := strings.CutSuffix(before.Name, ": old")
	if after.Name != name+": new" || !ok {
		t.Fatalf("%s and %s are not the old and the new text of a file", before.Name, after.Name)
	}
	source := filepath.Join(testenv.Root(t), filepath.FromSlash(name))
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	old := strings.TrimSuffix(string(before.Data), "\n")
	if n := strings.Count(string(text), old); n != 1 {
		t.Fatalf("%s holds the old text %d times, not once:\n%s", name, n, old)
	}
	mutant := filepath.Join(t.TempDir(), filepath.Base(name))
	changed := strings.Replace(string(text), old, strings.TrimSuffix(string(after.Data), "\n"), 1)
	if err := os.WriteFile(mutant, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{source: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlay, replace, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}
