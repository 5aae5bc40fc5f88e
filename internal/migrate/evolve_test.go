package migrate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"
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
		url, runs := pgtest.New(t), 0
		rapid.Check(t, func(t *rapid.T) {
			if runs++; runs <= 25 { // a database is slower than memory
				evolve(t, url)
			}
		})
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
	if e.db.Dialect() == dialect.SQLite { // where a second database costs nothing
		direct, err := store.Open(e.ctx, "sqlite::memory:", store.Options{})
		must(e.t, err)
		defer direct.Close()
		_, err = Push(e.ctx, direct, tables)
		must(e.t, err)
		other, err := compareDatabases(e.ctx, e.db, direct)
		must(e.t, err)
		d.missing, d.surplus = append(d.missing, other.missing...), append(d.surplus, other.surplus...)
	}
	if len(d.missing)+len(d.surplus) > 0 {
		e.t.Fatalf("%s, the tables need: %q %q\n%s", when, d.missing, d.surplus, e.files())
	}
}

// step changes the schema, migrates, goes back and migrates again.
func (e *evolution) step() {
	before := e.copyState()
	rows := e.rows(before)
	e.choices, e.tables, e.column = Choices{}, make(map[string]string), make(map[string]string)
	for _, t := range before.Tables {
		e.tables[t.Name] = t.Name
		for _, c := range t.Columns {
			e.column[t.Name+"."+c.Name] = c.Name
		}
	}
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

func (e *evolution) copyState() *state {
	text, err := e.state.text()
	must(e.t, err)
	s, err := parseState(text)
	must(e.t, err)
	return s
}

func (e *evolution) name(kind string) string { e.names++; return fmt.Sprintf("%s%d", kind, e.names) }

var types = []string{"int", "int64", "int32", "string", "bool", "float64", "time", "json", "uuid", "bytes", "enum"}

func (e *evolution) newColumn() *columnState {
	c := &columnState{Name: e.name("c"), Type: rapid.SampledFrom(types).Draw(e.t, "type"), Nullable: rapid.Bool().Draw(e.t, "nullable")}
	if c.Type == "enum" {
		c.Enums = []string{"red", "green"}
	}
	if c.Type == "string" && rapid.Bool().Draw(e.t, "long") {
		c.Size = 1 << 31
	}
	if rapid.Bool().Draw(e.t, "default") {
		c.Default = defaultFor(c)
	}
	return c
}

func defaultFor(c *columnState) *defaultState {
	text := func(s string) *defaultState { return &defaultState{Text: &s} }
	switch c.Type {
	case "string":
		return text("it's")
	case "enum":
		return text("green")
	case "json":
		return text(`{"a": 1}`)
	case "bool":
		return &defaultState{Raw: "true"}
	case "int", "int32", "int64":
		return &defaultState{Raw: "7"}
	case "float64":
		return &defaultState{Raw: "1.5"}
	}
	return nil
}

func (e *evolution) addTable() *tableState {
	t := &tableState{Name: e.name("t"), Columns: []*columnState{{Name: "id", Type: "int", Increment: true}}, PrimaryKey: []string{"id"}}
	for range rapid.IntRange(1, 4).Draw(e.t, "columns") {
		t.Columns = append(t.Columns, e.newColumn())
	}
	e.state.Tables = append(e.state.Tables, t)
	if rapid.Bool().Draw(e.t, "key") {
		e.addKey(t, true)
	}
	if rapid.Bool().Draw(e.t, "index") {
		e.addIndex(t)
	}
	return t
}

func (e *evolution) table() *tableState { return rapid.SampledFrom(e.state.Tables).Draw(e.t, "table") }

func (e *evolution) addKey(t *tableState, nullable bool) {
	ref := e.table()
	c := &columnState{Name: e.name("k"), Type: "int", Nullable: nullable}
	t.Columns = append(t.Columns, c)
	t.ForeignKeys = append(t.ForeignKeys, &foreignKey{
		Name: t.Name + "_" + ref.Name + "_" + c.Name, Columns: []string{c.Name}, RefTable: ref.Name, RefColumns: []string{"id"},
		OnDelete: rapid.SampledFrom([]string{"CASCADE", "SET NULL", "NO ACTION"}).Draw(e.t, "on delete"),
	})
}

func (e *evolution) addIndex(t *tableState) {
	c := rapid.SampledFrom(t.Columns).Draw(e.t, "indexed")
	if c.Type != "json" {
		t.Indexes = append(t.Indexes, &indexState{Name: e.name(t.Name + "_i"), Columns: []string{c.Name, "id"}[:1+rapid.IntRange(0, 1).Draw(e.t, "two")]})
		if i := t.Indexes[len(t.Indexes)-1]; c.Name == "id" {
			i.Columns = i.Columns[:1]
		}
	}
}

// mutate makes one change.
func (e *evolution) mutate() {
	t := e.table()
	c := t.Columns[rapid.IntRange(0, len(t.Columns)-1).Draw(e.t, "column")]
	known := e.oldColumn(t, c)
	switch change := rapid.IntRange(0, 12).Draw(e.t, "change"); {
	case change == 0:
		e.addTable()
	case change == 1 && len(e.state.Tables) > 1:
		e.dropTable(t)
	case change == 2:
		n := e.newColumn()
		t.Columns = append(t.Columns, n)
		if !n.Nullable && n.Default == nil && e.isOld(t) {
			e.choices.Fills = append(e.choices.Fills, t.Name+"."+n.Name+"="+fillFor(n))
		}
	case change == 3 && c.Name != "id" && known != "":
		e.dropColumn(t, c)
		e.choices.Drops = append(e.choices.Drops, t.Name+"."+known)
	case change == 4 && c.Name != "id" && known == c.Name:
		e.renameColumn(t, c)
	case change == 5 && e.isOld(t) && e.oldTable(t) == t.Name:
		e.renameTable(t)
	case change == 6 && c.Name != "id" && known != "":
		e.toggleNull(t, c)
	case change == 7 && c.Name != "id" && c.Name[0] != 'k':
		if c.Default = defaultFor(c); rapid.Bool().Draw(e.t, "none") {
			c.Default = nil
		}
	case change == 8 && known != "":
		switch c.Type {
		case "int32":
			c.Type = "int64"
		case "string":
			c.Size = (1 << 31) - c.Size
		}
	case change == 9:
		e.addIndex(t)
	case change == 10 && len(t.Indexes) > 0:
		t.Indexes = t.Indexes[1:]
	case change == 11 && len(t.ForeignKeys) > 0:
		t.ForeignKeys[0].OnDelete = "RESTRICT"
	case change == 12:
		e.addKey(t, true)
	}
	e.requireDefaults()
}

// requireDefaults fills columns that lost their default in the same step in which they were added.
func (e *evolution) requireDefaults() {
	for _, t := range e.state.Tables {
		for _, c := range t.Columns {
			fill := t.Name + "." + c.Name + "="
			isNew := e.isOld(t) && e.oldColumn(t, c) == ""
			has := slices.IndexFunc(e.choices.Fills, func(f string) bool { return strings.HasPrefix(f, fill) })
			switch needs := isNew && !c.Nullable && c.Default == nil && !c.Increment; {
			case needs && has < 0:
				e.choices.Fills = append(e.choices.Fills, fill+fillFor(c))
			case c.Nullable && has >= 0:
				e.choices.Fills = slices.Delete(e.choices.Fills, has, has+1)
			}
		}
	}
}

func fillFor(c *columnState) string {
	return strings.Trim(value(c, 3, dialect.Postgres), "'")
}

// oldTable is what a table was called before the step, nothing if it is new.
func (e *evolution) oldTable(t *tableState) string {
	for old, now := range e.tables {
		if now == t.Name {
			return old
		}
	}
	return ""
}

func (e *evolution) isOld(t *tableState) bool { return e.oldTable(t) != "" }

func (e *evolution) oldColumn(t *tableState, c *columnState) string {
	old := e.oldTable(t)
	for name, now := range e.column {
		if table, column, _ := strings.Cut(name, "."); old != "" && table == old && now == c.Name {
			return column
		}
	}
	return ""
}

func (e *evolution) dropTable(t *tableState) {
	// The columns that refer to it go too, as those of edges do. Their keys could not come back: the rows are gone.
	for _, other := range e.state.Tables {
		for _, k := range slices.Clone(other.ForeignKeys) {
			if c := other.column(k.Columns[0]); k.RefTable == t.Name && other != t && c != nil {
				if known := e.oldColumn(other, c); known != "" {
					e.choices.Drops = append(e.choices.Drops, other.Name+"."+known)
				}
				e.dropColumn(other, c)
			}
		}
	}
	e.state.Tables = slices.DeleteFunc(e.state.Tables, func(other *tableState) bool { return other == t })
	forget := func(list []string) []string {
		return slices.DeleteFunc(list, func(s string) bool { return strings.HasPrefix(s, t.Name+".") || strings.HasSuffix(s, "="+t.Name) })
	}
	e.choices.Renames, e.choices.Drops, e.choices.Fills = forget(e.choices.Renames), forget(e.choices.Drops), forget(e.choices.Fills)
	if old := e.oldTable(t); old != "" {
		e.choices.Renames = slices.DeleteFunc(e.choices.Renames, func(s string) bool { return strings.HasPrefix(s, old+".") })
		e.choices.Drops = slices.DeleteFunc(e.choices.Drops, func(s string) bool { return strings.HasPrefix(s, old+".") })
		e.choices.Fills = slices.DeleteFunc(e.choices.Fills, func(s string) bool { return strings.HasPrefix(s, old+".") })
		e.choices.Drops = append(e.choices.Drops, old)
		e.tables[old] = ""
	}
}

func (e *evolution) dropColumn(t *tableState, c *columnState) {
	t.Columns = slices.DeleteFunc(t.Columns, func(other *columnState) bool { return other == c })
	t.Indexes = slices.DeleteFunc(t.Indexes, func(i *indexState) bool { return slices.Contains(i.Columns, c.Name) })
	t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(k *foreignKey) bool { return slices.Contains(k.Columns, c.Name) })
	e.choices.Renames = slices.DeleteFunc(e.choices.Renames, func(s string) bool { return strings.HasSuffix(s, "="+c.Name) })
	e.choices.Fills = slices.DeleteFunc(e.choices.Fills, func(s string) bool { return strings.HasPrefix(s, t.Name+"."+c.Name+"=") })
	for name, now := range e.column {
		if table, _, _ := strings.Cut(name, "."); table == e.oldTable(t) && now == c.Name {
			e.column[name] = ""
		}
	}
}

