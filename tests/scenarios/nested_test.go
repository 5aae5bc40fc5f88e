package scenarios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// Rows that are written along the edges of an input.
func TestNestedWrites(t *testing.T) {
	ada, eve := testapp.User("1"), testapp.User("3")
	u1, u3 := gid("User", 1), gid("User", 3)
	first, draft := gid("Post", 1), gid("Post", 2)
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Run(t, []gatewaytest.Scenario{
			{
				Name: "what refers to a row and what it refers to are created with it", As: testapp.Admin,
				Query: `mutation($i: CreatePostInput!) { createPost(input: $i) { post { slug author { username } tags(orderBy: [{field: NAME}]) { nodes { name } } comments(orderBy: [{field: ID}]) { nodes { message author { username } replies { nodes { message post { slug } } } } } } } }`,
				Variables: map[string]any{"i": map[string]any{
					"title": "Deep", "slug": "deep", "body": "b", "status": "PUBLISHED",
					"author": map[string]any{"create": map[string]any{"name": "Zoe", "username": "zoe"}},
					"tags":   map[string]any{"connect": []string{gid("Tag", 1)}, "create": []any{map[string]any{"name": "new"}, map[string]any{"name": "newer"}}},
					"comments": map[string]any{"create": []any{
						map[string]any{"message": "one", "authorId": u1},
						map[string]any{"message": "two", "author": map[string]any{"create": map[string]any{"name": "Yan", "username": "yan"}}},
					}},
				}},
				Has: []string{
					`"author":{"username":"zoe"}`, `"tags":{"nodes":[{"name":"go"},{"name":"new"},{"name":"newer"}]}`,
					`{"message":"one","author":{"username":"ada"},"replies":{"nodes":[]}},{"message":"two","author":{"username":"yan"}`,
				},
				Writes: []string{"insert users", "insert tags", "insert posts", "insert post_tags", "insert users", "insert comments", "insert entwine_history"},
			},
			{
				Name: "a value that is wrong deep below is named with its place, and all of them at once", As: testapp.Admin,
				Query: `mutation($i: CreatePostInput!) { createPost(input: $i) { post { id } } }`,
				Variables: map[string]any{"i": map[string]any{
					"title": "", "slug": "bad", "body": "b",
					"tags":     map[string]any{"create": []any{map[string]any{"name": "fine"}, map[string]any{"name": ""}}},
					"comments": map[string]any{"create": []any{map[string]any{"message": "fine"}, map[string]any{"message": "", "authorId": "nonsense"}}},
				}},
				Code: "BAD_USER_INPUT", Has: []string{
					`["input","title"]`, `["input","tags","create",1,"name"]`, `["input","comments","create",1,"message"]`, `["input","comments","create",1,"authorId"]`, `"data":null`,
				},
				Writes: []string{},
			},
			{
				Name: "taken values are named by their places", As: testapp.Admin,
				Query: `mutation($i: CreatePostInput!) { createPost(input: $i) { post { id } } }`,
				Variables: map[string]any{"i": map[string]any{
					"title": "t", "slug": "first", "body": "b",
					"tags": map[string]any{"create": []any{map[string]any{"name": "fresh"}, map[string]any{"name": "sql"}, map[string]any{"name": "fresh"}}},
				}},
				Code: "BAD_USER_INPUT", Has: []string{`["input","tags","create",1,"name"]`, `["input","tags","create",2,"name"]`, `["input","slug"]`, `NOT_UNIQUE`},
				HasNot: []string{`["input","tags","create",0`},
			},
			{
				Name: "a reference that leads nowhere is named by its place", As: testapp.Admin,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", comments: { create: [{ message: "m", authorId: "` + u1 + `" }, { message: "m", authorId: "` + gid("User", 99) + `" }] } }) { post { id } } }`,
				Code:  "NOT_FOUND", Field: "[input comments create 1 authorId] NOT_FOUND",
			},
			{
				Name: "the place of a row says what it refers to", As: testapp.Admin,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", comments: { create: [{ message: "m", postId: "` + first + `" }] } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input comments create 0 postId] INVALID", Writes: []string{},
			},
			{
				Name: "nor can it be created again", As: testapp.Admin,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", comments: { create: [{ message: "m", post: { create: { title: "x", slug: "x", body: "x" } } }] } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input comments create 0 post] INVALID", Writes: []string{},
			},
			{
				Name: "one of an id and a row", As: testapp.Admin,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", authorId: "` + u1 + `", author: { create: { name: "n", username: "n" } } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input author] INVALID", Writes: []string{},
			},
			{
				Name: "one of them is required", As: testapp.Admin,
				Query: `mutation { createComment(input: { message: "m" }) { comment { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input postId] REQUIRED", Writes: []string{},
			},
			{
				Name: "rules hold for rows along edges", As: ada,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", authorId: "` + u1 + `", comments: { create: [{ message: "m", authorId: "` + u1 + `" }, { message: "m", authorId: "` + u3 + `" }] } }) { post { id } } }`,
				Code:  "FORBIDDEN", Field: "[input comments create 1] FORBIDDEN", Has: []string{`"data":null`},
			},
			{
				Name: "and whoever may not create a user does not do so along an edge", As: ada,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", author: { create: { name: "n", username: "n" } } }) { post { id } } }`,
				Code:  "FORBIDDEN", Field: "[input author create] FORBIDDEN", Writes: []string{},
			},
			{
				Name: "nothing is left of what was refused", As: testapp.Admin,
				Query: `{ a: postBySlug(slug: "t") { id } b: userByUsername(username: "n") { id } c: tagByName(name: "fresh") { id } }`, Has: []string{`"a":null,"b":null,"c":null`},
			},
			{
				Name: "rows along edges are changed with their owner", As: testapp.Admin,
				Query: `mutation($i: UpdatePostInput!) { updatePost(input: $i) { post { title author { name } tags(orderBy: [{field: NAME}]) { nodes { name } } comments(orderBy: [{field: ID}]) { nodes { message } } } } }`,
				Variables: map[string]any{"i": map[string]any{
					"id": first, "title": "Changed",
					"author":   map[string]any{"update": map[string]any{"name": "Ada L."}},
					"tags":     map[string]any{"disconnect": []string{gid("Tag", 1)}, "create": []any{map[string]any{"name": "made"}}, "update": []any{map[string]any{"id": gid("Tag", 2), "name": "SQL"}}},
					"comments": map[string]any{"update": []any{map[string]any{"id": gid("Comment", 1), "message": "Hello"}}, "create": []any{map[string]any{"message": "Another"}}},
				}},
				Has: []string{`"title":"Changed"`, `"author":{"name":"Ada L."}`, `"tags":{"nodes":[{"name":"SQL"},{"name":"made"}]}`, `"comments":{"nodes":[{"message":"Hello"},{"message":"Another"}]}`},
			},
			{
				Name: "a row that is not there is not changed", As: testapp.Admin,
				Query: `mutation { updatePost(input: { id: "` + draft + `", comments: { update: [{ id: "` + gid("Comment", 1) + `", message: "x" }] } }) { post { id } } }`,
				Code:  "NOT_FOUND", Field: "[input comments update 0 id] NOT_FOUND", Writes: []string{},
			},
			{
				Name: "nor a tag of another post", As: testapp.Admin,
				Query: `mutation { updatePost(input: { id: "` + draft + `", tags: { update: [{ id: "` + gid("Tag", 2) + `", name: "x" }] } }) { post { id } } }`,
				Code:  "NOT_FOUND", Field: "[input tags update 0 id] NOT_FOUND", Writes: []string{},
			},
			{
				Name: "one row changes in one place", As: testapp.Admin,
				Query: `mutation { updatePost(input: { id: "` + first + `", comments: { update: [{ id: "` + gid("Comment", 1) + `", message: "x" }, { id: "` + gid("Comment", 1) + `", message: "y" }] } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input comments update 1 id] INVALID", Writes: []string{},
			},
			{
				Name: "a cycle comes back to a row that is being changed", As: testapp.Admin,
				Query: `mutation { updatePost(input: { id: "` + first + `", tags: { update: [{ id: "` + gid("Tag", 2) + `", posts: { update: [{ id: "` + first + `", title: "x" }] } }] } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input tags update 0 posts update 0 id] INVALID", Writes: []string{},
			},
			{
				Name: "one id is connected or disconnected", As: testapp.Admin,
				Query: `mutation { updatePost(input: { id: "` + first + `", tags: { connect: ["` + gid("Tag", 3) + `"], disconnect: ["` + gid("Tag", 3) + `"] } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input tags connect 0] INVALID", Writes: []string{},
			},
			{
				Name: "rules hold for rows that are changed along edges", As: ada,
				Query: `mutation { updatePost(input: { id: "` + first + `", title: "mine", comments: { update: [{ id: "` + gid("Comment", 1) + `", message: "x" }] } }) { post { id } } }`,
				Code:  "FORBIDDEN", Field: "[input comments update 0] FORBIDDEN", Writes: []string{},
			},
			{
				Name: "without an author there is none to change", As: testapp.Admin,
				Query: `mutation { a: updatePost(input: { id: "` + draft + `", authorId: null }) { post { id } } b: updatePost(input: { id: "` + draft + `", author: { update: { name: "x" } } }) { post { id } } }`,
				Code:  "NOT_FOUND", Path: "[b]", Field: "[input author update] NOT_FOUND",
			},
			{
				Name: "an author can be given along with a change", As: testapp.Admin,
				Query: `mutation { updatePost(input: { id: "` + draft + `", author: { create: { name: "Neu", username: "neu" } } }) { post { author { name } } } }`,
				Has:   []string{`"author":{"name":"Neu"}`},
			},
			{
				Name: "clientMutationId stands at the top", As: testapp.Admin,
				Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", tags: { create: [{ name: "y", clientMutationId: "1" }] } }) { post { id } } }`,
				Code:  "BAD_USER_INPUT", Field: "[input tags create 0 clientMutationId] INVALID",
			},
			{
				Name: "anonymous viewers write nothing along edges", Query: `mutation { createPost(input: { title: "t", slug: "t", body: "b", tags: { create: [{ name: "y" }] } }) { post { id } } }`,
				Code: "UNAUTHENTICATED", Writes: []string{},
			},
			{
				Name: "an unreadable row is as good as none", As: eve,
				Query: `mutation { updatePost(input: { id: "` + draft + `", comments: { create: [{ message: "m", authorId: "` + u3 + `" }] } }) { post { id } } }`,
				Code:  "NOT_FOUND", Writes: []string{},
			},
		}...)
		deep := `{ message: "m" }`
		for range 12 {
			deep = `{ message: "m", replies: { create: [` + deep + `] } }`
		}
		body := string(app.Send(t, testapp.Admin, `mutation { createComment(input: { postId: "`+first+`", message: "m", replies: { create: [`+deep+`] } }) { comment { id } } }`, nil))
		if !strings.Contains(body, `"OUT_OF_RANGE"`) || !strings.Contains(body, `"limit":10`) {
			t.Errorf("too deep: %s", body)
		}
	})
}

