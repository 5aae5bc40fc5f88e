package queries

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestSpellings: an operation that is written in another way, through variables, fragments, directives or fields that are
// repeated, has the same answer, byte for byte, and costs the same statements.
func TestSpellings(t *testing.T) {
	const plain = `{ posts(first: 3, where: { score: { gte: 0 } }, orderBy: [{ field: SCORE, direction: DESC }]) {
		totalCount
		edges { cursor node { id title author { name } comments(first: 2, where: { score: { gte: 0 } }) {
			totalCount nodes { message score author { name posts(first: 2) { nodes { id } } } } aggregate { sum { score } } } } }
		pageInfo { hasNextPage endCursor } } }`
	spellings := map[string]struct {
		query     string
		variables map[string]any
	}{
		"variables": {`query($n: Int = 3, $m: Int, $where: PostWhere, $order: [PostOrder!], $least: Int!, $two: Int! = 2) { posts(first: $n, where: $where, orderBy: $order) {
			totalCount
			edges { cursor node { id title author { name } comments(first: $m, where: { score: { gte: $least } }) {
				totalCount nodes { message score author { name posts(first: $two) { nodes { id } } } } aggregate { sum { score } } } } }
			pageInfo { hasNextPage endCursor } } }`, map[string]any{
			"m": 2, "least": 0, "where": map[string]any{"score": map[string]any{"gte": 0}}, "order": []any{map[string]any{"field": "SCORE", "direction": "DESC"}},
		}},
		"one element for a list": {strings.Replace(plain, `orderBy: [{ field: SCORE, direction: DESC }]`, `orderBy: { field: SCORE, direction: DESC }`, 1), nil},
		"fragments": {`{ ...Root }
			fragment Root on Query { posts(first: 3, where: { score: { gte: 0 } }, orderBy: [{ field: SCORE, direction: DESC }]) { ...List } }
			fragment List on PostConnection { totalCount edges { ...Edge } pageInfo { ...Ends } }
			fragment Edge on PostEdge { cursor node { ...Node ... on Post { ...Comments } } }
			fragment Node on Node { id ... on Post { title author { ...Name } } }
			fragment Name on User { name }
			fragment Comments on Post { comments(first: 2, where: { score: { gte: 0 } }) { totalCount nodes { ...Comment } aggregate { sum { score } } } }
			fragment Comment on Comment { message score author { ...Name posts(first: 2) { nodes { id } } } }
			fragment Ends on PageInfo { hasNextPage endCursor }`, nil},
		"repeated": {`{ posts(first: 3, where: { score: { gte: 0 } }, orderBy: [{ field: SCORE, direction: DESC }]) { totalCount edges { cursor node { id } } }
			posts(orderBy: [{ direction: DESC, field: SCORE }], where: { score: { gte: 0 } }, first: 3) { totalCount
				edges { cursor node { id title author { name } comments(where: { score: { gte: 0 } }, first: 2) { totalCount nodes { message } } } }
				edges { node { comments(first: 2, where: { score: { gte: 0 } }) { nodes { score author { name } } aggregate { sum { score } } nodes { author { posts(first: 2) { nodes { id } } } } } } }
				pageInfo { hasNextPage endCursor } } }`, nil},
		"directives": {`query($yes: Boolean!, $no: Boolean!) { posts(first: 3, where: { score: { gte: 0 } }, orderBy: [{ field: SCORE, direction: DESC }]) {
			totalCount @include(if: $yes)
			edges { cursor node { id title body @skip(if: $yes) author { name } votes(first: 1) @include(if: $no) { totalCount } ... @skip(if: $no) { comments(first: 2, where: { score: { gte: 0 } }) {
				totalCount nodes { message score author { name posts(first: 2) { nodes { id } } } } aggregate { sum { score } } } } } }
			pageInfo { hasNextPage endCursor } } }`, map[string]any{"yes": true, "no": false}},
	}
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		app.Statements()
		want := app.Must(t, testapp.Admin, plain, nil)
		cost, _ := app.Statements()
		if want.At("posts", "edges", 2, "node", "comments", "totalCount") == nil || len(cost) != 6 {
			t.Fatalf("%d statements: %s", len(cost), want.Raw)
		}
		for name, s := range spellings {
			got := app.Must(t, testapp.Admin, s.query, s.variables)
			if got.Raw != want.Raw {
				t.Errorf("%s: %s", name, cmp.Diff(want.Raw, got.Raw))
			}
			if statements, _ := app.Statements(); len(statements) != len(cost) {
				t.Errorf("%s: %d statements, not %d", name, len(statements), len(cost))
			}
		}
		aliased := app.Must(t, testapp.Admin, strings.NewReplacer("{ posts", "{ x: posts", "comments(", "y: comments(", "author", "z: author").Replace(plain), nil)
		names := strings.NewReplacer(`"x":`, `"posts":`, `"y":`, `"comments":`, `"z":`, `"author":`)
		if got := names.Replace(aliased.Raw); got != want.Raw {
			t.Errorf("aliases: %s", cmp.Diff(want.Raw, got))
		}
	})
}

