package search

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/internal/pgtest"
)

// each runs a test on both databases.
func each(t *testing.T, test func(t *testing.T, db *sql.DB, name string)) {
	for name, driver := range map[string]string{dialect.SQLite: "sqlite", dialect.Postgres: "postgres"} {
		t.Run(driver, func(t *testing.T) {
			source := "file:" + t.TempDir() + "/test.db?_pragma=foreign_keys(1)"
			if name == dialect.Postgres {
				source = pgtest.New(t)
			}
			db, err := sql.Open(driver, source)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			db.SetMaxOpenConns(1)
			test(t, db, name)
		})
	}
}

// builder is ent's, as a [Writer].
type builder struct{ entsql.Builder }

func (b *builder) WriteSQL(text string)             { b.WriteString(text) }
func (b *builder) WriteColumn(alias, column string) { b.WriteString(alias + "." + quote(column)) }
func (b *builder) WriteArg(value any)               { b.Arg(value) }

// find returns the names of the rows that a text finds, the best first.
func find(t *testing.T, db *sql.DB, name string, d *Definition, text string) string {
	t.Helper()
	q, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	b := &builder{}
	b.SetDialect(name)
	b.WriteSQL("SELECT name FROM " + quote(d.Table) + " t WHERE ")
	d.Match(b, name == dialect.Postgres, q, "t")
	b.WriteSQL(" ORDER BY ")
	d.Rank(b, name == dialect.Postgres, q, "t")
	b.WriteSQL(", name")
	query, args := b.Query()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// TestKeys: rows are found by keys of all kinds, whatever happens to the keys and to the file.
func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, name string) {
		for typ, keys := range map[string][]string{
			"bigint": {"1", "-7", "9000000000"}, "text": {"'a''b'", "'1'", "''"},
			"uuid": {"'00000000-0000-4000-8000-000000000001'", "'00000000-0000-4000-8000-000000000002'", "'00000000-0000-4000-8000-000000000003'"},
		} {
			t.Run(typ, func(t *testing.T) {
				d := &Definition{Table: "with " + typ, Key: "the key", Integer: typ == "bigint", Fields: []Field{{"title", "A"}, {"body", "D"}}}
				table := quote(d.Table)
				must(t, db, fmt.Sprintf(`CREATE TABLE %s ("the key" %s PRIMARY KEY, name text UNIQUE, title text, body text)`, table, typ))
				must(t, db, fmt.Sprintf("INSERT INTO %s VALUES (%s, 'one', 'needle', 'hay')", table, keys[0]))
				for _, s := range d.Create(name) {
					must(t, db, s.SQL)
				}
				expect := func(text, want string) {
					t.Helper()
					if got := find(t, db, name, d, text); got != want {
						t.Errorf("%q finds %q, not %q", text, got, want)
					}
				}
				expect("needle", "one")
				must(t, db, fmt.Sprintf("INSERT INTO %s VALUES (%s, 'two', 'hay', 'needle in hay'), (%s, 'three', NULL, NULL)", table, keys[1], keys[2]))
				expect("needle", "one two")
				expect("hay", "two one")
				expect("-needle", "three")
				must(t, db, fmt.Sprintf(`DELETE FROM %s WHERE name = 'one'`, table))
				if name == dialect.SQLite {
					must(t, db, "VACUUM")
				}
				expect("needle", "two")
				must(t, db, fmt.Sprintf(`UPDATE %s SET title = 'Needles' WHERE name = 'three'`, table))
				expect("needle*", "three two")
				must(t, db, fmt.Sprintf(`UPDATE %s SET "the key" = %s WHERE name = 'two'`, table, keys[0]))
				expect("needle", "two")
				must(t, db, fmt.Sprintf(`INSERT INTO %s VALUES (%s, 'two', 'x', 'y') ON CONFLICT (name) DO UPDATE SET body = 'thread'`, table, keys[1]))
				expect("needle", "")
				expect("thread", "two")
				if name == dialect.SQLite {
					must(t, db, fmt.Sprintf(`INSERT OR REPLACE INTO %s VALUES (%s, 'four', 'thread', 'z')`, table, keys[0]))
					expect("thread", "four")
				}
				must(t, db, fmt.Sprintf(`DELETE FROM %s`, table))
				for _, s := range d.Drop(name) {
					must(t, db, s.SQL)
				}
				must(t, db, fmt.Sprintf("INSERT INTO %s VALUES (%s, 'one', 'needle', 'hay')", table, keys[0]))
			})
		}
	})
}

