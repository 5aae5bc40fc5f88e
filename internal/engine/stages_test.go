package engine

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	gqlparse "github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// BenchmarkStages shows what each stage of a read costs, for a list of 100 rows under a rule. A cached document skips the
// first three. Compare with benchstat: go test ./internal/engine -run '^$' -bench Stages -count 10.
func BenchmarkStages(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		url := "sqlite:" + filepath.Join(b.TempDir(), "stages.db")
		if name == "postgres" {
			url = pgtest.New(b)
		}
		b.Run(name, func(b *testing.B) { stages(b, url) })
	}
}

func stages(b *testing.B, url string) {
	const query = `query($n: Int) { notes(first: $n) { nodes { id title status createdAt } pageInfo { hasNextPage } } }`
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { notes(first: Int): NoteConnection! }
		type NoteConnection { nodes: [Note!]! pageInfo: PageInfo! } type PageInfo { hasNextPage: Boolean! }
		type Note { id: ID! title: String! status: String! createdAt: DateTime! } scalar DateTime`})
	field := func(name, column string, t entity.Type) *entity.Field {
		return &entity.Field{Name: name, Schema: column, Column: column, Type: t, Key: entity.IntKey, Target: "Note", Sort: true}
	}
	note := &entity.Entity{
		Name: "Note", Table: "notes", Rules: access.Rules{Read: access.Match("status", "draft", "published")},
		Names:  entity.Names{Many: "notes", Connection: "NoteConnection"},
		Fields: []*entity.Field{field("id", "id", entity.ID), field("title", "title", entity.String), field("status", "status", entity.String), field("createdAt", "created_at", entity.DateTime)},
	}
	note.ID = note.Fields[:1]
	catalog := entity.NewCatalog(note)
	db, err := store.Open(b.Context(), url, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	values := strings.TrimSuffix(strings.Repeat("('The title of a note', 'published', '2026-01-02 03:04:05.678901+00:00'), ", 200), ", ")
	id, at := "integer PRIMARY KEY", "datetime"
	if strings.HasPrefix(url, "postgres") {
		id, at = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz"
	}
	for _, text := range []string{
		"CREATE TABLE notes (id " + id + ", title text NOT NULL, status text NOT NULL, created_at " + at + " NOT NULL)",
		"INSERT INTO notes (title, status, created_at) VALUES " + values,
	} {
		if err := db.Driver().Exec(b.Context(), text, []any{}, nil); err != nil {
			b.Fatal(err)
		}
	}
	doc := gqlparser.MustLoadQueryWithRules(schema, query, nil)
	e := New(db, catalog, nil, schemaOnly{schema: schema}, Config{})
	vars := map[string]any{"n": int64(100)}
	compile := func() *plan {
		return newCompiler(collector{doc: doc, schema: schema, vars: vars}, catalog).query(doc.Operations[0].SelectionSet)
	}
	x := &execution{engine: e, plan: compile(), vars: vars, doc: doc, viewer: access.Viewer{UserID: "1"}, left: new(1 << 30)}
	bind := func() *statement {
		if err := x.bind(0); err != nil || x.rows[0].err != nil {
			b.Fatal(err, x.rows[0].err)
		}
		out := x.rows[0]
		return request{viewer: x.viewer, postgres: e.postgres}.list(out.read, x.parts(out)[0].names, out.args, nil)
	}
	s := bind()
	var result [][]store.Value
	execute := func(row func([]store.Value) error) {
		err := db.View(b.Context(), false, func(ctx context.Context, q store.Querier) error { return q.Read(ctx, string(s.buf), s.args, row) })
		if err != nil {
			b.Fatal(err)
		}
	}
	execute(func(row []store.Value) error {
		kept := make([]store.Value, len(row))
		for i, v := range row {
			kept[i] = store.ValueOf(v.Any())
		}
		result = append(result, kept)
		return nil
	})
	if len(result) != 101 {
		b.Fatalf("%d rows", len(result))
	}
	scan := func() {
		out := x.rows[0]
		scanner := scanner{rows: out, limit: out.args.limit}
		scanner.expect(out.columns())
		for _, row := range result {
			if err := scanner.row(row); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, stage := range []struct {
		name string
		run  func()
	}{
		{"parse", func() { _, _ = gqlparse.ParseQueryWithTokenLimit(&ast.Source{Input: query}, 1000) }},
		{"validate", func() {
			fresh, err := gqlparse.ParseQueryWithTokenLimit(&ast.Source{Input: query}, 1000)
			if err == nil {
				if errs := validator.ValidateWithRules(schema, fresh, nil); len(errs) > 0 {
					err = errs
				}
			}
			if err != nil {
				b.Fatal(err)
			}
		}},
		{"plan", func() { compile() }},
		{"bind", func() { bind() }},
		{"execute", func() { execute(func([]store.Value) error { return nil }) }},
		{"scan", func() {
			x.rows[0].n, x.rows[0].buf, x.rows[0].cells = 0, nil, nil
			scan()
			x.rows[0].release()
		}},
		{"write", nil},
	} {
		b.Run(stage.name, func(b *testing.B) {
			if stage.run == nil {
				x.rows[0].n = 0
				scan()
				w := &writer{most: 1 << 30}
				stage.run = func() {
					w.buf = w.buf[:0]
					if !w.root(x) || len(w.buf) < 10_000 {
						b.Fatal(w.errs, len(w.buf))
					}
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				stage.run()
			}
		})
	}
}
