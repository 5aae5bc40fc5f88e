// Package newproject proves the framework from outside: a project that `new` writes into an empty folder generates, builds,
// answers and passes its own tests, and its README can be followed word for word while `dev` watches.
package newproject

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/testenv"
)

func TestNewProject(t *testing.T) {
	testenv.WatchSources(t)
	root := testenv.Root(t)
	dir := filepath.Join(t.TempDir(), "shop")
	t.Setenv("GOPROXY", "off") // what a project needs is in the framework's go.mod
	t.Setenv("GOWORK", "off")

	start := time.Now()
	var log bytes.Buffer
	code := gateway.Run(t.Context(), gateway.App{}, []string{"new", dir, "--module", "example.com/shop", "--replace", root}, os.LookupEnv, io.Discard, &log)
	if code != 0 {
		t.Fatalf("new: %d\n%s", code, &log)
	}
	t.Logf("new: %.1f s", time.Since(start).Seconds())
	p := project{dir}
	before := p.tree(t)
	if out := p.run(t, "gofmt", "-l", "."); out != "" {
		t.Errorf("not formatted:\n%s", out)
	}
	p.run(t, "go", "vet", "./...")
	if out := p.run(t, "go", "test", "-v", "./..."); strings.Contains(out, "SKIPPED, NOT PASSED") {
		t.Log("its tests ran on SQLite only")
	}
	for name, content := range p.tree(t) {
		if content != before[name] {
			t.Errorf("building and testing changed %s", name)
		}
	}

	binary := filepath.Join(t.TempDir(), "shop")
	p.run(t, "go", "build", "-o", binary, ".")
	s := p.dev(t, binary)
	t.Logf("from nothing to the first answer: %.1f s", time.Since(start).Seconds())
	for _, example := range []string{"1-create", "2-write", "3-read"} {
		answer := s.ask(t, p.read(t, "graph/examples/"+example+".graphql"), p.variables(t, "graph/examples/"+example+".json"))
		t.Logf("%s: %s", example, answer)
	}

	t.Run("README", func(t *testing.T) { p.followREADME(t, s) })
	t.Run("Testing guide", func(t *testing.T) { p.followTestingGuide(t, filepath.Join(root, "docs", "testing.md")) })
	t.Run("Mistakes", func(t *testing.T) { p.makeMistakes(t, s) })
	t.Run("The end", func(t *testing.T) { s.kill(t) })
	t.Run("Postgres", func(t *testing.T) { p.usePostgres(t, binary) })
}

// usePostgres saves a schema file while dev runs on Postgres, where the development key is kept nowhere but in the process.
func (p project) usePostgres(t *testing.T, binary string) {
	if os.Getenv("ENTWINE_TEST_LONG") == "" {
		t.Skip("ENTWINE_TEST_LONG=1 runs this")
	}
	s := p.dev(t, binary, "DATABASE_URL="+pgtest.New(t))
	s.ask(t, `mutation { createUser(input: { name: "Ada", username: "ada" }) { user { id } } }`, nil)
	s.save(t, block{file: "ent/schema/user.go", below: `field.String("username")`, text: "\t\tfield.Int(\"age\").Optional().Nillable().Comment(\"In years.\"),\n"},
		`modify "users" table`)
	if answer := s.ask(t, `{ users { nodes { name age } } }`, nil); !strings.Contains(answer, `{"name":"Ada","age":null}`) {
		t.Error(answer)
	}
	s.kill(t)
}

// followREADME does what the project's README says, in its order.
func (p project) followREADME(t *testing.T, s *server) {
	for _, b := range blocks(p.read(t, "README.md")) {
		switch {
		case b.lang == "graphql" && b.file == "":
			t.Log(s.ask(t, b.text, nil))
		case b.lang == "sh" && strings.Contains(b.text, "migrate new"):
			t.Log(p.run(t, "sh", "-c", b.text))
			s.wait(t, "_add_pinned is recorded and not run", "Ready again")
		case b.file == "graph/users.graphql":
			s.save(t, b, "missing method Initials", "goes on as it was")
		case b.file != "" && !strings.HasSuffix(b.file, "_test.go"):
			s.save(t, b, "Ready again")
		case b.file != "":
			p.write(t, b)
		}
	}
	p.run(t, "go", "test", "./...")
	if os.Getenv("ENTWINE_TEST_LONG") == "" {
		return
	}
	// "To see the test fail, change the rule…"
	const rule, loose = "Update: owner", "Update: access.SignedIn()"
	note := p.read(t, "ent/schema/note.go")
	s.save(t, block{file: "ent/schema/note.go", text: strings.Replace(note, rule, loose, 1)}, "Ready again")
	if out, err := p.try(t, "go", "test", "./..."); err == nil || !strings.Contains(out, "FORBIDDEN") {
		t.Errorf("the rule was loosened, and the test passes:\n%s", out)
	}
	s.save(t, block{file: "ent/schema/note.go", text: note}, "Ready again")
}

