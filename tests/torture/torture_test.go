// Package torture proves that any ent schema can be served: testdata/app is an application of its own whose schema uses
// all that ent knows.
package torture

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestAnySchema generates the application in a module outside of this one, and runs its tests there.
func TestAnySchema(t *testing.T) {
	root := testenv.App(t, "testdata/app", "example.com/torture")
	for _, args := range [][]string{{"vet", "./..."}, {"test", "-count=1", "-v", "./..."}} {
		out, err := testenv.Go(t, root, nil, args...)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
		if strings.Contains(out, "SKIPPED, NOT PASSED") {
			testenv.Lacking(t, testenv.Postgres, "the schema was served on SQLite only")
		}
	}
}