// Whoever replaces a list replaces what they see of it, and may take out.
func TestSetLeavesWhatIsHidden(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Handle.Catalog.Entity("Tag").Rules.Update = access.SignedIn()
		app.Exec(t, "INSERT INTO post_tags (post_id, tag_id) VALUES (2, 1)")
		tag := gid("Tag", 1)
		for _, c := range []struct{ name, set, posts string }{
			{"a draft of another stays, and a post that one may not change", `[]`, "[[1] [2]]"},
			{"what is there is not put there again", `["` + gid("Post", 3) + `"]`, "[[1] [2] [3]]"},
			{"one's own goes", `[]`, "[[1] [2]]"},
		} {
			if c.name == "what is there is not put there again" {
				app.Must(t, testapp.User("3"), `mutation { createPost(input: { title: "t", slug: "mine", body: "b", authorId: "`+gid("User", 3)+`", tags: { connect: ["`+tag+`"] } }) { post { id } } }`, nil)
			}
			app.Must(t, testapp.User("3"), `mutation { updateTag(input: { id: "`+tag+`", posts: { set: `+c.set+` } }) { tag { id } } }`, nil)
			if got := fmt.Sprint(app.Rows(t, "SELECT post_id FROM post_tags WHERE tag_id = 1 ORDER BY post_id")); got != c.posts {
				t.Errorf("%s: %s, want %s", c.name, got, c.posts)
			}
		}
	})
}

