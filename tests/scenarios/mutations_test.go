// Package scenarios tests what clients do, step by step, on both databases: what must come back, and what must not.
package scenarios

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

// small makes three users (1 ada, 2 bob with the role moderator, 3 eve), a post of ada, a draft of ada, tags and a grid.
func small(t *testing.T, url string) *testapp.App {
	t.Helper()
	app := testapp.Open(t, url)
	for _, q := range []string{
		`mutation { a: createUser(input: {name: "Ada", username: "ada"}) { user { id } } b: createUser(input: {name: "Bob", username: "bob"}) { user { id } } c: createUser(input: {name: "Eve", username: "eve"}) { user { id } } }`,
		`mutation { a: createTag(input: {name: "go"}) { tag { id } } b: createTag(input: {name: "sql"}) { tag { id } } c: createTag(input: {name: "web"}) { tag { id } } }`,
		`mutation { a: createPost(input: {title: "First", slug: "first", body: "b", status: PUBLISHED, authorId: "` + gid("User", 1) + `", tags: {connect: ["` + gid("Tag", 1) + `", "` + gid("Tag", 2) + `"]}}) { post { id } }
			b: createPost(input: {title: "Draft", slug: "draft", body: "b", authorId: "` + gid("User", 1) + `"}) { post { id } } }`,
		`mutation { createGrid(input: {title: "Grid", slug: "grid", cells: [[1, null], ["x", 2.5]], userId: "` + gid("User", 1) + `"}) { grid { id } } }`,
		`mutation { createComment(input: {message: "Hi", postId: "` + gid("Post", 1) + `", authorId: "` + gid("User", 3) + `"}) { comment { id } } }`,
	} {
		app.Must(t, testapp.Admin, q, nil)
	}
	return app
}

func gid(typeName string, key int) string { return relay.ID(typeName, fmt.Sprint(key)) }

