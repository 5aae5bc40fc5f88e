// Package history tests the history of rows on the reference application: what is kept of whose writes, who sees it, and what that
// costs. Fields of all types, rules on fields and other keys are tested by package torture.
package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/tests/testapp"
)

// entry is an entry of a history.
type entry struct {
	Operation, Actor, At string
	By                   *string
	Version              *int
	Changes              []struct {
		Field         string
		Before, After any
	}
}

// String leaves out what the test does not know: times.
func (e entry) String() string {
	b := e.Operation + " " + e.Actor
	if e.By != nil {
		b += " " + *e.By
	}
	for _, c := range e.Changes {
		if !strings.HasSuffix(c.Field, "At") {
			b += fmt.Sprintf(" %s: %v -> %v,", c.Field, c.Before, c.After)
		}
	}
	return strings.TrimSuffix(b, ",")
}

const selection = `{ totalCount nodes { operation actor at by version changes { field before after } } }`

// past is the history of a post, the latest first.
func past(t *testing.T, app *testapp.App, viewer access.Viewer, key any) (lines []string) {
	t.Helper()
	body := app.Must(t, viewer, fmt.Sprintf(`{ post(id: %q) { history(first: 100) %s } }`, id(key), selection), nil).Raw
	var r struct {
		Data struct {
			Post *struct {
				History struct {
					TotalCount int
					Nodes      []entry
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	if r.Data.Post == nil {
		return []string{"no post"}
	}
	for _, e := range r.Data.Post.History.Nodes {
		if at, err := time.Parse(time.RFC3339Nano, e.At); err != nil || time.Since(at).Abs() > time.Hour {
			t.Errorf("at %q", e.At)
		}
		lines = append(lines, e.String())
	}
	if n := r.Data.Post.History.TotalCount; n != len(lines) {
		t.Errorf("totalCount %d of %d entries", n, len(lines))
	}
	return lines
}

func id(key any) string { return relay.ID("Post", fmt.Sprint(key)) }

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("history:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func client(app *testapp.App) *ent.Client { return graph.Client(app.Handle) }

// newPost makes a post of user 1 by the API and returns its key.
func newPost(t *testing.T, app *testapp.App, slug string) (key int) {
	t.Helper()
	app.Must(t, testapp.User("1"), `mutation($s: String!) { createPost(input: { title: "First", slug: $s, body: "b", authorId: "VXNlcjox" }) { post { id } } }`, map[string]any{"s": slug})
	key, err := client(app).Post.Query().Where(post.Slug(slug)).OnlyID(access.SystemContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestWhoAndWhat: all kinds of writers, by the API and by Go code; values are those that the API shows.
func TestWhoAndWhat(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 5)
		if n := app.Rows(t, "SELECT count(*) FROM entwine_history")[0][0]; n != int64(0) {
			t.Fatalf("%v entries of demo data", n)
		}
		k := newPost(t, app, "whose")
		app.Must(t, testapp.Moderator, `mutation($id: ID!) { updatePost(input: { id: $id, title: "Second", status: PUBLISHED }) { post { id } } }`, map[string]any{"id": id(k)})
		app.Must(t, testapp.Admin, `mutation($id: ID!) { updatePost(input: { id: $id, authorId: "VXNlcjoy" }) { post { id } } }`, map[string]any{"id": id(k)})
		// A mutation that changes nothing but the time leaves an entry for that.
		app.Must(t, testapp.Admin, `mutation($id: ID!) { updatePost(input: { id: $id, title: "Second" }) { post { id } } }`, map[string]any{"id": id(k)})
		system := access.SystemContext(t.Context())
		if err := client(app).Post.UpdateOneID(k).AddScore(3).ClearAuthorID().SetUpdatedAt(time.Unix(0, 0)).Exec(system); err != nil {
			t.Fatal(err)
		}
		if err := client(app).Post.Update().Where(post.ID(k)).SetLicense("CC0").Exec(access.NewContext(t.Context(), testapp.Moderator)); err != nil {
			t.Fatal(err)
		}
		expect(t, past(t, app, testapp.Admin, k),
			`UPDATE USER VXNlcjoy license: <nil> -> CC0`,
			`UPDATE SYSTEM authorId: VXNlcjoy -> <nil>, score: 0 -> 3`,
			`UPDATE SERVICE`,
			`UPDATE SERVICE authorId: VXNlcjox -> VXNlcjoy`,
			`UPDATE USER VXNlcjoy title: First -> Second, status: DRAFT -> PUBLISHED`,
			`CREATE USER VXNlcjox title: <nil> -> First, slug: <nil> -> whose, body: <nil> -> b, status: <nil> -> DRAFT, authorId: <nil> -> VXNlcjox, score: <nil> -> 0, viewCount: <nil> -> 0`,
		)
		// Whoever may not read the history of a post sees an empty one, and whoever may not read the post no post.
		expect(t, past(t, app, testapp.User("1"), k))
		expect(t, past(t, app, testapp.Anonymous, k))
		app.Exec(t, "UPDATE posts SET status = 'draft'")
		expect(t, past(t, app, testapp.User("1"), k), "no post")
		app.Exec(t, "UPDATE posts SET author_id = 1")
		if n := len(past(t, app, testapp.User("1"), k)); n != 6 {
			t.Errorf("%d entries for the author", n)
		}
	})
}

// TestOneEntryForEach: the writes of a mutation field, or of a transaction of Go code, are one entry for each row.
func TestOneEntryForEach(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 5)
		a, b := newPost(t, app, "a"), newPost(t, app, "b")
		app.Must(t, testapp.Admin, `mutation($id: ID!) {
			first: updatePost(input: { id: $id, title: "1" }) { post { history(first: 1) { nodes { changes { field before after } } } } }
			second: updatePost(input: { id: $id, title: "2" }) { post { history(first: 1) { nodes { changes { field before after } } } } }
		}`, map[string]any{"id": id(a)})
		system := access.SystemContext(t.Context())
		err := app.Handle.Transaction(system, func(ctx context.Context) error {
			for _, title := range []string{"3", "4"} {
				if err := client(app).Post.UpdateOneID(a).SetTitle(title).Exec(ctx); err != nil {
					return err
				}
			}
			return client(app).Post.DeleteOneID(b).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, past(t, app, testapp.Admin, a)[:3], "UPDATE SYSTEM title: 2 -> 4", "UPDATE SERVICE title: 1 -> 2", "UPDATE SERVICE title: First -> 1")
		// What was deleted is kept for those who read the table.
		if rows := app.Rows(t, fmt.Sprintf("SELECT operation FROM entwine_history WHERE entity = 'posts' AND row_key = '%d' ORDER BY id", b)); len(rows) != 2 || fmt.Sprintf("%s", rows[1][0]) != "delete" {
			t.Errorf("%s", rows)
		}
		// A transaction that the ORM has begun, and one in which nothing stays.
		tx, err := client(app).Tx(system)
		if err != nil {
			t.Fatal(err)
		}
		for _, title := range []string{"5", "6"} {
			if err := tx.Post.UpdateOneID(a).SetTitle(title).Exec(system); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		expect(t, past(t, app, testapp.Admin, a)[:1], "UPDATE SYSTEM title: 4 -> 6")
		before := app.Rows(t, "SELECT count(*) FROM entwine_history")[0][0]
		if tx, err = client(app).Tx(system); err != nil {
			t.Fatal(err)
		}
		if err := tx.Post.UpdateOneID(a).SetTitle("7").Exec(system); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		_ = app.Handle.Transaction(system, func(ctx context.Context) error {
			return errors.Join(client(app).Post.UpdateOneID(a).SetTitle("8").Exec(ctx), errors.New("undone"))
		})
		err = app.Handle.Transaction(system, func(ctx context.Context) error {
			p, err := client(app).Post.Create().SetTitle("x").SetSlug("x").SetBody("x").Save(ctx)
			if err != nil {
				return err
			}
			return client(app).Post.DeleteOne(p).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		app.Do(t, testapp.Admin, `mutation($id: ID!) { updatePost(input: { id: $id, title: "9" }) { post { id } } deleteTag(input: { id: "VGFnOjk5OTk=" }) { deletedId } }`, map[string]any{"id": id(a)})
		if after := app.Rows(t, "SELECT count(*) FROM entwine_history")[0][0]; after != before {
			t.Errorf("%v entries, not %v: of transactions that were undone, or of a row that came and went", after, before)
		}
	})
}

// TestRepeated: a mutation that is sent again with its key leaves nothing.
func TestRepeated(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 5)
		k := newPost(t, app, "again")
		for range 3 {
			body := fmt.Sprintf(`{"query": "mutation { updatePost(input: { id: \"%s\", title: \"Once\" }) { post { history { totalCount } } } }"}`, id(k))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Idempotency-Key", "again")
			if got := app.Request(testapp.Admin, r).Body.String(); !strings.Contains(got, `"totalCount":2`) {
				t.Error(got)
			}
		}
		expect(t, past(t, app, testapp.Admin, k)[:1], "UPDATE SERVICE title: First -> Once")
		if n := len(past(t, app, testapp.Admin, k)); n != 2 {
			t.Errorf("%d entries", n)
		}
	})
}

// TestWritesBesideTheRow: rows whose foreign key is written by the mutation of another row, in Go code, and rows that are made many at
// once, outside of transactions.
func TestWritesBesideTheRow(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 5)
		a, b := newPost(t, app, "a"), newPost(t, app, "b")
		system, cancel := context.WithTimeout(access.SystemContext(t.Context()), 20*time.Second)
		defer cancel()
		if err := client(app).User.UpdateOneID(1).RemovePostIDs(a, b).Exec(system); err != nil {
			t.Fatal(err)
		}
		if err := client(app).User.UpdateOneID(2).AddPostIDs(a, b).Exec(system); err != nil {
			t.Fatal(err)
		}
		if err := client(app).User.UpdateOneID(2).RemovePostIDs(a).Exec(system); err != nil {
			t.Fatal(err)
		}
		if err := client(app).User.Update().ClearPosts().Exec(system); err != nil {
			t.Fatal(err)
		}
		for _, k := range []int{a, b} { // one by its name, the other with all
			expect(t, past(t, app, testapp.Admin, k)[:3],
				"UPDATE SYSTEM authorId: VXNlcjoy -> <nil>", "UPDATE SYSTEM authorId: <nil> -> VXNlcjoy", "UPDATE SYSTEM authorId: VXNlcjox -> <nil>")
		}
		// The same by the API, where a user's posts are connected.
		app.Must(t, testapp.Admin, `mutation($ids: [ID!]) { updateUser(input: { id: "VXNlcjoz", posts: { connect: $ids } }) { user { id } } }`, map[string]any{"ids": []string{id(a), id(b)}})
		expect(t, past(t, app, testapp.Admin, b)[:1], "UPDATE SERVICE authorId: <nil> -> VXNlcjoz")

		for _, ctx := range []context.Context{system, access.NewContext(system, testapp.User("1"))} {
			app.Statements()
			posts, err := client(app).Post.MapCreateBulk(make([]int, 50), func(c *ent.PostCreate, i int) {
				c.SetTitle("t").SetSlug(fmt.Sprint("bulk-", access.FromContext(ctx).UserID, "-", i)).SetBody("b").SetAuthorID(1)
			}).Save(ctx)
			if err != nil {
				t.Fatal(err)
			}
			statements, _ := app.Statements()
			inserts := 0
			for _, s := range statements {
				if strings.Contains(s, "INSERT INTO entwine_history") {
					inserts++
				}
			}
			if inserts != 1 {
				t.Errorf("%d inserts of history for 50 rows made at once", inserts)
			}
			if got := past(t, app, testapp.Admin, posts[49].ID); len(got) != 1 || !strings.HasPrefix(got[0], "CREATE ") {
				t.Errorf("%q", got)
			}
		}
	})
}