// A nested write costs a statement for each edge on the way, however many rows there are.
func TestNestedStatements(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		for range 100 {
			app.Exec(t, "INSERT INTO comments (post_id, message, kind, score, is_accepted, created_at) VALUES (2, 'm', 'comment', 0, false, '2026-01-01 00:00:00+00:00')")
		}
		for name, c := range map[string]struct {
			viewer access.Viewer
			input  func(n int) map[string]any
			query  string
		}{
			"children": {testapp.User("1"), func(n int) map[string]any {
				comments := make([]any, n)
				for i := range comments {
					comments[i] = map[string]any{"message": fmt.Sprint("m", i), "authorId": gid("User", 1)}
				}
				return map[string]any{"title": "t", "slug": fmt.Sprint("c", n), "body": "b", "authorId": gid("User", 1), "comments": map[string]any{"create": comments}}
			}, `mutation($i: CreatePostInput!) { createPost(input: $i) { post { comments(first: 100) { nodes { message } } } } }`},
			"grandchildren and links": {testapp.Admin, func(n int) map[string]any {
				posts := make([]any, n)
				for i := range posts {
					posts[i] = map[string]any{
						"title": "t", "slug": fmt.Sprint("g", n, "-", i), "body": "b",
						"tags":     map[string]any{"connect": []string{gid("Tag", 1+i%3)}},
						"comments": map[string]any{"create": []any{map[string]any{"message": "a"}, map[string]any{"message": "b"}}},
					}
				}
				return map[string]any{"posts": posts}
			}, `mutation($i: CreateManyPostInput!) { createPosts(input: $i) { affectedCount posts { slug } } }`},
			"changes alike": {testapp.Admin, func(n int) map[string]any {
				updates := make([]any, n)
				for i, row := range app.Rows(t, fmt.Sprintf("SELECT id FROM comments WHERE post_id = 2 ORDER BY id LIMIT %d", n)) {
					updates[i] = map[string]any{"id": gid("Comment", int(row[0].(int64))), "message": fmt.Sprint("same", n)}
				}
				return map[string]any{"id": gid("Post", 2), "comments": map[string]any{"update": updates}}
			}, `mutation($i: UpdatePostInput!) { updatePost(input: $i) { post { comments(first: 100) { nodes { message } } } } }`},
		} {
			var before []string
			for _, n := range []int{2, 10, 100} {
				input := c.input(n)
				app.Statements()
				body := string(app.Send(t, c.viewer, c.query, map[string]any{"i": input}))
				if strings.Contains(body, "errors") {
					t.Fatalf("%s, %d: %.400s", name, n, body)
				}
				statements, _ := app.Statements()
				if before != nil && len(statements) != len(before) {
					t.Errorf("%s: %d statements for %d rows, %d for fewer\n%s", name, len(statements), n, len(before), strings.Join(statements, "\n"))
				}
				before = statements
			}
			t.Logf("%s: %d statements", name, len(before))
		}
	})
}

