package scenarios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestHostileInput sends what no honest client sends. All of it is the client's fault, and answered as such.
func TestHostileInput(t *testing.T) {
	repeat := func(n int, v func(i int) any) []any {
		out := make([]any, n)
		for i := range out {
			out[i] = v(i)
		}
		return out
	}
	empty := func(int) any { return map[string]any{} }
	forged := func(scope, values string) string { return string(relay.AppendCursor(nil, scope, []byte(values))) }
	const input, valid = "BAD_USER_INPUT", ""
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Run(t, []gatewaytest.Scenario{
			{
				Name: "many empty conditions", Code: input, Field: "[where or 100] OUT_OF_RANGE",
				Query:     `query($w: PostWhere) { posts(where: $w) { totalCount } }`,
				Variables: map[string]any{"w": map[string]any{"or": repeat(5000, empty)}},
			},
			{
				Name: "null among conditions", Code: input, Field: "[where and 0] INVALID",
				Query: `query($w: PostWhere = {}) { posts(where: {and: [$w]}) { totalCount } }`, Variables: map[string]any{"w": nil},
			},
			{
				Name: "null for @include", Code: input,
				Query: `query($c: Boolean = true) { posts { totalCount @include(if: $c) } }`, Variables: map[string]any{"c": nil},
			},
			{
				Name: "null for @skip in a mutation", Code: input,
				Query: `mutation($c: Boolean = true) { deleteTag(input: {id: "` + gid("Tag", 3) + `"}) { deletedId @skip(if: $c) } }`, Variables: map[string]any{"c": nil},
			},
			{Name: "what that mutation would have deleted", Query: `{ tag(id: "` + gid("Tag", 3) + `") { name } }`, Has: []string{"web"}},
			{
				Name: "year 0", Code: input, Field: "[where createdAt in 0] INVALID_FORMAT",
				Query: `{ posts(where: {createdAt: {in: ["0000-01-01T00:00:00Z"]}}) { totalCount } }`,
			},
			{
				Name: "year 10000", Code: input, Field: "[where createdAt eq] INVALID_FORMAT",
				Query: `{ posts(where: {createdAt: {eq: "9999-12-31T23:59:59-23:00"}}) { totalCount } }`,
			},
			{Name: "an id that is no id is not repeated", Code: input, Query: `{ node(id: "` + strings.Repeat("A", 3000) + `") { id } }`, HasNot: []string{"AAAA"}},
			{Name: "a number for an id", Code: input, Query: `{ node(id: 99) { id } }`},
			{
				Name: "cursor with a text for the id", Code: input, Field: "[after] INVALID_FORMAT",
				Query: `{ posts(orderBy: [{field: ID}], after: "` + forged("Post id", `"x"`) + `") { totalCount } }`,
			},
			{
				Name: "cursor with a huge number for the id", Code: input, Field: "[after] INVALID_FORMAT",
				Query: `{ posts(orderBy: [{field: ID}], after: "` + forged("Post id", `1e30`) + `") { totalCount } }`,
			},
			{
				Name: "cursor with a huge number for an Int", Code: valid,
				Query: `{ posts(orderBy: [{field: SCORE}], after: "` + forged("Post score id", `9223372036854775807,1`) + `") { nodes { id } } }`,
				Has:   []string{`"nodes":[]`},
			},
			{
				Name: "cursor with a year before all", Code: input, Field: "[after] INVALID_FORMAT",
				Query: `{ posts(orderBy: [{field: CREATED_AT}], after: "` + forged("Post createdAt id", `"0000-01-01T00:00:00Z",1`) + `") { totalCount } }`,
			},
			{
				Name: "cursor with a null where none can be", Code: input, Field: "[after] INVALID_FORMAT",
				Query: `{ posts(orderBy: [{field: SCORE}], after: "` + forged("Post score id", `null,1`) + `") { totalCount } }`,
			},
			{
				Name: "cursor with NUL", Code: input, Field: "[after] INVALID_FORMAT",
				Query: `{ posts(orderBy: [{field: TITLE}], after: "` + forged("Post title id", `"\u0000",1`) + `") { totalCount } }`,
			},
			{
				Name: "cursor with an object", Code: input, Field: "[after] INVALID_FORMAT",
				Query: `{ posts(orderBy: [{field: TITLE}], after: "` + forged("Post title id", `{"a":[]},1`) + `") { totalCount } }`,
			},
			{
				Name: "thousands of links", As: testapp.Admin, Code: input, Field: "[input tags connect] OUT_OF_RANGE",
				Query:     `mutation($ids: [ID!]) { updatePost(input: {id: "` + gid("Post", 1) + `", tags: {connect: $ids}}) { post { id } } }`,
				Variables: map[string]any{"ids": repeat(40_000, func(i int) any { return gid("Tag", i+1) })},
			},
			{
				Name: "one link without a list", As: testapp.Admin,
				Query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", tags: {connect: "` + gid("Tag", 3) + `"}}) { post { tags { totalCount } } } }`,
				Has:   []string{`"totalCount":3`},
			},
			{
				Name: "the largest offset", Query: `{ posts(first: 1, offset: 2147483647) { nodes { id } } }`, Has: []string{`"nodes":[]`},
			},
		}...)
	})
}