// TestStatements: what a history costs does not grow with the number of rows.
func TestStatements(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 10)
		send := func(query string, variables map[string]any) int {
			t.Helper()
			app.Statements()
			app.Must(t, testapp.Admin, query, variables)
			statements, _ := app.Statements()
			return len(statements)
		}
		counts := make(map[string][]int)
		for _, n := range []int{1, 10, 100} {
			inputs := make([]any, n)
			for i := range inputs {
				inputs[i] = map[string]any{"title": fmt.Sprint("many", n), "slug": fmt.Sprint("many-", n, "-", i), "body": "b", "status": "WIKI"}
			}
			counts["create"] = append(counts["create"], send(`mutation($p: [CreatePostInput!]!) { createPosts(input: { posts: $p }) { posts { id } } }`, map[string]any{"p": inputs}))
			bulk := map[string]any{"t": fmt.Sprint("many", n)}
			counts["update"] = append(counts["update"], send(`mutation($t: String!) { updatePosts(input: { where: { title: { eq: $t } }, max: 100, set: { body: "c" } }) { affectedCount } }`, bulk))
			counts["read"] = append(counts["read"], send(fmt.Sprintf(`{ posts(first: %d) { nodes { history(first: 2) { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { changes { field } } } } } }`, n), nil))
			counts["delete"] = append(counts["delete"], send(`mutation($t: String!) { deletePosts(input: { where: { title: { eq: $t } }, max: 100 }) { affectedCount } }`, bulk))
		}
		t.Log(counts)
		for what, want := range map[string]int{"read": 3, "create": 4, "update": 6, "delete": 6} {
			for _, n := range counts[what] {
				if n > want {
					t.Errorf("%s: %v statements for 1, 10 and 100 rows, not %d", what, counts[what], want)
					break
				}
			}
		}
		// More rows than are compared at once.
		inputs := make([]any, 2345)
		for i := range inputs {
			inputs[i] = map[string]any{"title": "lots", "slug": fmt.Sprint("lots-", i), "body": "long"}
		}
		app.Must(t, testapp.Admin, `mutation($p: [CreatePostInput!]!) { createPosts(input: { posts: $p }) { affectedCount } }`, map[string]any{"p": inputs})
		if n := send(`mutation($b: String) { updatePosts(input: { where: { title: { eq: "lots" } }, max: 10000, set: { body: $b } }) { affectedCount } }`, map[string]any{"b": strings.Repeat("long ", 1000)}); n > 14 {
			t.Errorf("%d statements to change 2345 rows", n)
		}
		for _, operation := range []string{"create", "update"} {
			if n := app.Rows(t, "SELECT count(*) FROM entwine_history WHERE operation = '"+operation+"' AND row_key IN (SELECT CAST(id AS text) FROM posts WHERE title = 'lots')")[0][0]; n != int64(len(inputs)) {
				t.Errorf("%s: %v entries", operation, n)
			}
		}
		// An entity without a history pays nothing.
		want := map[bool]int{true: 2, false: 1}[strings.HasPrefix(url, "sqlite")] // where the row is read by its key
		if n := send(`mutation { createTag(input: { name: "costless" }) { tag { id } } }`, nil); n != want {
			t.Errorf("%d statements to make a tag", n)
		}
	})
}

