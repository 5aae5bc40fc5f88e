package walks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
			overlay := testenv.Mutant(t, file)
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
