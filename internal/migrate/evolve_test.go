package migrate

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// TestEvolution changes made-up schemas in made-up ways while there are rows. After each migration the tables are those of a
// database that was made directly, and every value is still there; undone, they are those from before.
func TestEvolution(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { evolve(t, "sqlite::memory:") })
	})
	t.Run("postgres", func(t *testing.T) {
		server, runs, most := pgtest.New(t), 0, 15 // a database is slower than memory
		if os.Getenv("ENTWINE_TEST_LONG") != "" {
			most = 400
		}
		failed := false
		rapid.Check(t, func(t *rapid.T) {
			if runs++; runs > most && !failed { // what failed is tried again, to find its smallest form
				return
			}
			failed = true
			evolve(t, server)
			failed = false
		})
		t.Logf("%d of them on Postgres", min(runs, most))
	})
}

func evolve(t *rapid.T, url string) {
	dir, err := os.MkdirTemp("", "evolve")
	must(t, err)
	defer os.RemoveAll(dir)
	e := &evolution{t: t, dir: dir, url: url, ctx: context.Background()}
	e.db = e.open()
	defer e.db.Close()

	e.state = &state{}
	for range rapid.IntRange(1, 3).Draw(t, "tables") {
		e.addTable()
	}
	e.write(Choices{})
	e.up()
	e.populate()
	for range rapid.IntRange(1, 4).Draw(t, "migrations") {
		e.step()
	}
}

type evolution struct {
	t        *rapid.T
	ctx      context.Context
	dir, url string
	db       *store.DB
	state    *state
	names    int
	before   *state
	// what the current step changes
	choices        Choices
	tables, column map[string]string // new names by old; column by table.column with old names
}

func must(t interface {
	Helper()
	Fatal(args ...any)
}, err error,
) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens the database and empties it.
func (e *evolution) open() *store.DB {
	db, err := store.Open(e.ctx, e.url, store.Options{})
	must(e.t, err)
	if db.Dialect() == dialect.Postgres {
		e.exec(db, "DROP SCHEMA public CASCADE")
		e.exec(db, "CREATE SCHEMA public")
	}
	return db
}

// direct is a second, empty database: on Postgres a schema, which is made faster.
func (e *evolution) direct() *store.DB {
	target := "sqlite::memory:"
	if e.db.Dialect() == dialect.Postgres {
		e.exec(e.db, "DROP SCHEMA IF EXISTS direct CASCADE")
		e.exec(e.db, "CREATE SCHEMA direct")
		u, err := url.Parse(e.url)
		must(e.t, err)
		q := u.Query()
		q.Set("search_path", "direct")
		u.RawQuery = q.Encode()
		target = u.String()
	}
	db, err := store.Open(e.ctx, target, store.Options{})
	must(e.t, err)
	return db
}

func (e *evolution) exec(db *store.DB, query string) {
	e.t.Helper()
	if err := db.Driver().Exec(e.ctx, query, []any{}, nil); err != nil {
		e.t.Fatalf("%s: %v", query, err)
	}
}

func (e *evolution) runner() *Runner {
	return &Runner{DB: e.db, Line: Line{Files: os.DirFS(e.dir)}}
}

func (e *evolution) write(c Choices) {
	e.t.Helper()
	tables, err := e.state.tables()
	must(e.t, err)
	_, err = New(e.ctx, tables, NewOptions{Dir: e.dir, Name: "step", Now: time.Now(), Choices: c})
	must(e.t, err)
}

func (e *evolution) up() {
	e.t.Helper()
	if _, err := e.runner().Up(e.ctx, 0); err != nil {
		e.t.Fatalf("up: %v\n%s", err, e.files())
	}
}

// files are the newest migration's, for messages.
func (e *evolution) files() string {
	names, err := filepath.Glob(filepath.Join(e.dir, folder(e.db.Dialect()), "*.sql"))
	must(e.t, err)
	var b strings.Builder
	for _, name := range names[max(0, len(names)-2):] {
		text, err := os.ReadFile(name)
		must(e.t, err)
		fmt.Fprintf(&b, "== %s\n%s", filepath.Base(name), text)
	}
	return b.String()
}

// is compares the tables with those that are made directly from a state.
func (e *evolution) is(s *state, when string) {
	e.t.Helper()
	tables, err := s.tables()
	must(e.t, err)
	var d *difference
	must(e.t, e.runner().locked(e.ctx, func(s *session) error {
		d, err = s.live(e.ctx, tables)
		return err
	}))
	if e.db.Dialect() == dialect.SQLite || when == "after up" { // on Postgres it takes its time
		direct := e.direct()
		defer direct.Close()
		_, err = Push(e.ctx, direct, tables)
		must(e.t, err)
		other, err := compareDatabases(e.ctx, e.db, direct, Line{})
		must(e.t, err)
		d.missing, d.surplus = append(d.missing, other.missing...), append(d.surplus, other.surplus...)
	}
	e.finds(s, when)
	if len(d.missing)+len(d.surplus) > 0 {
		e.t.Fatalf("%s, the tables need: %q %q\n%s", when, d.missing, d.surplus, e.files())
	}
}

// step changes the schema, migrates, goes back and migrates again.
func (e *evolution) step() {
	before := e.copyState()
	rows := e.rows(before)
	e.begin()
	for range rapid.IntRange(1, 3).Draw(e.t, "changes") {
		e.mutate()
	}
	tables, err := e.state.tables()
	must(e.t, err)
	_, err = New(e.ctx, tables, NewOptions{Dir: e.dir, Name: "step", Now: time.Now(), Choices: e.choices})
	if err == ErrNothingToDo { //nolint:errorlint // as it is
		e.state = before
		return
	}
	must(e.t, err)
	e.up()
	e.is(e.state, "after up")
	e.same(rows, e.rows(e.state), before, "after up")

	if _, err := e.runner().Down(e.ctx, 1, true); err != nil {
		e.t.Fatalf("down: %v\n%s", err, e.files())
	}
	e.is(before, "after down")
	e.kept(rows, e.rows(before), before)
	e.up()
	e.is(e.state, "after up again")
	e.populate()
}

// begin forgets what the last step has changed.
func (e *evolution) begin() {
	e.before = e.copyState()
	e.choices, e.tables, e.column = Choices{}, make(map[string]string), make(map[string]string)
	for _, t := range e.state.Tables {
		e.tables[t.Name] = t.Name
		for _, c := range t.Columns {
			e.column[t.Name+"."+c.Name] = c.Name
		}
	}
}

func (e *evolution) copyState() *state {
	text, err := e.state.text()
	must(e.t, err)
	s, err := parseState(text)
	must(e.t, err)
	return s
}
