package migrate_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

func tables(extra ...*schema.Column) []*schema.Table {
	users := &schema.Table{Name: "users", Columns: append([]*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "name", Type: field.TypeString, Unique: true},
		{Name: "bio", Type: field.TypeString, Size: 1 << 30, Nullable: true},
		{Name: "kind", Type: field.TypeEnum, Enums: []string{"a", "B"}, Default: "a"},
	}, extra...)}
	users.PrimaryKey = users.Columns[:1]
	posts := &schema.Table{Name: "posts", Columns: []*schema.Column{
		{Name: "id", Type: field.TypeInt, Increment: true},
		{Name: "author_id", Type: field.TypeInt},
	}}
	posts.PrimaryKey = posts.Columns[:1]
	posts.ForeignKeys = []*schema.ForeignKey{
		{Symbol: "posts_author", Columns: posts.Columns[1:2], RefTable: users, RefColumns: users.Columns[:1], OnDelete: schema.Cascade},
	}
	return []*schema.Table{posts, users}
}

func TestPush(t *testing.T) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func() string { return pgtest.NewEnglish(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), url(), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			missing := func(want ...string) {
				t.Helper()
				if got, err := migrate.Missing(t.Context(), db, tables()); err != nil || !slices.Equal(got, want) {
					t.Errorf("missing: %v, %v; want %v", got, err, want)
				}
			}
			push := func(tables []*schema.Table) int {
				t.Helper()
				changes, err := migrate.Push(t.Context(), db, tables)
				if err != nil {
					t.Fatal(err)
				}
				return len(changes)
			}
			exec := func(query string) {
				t.Helper()
				if err := db.Driver().Exec(t.Context(), query, []any{}, nil); err != nil {
					t.Errorf("%s: %v", query, err)
				}
			}

			missing("posts", "users")
			if push(tables()) == 0 {
				t.Error("the first push did nothing")
			}
			missing()
			if n := push(tables()); n != 0 {
				t.Errorf("the second push made %d changes", n)
			}
			exec(`INSERT INTO users (name, kind) VALUES ('a', 'B'), ('Z', 'a')`)
			exec(`INSERT INTO posts (author_id) VALUES (1)`)

			// SQLite makes the table anew, which must not take the posts with it.
			more := &schema.Column{Name: "title", Type: field.TypeString, Default: "none"}
			if push(tables(more)) == 0 || push(tables(more)) != 0 {
				t.Error("a column was not added, or twice")
			}
			if n := push(tables()); n != 0 {
				t.Errorf("a column that the schema does not have any more: %d changes", n)
			}
			if err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
				for query, want := range map[string]string{
					`SELECT title FROM users WHERE id = 1`:      "none",
					`SELECT CAST(count(*) AS text) FROM posts`:  "1",
					`SELECT name FROM users ORDER BY name`:      "Za", // by code point
					`SELECT kind FROM users ORDER BY kind`:      "Ba",
					`SELECT name FROM users WHERE name < 'a'`:   "Z",
					`SELECT name FROM users ORDER BY bio, name`: "Za",
					`SELECT max(name) FROM users`:               "a",
				} {
					rows, err := q.QueryContext(ctx, query)
					if err != nil {
						return err
					}
					got := ""
					for rows.Next() {
						var s string
						if err := rows.Scan(&s); err != nil {
							return err
						}
						got += s
					}
					if err := rows.Close(); err != nil || got != want {
						t.Errorf("%s: %q, %v; want %q", query, got, err, want)
					}
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			// Foreign keys work after they were switched off for the change.
			if v := store.Classify(db.Driver().Exec(t.Context(), `INSERT INTO posts (author_id) VALUES (9)`, []any{}, nil)); v == nil || v.Kind != store.ForeignKey {
				t.Errorf("reference to nothing: %v", v)
			}
		})
	}
}