func (e *evolution) renameColumn(t *tableState, c *columnState) {
	old, name := c.Name, e.name("r")
	e.column[e.oldTable(t)+"."+old] = name
	e.choices.Renames = append(e.choices.Renames, t.Name+"."+old+"="+name)
	c.Name = name
	for _, i := range t.Indexes {
		for n := range i.Columns {
			if i.Columns[n] == old {
				i.Columns[n] = name
			}
		}
	}
	for _, k := range t.ForeignKeys {
		if k.Columns[0] == old {
			k.Columns[0], k.Name = name, t.Name+"_"+k.RefTable+"_"+name
		}
	}
}

func (e *evolution) renameTable(t *tableState) {
	old, name := t.Name, e.name("n")
	e.tables[old] = name
	for _, list := range [][]string{e.choices.Renames, e.choices.Drops, e.choices.Fills} {
		for i, s := range list {
			if rest, ok := strings.CutPrefix(s, old+"."); ok {
				list[i] = name + "." + rest
			}
		}
	}
	e.choices.Renames = append([]string{old + "=" + name}, e.choices.Renames...)
	t.Name = name
	for _, other := range e.state.Tables {
		for _, k := range other.ForeignKeys {
			if k.RefTable == old {
				k.RefTable, k.Name = name, other.Name+"_"+name+"_"+k.Columns[0]
			}
		}
	}
}

