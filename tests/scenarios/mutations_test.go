// Package scenarios tests what clients do, step by step, on both databases: what must come back, and what must not.
package scenarios

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

// scenario is one operation and what it must lead to.
type scenario struct {
	name   string
	viewer access.Viewer
	query  string
	vars   map[string]any
	// code and path are of the first error; no error if code is empty. field is the path and code of its first field.
	code, path, field string
	has               []string // parts of the response
	hasNot            []string
}

func (s scenario) run(t *testing.T, app *testapp.App) {
	t.Helper()
	r := app.Do(t, s.viewer, s.query, s.vars)
	got := ""
	if len(r.Errors) > 0 {
		e := r.Errors[0]
		got = e.Extensions.Code
		if p := fmt.Sprint(e.Path); s.path != "" && p != s.path {
			t.Errorf("path %s, not %s\n%s", p, s.path, r.Raw)
		}
		if s.field != "" && (len(e.Extensions.Fields) == 0 || fmt.Sprint(e.Extensions.Fields[0].Path, " ", e.Extensions.Fields[0].Code) != s.field) {
			t.Errorf("no field %s\n%s", s.field, r.Raw)
		}
	}
	if got != s.code {
		t.Errorf("code %q, not %q\n%s", got, s.code, r.Raw)
	}
	for _, part := range s.has {
		if !strings.Contains(r.Raw, part) {
			t.Errorf("%s is missing\n%s", part, r.Raw)
		}
	}
	for _, part := range append(s.hasNot, "SELECT", "INSERT", "constraint", "sqlite", "pq:") {
		if strings.Contains(r.Raw, part) {
			t.Errorf("%s must not be there\n%s", part, r.Raw)
		}
	}
}

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
	testapp.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		for _, s := range []scenario{
			{
				name: "create with everything in the payload", viewer: ada,
				query: `mutation($i: CreatePostInput!) { createPost(input: $i) { clientMutationId postEdge { cursor node { slug } } post { title status score readingMinutes author { name } tags { totalCount nodes { name } } createdAt updatedAt } __typename } }`,
				vars:  map[string]any{"i": map[string]any{"title": "Zweiter ✓", "slug": "second", "body": "text", "authorId": gid("User", 1), "tags": map[string]any{"connect": []string{gid("Tag", 3)}}, "clientMutationId": "c-1"}},
				has:   []string{`"clientMutationId":"c-1"`, `"title":"Zweiter ✓"`, `"status":"DRAFT"`, `"score":0`, `"author":{"name":"Ada"}`, `"tags":{"totalCount":1,"nodes":[{"name":"web"}]}`, `"updatedAt":null`, `"cursor":"`, `"__typename":"CreatePostPayload"`},
			},
			{
				name: "anonymous viewers write nothing", query: `mutation { createPost(input: {title: "x", slug: "x", body: "x"}) { post { id } } }`,
				code: "UNAUTHENTICATED", path: "[createPost]", has: []string{`"data":null`},
			},
			{
				name: "nobody writes in another's name", viewer: eve, query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", authorId: "` + gid("User", 1) + `"}) { post { id } } }`,
				code: "FORBIDDEN", path: "[createPost]", has: []string{`"data":null`},
			},
			{
				name: "and what was refused is not there", viewer: testapp.Admin, query: `{ postBySlug(slug: "x") { id } }`, has: []string{`"postBySlug":null`},
			},
			{
				name: "a taken slug is named", viewer: ada, query: `mutation { createPost(input: {title: "x", slug: "first", body: "x", authorId: "` + gid("User", 1) + `"}) { post { id } } }`,
				code: "BAD_USER_INPUT", path: "[createPost]", field: "[input slug] NOT_UNIQUE", has: []string{`"data":null`},
			},
			{
				name: "all that is wrong with an input comes at once", viewer: testapp.Admin,
				query: `mutation($i: CreatePostInput!) { createPost(input: $i) { post { id } } }`,
				vars:  map[string]any{"i": map[string]any{"title": strings.Repeat("ü", 301), "slug": "", "body": "", "authorId": "nonsense"}},
				code:  "BAD_USER_INPUT", has: []string{`["input","title"]`, `"TOO_LONG"`, `"limit":300`, `["input","slug"]`, `["input","authorId"]`},
			},
			{
				name: "an id of another type is refused", viewer: testapp.Admin, query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", authorId: "` + gid("Post", 1) + `"}) { post { id } } }`,
				code: "BAD_USER_INPUT", field: "[input authorId] INVALID_FORMAT",
			},
			{
				name: "a row that does not exist cannot be connected", viewer: testapp.Admin, query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", tags: {connect: ["` + gid("Tag", 1) + `", "` + gid("Tag", 99) + `"]}}) { post { id } } }`,
				code: "NOT_FOUND", field: "[input tags connect 1] NOT_FOUND",
			},
			{
				name: "nor one that the viewer may not read", viewer: eve, query: `mutation { createComment(input: {message: "x", postId: "` + draft + `", authorId: "` + gid("User", 3) + `"}) { comment { id } } }`,
				code: "NOT_FOUND", field: "[input postId] NOT_FOUND", hasNot: []string{"Draft"},
			},
			{
				name: "absent leaves, null clears, set replaces", viewer: ada,
				query: `mutation($i: UpdatePostInput!) { updatePost(input: $i) { post { title body acceptedCommentId tags { nodes { name } } } } }`,
				vars:  map[string]any{"i": map[string]any{"id": gid("Post", 1), "title": "Changed", "acceptedCommentId": nil, "tags": map[string]any{"set": []string{gid("Tag", 2), gid("Tag", 3)}}}},
				has:   []string{`"title":"Changed"`, `"body":"b"`, `"acceptedCommentId":null`, `"tags":{"nodes":[{"name":"sql"},{"name":"web"}]}`},
			},
			{
				name: "disconnect and connect", viewer: ada, query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", tags: {disconnect: ["` + gid("Tag", 2) + `"], connect: ["` + gid("Tag", 1) + `"]}}) { post { tags { nodes { name } } } } }`,
				has: []string{`[{"name":"go"},{"name":"web"}]`},
			},
			{
				name: "a required value cannot be cleared", viewer: ada, query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", title: null}) { post { id } } }`,
				code: "BAD_USER_INPUT", field: "[input title] REQUIRED",
			},
			{
				name: "others' rows can be seen and not changed", viewer: eve, query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", title: "Mine"}) { post { id } } }`,
				code: "FORBIDDEN", path: "[updatePost]",
			},
			{
				name: "others' hidden rows do not exist", viewer: eve, query: `mutation { updatePost(input: {id: "` + draft + `", title: "Mine"}) { post { id } } }`,
				code: "NOT_FOUND", path: "[updatePost]",
			},
			{
				name: "as those that never did", viewer: eve, query: `mutation { updatePost(input: {id: "` + gid("Post", 99) + `", title: "Mine"}) { post { id } } }`,
				code: "NOT_FOUND", path: "[updatePost]",
			},
			{
				name: "a row cannot be given away", viewer: ada, query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", authorId: "` + gid("User", 3) + `"}) { post { id } } }`,
				code: "FORBIDDEN", path: "[updatePost]",
			},
			{
				name: "a moderator may", viewer: testapp.Moderator, query: `mutation { updatePost(input: {id: "` + gid("Post", 1) + `", status: CLOSED}) { post { status author { username } } } }`,
				has: []string{`"status":"CLOSED"`, `"username":"ada"`},
			},
			{
				name: "all or nothing", viewer: testapp.Admin,
				query: `mutation { a: createTag(input: {name: "new"}) { tag { id } } b: createTag(input: {name: "go"}) { tag { id } } c: createTag(input: {name: "never"}) { tag { id } } }`,
				code:  "BAD_USER_INPUT", path: "[b]", has: []string{`"data":null`},
			},
			{
				name: "nothing of it was kept", viewer: testapp.Admin, query: `{ a: tagByName(name: "new") { id } b: tagByName(name: "never") { id } }`, has: []string{`"a":null,"b":null`},
			},
			{
				name: "later fields see what earlier ones wrote", viewer: testapp.Admin,
				query: `mutation { a: updatePost(input: {id: "` + gid("Post", 1) + `", title: "A"}) { post { title } } b: updatePost(input: {id: "` + gid("Post", 1) + `", body: "B"}) { post { title body } } }`,
				has:   []string{`"b":{"post":{"title":"A","body":"B"}}`},
			},
			{
				name: "a foreign key that only the database knows", viewer: testapp.Admin, query: `mutation { createPost(input: {title: "x", slug: "x", body: "x", authorId: "` + gid("User", 99) + `"}) { post { id } } }`,
				code: "NOT_FOUND", path: "[createPost]", field: "[input authorId] NOT_FOUND",
			},
			{
				name: "a payload shows null where its row is hidden", viewer: testapp.Moderator,
				query: `mutation { updateComment(input: {id: "` + gid("Comment", 1) + `", message: "Edited"}) { comment { message updatedAt post { title } author { name } } } }`,
				has:   []string{`"message":"Edited"`, `"author":{"name":"Eve"}`}, hasNot: []string{`"updatedAt":null`},
			},
			{
				name: "fields that clients have no business with are not in inputs", viewer: testapp.Admin, query: `mutation { updateUser(input: {id: "` + gid("User", 1) + `", credits: 1000}) { user { id } } }`,
				code: "GRAPHQL_VALIDATION_FAILED",
			},
			{
				name: "an owner without an edge: the row itself", viewer: eve, query: `mutation { updateUser(input: {id: "` + gid("User", 3) + `", bio: "Hello", email: "eve@example.invalid"}) { user { bio email } } }`,
				has: []string{`"bio":"Hello"`},
			},
			{
				name: "and no other", viewer: eve, query: `mutation { updateUser(input: {id: "` + gid("User", 1) + `", bio: "Hacked"}) { user { bio } } }`,
				code: "FORBIDDEN",
			},
			{
				name: "JSON keeps its values", viewer: ada, query: `mutation { updateGrid(input: {id: "` + gid("Grid", 1) + `", cells: [["a", null], ["b", "c"]]}) { grid { cells modifiedAt } } }`,
				has: []string{`"cells":[["a",null],["b","c"]]`},
			},
			{
				name: "a slug is made up", viewer: ada, query: `mutation { createGrid(input: {title: "Second", userId: "` + gid("User", 1) + `"}) { grid { slug title } } }`,
				has: []string{`"slug":"`}, hasNot: []string{`"slug":""`},
			},
			{
				name: "soft delete", viewer: ada, query: `mutation { deleteGrid(input: {id: "` + gid("Grid", 1) + `", clientMutationId: "d"}) { deletedId clientMutationId } }`,
				has: []string{`"deletedId":"` + gid("Grid", 1) + `"`, `"clientMutationId":"d"`},
			},
			{
				name: "hides the row everywhere", viewer: testapp.Admin,
				query: `{ grid(id: "` + gid("Grid", 1) + `") { id } gridBySlug(slug: "grid") { id } node(id: "` + gid("Grid", 1) + `") { id } grids { totalCount } user(id: "` + gid("User", 1) + `") { grids { totalCount nodes { id } } } }`,
				has:   []string{`"grid":null,"gridBySlug":null,"node":null,"grids":{"totalCount":1}`}, hasNot: []string{gid("Grid", 1)},
			},
			{
				name: "and it cannot be deleted again", viewer: ada, query: `mutation { deleteGrid(input: {id: "` + gid("Grid", 1) + `"}) { deletedId } }`, code: "NOT_FOUND",
			},
			{
				name: "delete cascades as the schema says", viewer: testapp.Admin, query: `mutation { deletePost(input: {id: "` + gid("Post", 1) + `"}) { deletedId } }`, has: []string{gid("Post", 1)},
			},
			{
				name: "so that its comments are gone", viewer: testapp.Admin, query: `{ comments { totalCount } post(id: "` + gid("Post", 1) + `") { id } tagByName(name: "go") { posts { totalCount } } }`,
				has: []string{`"comments":{"totalCount":0},"post":null,"tagByName":{"posts":{"totalCount":0}}`},
			},
			{
				name: "authors go and their posts stay", viewer: testapp.Admin, query: `mutation { deleteUser(input: {id: "` + gid("User", 1) + `"}) { deletedId } }`, has: []string{gid("User", 1)},
			},
			{
				name: "without an author", viewer: testapp.Admin, query: `{ postBySlug(slug: "draft") { title authorId author { name } } }`, has: []string{`"title":"Draft","authorId":null,"author":null`},
			},
			{
				name: "a malformed id", viewer: testapp.Admin, query: `mutation { deletePost(input: {id: "nonsense"}) { deletedId } }`, code: "BAD_USER_INPUT", field: "[input id] INVALID_FORMAT",
			},
		} {
			t.Run(s.name, func(t *testing.T) { s.run(t, app) })
		}
	})
}

// TestConcurrentWrites: of many clients that want the same unique value one gets it and the others are told so.
func TestConcurrentWrites(t *testing.T) {
	testapp.Each(t, func(t *testing.T, url string) {
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
