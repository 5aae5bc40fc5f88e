// Package queries tests reads end to end: what they cost in statements, and that their answers are those of the data.
package queries

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestStatements holds the bound of the design: one statement for each root field (one for each type of node), and for each
// level one for each (edge, arguments) and one for each total, whatever the number of rows. A total alone at the root comes with its page.
func TestStatements(t *testing.T) {
	cases := []struct {
		name, query string
		want        int // at any number of parents
	}{
		{"a list", `query($n: Int) { posts(first: $n) { nodes { id title } } }`, 1},
		{"a list and its total", `query($n: Int) { posts(first: $n) { totalCount nodes { id } } }`, 1},
		{"a list, its total and figures", `query($n: Int) { posts(first: $n) { totalCount aggregate { sum { score } } nodes { id } } }`, 2},
		{"a search at two levels", `query($n: Int) { posts(first: $n, search: "a* -qqqq") { totalCount nodes { id comments(first: 2, search: "e*") { nodes { id } } } } }`, 2},
		{"only a total", `{ posts { totalCount } }`, 1},
		{"a list and a total up to a bound", `query($n: Int) { posts(first: $n) { totalCount(atMost: $n) nodes { id } } }`, 1},
		{"a list and an estimate", `query($n: Int) { tags(first: $n) { totalCount(estimate: true) nodes { id } } }`, 1},
		{"totals side by side", `query($n: Int) { posts(first: $n) { totalCount a: totalCount(atMost: 1) b: totalCount(atMost: 1) c: totalCount(atMost: 2) nodes { id } } }`, 3},
		{"to-one", `query($n: Int) { posts(first: $n) { nodes { author { name } } } }`, 2},
		{"the same edge twice is one", `query($n: Int) { posts(first: $n) { nodes { author { name } a: author { id } } edges { node { author { username } } } } }`, 2},
		{"other arguments are another", `query($n: Int) { posts(first: $n) { nodes { a: comments(first: 1) { nodes { id } } b: comments(first: 2) { nodes { id } } } } }`, 3},
		{"three levels", `query($n: Int) { posts(first: $n) { nodes { author { name } comments(first: 3) { nodes { message author { name } votes(first: 2) { nodes { type } } } } } } }`, 5},
		{"many to many", `query($n: Int) { posts(first: $n) { nodes { tags(first: 3) { nodes { name posts(first: 2) { nodes { title } } } } } } }`, 3},
		{"totals below parents", `query($n: Int) { posts(first: $n) { nodes { comments { totalCount } votes(first: 2) { totalCount nodes { id } } } } }`, 4},
		{"totals up to a bound below parents", `query($n: Int) { posts(first: $n) { nodes { comments(first: 1) { totalCount(atMost: 2) aggregate { count } nodes { id } } votes { totalCount(atMost: 2, estimate: true) } } } }`, 5},
		{"totals and figures below parents", `query($n: Int) { posts(first: $n) { nodes { comments(first: 1) { totalCount aggregate { count sum { score } max { createdAt } } nodes { id } } } } }`, 3},
		{"totals and figures at every level", `query($n: Int) { posts(first: $n) { totalCount nodes {
			comments(first: 3) { totalCount aggregate { avg { score } } nodes { votes(first: 2) { totalCount aggregate { max { createdOn } } nodes { type } } } }
			tags(first: 2) { totalCount nodes { posts(first: 1) { aggregate { count sum { score } } nodes { id } } } } } } }`, 9},
		{"totals of the same edge twice", `query($n: Int) { posts(first: $n) { nodes {
			a: comments(first: 1) { totalCount nodes { id } } b: comments(first: 2) { totalCount aggregate { min { score } } nodes { id } } c: comments(first: 1) { totalCount } } } }`, 5},
		{"figures alone", `{ posts { aggregate { count avg { score } countDistinct { authorId } } } }`, 1},
		{"groups", `{ postGroups(by: [{field: CREATED_AT, period: MONTH}, {author: {field: NAME}}], having: {sum: {score: {gt: "0"}}}, orderBy: [{max: {viewCount: DESC}}]) { key { createdAt author { name } } aggregate { count avg { score } } } }`, 1},
		{"groups below parents", `query($n: Int) { posts(first: $n) { nodes { commentGroups(by: [{author: {field: NAME}}], first: 2, offset: 1) { key { author { name } } aggregate { count } } tagGroups(by: [{field: NAME}]) { aggregate { count } } } } }`, 3},
		{"the same groups twice are one", `query($n: Int) { posts(first: $n) { nodes { commentGroups(by: {field: KIND}) { key { kind } } a: commentGroups(by: {field: KIND}) { aggregate { sum { score } } } } } }`, 2},
		{"other groups are another", `query($n: Int) { posts(first: $n) { nodes { commentGroups(by: {field: KIND}) { key { kind } } a: commentGroups(by: {field: KIND}, first: 1) { aggregate { count } } comments { totalCount } } } }`, 4},
		{"filters and orders over relations", `query($n: Int) { posts(first: $n, where: {comments: {count: {gte: 0}}, author: {isNull: false}}, orderBy: [{author: {field: NAME}}, {comments: {count: DESC}}]) { nodes { id } } }`, 1},
		{"self reference", `query($n: Int) { comments(first: $n) { nodes { parent { id parent { id } } replies(first: 2) { nodes { id } } } } }`, 4},
		{"two roots", `query($n: Int) { posts(first: $n) { nodes { id } } users(first: $n) { nodes { id } } }`, 2},
		{"nodes of two types", `{ nodes(ids: ["UG9zdDox", "VXNlcjox", "UG9zdDoy"]) { id ... on Post { title } ... on User { name } } }`, 2},
		{"by id and by key", `{ post(id: "UG9zdDox") { title } userByUsername(username: "u1") { id } }`, 2},
		// To-one edges of a single row are joined to it.
		{"to-one edges of one row", `{ comment(id: "Q29tbWVudDox") { message author { name } post { title author { name } } } }`, 1},
		// trendingPosts and related query for themselves, once; what they return is read once.
		{"hand-written list", `query($n: Int) { trendingPosts(first: $n) { title author { name } } }`, 3},
		{"hand-written field on columns", `query($n: Int) { posts(first: $n) { nodes { readingMinutes } } }`, 1},
		{"hand-written field of entities", `query($n: Int) { posts(first: $n) { nodes { related(first: 2) { title author { name } } } } }`, 4},
		{"loader in hand-written code", `query($n: Int) { communityStats { busiestAuthors(first: $n) { posts author { name } } } }`, 3},
	}
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 100)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				for _, parents := range []int{1, 10, 100} {
					variables := map[string]any{}
					if strings.Contains(c.query, "$n") {
						variables["n"] = parents
					}
					var statements []string
					var transactions int
					// A loader takes together what is asked for within half a millisecond, which a busy machine exceeds now and then.
					for try := 0; try == 0 || try < 10 && strings.HasPrefix(c.name, "loader") && len(statements) > c.want; try++ {
						app.Statements()
						app.Must(t, testapp.Admin, c.query, variables)
						statements, transactions = app.Statements()
					}
					if len(statements) > c.want || parents == 100 && len(statements) != c.want {
						t.Errorf("%d parents: %d statements, not %d:\n%s", parents, len(statements), c.want, strings.Join(statements, "\n"))
					}
					if transactions > 2 {
						t.Errorf("%d parents: %d statements for the transaction", parents, transactions)
					}
					// Rules that depend on the row add none.
					for _, viewer := range []access.Viewer{testapp.User("1"), testapp.Moderator, testapp.Anonymous} {
						app.Statements()
						app.Do(t, viewer, c.query, variables)
						if statements, _ := app.Statements(); len(statements) > c.want && !strings.HasPrefix(c.name, "loader") {
							t.Errorf("%d parents, %+v: %d statements, not %d:\n%s", parents, viewer, len(statements), c.want, strings.Join(statements, "\n"))
						}
					}
				}
			})
		}
	})
}

