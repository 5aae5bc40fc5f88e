package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
)

// branches is a folder with migrations that were written on two branches.
type branches struct {
	dir string
	now time.Time
}

func (b *branches) write(t *testing.T, tables []*schema.Table, name string, c Choices) {
	t.Helper()
	b.now = b.now.Add(time.Minute)
	if _, err := New(t.Context(), tables, NewOptions{Dir: b.dir, Name: name, Now: b.now, Choices: c}); err != nil {
		t.Fatal(err)
	}
}

// fork writes a migration on each of two branches and puts all files into one folder.
func fork(t *testing.T, base, theirs, ours []*schema.Table, theirChoices, ourChoices Choices) *branches {
	t.Helper()
	b := &branches{dir: t.TempDir(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b.write(t, base, "init", Choices{})
	other := &branches{dir: t.TempDir(), now: b.now}
	if err := os.CopyFS(other.dir, os.DirFS(b.dir)); err != nil {
		t.Fatal(err)
	}
	other.write(t, theirs, "theirs", theirChoices)
	b.now = other.now
	b.write(t, ours, "ours", ourChoices)
	for _, pattern := range []string{"*/*_theirs.*", "schema/*"} {
		files, err := filepath.Glob(filepath.Join(other.dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(b.dir, filepath.Base(filepath.Dir(path)), filepath.Base(path)), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Hash(b.dir); err != nil {
		t.Fatal(err)
	}
	return b
}

// posts is a table with some of its columns changed.
func posts(change ...func(*schema.Table)) []*schema.Table {
	t := &schema.Table{Name: "posts", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "title", Type: field.TypeString},
		{Name: "text", Type: field.TypeString, Nullable: true},
	}}
	t.PrimaryKey = t.Columns[:1:1]
	for _, c := range change {
		c(t)
	}
	return []*schema.Table{t}
}

func with(c *schema.Column) func(*schema.Table) {
	return func(t *schema.Table) { t.Columns = append(t.Columns, c) }
}

func without(name string) func(*schema.Table) {
	return func(t *schema.Table) {
		for i, c := range t.Columns {
			if c.Name == name {
				t.Columns = append(t.Columns[:i:i], t.Columns[i+1:]...)
				return
			}
		}
	}
}

func called(name, now string) func(*schema.Table) {
	return func(t *schema.Table) {
		for _, c := range t.Columns {
			if c.Name == name {
				c.Name = now
			}
		}
	}
}

func nullable(name string) *schema.Column {
	return &schema.Column{Name: name, Type: field.TypeString, Nullable: true}
}

// TestRebase: whatever two branches do, their migrations lead to what both schemas together say, on a database that has rows.
func TestRebase(t *testing.T) {
	required := func() *schema.Column { return &schema.Column{Name: "kind", Type: field.TypeString} }
	for _, c := range []struct {
		name               string
		theirs, ours, both []*schema.Table
		theirChoices, mine Choices
	}{
		{
			name: "columns", theirs: posts(with(nullable("a"))), ours: posts(with(nullable("b"))), both: posts(with(nullable("a")), with(nullable("b"))),
		},
		{
			name: "a name and a column", theirs: posts(with(nullable("a"))), ours: posts(called("text", "body")),
			both: posts(with(nullable("a")), called("text", "body")), mine: Choices{Renames: []string{"posts.text=body"}},
		},
		{
			name: "a column and a name", theirs: posts(called("text", "body")), ours: posts(with(required())),
			both: posts(called("text", "body"), with(required())), theirChoices: Choices{Renames: []string{"posts.text=body"}},
			mine: Choices{Fills: []string{"posts.kind=note"}},
		},
		{
			name: "a table with another name", theirs: renamedTable(posts()), ours: posts(with(nullable("b"))), both: renamedTable(posts(with(nullable("b")))),
			theirChoices: Choices{Renames: []string{"posts=articles"}},
		},
		{
			name: "a drop", theirs: posts(with(nullable("a"))), ours: posts(without("text")), both: posts(with(nullable("a")), without("text")),
			mine: Choices{Drops: []string{"posts.text"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := fork(t, posts(), c.theirs, c.ours, c.theirChoices, c.mine)
			line := Line{Files: os.DirFS(b.dir)}
			if forked := (*ForkError)(nil); !errors.As(CheckLine(t.Context(), line, c.both), &forked) {
				t.Fatal("the fork was not found")
			}
			moved, err := Rebase(t.Context(), RebaseOptions{Dir: b.dir, Now: b.now.Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			if len(moved) != 1 || !moved[0].Planned || !strings.HasSuffix(moved[0].To, "_ours") {
				t.Errorf("%+v", moved)
			}
			check(t, line, c.both)
		})
	}
}

func renamedTable(tables []*schema.Table) []*schema.Table {
	tables[0].Name = "articles"
	return tables
}

func check(t *testing.T, line Line, tables []*schema.Table) {
	t.Helper()
	if err := CheckLine(t.Context(), line, tables); err != nil {
		t.Fatal(err)
	}
	if err := CheckReplay(t.Context(), line, tables, dialect.SQLite, ""); err != nil {
		t.Fatal(err)
	}
}

// What both branches do is done once.
func TestRebaseOfTheSame(t *testing.T) {
	b := fork(t, posts(), posts(with(nullable("a"))), posts(with(nullable("a"))), Choices{}, Choices{})
	moved, err := Rebase(t.Context(), RebaseOptions{Dir: b.dir, Now: b.now})
	if err != nil || len(moved) != 1 || moved[0].To != "" {
		t.Fatalf("%+v, %v", moved, err)
	}
	check(t, Line{Files: os.DirFS(b.dir)}, posts(with(nullable("a"))))
}

// What both branches change in different ways is for people to decide, and nothing is touched.
func TestRebaseInConflict(t *testing.T) {
	number := &schema.Column{Name: "a", Type: field.TypeInt, Nullable: true}
	b := fork(t, posts(), posts(with(nullable("a"))), posts(with(number)), Choices{}, Choices{})
	before := listing(t, b.dir)
	_, err := Rebase(t.Context(), RebaseOptions{Dir: b.dir, Now: b.now})
	if conflict := (*MergeError)(nil); !errors.As(err, &conflict) || conflict.What[0] != "posts.a" {
		t.Errorf("%v", err)
	}
	if after := listing(t, b.dir); after != before {
		t.Errorf("%s\nwas\n%s", after, before)
	}
}

// A branch of several migrations moves as a whole, files by hand included.
func TestRebaseOfSeveral(t *testing.T) {
	b := fork(t, posts(), posts(with(nullable("a"))), posts(with(nullable("b"))), Choices{}, Choices{})
	line := Line{Files: os.DirFS(b.dir)}
	all, err := line.unverified(dialect.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	// On top of ours, as if theirs were not there.
	text, err := newStateOf(posts(with(nullable("b")), with(nullable("c"))), all[2].version).text()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"schema/20260101010000.json": string(text)}
	for _, name := range []string{"sqlite", "postgres"} {
		files[name+"/20260101010000_more.up.sql"] = "ALTER TABLE posts ADD COLUMN c text NULL;\n"
		files[name+"/20260101010001_hand.up.sql"] = "UPDATE posts SET title = 'a';\n"
	}
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(b.dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	moved, err := Rebase(t.Context(), RebaseOptions{Dir: b.dir, Now: b.now.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range moved {
		names = append(names, m.To[15:])
	}
	if got := strings.Join(names, " "); got != "ours more hand" || !moved[0].Planned || moved[1].Planned || moved[2].Planned {
		t.Errorf("%+v", moved)
	}
	db, drop, err := scratchDB(t.Context(), dialect.SQLite, "")
	if err != nil {
		t.Fatal(err)
	}
	defer drop()
	if n, err := (&Runner{DB: db, Line: line}).Up(t.Context(), 0); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := CheckLine(t.Context(), line, posts(with(nullable("a")), with(nullable("b")), with(nullable("c")))); err != nil {
		t.Error(err)
	}
}

func newStateOf(tables []*schema.Table, parent string) *state {
	s := newState(tables)
	s.Parent = parent
	return s
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(filepath.Base(path) + " " + hash(string(text)) + "\n")
	}
	return b.String()
}