func TestCreateManyAndUpsert(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Run(t, []gatewaytest.Scenario{
			{
				Name: "many rows come back in their order", As: testapp.Admin,
				Query:  `mutation { createTags(input: { tags: [{ name: "z" }, { name: "a" }, { name: "m" }], clientMutationId: "7" }) { affectedCount clientMutationId tags { name posts { totalCount } } tagEdges { cursor node { name } } } }`,
				Has:    []string{`"affectedCount":3,"clientMutationId":"7","tags":[{"name":"z","posts":{"totalCount":0}},{"name":"a","posts":{"totalCount":0}},{"name":"m","posts":{"totalCount":0}}],"tagEdges":[{"cursor":"`, `"node":{"name":"m"}}]`},
				Writes: []string{"insert tags"},
			},
			{
				Name: "or none of them", As: testapp.Admin,
				Query: `mutation { createTags(input: { tags: [{ name: "b" }, { name: "go" }, { name: "" }] }) { affectedCount } }`,
				Code:  "BAD_USER_INPUT", Field: "[input tags 2 name] INVALID", Writes: []string{},
			},
			{
				Name: "a taken name is found among many", As: testapp.Admin,
				Query: `mutation { createTags(input: { tags: [{ name: "b" }, { name: "go" }, { name: "c" }, { name: "b" }] }) { affectedCount } }`,
				Code:  "BAD_USER_INPUT", Has: []string{`["input","tags",1,"name"]`, `["input","tags",3,"name"]`}, HasNot: []string{`"tags",0`, `"tags",2`},
			},
			{Name: "none at all", As: testapp.Admin, Query: `mutation { createTags(input: { tags: [] }) { affectedCount tags { name } } }`, Has: []string{`"affectedCount":0,"tags":[]`}, Writes: []string{}},
			{
				Name: "what the viewer may not read is null in its place", As: testapp.User("3"),
				Query: `mutation { createComments(input: { comments: [{ message: "ok", postId: "` + gid("Post", 1) + `", authorId: "` + gid("User", 3) + `" }] }) { comments { message } } }`, Has: []string{`[{"message":"ok"}]`},
			},
			{
				Name: "an upsert creates", As: testapp.Admin,
				Query: `mutation { upsertTag(input: { by: NAME, create: { name: "up" } , update: { name: "changed" } }) { created tag { name } tagEdge { cursor } } }`, Has: []string{`"created":true,"tag":{"name":"up"}`}, Writes: []string{"insert tags"},
			},
			{
				Name: "and then updates", As: testapp.Admin,
				Query: `mutation { upsertTag(input: { by: NAME, create: { name: "up" } , update: { name: "changed" }, clientMutationId: "u" }) { created tag { name } clientMutationId } }`, Has: []string{`"created":false,"tag":{"name":"changed"},"clientMutationId":"u"`}, Writes: []string{"update tags"},
			},
			{
				Name: "or leaves it", As: testapp.Admin,
				Query: `mutation { upsertTag(input: { by: NAME, create: { name: "changed" } }) { created tag { name } } }`, Has: []string{`"created":false,"tag":{"name":"changed"}`}, Writes: []string{},
			},
			{
				Name: "the values of the key are needed", As: testapp.Admin,
				Query: `mutation { upsertUser(input: { by: EMAIL, create: { name: "n", username: "n" } }) { created } }`, Code: "BAD_USER_INPUT", Field: "[input create email] REQUIRED", Writes: []string{},
			},
			{
				Name: "a key that the viewer may not read is no key for them", As: testapp.User("3"),
				Query: `mutation { upsertUser(input: { by: EMAIL, create: { name: "n", username: "n", email: "a@b.c" } }) { created } }`, Code: "FORBIDDEN", Writes: []string{},
			},
			{
				Name: "both inputs must be valid", As: testapp.Admin,
				Query: `mutation { upsertPost(input: { by: SLUG, create: { title: "", slug: "first", body: "b" }, update: { title: "x" } }) { created } }`, Code: "BAD_USER_INPUT", Field: "[input create title] INVALID", Writes: []string{},
			},
			{
				Name: "a hidden row is in the way as any other", As: testapp.User("3"),
				Query: `mutation { upsertPost(input: { by: SLUG, create: { title: "t", slug: "draft", body: "b", authorId: "` + gid("User", 3) + `" }, update: { title: "x" } }) { created } }`, Code: "BAD_USER_INPUT", Field: "[input create slug] NOT_UNIQUE",
			},
			{
				Name: "a row that the viewer reads and may not change", As: testapp.User("3"),
				Query: `mutation { upsertPost(input: { by: SLUG, create: { title: "t", slug: "first", body: "b", authorId: "` + gid("User", 3) + `" }, update: { title: "x" } }) { created } }`, Code: "FORBIDDEN", Writes: []string{},
			},
			{
				Name: "two taken values are both named", As: testapp.Admin,
				Query: `mutation { a: updateUser(input: { id: "` + gid("User", 1) + `", email: "ada@example.org" }) { user { id } } b: createUser(input: { name: "x", username: "ada", email: "ada@example.org" }) { user { id } } }`, Code: "BAD_USER_INPUT",
				Has: []string{`["input","username"]`},
			},
		}...)
	})
}

