package scenarios

import (
	"fmt"
	"strings"
	"testing"

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
	testapp.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		for _, s := range []scenario{
			{
				name: "many empty conditions", code: input, field: "[where or 100] OUT_OF_RANGE",
				query: `query($w: PostWhere) { posts(where: $w) { totalCount } }`,
				vars:  map[string]any{"w": map[string]any{"or": repeat(5000, empty)}},
			},
			{
				name: "null among conditions", code: input, field: "[where and 0] INVALID",
				query: `query($w: PostWhere = {}) { posts(where: {and: [$w]}) { totalCount } }`, vars: map[string]any{"w": nil},
			},
			{
				name: "null for @include", code: input,
				query: `query($c: Boolean = true) { posts { totalCount @include(if: $c) } }`, vars: map[string]any{"c": nil},
			},
			{
				name: "null for @skip in a mutation", code: input,
				query: `mutation($c: Boolean = true) { deleteTag(input: {id: "` + gid("Tag", 3) + `"}) { deletedId @skip(if: $c) } }`, vars: map[string]any{"c": nil},
			},
			{name: "what that mutation would have deleted", query: `{ tag(id: "` + gid("Tag", 3) + `") { name } }`, has: []string{"web"}},
			{
				name: "year 0", code: input, field: "[where createdAt in 0] INVALID_FORMAT",
				query: `{ posts(where: {createdAt: {in: ["0000-01-01T00:00:00Z"]}}) { totalCount } }`,
			},
			{
				name: "year 10000", code: input, field: "[where createdAt eq] INVALID_FORMAT",
				query: `{ posts(where: {createdAt: {eq: "9999-12-31T23:59:59-23:00"}}) { totalCount } }`,
			},
			{name: "an id that is no id is not repeated", code: input, query: `{ node(id: "` + strings.Repeat("A", 3000) + `") { id } }`, hasNot: []string{"AAAA"}},
			{name: "a number for an id", code: input, query: `{ node(id: 99) { id } }`},
			{
				name: "cursor with a text for the id", code: input, field: "[after] INVALID_FORMAT",
				query: `{ posts(orderBy: [{field: ID}], after: "` + forged("Post id", `"x"`) + `") { totalCount } }`,
			},
			{
				name: "cursor with a huge number for the id", code: input, field: "[after] INVALID_FORMAT",
				query: `{ posts(orderBy: [{field: ID}], after: "` + forged("Post id", `1e30`) + `") { totalCount } }`,
			},
			{
				name: "cursor with a huge number for an Int", code: valid,
				query: `{ posts(orderBy: [{field: SCORE}], after: "` + forged("Post score id", `9223372036854775807,1`) + `") { nodes { id } } }`,
				has:   []string{`"nodes":[]`},
			},
			{
				name: "cursor with a year before all", code: input, field: "[after] INVALID_FORMAT",
				query: `{ posts(orderBy: [{field: CREATED_AT}], after: "` + forged("Post createdAt id", `"0000-01-01T00:00:00Z",1`) + `") { totalCount } }`,
			},
			{
				name: "cursor with a null where none can be", code: input, field: "[after] INVALID_FORMAT",
				query: `{ posts(orderBy: [{field: SCORE}], after: "` + forged("Post score id", `null,1`) + `") { totalCount } }`,
			},
			{
				name: "cursor with NUL", code: input, field: "[after] INVALID_FORMAT",
				query: `{ posts(orderBy: [{field: TITLE}], after: "` + forged("Post title id", `"\u0000",1`) + `") { totalCount } }`,
			},
			{
				name: "cursor with an object", code: input, field: "[after] INVALID_FORMAT",
				query: `{ posts(orderBy: [{field: TITLE}], after: "` + forged("Post title id", `{"a":[]},1`) + `") { totalCount } }`,
			},
			{
				name: "thousands of links", viewer: testapp.Admin, code: input, field: "[input tags connect] OUT_OF_RANGE",
				query: `mutation($ids: [ID!]) { updatePost(input: {id: "` + gid("Post", 1) + `", tags: {connect: $ids}}) { post { id } } }`,
				vars:  map[string]any{"ids": repeat(40_000, func(i int) any { return gid("Tag", i+1) })},
			},
			{
				name: "one link without a list", viewer: testapp.Admin,
				query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", tags: {connect: "` + gid("Tag", 3) + `"}}) { post { tags { totalCount } } } }`,
				has:   []string{`"totalCount":3`},
			},
			{
				name: "the largest offset", query: `{ posts(first: 1, offset: 2147483647) { nodes { id } } }`, has: []string{`"nodes":[]`},
			},
		} {
			t.Run(s.name, func(t *testing.T) { s.run(t, app) })
		}
	})
}

// A page below a page below a page is a small document with a response of gigabytes.
func TestPagesThatMultiply(t *testing.T) {
	testapp.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 50)
		query := `body id`
		for range 4 {
			query = `posts(first: 100) { nodes { tags(first: 100) { nodes { name ` + query + ` } } } }`
			query = strings.Replace(query, "name body", "name", 1)
		}
		s := scenario{query: `{ ` + query + ` }`, code: "COST_LIMIT_EXCEEDED", has: []string{`"data":null`}}
		s.run(t, app)
	})
}

// The same fragment field has other neighbours in each place where the fragment is spread, also below entities that
// hand-written fields return.
func TestFragmentBelowHandWrittenFields(t *testing.T) {
	testapp.Each(t, func(t *testing.T, url string) {
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
