package engine

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/relay"
)

// TestPlansAreForAllViewers: viewers share a plan, and each gets what they may see. What differs is the statement's predicate.
func TestPlansAreForAllViewers(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `type Query { memo(id: ID!): Memo } type Memo { id: ID! kind: String }`})
	doc := gqlparser.MustLoadQueryWithRules(schema, `query($id: ID!) { memo(id: $id) { kind } }`, nil)
	for name, db := range openMemos(t) {
		catalog := memoSchema(access.Rules{Read: access.Any(access.Owner("author"), access.Role("admin"))}, false)
		e := New(db, catalog, nil, schemaOnly{schema: schema}, Config{})
		ask := func(v access.Viewer) string {
			oc := &graphql.OperationContext{
				Doc: doc, Operation: doc.Operations[0], RawQuery: "…", Variables: map[string]any{"id": relay.ID("Memo", "3")}, // by user 2
			}
			ctx := graphql.WithOperationContext(access.NewContext(t.Context(), v), oc)
			ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, func(context.Context, any) error { return nil })
			return string(e.Exec(ctx)(ctx).Data)
		}
		for i, c := range []struct {
			viewer access.Viewer
			want   string
		}{
			{access.Viewer{UserID: "2"}, `{"memo":{"kind":"b"}}`},
			{access.Viewer{UserID: "1"}, `{"memo":null}`},
			{access.Viewer{}, `{"memo":null}`},
			{access.Viewer{Roles: []string{"admin"}}, `{"memo":{"kind":"b"}}`},
			{access.Viewer{UserID: "2"}, `{"memo":{"kind":"b"}}`},
		} {
			if got := ask(c.viewer); got != c.want {
				t.Errorf("%s: viewer %d gets %s", name, i, got)
			}
			if n := e.plans.Len(); n != 1 {
				t.Errorf("%s: %d plans after viewer %d", name, n, i)
			}
		}
	}
}