// TestPhrases: a phrase stands in one field, and is found by the weight of its own.
func TestPhrases(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, name string) {
		d := &Definition{Table: "t", Key: "id", Integer: true, Fields: []Field{{"a", "B"}, {"rank", "C"}, {"c", "C"}}}
		must(t, db, `CREATE TABLE t (id integer PRIMARY KEY, name text, a text, "rank" text, c text)`)
		for _, s := range d.Create(name) {
			must(t, db, s.SQL)
		}
		must(t, db, `INSERT INTO t VALUES (1, 'across', 'x one', 'two y', 'one'), (2, 'within', 'z', 'one two', ''), (3, 'among', '', '', 'two one two'), (4, 'top', 'one, two!', 'three', '')`)
		for text, want := range map[string]string{
			`"one two"`: "top among within", `one-two`: "top among within", `"two one"`: "among", "one two": "across top among within", `"one two" three`: "top",
			`"one tw"*`: "top among within", `"y one"`: "", `one -"one two"`: "across", `"x one"*`: "across",
		} {
			if got := find(t, db, name, d, text); got != want {
				t.Errorf("%s finds %q, not %q", text, got, want)
			}
		}
	})
}

// TestLarge: texts of any size can be written. Their first part is searched.
func TestLarge(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, name string) {
		d := &Definition{Table: "t", Key: "id", Integer: true, Fields: []Field{{"a", "A"}, {"b", "A"}}}
		must(t, db, `CREATE TABLE t (id integer PRIMARY KEY, name text, a text, b text)`)
		for _, s := range d.Create(name) {
			must(t, db, s.SQL)
		}
		different := func(format string) string { // words that are all different
			var b strings.Builder
			for i := 0; b.Len() < 2<<20; i++ {
				fmt.Fprintf(&b, format, 0x20000+i%40000, 0x20000+i/40000)
			}
			return b.String()
		}
		insert := "INSERT INTO t VALUES (%d, %s, %s, %s)"
		for i, text := range []string{different("%c%c "), strings.Repeat("é", 1<<20), strings.Repeat("a ", 1<<20), strings.Repeat("word", 1<<19) + " end", different("%[1]x%[2]x ")} {
			must(t, db, fmt.Sprintf(insert, i, literal(fmt.Sprint("n", i)), literal("start "+text+" end"), literal(text)))
		}
		if got := find(t, db, name, d, "start"); got != "n0 n1 n2 n3 n4" {
			t.Errorf("the first word is found in %q", got)
		}
		if got := find(t, db, name, d, "start end"); got != "" {
			t.Errorf("the last word is found in %q", got)
		}
	})
}

// TestFind: what was made is found as it should be, and what is missing or changed is not.
func TestFind(t *testing.T) {
	each(t, func(t *testing.T, db *sql.DB, name string) {
		long := strings.Repeat("long", 15)
		definitions := []*Definition{
			{Table: "posts", Key: "id", Integer: true, Fields: []Field{{"a", "A"}, {"b", "D"}}},
			{Table: "posts_search", Key: "id", Fields: []Field{{"b", "D"}}},
			{Table: long, Key: "id", Integer: true, Fields: []Field{{"a", "A"}}},
			{Table: long + "x", Key: "id", Integer: true, Fields: []Field{{"a", "A"}}},
		}
		found := func() map[string]string {
			t.Helper()
			found, err := Find(t.Context(), entsql.Conn{ExecQuerier: db}, name)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		for _, d := range definitions {
			must(t, db, fmt.Sprintf(`CREATE TABLE %s (id integer PRIMARY KEY, a text, b text)`, quote(d.Table)))
			for _, s := range d.Create(name) {
				must(t, db, s.SQL)
			}
		}
		for _, d := range definitions {
			if got := found()[d.Table]; got != d.Found(name) {
				t.Errorf("%s: found %q, not %q", d.Table, got, d.Found(name))
			}
		}
		first := definitions[0]
		other := *first
		other.Fields = slices.Clone(first.Fields[:1])
		if first.Found(name) == other.Found(name) {
			t.Error("other fields look the same")
		}
		if name == dialect.SQLite {
			must(t, db, `DROP TRIGGER entwine_posts_search_update`)
		} else {
			must(t, db, `DROP INDEX entwine_posts_search`)
		}
		if found()["posts"] == first.Found(name) {
			t.Error("nothing is missed")
		}
		for _, d := range definitions {
			for _, s := range d.Drop(name) {
				must(t, db, s.SQL)
			}
		}
		if left := found(); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}