// TestSameFieldTwice: a field that is asked for twice with other arguments gives under each alias what it gives alone: at the
// root, below lists, below one row and below another pair of the same field.
func TestSameFieldTwice(t *testing.T) {
	cases := map[string]struct {
		around string // FIELD is the field
		a, b   string
	}{
		"root":           {`{ FIELD }`, `posts(first: 2) { nodes { id } totalCount }`, `posts(first: 3) { nodes { id title } }`},
		"root, filtered": {`{ FIELD }`, `posts(first: 2, where: { score: { lt: 3 } }) { totalCount nodes { id } }`, `posts(first: 2, where: { score: { gte: 3 } }) { totalCount nodes { id } }`},
		"below a list": {
			`{ posts(first: 20) { nodes { FIELD } } }`,
			`comments(first: 2) { nodes { id } pageInfo { hasNextPage } }`, `comments(last: 3, orderBy: [{ field: SCORE }]) { nodes { id } totalCount }`,
		},
		"below one row": {
			`{ post(id: "UG9zdDox") { FIELD } }`,
			`comments(first: 1) { edges { cursor } aggregate { max { score } } }`, `comments(first: 2) { edges { cursor } aggregate { min { score } } }`,
		},
		"many to many": {
			`{ posts(first: 20) { edges { node { FIELD } } } }`,
			`tags(first: 1) { nodes { name } }`, `tags(first: 3, orderBy: [{ field: NAME, direction: DESC }]) { nodes { name } totalCount }`,
		},
		"below a pair": {
			`{ users(first: 5) { nodes { p: posts(first: 2) { nodes { FIELD } } q: posts(last: 2) { nodes { FIELD } } } } }`,
			`comments(first: 2) { nodes { author { name } } }`, `comments(first: 3) { nodes { author { id } } }`,
		},
		"below an object": {
			`{ comments(first: 20) { nodes { post { author { FIELD } } } } }`,
			`posts(first: 2) { nodes { id } }`, `posts(first: 3) { nodes { id } }`,
		},
		"look-ups":     {`{ FIELD }`, `post(id: "UG9zdDox") { title }`, `post(id: "UG9zdDoy") { title score }`},
		"hand-written": {`{ posts(first: 10) { nodes { FIELD } } }`, `related(first: 1) { id }`, `related(first: 3) { title }`},
	}
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				ask := func(field string) any {
					return app.Must(t, testapp.Admin, strings.ReplaceAll(c.around, "FIELD", field), nil).Data
				}
				both := ask("a: " + c.a + " b: " + c.b)
				if diff := cmp.Diff(without(ask("a: "+c.a), ""), without(both, "b")); diff != "" {
					t.Errorf("a is not what it is alone: %s", diff)
				}
				if diff := cmp.Diff(without(ask("b: "+c.b), ""), without(both, "a")); diff != "" {
					t.Errorf("b is not what it is alone: %s", diff)
				}
			})
		}
	})
}

// without returns a copy of a response that lacks a key wherever it stands.
func without(v any, drop string) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any)
		for key, value := range v {
			if key != drop {
				out[key] = without(value, drop)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = without(v[i], drop)
		}
		return out
	}
	return v
}
