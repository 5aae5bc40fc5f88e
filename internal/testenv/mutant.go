package testenv

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// Mutant writes the overlay with which the go command builds the program that a file describes: a txtar archive with the old
// and the new text of a source. It fails if the old text is not there exactly once.
func Mutant(t *testing.T, file string) (overlay string) {
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
	source := filepath.Join(Root(t), filepath.FromSlash(name))
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