// TestLimitPerParent: on data where one parent has very many children and others have few, every parent gets its own page.
func TestLimitPerParent(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 100)
		r := app.Must(t, testapp.Admin, `{ users(first: 100, orderBy: [{field: ID}]) { nodes { id comments(first: 3) { totalCount nodes { id author { id } } pageInfo { hasNextPage } } } } }`, nil)
		full, short := 0, 0
		for i, u := range r.At("users", "nodes").([]any) {
			user := u.(map[string]any)
			total := int(r.At("users", "nodes", i, "comments", "totalCount").(float64))
			nodes := r.At("users", "nodes", i, "comments", "nodes").([]any)
			if len(nodes) != min(3, total) {
				t.Errorf("user %v: %d of %d comments", user["id"], len(nodes), total)
			}
			if more := r.At("users", "nodes", i, "comments", "pageInfo", "hasNextPage"); more != (total > 3) {
				t.Errorf("user %v: hasNextPage is %v with %d comments", user["id"], more, total)
			}
			for _, n := range nodes {
				if author := n.(map[string]any)["author"].(map[string]any)["id"]; author != user["id"] {
					t.Errorf("a comment of %v below %v", author, user["id"])
				}
			}
			if total > 100 {
				full++
			}
			if total < 3 {
				short++
			}
		}
		if full == 0 || short == 0 {
			t.Fatalf("the data is not skewed: %d users with many comments, %d with few", full, short)
		}
	})
}

// TestPageInfoStatements: what lies before a page is looked up in the statement of the page at the root, and in one more for
// all parents below; not at all if nobody asks.
func TestPageInfoStatements(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 100)
		root := app.Must(t, testapp.Admin, `{ posts(first: 3) { pageInfo { endCursor } nodes { comments(first: 1) { pageInfo { endCursor } } } } }`, nil)
		vars := map[string]any{"after": root.At("posts", "pageInfo", "endCursor"), "below": root.At("posts", "nodes", 0, "comments", "pageInfo", "endCursor")}
		for query, want := range map[string]int{
			`query($after: String) { posts(first: 50, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`:                                                                     1,
			`query($after: String) { posts(first: 50, after: $after) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } }`:                                                               1,
			`query($below: String) { posts(first: 50) { nodes { comments(first: 2, after: $below) { nodes { id } pageInfo { hasNextPage } } } } }`:                                              2,
			`query($below: String) { posts(first: 50) { nodes { comments(first: 2, after: $below) { nodes { id } pageInfo { hasPreviousPage } } } } }`:                                          3,
			`query($after: String) { posts(last: 5, before: $after) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } }`:                                                                1,
			`query($after: String) { posts(first: 5, offset: 2000) { nodes { id } pageInfo { hasPreviousPage } } users(first: 1) { nodes { posts(first: 1, after: $after) { totalCount } } } }`: 3,
		} {
			app.Statements()
			app.Must(t, testapp.Admin, query, vars)
			if statements, _ := app.Statements(); len(statements) != want {
				t.Errorf("%s: %d statements, not %d:\n%s", query, len(statements), want, strings.Join(statements, "\n"))
			}
		}
	})
}
