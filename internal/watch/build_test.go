package watch

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadable(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"ent/schema/note.go", "graph/notes.resolvers.go"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, out, want string }{
		{
			"ent cannot compile the schema",
			"2026/11/20 09:56:42 generate: load ent/schema: entc/load: parse schema dir: # example.com/shop/ent/schema\nschema/note.go:21:9: undefined: field.Txt\nexit status 1\nent/generate.go:3: running \"go\": exit status 1\n",
			"ent/schema/note.go:21:9: undefined: field.Txt",
		},
		{
			"the generator refuses it",
			"2026/11/20 09:56:49 generate: " + root + "/ent/schema/note.go:15: entity Note: no rules\n\n\tWrite:\nexit status 1\n",
			"ent/schema/note.go:15: entity Note: no rules\n\n\tWrite:",
		},
		{
			"the compiler refuses the program",
			"# example.com/shop/graph\ngraph/notes.resolvers.go:13:3: undefined: wrds\n",
			"graph/notes.resolvers.go:13:3: undefined: wrds",
		},
		{
			"hand-written code is missing",
			"2026/11/20 10:11:12 generate: generate the hand-written operations' execution: validation failed: validation failed: exit status 1\n" + root + "/ent/../graph/notes.resolvers.go:28:61: missing method Initials\nexit status 1\n",
			"graph/notes.resolvers.go:28:61: missing method Initials",
		},
	} {
		if got := (&builder{root: root}).readable(c.out); got != c.want {
			t.Errorf("%s:\n%s\nnot:\n%s", c.name, got, c.want)
		}
	}
}