// A page below a page below a page is a small document with a response of gigabytes.
func TestPagesThatMultiply(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 50)
		query := `body id`
		for range 4 {
			query = `posts(first: 100) { nodes { tags(first: 100) { nodes { name ` + query + ` } } } }`
			query = strings.Replace(query, "name body", "name", 1)
		}
		app.Run(t, gatewaytest.Scenario{Name: "four lists deep", Query: `{ ` + query + ` }`, Code: "COST_LIMIT_EXCEEDED", Has: []string{`"data":null`}})
	})
}

// Page sizes are checked before anything is read or written, with the variables that were sent.
func TestPagesAreBoundedBeforehand(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		const query = `query($n: Int!) { posts(first: $n) { nodes { comments(first: $n) { totalCount nodes { id } } tags(first: 1) { nodes { posts(first: $n) { nodes { id } } } } } } }`
		for n, code := range map[int]string{10: "", 100: ""} {
			app.Run(t, gatewaytest.Scenario{Name: fmt.Sprintf("%d by %d", n, n), Query: query, Variables: map[string]any{"n": n}, Code: code})
		}
		app.Statements()
		app.Run(t,
			gatewaytest.Scenario{
				Name: "a hundred by a hundred by two", Code: "COST_LIMIT_EXCEEDED", Has: []string{"20000", "10000", `"data":null`},
				Query: `{ posts(first: 100) { nodes { comments(first: 100) { nodes { votes(first: 2) { nodes { id } } } } } } }`,
			},
		)
		const sized = `query($n: Int, $where: PostWhere) { posts(first: $n, where: $where) { nodes { comments(first: $n) { nodes { votes(first: $n) { nodes { id } } } } } } }`
		app.Run(t,
			gatewaytest.Scenario{Name: "22 by 22 by 22, as a variable says", Query: sized, Variables: map[string]any{"n": 22}, Code: "COST_LIMIT_EXCEEDED", Has: []string{"10648", `"data":null`}},
			gatewaytest.Scenario{
				Name: "whatever the filter finds", Query: sized, Variables: map[string]any{"n": 100, "where": map[string]any{"or": []any{}}}, Code: "COST_LIMIT_EXCEEDED",
			},
		)
		if statements, transactions := app.Statements(); len(statements) > 0 || transactions > 0 {
			t.Errorf("something was read: %q", statements)
		}
		for _, n := range []any{21, nil} { // 20 if it is not said
			app.Run(t, gatewaytest.Scenario{Name: "within the limit", Query: sized, Variables: map[string]any{"n": n}, Has: []string{`"posts":{"nodes":[`}})
		}
		app.Run(t,
			gatewaytest.Scenario{
				Name: "in a payload", As: testapp.Admin, Code: "COST_LIMIT_EXCEEDED", Path: "[createTag]", Writes: []string{},
				Query: `mutation { createTag(input: {name: "much"}) { tag { posts(first: 100) { nodes { comments(first: 100) { nodes { replies(first: 2) { nodes { id } } } } } } } } }`,
			},
			gatewaytest.Scenario{
				Name: "totals have no size", Query: `{ posts(first: 100) { nodes { comments(first: 100) { totalCount } } } }`,
			},
		)
	})
}

// The same fragment field has other neighbours in each place where the fragment is spread, also below entities that
// hand-written fields return.
func TestFragmentBelowHandWrittenFields(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 20)
		r := app.Must(t, testapp.Admin, `
			{ posts(first: 50) { nodes { id related { id } } } }`, nil)
		for _, n := range r.Data["posts"].(map[string]any)["nodes"].([]any) {
			post := n.(map[string]any)
			if len(post["related"].([]any)) == 0 {
				continue
			}
			r := app.Must(t, testapp.Admin, fmt.Sprintf(`
				{ wide: post(id: %q) { ...F related { slug } } narrow: post(id: %q) { ...F } again: post(id: %q) { ...F related { body } } }
				fragment F on Post { related { id } }`, post["id"], post["id"], post["id"]), nil)
			for key, also := range map[string]string{"wide": "slug", "narrow": "", "again": "body"} {
				for _, related := range r.Data[key].(map[string]any)["related"].([]any) {
					got := related.(map[string]any)
					_, ok := got[also]
					if want := min(1, len(also)) + 1; len(got) != want || also != "" && !ok {
						t.Errorf("%s: %v", key, got)
					}
				}
			}
			return
		}
		t.Fatal("no post has related posts")
	})
}
