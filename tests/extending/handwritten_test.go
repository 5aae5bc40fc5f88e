package extending

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/tests/testapp"
)

// withTouch is the reference application with a hand-written mutation: touch makes a tag, and fails after it for the name "late".
func withTouch(j *journal) gateway.App {
	a := app(j)
	a.Open = func(drv dialect.Driver) (*gateway.Handle, error) {
		h, err := graph.Open(drv)
		if err != nil {
			return nil, err
		}
		h.SDL += "\nextend type Mutation { touch(name: String!): Boolean! }\n"
		schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: h.SDL})
		h.Custom = touch{ExecutableSchema: h.Custom, schema: schema, handle: h}
		return h, err
	}
	return a
}

// touch stands where gqlgen's code for the mutation would.
type touch struct {
	graphql.ExecutableSchema
	schema *ast.Schema
	handle *gateway.Handle
}

func (s touch) Schema() *ast.Schema { return s.schema }

func (s touch) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	field, ok := op.Operation.SelectionSet[0].(*ast.Field)
	if !ok || field.Name != "touch" {
		return s.ExecutableSchema.Exec(ctx)
	}
	return func(ctx context.Context) *graphql.Response {
		name, _ := field.ArgumentMap(op.Variables)["name"].(string)
		err := graph.Client(s.handle).Tag.Create().SetName(name).Exec(ctx)
		if err == nil && name == "late" {
			err = apierr.New(apierr.Conflict, "Too late.")
		}
		if err != nil {
			return &graphql.Response{Errors: gqlerror.List{{Err: err, Path: ast.Path{ast.PathName(field.Alias)}}}}
		}
		return &graphql.Response{Data: fmt.Appendf(nil, "{%q:true}", field.Alias)}
	}
}

func TestHandWrittenMutation(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		var j journal
		g := gatewaytest.Open(t, withTouch(&j), url)
		g.Must(t, testapp.Admin, `mutation { touch(name: "one") createTag(input: {name: "two"}) { tag { id } } }`, nil)
		is(t, &j, "before one", "after one", "before two", "after two", "committed one: 1, [admin]", "committed two: 1, [admin]")

		late := g.Do(t, testapp.Admin, `mutation { createTag(input: {name: "three"}) { tag { id } } touch(name: "late") }`, nil)
		if late.Code() != "CONFLICT" {
			t.Error(late.Raw)
		}
		is(t, &j, "before three", "after three", "before late", "after late")
		if n := g.Rows(t, `SELECT count(*) FROM tags`)[0][0]; fmt.Sprint(n) != "2" {
			t.Errorf("%v tags", n)
		}

		for i, replayed := range []string{"", "true"} {
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"mutation { touch(name: \"keyed\") }"}`))
			r.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"k"}}
			if w := g.Request(testapp.Admin, r); w.Body.String() != `{"data":{"touch":true}}` || w.Header().Get("Idempotent-Replayed") != replayed {
				t.Errorf("%d: %s %v", i, w.Body, w.Header())
			}
		}
		is(t, &j, "before keyed", "after keyed", "committed keyed: 1, [admin]")
	})
}
