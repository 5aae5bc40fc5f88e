package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestSources: what a page shows as a part of a file ("go of graph/hooks.go") stands in that file, which is compiled and tested.
func TestSources(t *testing.T) {
	shown := 0
	for _, file := range files(t) {
		for _, b := range blocks(t, file) {
			if !b.is("go", "of") || len(b.info) != 3 {
				continue
			}
			shown++
			source, err := os.ReadFile(filepath.Join(testenv.Root(t), b.info[2]))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(source), b.text) {
				t.Errorf("%s:%d: this is not in %s", filepath.Base(file), b.line, b.info[2])
			}
		}
	}
	if shown < 5 {
		t.Errorf("%d parts of files were found", shown)
	}
}