func (e *evolution) toggleNull(t *tableState, c *columnState) {
	isKey := slices.ContainsFunc(t.ForeignKeys, func(k *foreignKey) bool { return k.Columns[0] == c.Name })
	switch {
	case isKey:
	case c.Nullable:
		c.Nullable = false
		e.choices.Fills = append(e.choices.Fills, t.Name+"."+c.Name+"="+fillFor(c))
	default:
		c.Nullable = true
	}
}

// value is the n-th value of a column in SQL.
func value(c *columnState, n int, name string) string {
	switch c.Type {
	case "int", "int32", "int64":
		return fmt.Sprint(n * 11)
	case "bool":
		return fmt.Sprint(n%2 == 0)
	case "float64":
		return fmt.Sprintf("%d.25", n)
	case "time":
		return fmt.Sprintf("'2024-01-02 03:04:%02d'", n)
	case "json":
		return fmt.Sprintf(`'{"n": %d}'`, n)
	case "uuid":
		return fmt.Sprintf("'00000000-0000-4000-8000-%012d'", n)
	case "bytes":
		if name == dialect.SQLite {
			return fmt.Sprintf("X'62%02d'", n+30)
		}
		return fmt.Sprintf("'b%d'", n)
	case "enum":
		return "'" + c.Enums[n%2] + "'"
	}
	return fmt.Sprintf("'text ''%d''; --'", n)
}

