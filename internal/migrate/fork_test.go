package migrate

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/internal/search"
)

// TestForks lets two made-up branches change one made-up schema. Whichever goes on top of the other, the migrations lead to the
// same tables, forth and back; or it is said that both changed the same.
func TestForks(t *testing.T) {
	outcomes := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) { outcomes[forked(t)]++ })
	if outcomes["merged"] < 10 || outcomes["conflict"] == 0 {
		t.Errorf("%v", outcomes)
	}
}

func forked(t *rapid.T) (outcome string) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "forks")
	must(t, err)
	defer os.RemoveAll(dir)
	e := &evolution{t: t, ctx: ctx, dir: filepath.Join(dir, "base"), url: "sqlite::memory:", state: &state{}}
	must(t, os.Mkdir(e.dir, 0o700))
	for range rapid.IntRange(1, 3).Draw(t, "tables") {
		e.addTable()
	}
	e.write(Choices{})

	// A branch each, in a folder of its own; the second goes on with the numbers in made-up names.
	versions := make([]string, 2)
	for i, name := range []string{"a", "b"} {
		branch := &evolution{t: t, ctx: ctx, dir: filepath.Join(dir, name), url: e.url, state: e.copyState(), names: e.names}
		must(t, os.CopyFS(branch.dir, os.DirFS(e.dir)))
		branch.begin()
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			branch.mutate()
		}
		tables, err := branch.state.tables()
		must(t, err)
		w, err := New(ctx, tables, NewOptions{Dir: branch.dir, Name: name, Now: time.Now().Add(time.Duration(i+1) * time.Hour), Choices: branch.choices})
		if errors.Is(err, ErrNothingToDo) {
			return "nothing"
		}
		must(t, err)
		versions[i], e.names = w.Version, branch.names
	}

	// Both together, put in order either way.
	var results []*state
	for i, top := range versions {
		both := filepath.Join(dir, "both"+top)
		files := make(map[string]bool)
		for _, name := range []string{"a", "b"} {
			paths, err := filepath.Glob(filepath.Join(dir, name, "*", "*"))
			must(t, err)
			for _, path := range paths {
				text, err := os.ReadFile(path)
				must(t, err)
				rel, err := filepath.Rel(filepath.Join(dir, name), path)
				must(t, err)
				must(t, os.MkdirAll(filepath.Dir(filepath.Join(both, rel)), 0o700))
				must(t, os.WriteFile(filepath.Join(both, rel), text, 0o600))
				files[rel] = true
			}
		}
		_, err := Rebase(ctx, RebaseOptions{Dir: both, Versions: []string{top}, Now: time.Now().Add(3 * time.Hour)})
		if conflict := (*MergeError)(nil); errors.As(err, &conflict) {
			outcome = "conflict"
			continue
		}
		if err != nil {
			t.Fatalf("%d on top: %v; %q", i, err, slices.Sorted(maps.Keys(files)))
		}
		line := Line{Files: os.DirFS(both)}
		s, err := line.state(newestVersion)
		must(t, err)
		tables, err := s.tables()
		must(t, err)
		must(t, CheckLine(ctx, line, tables))
		must(t, CheckReplay(ctx, line, tables, dialect.SQLite, ""))
		results = append(results, s)
	}
	if len(results) < 2 {
		return outcome
	}
	for _, name := range dialects {
		p := &planner{name: name, ctx: ctx}
		if changes := p.changes(p.realm(results[0]), p.realm(results[1])); len(changes) > 0 || p.err != nil {
			t.Fatalf("the order matters: %q, %v", headlines(changes), p.err)
		}
	}
	return "merged"
}

// TestMergedForeignKeys: a foreign key that each branch calls otherwise, as after new names for its edge and its table, is still one.
func TestMergedForeignKeys(t *testing.T) {
	named := func(name string) *state {
		posts := &tableState{Name: "posts", Columns: []*columnState{{Name: "id", Type: "int"}, {Name: "parent_id", Type: "int"}}, PrimaryKey: []string{"id"}}
		posts.ForeignKeys = []*foreignKey{{Name: name, Columns: []string{"parent_id"}, RefTable: "posts", RefColumns: []string{"id"}}}
		return &state{Tables: []*tableState{posts}}
	}
	merged, err := mergeStates(named("a"), named("b"), named("a"))
	must(t, err)
	if keys := merged.table("posts").ForeignKeys; len(keys) != 1 || keys[0].Name != "b" {
		t.Errorf("%+v", keys)
	}
	_, err = mergeStates(named("a"), named("b"), named("c"))
	if conflict := (*MergeError)(nil); !errors.As(err, &conflict) || err.Error() != "both branches change posts.parent_id" {
		t.Error(err)
	}
}

// TestMergedSearches: words cannot be looked for in a column that the other branch has dropped, whichever of both goes on top.
func TestMergedSearches(t *testing.T) {
	posts := func(fields []search.Field, columns ...string) *state {
		table := &tableState{Name: "posts", PrimaryKey: []string{"id"}, Columns: []*columnState{{Name: "id", Type: "int"}}, Search: fields}
		for _, name := range columns {
			table.Columns = append(table.Columns, &columnState{Name: name, Type: "string"})
		}
		return &state{Tables: []*tableState{table}}
	}
	base := posts(nil, "title", "body")
	searched := posts([]search.Field{{Column: "body", Weight: "A"}}, "title", "body")
	for column, dropped := range map[string]*state{"body": posts(nil, "title"), "title": posts(nil, "body")} {
		_, first := mergeStates(base, searched, dropped)
		_, second := mergeStates(base, dropped, searched)
		for _, err := range []error{first, second} {
			if conflict := (*MergeError)(nil); errors.As(err, &conflict) != (column == "body") {
				t.Errorf("%s dropped: %v", column, err)
			}
		}
	}
}