// TestPages: the connection of a history is one as any other.
func TestPages(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 5)
		a, b := newPost(t, app, "a"), newPost(t, app, "b")
		for i := range 30 {
			app.Must(t, testapp.Admin, `mutation($id: ID!, $t: String!) { updatePost(input: { id: $id, title: $t }) { post { id } } }`, map[string]any{"id": id(a), "t": fmt.Sprint(i)})
		}
		titles := func(arguments string, keys ...int) (all []string, info []map[string]any) {
			t.Helper()
			ids := make([]string, len(keys))
			for i, k := range keys {
				ids[i] = id(k)
			}
			body := app.Must(t, testapp.Admin, fmt.Sprintf(`query($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { history%s { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { changes { field after } } } } } }`, arguments), map[string]any{"ids": ids}).Raw
			var r struct {
				Data struct {
					Nodes []struct {
						History struct {
							PageInfo map[string]any
							Nodes    []entry
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(body), &r); err != nil {
				t.Fatal(err)
			}
			for _, n := range r.Data.Nodes {
				text := ""
				for _, e := range n.History.Nodes {
					for _, c := range e.Changes {
						if c.Field == "title" {
							text += fmt.Sprint(c.After, " ")
						}
					}
				}
				all, info = append(all, strings.TrimSpace(text)), append(info, n.History.PageInfo)
			}
			return all, info
		}
		page := func(arguments, want string, next, previous bool) map[string]any {
			t.Helper()
			got, info := titles(arguments, a)
			if got[0] != want || info[0]["hasNextPage"] != next || info[0]["hasPreviousPage"] != previous {
				t.Errorf("%s: %s %v", arguments, got[0], info[0])
			}
			// Beside another row the page is the same.
			got, others := titles(arguments, a, b)
			if got[0] != want || others[0]["hasNextPage"] != next || others[0]["hasPreviousPage"] != previous {
				t.Errorf("%s beside another row: %s %v", arguments, got[0], others[0])
			}
			return info[0]
		}
		info := page("(first: 3)", "29 28 27", true, false)
		info = page(fmt.Sprintf("(first: 3, after: %q)", info["endCursor"]), "26 25 24", true, true)
		page(fmt.Sprintf("(last: 2, before: %q)", info["startCursor"]), "28 27", true, true)
		page("(last: 2)", "0 First", false, true)
		page("(first: 2, offset: 29)", "0 First", false, true)
		if got, _ := titles("", a); len(strings.Fields(got[0])) != 20 {
			t.Errorf("the usual page: %s", got[0])
		}
		app.Run(t,
			gatewaytest.Scenario{Name: "no more than 100", As: testapp.Admin, Query: `{ posts(first: 1) { nodes { history(first: 101) { totalCount nodes { at } } } } }`, Code: "BAD_USER_INPUT", Has: []string{"first must be at most 100"}},
			gatewaytest.Scenario{Name: "a cursor of another list", As: testapp.Admin, Query: `{ posts(first: 1) { nodes { history(after: "WyIxIl0=") { nodes { at } } } } }`, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "pages multiply", As: testapp.Admin, Query: `{ users(first: 100) { nodes { posts(first: 100) { nodes { history(first: 2) { nodes { at } } } } } } }`, Code: "COST_LIMIT_EXCEEDED"},
			gatewaytest.Scenario{Name: "an entry is no object with an id", As: testapp.Admin, Query: fmt.Sprintf(`{ node(id: %q) { id } }`, relay.ID("HistoryEntry", "1")), Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{
				Name: "names", As: testapp.Admin,
				Query: fmt.Sprintf(`{ post(id: %q) { history(last: 1) { __typename edges { __typename node { __typename what: operation changes { __typename name: field } } } } } }`, id(b)),
				Has:   []string{`{"__typename":"HistoryEntryConnection","edges":[{"__typename":"HistoryEntryEdge","node":{"__typename":"HistoryEntry","what":"CREATE","changes":[{"__typename":"FieldChange","name":"title"},`},
			},
		)
	})
}

// TestSideBySide: many who change one row see each other's values, not ones of before.
func TestSideBySide(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 5)
		k := newPost(t, app, "contended")
		const writers, each = 4, 10
		failed := make(chan error, writers)
		for w := range writers {
			go func() {
				var err error
				for i := range each {
					title := fmt.Sprint(w, "-", i)
					if w%2 == 0 {
						err = errors.Join(err, client(app).Post.Update().Where(post.ID(k)).SetTitle(title).Exec(access.SystemContext(t.Context())))
						continue
					}
					if r := app.Do(t, testapp.Admin, `mutation($id: ID!, $t: String!) { updatePost(input: { id: $id, title: $t }) { post { id } } }`, map[string]any{"id": id(k), "t": title}); len(r.Errors) > 0 {
						err = errors.Join(err, errors.New(r.Raw))
					}
				}
				failed <- err
			}()
		}
		for range writers {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		lines := past(t, app, testapp.Admin, k)
		if len(lines) != writers*each+1 {
			t.Fatalf("%d entries of %d writes", len(lines), writers*each+1)
		}
		title := app.Rows(t, fmt.Sprintf("SELECT title FROM posts WHERE id = %d", k))[0][0]
		for _, line := range lines[:len(lines)-1] {
			before, after, _ := strings.Cut(line[strings.Index(line, "title: ")+len("title: "):], " -> ")
			if after != fmt.Sprint(title) {
				t.Fatalf("%q leads to %q, and the entry after it begins with %q", line, after, title)
			}
			title = before
		}
	})
}