// followTestingGuide writes the files of the framework's guide, and runs its commands that write snapshots and compare them.
func (p project) followTestingGuide(t *testing.T, guide string) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks(string(text)) {
		switch {
		case b.file != "" && b.lang != "sh":
			p.write(t, b)
		case b.lang == "sh" && strings.Contains(b.text, "ENTWINE_TEST_UPDATE"):
			p.run(t, "sh", "-c", b.text)
		}
	}
	for _, name := range []string{"newest.result.json", "newest.sqlite.sql"} {
		p.read(t, "testdata/queries/"+name)
	}
	p.run(t, "go", "test", "./...")
	// A changed plan fails, and says what to do.
	sql := filepath.Join("testdata", "queries", "newest.sqlite.sql")
	p.write(t, block{file: sql, text: strings.Replace(p.read(t, sql), "ORDER BY", "ORDER BY 1,", 1)})
	out, err := p.try(t, "go", "test", "-run", "TestQueries/sqlite", ".")
	for _, part := range []string{"newest.sqlite.sql differs", "ENTWINE_TEST_UPDATE=1"} {
		if err == nil || !strings.Contains(out, part) {
			t.Errorf("a changed plan: %v, without %q\n%s", err, part, out)
		}
	}
}

// makeMistakes breaks the schema and the code, and repairs them.
func (p project) makeMistakes(t *testing.T, s *server) {
	note, resolvers := p.read(t, "ent/schema/note.go"), p.read(t, "graph/notes.resolvers.go")
	for _, c := range []struct{ name, file, right, old, new, message string }{
		{"Go that does not compile", "graph/notes.resolvers.go", resolvers, "words[i] +=", "wrds[i] +=", "graph/notes.resolvers.go:16:4: undefined: wrds"},
		{"an unknown function", "ent/schema/note.go", note, `field.Text("text")`, `field.Txt("text")`, "ent/schema/note.go:21:9: undefined: field.Txt"},
		{"half a line", "ent/schema/note.go", note, `field.Text("text")`, `field.Text("text"`, "ent/schema/note.go:26:2: syntax error"},
		{"a rule about nothing", "ent/schema/note.go", note, `access.Match("status"`, `access.Match("state"`, `ent/schema/note.go:15: entity Note: rule Match("state")`},
	} {
		s.save(t, block{file: c.file, text: strings.Replace(c.right, c.old, c.new, 1)}, c.message, "goes on as it was")
		s.ask(t, `{ notes { totalCount nodes { title words } } }`, nil)
	}
	// One mistake is left.
	s.save(t, block{file: "graph/notes.resolvers.go", text: resolvers}, "ent/schema/note.go:15", "goes on as it was")
	s.save(t, block{file: "ent/schema/note.go", text: note}, "Ready again")
}

// project is the new project.
type project struct{ dir string }

func (p project) read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// write writes the file of a block, or adds the block to the file.
func (p project) write(t *testing.T, b block) {
	t.Helper()
	text := b.text
	if b.below != "" {
		old := p.read(t, b.file)
		at := strings.Index(old, b.below)
		if at < 0 {
			t.Fatalf("%s has no line with %s", b.file, b.below)
		}
		at += strings.Index(old[at:], "\n") + 1
		text = old[:at] + text + old[at:]
	}
	path := filepath.Join(p.dir, b.file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (p project) tree(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, p.dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (p project) try(t *testing.T, name string, args ...string) (out string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	start := time.Now()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = p.dir
	b, err := cmd.CombinedOutput()
	t.Logf("%s %s: %.1f s", name, strings.Join(args, " "), time.Since(start).Seconds())
	return string(b), err
}

func (p project) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := p.try(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

// block is a fenced block of a page. Its info string is the language, the file to write it to if that is meant, and
// "below:TEXT" if it is to be added to that file, below the first line that holds TEXT.
type block struct {
	lang, file, below, text string

	words []string // the whole info string
}

func blocks(page string) (all []block) {
	var open *block
	for line := range strings.Lines(page) {
		info, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && open == nil:
			open = &block{words: strings.Fields(info)}
			for i, word := range open.words {
				below, ok := strings.CutPrefix(word, "below:")
				switch {
				case i == 0:
					open.lang = word
				case ok:
					open.below = below
				case strings.Contains(word, "."):
					open.file = word
				}
			}
		case fence:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line
		}
	}
	return all
}
