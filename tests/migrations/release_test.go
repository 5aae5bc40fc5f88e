package migrations

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// The releases of an application that renames a column while it serves. Each is a server of its own; they are written by hand
// in place of being generated, which would take minutes.

// release is one of them: the field that its API and its statements know, and its tables.
type release struct {
	field  string
	tables func() []*schema.Table
}

var releases = map[string]release{
	"r1": {"text", func() []*schema.Table { return notes(text(false)) }},
	"r2": {"body", func() []*schema.Table { return notes(text(false), body(true)) }},
	"r3": {"body", func() []*schema.Table { return notes(body(false)) }},
}

func text(nullable bool) *schema.Column {
	return &schema.Column{Name: "text", Type: field.TypeString, Size: 1 << 31, Nullable: nullable}
}

func body(nullable bool) *schema.Column {
	return &schema.Column{Name: "body", Type: field.TypeString, Size: 1 << 31, Nullable: nullable}
}

func notes(columns ...*schema.Column) []*schema.Table {
	t := &schema.Table{Name: "notes", Columns: append([]*schema.Column{{Name: "id", Type: field.TypeInt, Increment: true}}, columns...)}
	t.PrimaryKey = t.Columns[:1:1]
	return []*schema.Table{t}
}

// app is the release as an application, whose migrations are those in the working folder.
func (r release) app() gateway.App {
	return gateway.App{Name: "Notes", Version: os.Getenv("BUILD"), Migrations: os.DirFS("migrate"), Open: r.open}
}

func (r release) open(drv dialect.Driver) (*gateway.Handle, error) {
	sdl := strings.ReplaceAll(`
		type Query { note(id: ID!): Note notes(first: Int after: String last: Int before: String offset: Int): NoteConnection! }
		type Mutation { createNote(input: CreateNoteInput!): CreateNotePayload! updateNote(input: UpdateNoteInput!): UpdateNotePayload! }
		type Note { id: ID! FIELD: String }
		type NoteConnection { nodes: [Note!]! totalCount: Int! }
		input CreateNoteInput { FIELD: String! } type CreateNotePayload { note: Note }
		input UpdateNoteInput { id: ID! FIELD: String! } type UpdateNotePayload { note: Note }
	`, "FIELD", r.field)
	parsed, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		return nil, err
	}
	everyone := access.Everyone()
	fields := []*entity.Field{
		{Name: "id", Schema: "id", Column: "id", Type: entity.ID, GraphQL: "ID", Key: entity.IntKey, NonNull: true, Filter: true, Sort: true, OrderValue: "ID"},
		{Name: r.field, Schema: r.field, Column: r.field, Type: entity.String, GraphQL: "String", Nullable: true},
	}
	note := &entity.Entity{
		Name: "Note", Schema: "Note", Table: "notes", Fields: fields, ID: fields[:1],
		Rules: access.Rules{Read: everyone, Create: everyone, Update: everyone, Delete: everyone},
		Names: entity.Names{One: "note", Many: "notes", Connection: "NoteConnection", Edge: "NoteEdge", Create: "createNote", Update: "updateNote"},
	}
	return &gateway.Handle{
		Catalog: entity.NewCatalog(note), SDL: sdl, Custom: noCustom{parsed}, Tables: r.tables(),
		Mutators: map[string]entity.Mutator{"Note": {
			New: func(in entity.Input) *entity.Draft { return &entity.Draft{Builder: in} },
			Create: func(ctx context.Context, drafts []*entity.Draft) ([]any, error) {
				keys := make([]any, len(drafts))
				for i, d := range drafts {
					query, args := entsql.Dialect(drv.Dialect()).Insert("notes").Columns(r.field).Values(d.Builder.(entity.Input)[r.field]).Returning("id").Query()
					rows := &entsql.Rows{}
					if err := drv.Query(ctx, query, args, rows); err != nil {
						return nil, err
					}
					id, err := entsql.ScanInt64(rows)
					if err := errors.Join(err, rows.Close()); err != nil {
						return nil, err
					}
					keys[i] = id
				}
				return keys, nil
			},
			Change: func(keys []any, in entity.Input) (*entity.Draft, error) {
				query, args := entsql.Dialect(drv.Dialect()).Update("notes").Set(r.field, in[r.field]).Where(entsql.In("id", keys...)).Query()
				return &entity.Draft{Save: func(ctx context.Context) error {
					var result entsql.Result
					return drv.Exec(ctx, query, args, &result)
				}}, nil
			},
		}},
	}, nil
}

// noCustom is the schema of an application without operations of its own.
type noCustom struct{ schema *ast.Schema }

func (c noCustom) Schema() *ast.Schema { return c.schema }

func (noCustom) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (noCustom) Exec(context.Context) graphql.ResponseHandler {
	return graphql.OneShot(graphql.ErrorResponse(context.Background(), "%s", fmt.Errorf("nothing is written by hand")))
}