func TestMutations(t *testing.T) {
	ada, eve := testapp.User("1"), testapp.User("3")
	draft := gid("Post", 2)
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Run(t, []gatewaytest.Scenario{
			{
				Name: "create with everything in the payload", As: ada,
				Query:     `mutation($i: CreatePostInput!) { createPost(input: $i) { clientMutationId postEdge { cursor node { slug } } post { title status score readingMinutes author { name } tags { totalCount nodes { name } } createdAt updatedAt } __typename } }`,
				Variables: map[string]any{"i": map[string]any{"title": "Zweiter ✓", "slug": "second", "body": "text", "authorId": gid("User", 1), "tags": map[string]any{"connect": []string{gid("Tag", 3)}}, "clientMutationId": "c-1"}},
				Has:       []string{`"clientMutationId":"c-1"`, `"title":"Zweiter ✓"`, `"status":"DRAFT"`, `"score":0`, `"author":{"name":"Ada"}`, `"tags":{"totalCount":1,"nodes":[{"name":"web"}]}`, `"updatedAt":null`, `"cursor":"`, `"__typename":"CreatePostPayload"`},
				Writes:    []string{"insert posts", "insert post_tags", "insert entwine_history"},
			},
			{
				Name: "anonymous viewers write nothing", Query: `mutation { createPost(input: {title: "x", slug: "x", body: "x"}) { post { id } } }`,
				Code: "UNAUTHENTICATED", Path: "[createPost]", Has: []string{`"data":null`}, Writes: []string{},
			},
			{
				Name: "nobody writes in another's name", As: eve, Query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", authorId: "` + gid("User", 1) + `"}) { post { id } } }`,
				Code: "FORBIDDEN", Path: "[createPost]", Has: []string{`"data":null`}, Writes: []string{},
			},
			{
				Name: "and what was refused is not there", As: testapp.Admin, Query: `{ postBySlug(slug: "x") { id } }`, Has: []string{`"postBySlug":null`},
			},
			{
				Name: "a taken slug is named", As: ada, Query: `mutation { createPost(input: {title: "x", slug: "first", body: "x", authorId: "` + gid("User", 1) + `"}) { post { id } } }`,
				Code: "BAD_USER_INPUT", Path: "[createPost]", Field: "[input slug] NOT_UNIQUE", Has: []string{`"data":null`},
			},
			{
				Name: "all that is wrong with an input comes at once", As: testapp.Admin,
				Query:     `mutation($i: CreatePostInput!) { createPost(input: $i) { post { id } } }`,
				Variables: map[string]any{"i": map[string]any{"title": strings.Repeat("ü", 301), "slug": "", "body": "", "authorId": "nonsense"}},
				Code:      "BAD_USER_INPUT", Has: []string{`["input","title"]`, `"TOO_LONG"`, `"limit":300`, `["input","slug"]`, `["input","authorId"]`},
			},
			{
				Name: "an id of another type is refused", As: testapp.Admin, Query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", authorId: "` + gid("Post", 1) + `"}) { post { id } } }`,
				Code: "BAD_USER_INPUT", Field: "[input authorId] INVALID_FORMAT",
			},
			{
				Name: "a row that does not exist cannot be connected", As: testapp.Admin, Query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", tags: {connect: ["` + gid("Tag", 1) + `", "` + gid("Tag", 99) + `"]}}) { post { id } } }`,
				Code: "NOT_FOUND", Field: "[input tags connect 1] NOT_FOUND",
			},
			{
				Name: "nor one that the viewer may not read", As: eve, Query: `mutation { createComment(input: {message: "x", postId: "` + draft + `", authorId: "` + gid("User", 3) + `"}) { comment { id } } }`,
				Code: "NOT_FOUND", Field: "[input postId] NOT_FOUND", HasNot: []string{"Draft"},
			},
			{
				Name: "absent leaves, null clears, set replaces", As: ada,
				Query:     `mutation($i: UpdatePostInput!) { updatePost(input: $i) { post { title body acceptedCommentId tags { nodes { name } } } } }`,
				Variables: map[string]any{"i": map[string]any{"id": gid("Post", 1), "title": "Changed", "acceptedCommentId": nil, "tags": map[string]any{"set": []string{gid("Tag", 2), gid("Tag", 3)}}}},
				Has:       []string{`"title":"Changed"`, `"body":"b"`, `"acceptedCommentId":null`, `"tags":{"nodes":[{"name":"sql"},{"name":"web"}]}`},
			},
			{
				Name: "disconnect and connect", As: ada, Query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", tags: {disconnect: ["` + gid("Tag", 2) + `"], connect: ["` + gid("Tag", 1) + `"]}}) { post { tags { nodes { name } } } } }`,
				Has: []string{`[{"name":"go"},{"name":"web"}]`},
			},
			{
				Name: "a required value cannot be cleared", As: ada, Query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", title: null}) { post { id } } }`,
				Code: "BAD_USER_INPUT", Field: "[input title] REQUIRED",
			},
			{
				Name: "others' rows can be seen and not changed", As: eve, Query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", title: "Mine"}) { post { id } } }`,
				Code: "FORBIDDEN", Path: "[updatePost]",
			},
			{
				Name: "others' hidden rows do not exist", As: eve, Query: `mutation { updatePost(input: {id: "` + draft + `", title: "Mine"}) { post { id } } }`,
				Code: "NOT_FOUND", Path: "[updatePost]",
			},
			{
				Name: "as those that never did", As: eve, Query: `mutation { updatePost(input: {id: "` + gid("Post", 99) + `", title: "Mine"}) { post { id } } }`,
				Code: "NOT_FOUND", Path: "[updatePost]",
			},
			{
				Name: "a row cannot be given away", As: ada, Query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", authorId: "` + gid("User", 3) + `"}) { post { id } } }`,
				Code: "FORBIDDEN", Path: "[updatePost]",
			},
			{
				Name: "a moderator may", As: testapp.Moderator, Query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", status: CLOSED}) { post { status author { username } } } }`,
				Has: []string{`"status":"CLOSED"`, `"username":"ada"`},
			},
			{
				Name: "all or nothing", As: testapp.Admin,
				Query: `mutation { a: createTag(input: {name: "new"}) { tag { id } } b: createTag(input: {name: "go"}) { tag { id } } c: createTag(input: {name: "never"}) { tag { id } } }`,
				Code:  "BAD_USER_INPUT", Path: "[b]", Has: []string{`"data":null`}, Writes: []string{},
			},
			{
				Name: "nothing of it was kept", As: testapp.Admin, Query: `{ a: tagByName(name: "new") { id } b: tagByName(name: "never") { id } }`, Has: []string{`"a":null,"b":null`},
			},
			{
				Name: "later fields see what earlier ones wrote", As: testapp.Admin,
				Query: `mutation { a: updatePost(input: {id: "` + gid("Post", 1) + `", title: "A"}) { post { title } } b: updatePost(input: {id: "` + gid("Post", 1) + `", body: "B"}) { post { title body } } }`,
				Has:   []string{`"b":{"post":{"title":"A","body":"B"}}`},
			},
			{
				Name: "a foreign key that only the database knows", As: testapp.Admin, Query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", authorId: "` + gid("User", 99) + `"}) { post { id } } }`,
				Code: "NOT_FOUND", Path: "[createPost]", Field: "[input authorId] NOT_FOUND",
			},
			{
				Name: "a payload shows null where its row is hidden", As: testapp.Moderator,
				Query: `mutation { updateComment(input: {id: "` + gid("Comment", 1) + `", message: "Edited"}) { comment { message updatedAt post { title } author { name } } } }`,
				Has:   []string{`"message":"Edited"`, `"author":{"name":"Eve"}`}, HasNot: []string{`"updatedAt":null`},
			},
			{
				Name: "fields that clients have no business with are not in inputs", As: testapp.Admin, Query: `mutation { updateUser(input: {id: "` + gid("User", 1) + `", credits: 1000}) { user { id } } }`,
				Code: "GRAPHQL_VALIDATION_FAILED",
			},
			{
				Name: "an owner without an edge: the row itself", As: eve, Query: `mutation { updateUser(input: {id: "` + gid("User", 3) + `", bio: "Hello", email: "eve@example.invalid"}) { user { bio email } } }`,
				Has: []string{`"bio":"Hello"`},
			},
			{
				Name: "and no other", As: eve, Query: `mutation { updateUser(input: {id: "` + gid("User", 1) + `", bio: "Hacked"}) { user { bio } } }`,
				Code: "FORBIDDEN",
			},
			{
				Name: "JSON keeps its values", As: ada, Query: `mutation { updateGrid(input: {id: "` + gid("Grid", 1) + `", cells: [["a", null], ["b", "c"]]}) { grid { cells modifiedAt } } }`,
				Has: []string{`"cells":[["a",null],["b","c"]]`},
			},
			{
				Name: "a slug is made up", As: ada, Query: `mutation { createGrid(input: {title: "Second", userId: "` + gid("User", 1) + `"}) { grid { slug title } } }`,
				Has: []string{`"slug":"`}, HasNot: []string{`"slug":""`},
			},
			{
				Name: "soft delete", As: ada, Query: `mutation { deleteGrid(input: {id: "` + gid("Grid", 1) + `", clientMutationId: "d"}) { deletedId clientMutationId } }`,
				Has: []string{`"deletedId":"` + gid("Grid", 1) + `"`, `"clientMutationId":"d"`}, Writes: []string{"update grids"},
			},
			{
				Name: "hides the row everywhere", As: testapp.Admin,
				Query: `{ grid(id: "` + gid("Grid", 1) + `") { id } gridBySlug(slug: "grid") { id } node(id: "` + gid("Grid", 1) + `") { id } grids { totalCount } user(id: "` + gid("User", 1) + `") { grids { totalCount nodes { id } } } }`,
				Has:   []string{`"grid":null,"gridBySlug":null,"node":null,"grids":{"totalCount":1}`}, HasNot: []string{gid("Grid", 1)},
			},
			{
				Name: "and it cannot be deleted again", As: ada, Query: `mutation { deleteGrid(input: {id: "` + gid("Grid", 1) + `"}) { deletedId } }`, Code: "NOT_FOUND",
			},
			{
				Name: "delete cascades as the schema says", As: testapp.Admin, Query: `mutation { deletePost(input: {id: "` + gid("Post", 1) + `"}) { deletedId } }`, Has: []string{gid("Post", 1)},
			},
			{
				Name: "so that its comments are gone", As: testapp.Admin, Query: `{ comments { totalCount } post(id: "` + gid("Post", 1) + `") { id } tagByName(name: "go") { posts { totalCount } } }`,
				Has: []string{`"comments":{"totalCount":0},"post":null,"tagByName":{"posts":{"totalCount":0}}`},
			},
			{
				Name: "authors go and their posts stay", As: testapp.Admin, Query: `mutation { deleteUser(input: {id: "` + gid("User", 1) + `"}) { deletedId } }`, Has: []string{gid("User", 1)},
			},
			{
				Name: "without an author", As: testapp.Admin, Query: `{ postBySlug(slug: "draft") { title authorId author { name } } }`, Has: []string{`"title":"Draft","authorId":null,"author":null`},
			},
			{
				Name: "a malformed id", As: testapp.Admin, Query: `mutation { deletePost(input: {id: "nonsense"}) { deletedId } }`, Code: "BAD_USER_INPUT", Field: "[input id] INVALID_FORMAT",
			},
		}...)
	})
}

// TestConcurrentWrites: of many clients that want the same unique value one gets it and the others are told so.
func TestConcurrentWrites(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		var wg sync.WaitGroup
		codes := make(chan string, 16)
		for range 16 {
			wg.Go(func() {
				r := app.Do(t, testapp.Admin, `mutation { createTag(input: {name: "wanted"}) { tag { id } } }`, nil)
				if len(r.Errors) == 0 {
					codes <- "ok"
					return
				}
				codes <- r.Errors[0].Extensions.Code
			})
		}
		wg.Wait()
		close(codes)
		got := make(map[string]int)
		for code := range codes {
			got[code]++
		}
		if got["ok"] != 1 || got["BAD_USER_INPUT"] != 15 {
			t.Errorf("got %v", got)
		}
		if n := app.Must(t, testapp.Admin, `{ tags(where: {name: {eq: "wanted"}}) { totalCount } }`, nil).At("tags", "totalCount"); n != float64(1) {
			t.Errorf("%v rows", n)
		}
	})
}