// What is said of an input does not speak of rows that were deleted, nor keep silent about one of its references.
func TestWhatIsSaidOfInputs(t *testing.T) {
	nowhere := gid("User", 99)
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Must(t, testapp.Admin, `mutation { deleteGrid(input: { id: "`+gid("Grid", 1)+`" }) { deletedId } }`, nil)
		app.Run(t, []gatewaytest.Scenario{
			{
				Name: "a deleted row's key is free", As: testapp.Admin,
				Query: `mutation { createGrid(input: { title: "t", slug: "grid", userId: "` + nowhere + `" }) { grid { id } } }`,
				Code:  "NOT_FOUND", Field: "[input userId] NOT_FOUND", HasNot: []string{"slug", "NOT_UNIQUE"},
			},
			{
				Name: "all references that lead nowhere are named", As: testapp.User("1"),
				Query: `mutation { createComment(input: { message: "m", postId: "` + gid("Post", 99) + `", authorId: "` + nowhere + `" }) { comment { id } } }`,
				Code:  "NOT_FOUND", Has: []string{`["input","postId"]`, `["input","authorId"]`}, Writes: []string{},
			},
			{
				Name: "also by those who see everything", As: testapp.Admin,
				Query: `mutation { createComment(input: { message: "m", postId: "` + gid("Post", 99) + `", authorId: "` + nowhere + `" }) { comment { id } } }`,
				Code:  "NOT_FOUND", Has: []string{`["input","postId"]`, `["input","authorId"]`},
			},
		}...)
	})
}

// Upserts of one key that run side by side make one row.
func TestUpsertsRace(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		for round := range 10 {
			answers := make(chan string)
			for i := range 8 {
				go func() {
					answers <- string(app.Send(t, testapp.Admin, fmt.Sprintf(`mutation { upsertTag(input: { by: NAME, create: { name: "race%d", excerpt: "%d" }, update: { excerpt: "%d" } }) { created tag { name } } }`, round, i, i), nil))
				}()
			}
			created := 0
			for range 8 {
				body := <-answers
				if strings.Contains(body, "errors") {
					t.Error(body)
				}
				if strings.Contains(body, `"created":true`) {
					created++
				}
			}
			if n := app.Rows(t, fmt.Sprintf("SELECT count(*) FROM tags WHERE name = 'race%d'", round))[0][0]; n != int64(1) || created != 1 {
				t.Errorf("round %d: %v rows, created %d times", round, n, created)
			}
		}
	})
}
