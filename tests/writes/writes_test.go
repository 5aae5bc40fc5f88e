// Package writes compares random mutations with a model in memory: testdata/app is an application whose schema has every kind
// of edge, required and optional, versions, soft deletion, unique keys and rules.
package writes

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/testenv"
)

func TestWrites(t *testing.T) {
	root := testenv.App(t, "testdata/app", "example.com/writes")
	out, err := testenv.Go(t, root, nil, "test", "-count=1", "-v", "-timeout=1h", "-rapid.shrinktime=10s", ".")
	if err != nil {
		t.Fatalf("%v\n%.20000s", err, out)
	}
	t.Logf("%s", out)
	t.Run("mutants", func(t *testing.T) { mutants(t, root) })
	if strings.Contains(out, "SKIPPED, NOT PASSED") {
		testenv.Lacking(t, testenv.Postgres, "the model was compared with SQLite only")
	}
}

// mutants proves that the comparison would notice: each file of testdata/mutants breaks the engine in one place, and the
// comparison must fail with it. A mutant whose old text is no longer found exactly once fails too, and must be written anew.
func mutants(t *testing.T, root string) {
	files, err := filepath.Glob("testdata/mutants/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no mutants", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			// The same operations each time, whatever this test was told to do.
			env := []string{"ENTWINE_TEST_SEED=", "ENTWINE_TEST_OPERATIONS=", "ENTWINE_TEST_LONG="}
			out, err := testenv.Go(t, root, env, "test", "-overlay", testenv.Mutant(t, file), "-count=1", "-vet=off", "-ldflags=-s -w",
				"-run", "^TestWrites$/^sqlite$", ".", "-rapid.shrinktime=1ms")
			// It must be an answer or the database's content that is wrong, not a program that does not compile or panics.
			noticed := strings.Contains(out, "want") || strings.Contains(out, "the model allows it")
			if err == nil || !strings.Contains(out, "[rapid] failed after") || !noticed {
				t.Errorf("the comparison does not notice it: %v\n%.5000s", err, out)
			}
		})
	}
}
