package migrate_test

import (
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/search"
	"github.com/entwine-data/entwine/internal/store"
)

// TestPushSearch: a push makes searches, makes them anew where they or their tables change, and otherwise leaves them alone.
func TestPushSearch(t *testing.T) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func() string { return pgtest.New(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), url(), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			table := func(size int64, nullable bool, fields ...search.Field) []*schema.Table {
				t := &schema.Table{Name: "notes", Columns: []*schema.Column{
					{Name: "id", Type: field.TypeInt, Increment: true},
					{Name: "title", Type: field.TypeString, Size: size},
					{Name: "body", Type: field.TypeString, Nullable: nullable, Default: ""},
				}}
				t.PrimaryKey = t.Columns[:1]
				if len(fields) > 0 {
					options, _ := search.Options(fields) // which are plain texts
					t.Annotation = &entsql.Annotation{Options: options}
				}
				return []*schema.Table{t}
			}
			push := func(want string, tables []*schema.Table) {
				t.Helper()
				changes, err := migrate.Push(t.Context(), db, tables)
				if got := strings.Join(changes, "; "); err != nil || want == "" != (got == "") || !strings.Contains(got, want) {
					t.Fatalf("pushed %q, %v; want %q", got, err, want)
				}
				if changes, err := migrate.Push(t.Context(), db, tables); err != nil || len(changes) > 0 {
					t.Fatalf("pushed again: %v, %v", changes, err)
				}
			}
			finds := func(query string, want int) {
				t.Helper()
				from := "notes WHERE entwine_search @@ '" + query + "'"
				if db.Dialect() == dialect.SQLite {
					from = "entwine_notes_search WHERE entwine_notes_search MATCH '" + query + "'"
				}
				rows := &sql.Rows{}
				if err := db.Driver().Query(t.Context(), "SELECT count(*) FROM "+from, []any{}, rows); err != nil {
					t.Fatal(err)
				}
				defer rows.Close()
				if n, err := sql.ScanInt(rows); err != nil || n != want {
					t.Errorf("%q finds %d, %v; want %d", query, n, err, want)
				}
			}
			title, body := search.Field{Column: "title", Weight: "A"}, search.Field{Column: "body", Weight: "D"}
			push("notes", table(100, true))
			if err := db.Driver().Exec(t.Context(), `INSERT INTO notes (title, body) VALUES ('needle', 'hay')`, []any{}, nil); err != nil {
				t.Fatal(err)
			}
			mismatches := func(want string) {
				t.Helper()
				list, err := migrate.Mismatches(t.Context(), db, table(100, true, title))
				if got := strings.Join(list, "; "); err != nil || want == "" != (got == "") || !strings.Contains(got, want) {
					t.Errorf("mismatches: %q, %v; want %q", got, err, want)
				}
			}
			mismatches("table notes has no index of its words")
			push(`make "notes" searchable`, table(100, true, title))
			mismatches("")
			finds("needle", 1)
			finds("hay", 0)
			push(`make "notes" searchable`, table(100, true, title, body))
			finds("hay", 1)
			if db.Dialect() == dialect.Postgres { // whose column's type changes; SQLite has one type of text
				push(`make "notes" searchable`, table(1<<31, true, title, body))
			}
			finds("needle", 1)
			push("notes", table(1<<31, false, title, body)) // SQLite makes the table anew
			finds("hay", 1)
			push("", table(1<<31, false)) // nothing is removed
			finds("hay", 1)
		})
	}
}