// populate adds rows to the tables that have none.
func (e *evolution) populate() {
	for _, t := range e.state.Tables {
		if len(e.rowsOf(t)) > 0 {
			continue
		}
		for n := 1; n <= 3; n++ {
			var columns, values []string
			for _, c := range t.Columns[1:] {
				if slices.ContainsFunc(t.ForeignKeys, func(k *foreignKey) bool { return k.Columns[0] == c.Name }) || c.Nullable && n == 2 {
					continue // keys follow
				}
				columns, values = append(columns, store.Quote(c.Name)), append(values, value(c, n, e.db.Dialect()))
			}
			query := "INSERT INTO " + store.Quote(t.Name) + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
			if len(columns) == 0 {
				query = "INSERT INTO " + store.Quote(t.Name) + " DEFAULT VALUES"
			}
			e.exec(e.db, query)
		}
	}
	for _, t := range e.state.Tables {
		for _, k := range t.ForeignKeys {
			c, ref := store.Quote(k.Columns[0]), store.Quote(k.RefTable)
			e.exec(e.db, "UPDATE "+store.Quote(t.Name)+" SET "+c+" = (SELECT min(id) FROM "+ref+") WHERE "+c+" IS NULL AND id % 2 = 1")
		}
	}
}

// rows are the values of all tables: table, id, column.
func (e *evolution) rows(s *state) map[string]map[string]map[string]string {
	out := make(map[string]map[string]map[string]string)
	for _, t := range s.Tables {
		out[t.Name] = e.rowsOf(t)
	}
	return out
}

func (e *evolution) rowsOf(t *tableState) map[string]map[string]string {
	out := make(map[string]map[string]string)
	var columns []string
	for _, c := range t.Columns {
		text := "CAST(" + store.Quote(c.Name) + " AS text)"
		if c.Type == "bytes" && e.db.Dialect() == dialect.Postgres {
			text = "encode(" + store.Quote(c.Name) + ", 'hex')"
		}
		columns = append(columns, "COALESCE("+text+", '<null>')")
	}
	must(e.t, e.db.View(e.ctx, false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+store.Quote(t.Name))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			values, dest := make([]string, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			row := make(map[string]string)
			for i, c := range t.Columns {
				row[c.Name] = values[i]
			}
			out[row["id"]] = row
		}
		return rows.Err()
	}))
	return out
}

type values = map[string]map[string]map[string]string

// same proves that all values are there under their new names.
func (e *evolution) same(before, after values, s *state, when string) {
	e.t.Helper()
	for _, t := range s.Tables {
		name := e.tables[t.Name]
		if name == "" {
			continue
		}
		if len(before[t.Name]) != len(after[name]) {
			e.t.Fatalf("%s, %s has %d rows instead of %d\n%s", when, name, len(after[name]), len(before[t.Name]), e.files())
		}
		for id, row := range before[t.Name] {
			for _, c := range t.Columns {
				column := e.column[t.Name+"."+c.Name]
				if column == "" {
					continue
				}
				was, is := row[c.Name], after[name][id][column]
				filled := was == "<null>" && !e.state.table(name).column(column).Nullable
				if was != is && !filled || filled && is == "<null>" {
					e.t.Fatalf("%s, %s.%s of row %s is %q instead of %q\n%s", when, name, column, id, is, was, e.files())
				}
			}
		}
	}
}

// kept proves that after going back all values are there that were not in what the step dropped.
func (e *evolution) kept(before, after values, s *state) {
	e.t.Helper()
	for _, t := range s.Tables {
		if e.tables[t.Name] == "" {
			continue
		}
		now := e.state.table(e.tables[t.Name])
		for _, rows := range []map[string]map[string]string{before[t.Name], after[t.Name]} {
			for _, row := range rows {
				for _, c := range t.Columns {
					column := e.column[t.Name+"."+c.Name]
					if column == "" || c.Nullable && !now.column(column).Nullable {
						delete(row, c.Name) // dropped, or filled
					}
				}
			}
		}
		if diff := cmp.Diff(before[t.Name], after[t.Name]); diff != "" {
			e.t.Fatalf("after down, %s has changed:\n%s\n%s", t.Name, diff, e.files())
		}
	}
}
