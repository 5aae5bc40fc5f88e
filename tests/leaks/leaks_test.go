// Package leaks breaks the gateway on purpose and has the search for leaks of tests/oracle find it.
package leaks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestLeaksAreNoticed takes the closures of the rules away one by one, and the search for leaks must fail each time. A file of
// testdata/leaks whose old text is no longer found exactly once fails too, and must be written anew.
func TestLeaksAreNoticed(t *testing.T) {
	files, err := filepath.Glob("testdata/leaks/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no mutants", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			overlay := testenv.Mutant(t, file)
			database := "sqlite"
			if strings.HasPrefix(name, "postgres-") { // what the other does not do
				database = "postgres"
			}
			var out []byte
			// What is taken away may matter in few of the random cases: then the search goes on with others.
			for _, seed := range []string{"", "1001", "2001", "3001"} {
				cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-count=1", "-vet=off", "-ldflags=-s -w",
					"-run", "^TestNothingLeaks$/^"+database+"$", "../oracle")
				cmd.Env = append(os.Environ(), "ENTWINE_TEST_SEED="+seed, "ENTWINE_TEST_LEAKS=", "ENTWINE_TEST_LONG=")
				var err error
				// It must be the viewer who can tell, not a program that does not compile.
				if out, err = cmd.CombinedOutput(); err != nil && strings.Contains(string(out), "can tell:") {
					return
				}
			}
			t.Errorf("nobody notices\n%.3000s", out)
		})
	}
}
