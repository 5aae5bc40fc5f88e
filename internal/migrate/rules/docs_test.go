package rules

import (
	"os"
	"strings"
	"testing"
)

// TestDocs: docs/migration-rules.md explains every rule in its order, and each example is found, or is fine, as it says.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../../docs/migration-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n## ")
	tables := blocks(parts[0], "```sql tables\n")
	if len(parts)-1 != len(All()) || len(tables) != 1 {
		t.Fatalf("%d rules are explained of %d", len(parts)-1, len(All()))
	}
	for i, r := range All() {
		part := parts[i+1]
		severity := map[Severity]string{Error: "\nError", Warning: "\nWarning", Note: "\nNote"}[r.Severity]
		dialect, on := postgres, ""
		switch r.Dialect {
		case sqlite:
			dialect, on = sqlite, ", SQLite"
		case postgres:
			on = ", Postgres"
		}
		if !strings.HasPrefix(part, r.Name+"\n") || !strings.Contains(part, severity+on+". "+r.Reason+"\n") {
			t.Errorf("%s is not explained as it is:\n%s", r.Name, part)
		}
		found := func(example string) bool {
			file := File{Text: example, Statements: split(example), NoTransaction: strings.HasPrefix(example, "-- atlas:txmode none\n")}
			for _, f := range Lint(dialect, []File{{Statements: split(tables[0]), Known: true}, file}) {
				if f.Rule == r.Name {
					return true
				}
			}
			return false
		}
		bad := blocks(part, "```sql finds\n")
		if len(bad) == 0 {
			t.Errorf("%s has no example", r.Name)
		}
		for _, example := range bad {
			if !found(example) {
				t.Errorf("%s does not find\n%s", r.Name, example)
			}
		}
		for _, example := range blocks(part, "```sql fine\n") {
			if found(example) {
				t.Errorf("%s finds\n%s", r.Name, example)
			}
		}
	}
}

func blocks(text, fence string) []string {
	var out []string
	for _, part := range strings.Split(text, fence)[1:] {
		block, _, _ := strings.Cut(part, "```\n")
		out = append(out, block)
	}
	return out
}
