package scenarios

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

func TestBulk(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		app.Exec(t, "UPDATE posts SET author_id = 5 + id % 2, status = 'published' WHERE id % 10 < 4")
		app.Exec(t, "UPDATE grids SET user_id = 6 WHERE id % 3 = 0")
		state := func() string {
			return fmt.Sprint(app.Rows(t, "SELECT id, title, status, author_id FROM posts ORDER BY id"))
		}
		send := func(viewer access.Viewer, field string) string {
			t.Helper()
			return string(app.Send(t, viewer, "mutation { "+field+" }", nil))
		}
		refused := func(what, body, code, path string) {
			t.Helper()
			if !strings.Contains(body, `"code":"`+code+`"`) || !strings.Contains(body, path) || !strings.Contains(body, `"data":null`) {
				t.Errorf("%s: %s", what, body)
			}
		}
		before := state()
		for where, path := range map[string]string{
			`{}`: `["input","where"]`, `{ and: [] }`: `["input","where"]`, `{ or: [{}] }`: `["input","where"]`, `{ not: { and: [{}] } }`: `["input","where"]`,
			`{ title: { eq: null } }`: `["input","where","title","eq"]`,
		} {
			refused(where, send(testapp.Admin, `updatePosts(input: { where: `+where+`, max: 100, set: { title: "x" } }) { affectedCount }`), "BAD_USER_INPUT", path)
			refused(where, send(testapp.Admin, `deletePosts(input: { where: `+where+`, max: 100 }) { affectedCount }`), "BAD_USER_INPUT", path)
		}
		const all = `id: { isNull: false }`
		refused("more than max", send(testapp.Admin, `updatePosts(input: { where: { `+all+` }, max: 3, set: { title: "x" } }) { affectedCount }`), "BAD_USER_INPUT", `["input","max"]`)
		refused("a huge max", send(testapp.Admin, `updatePosts(input: { where: { `+all+` }, max: 100000, set: { title: "x" } }) { affectedCount }`), "BAD_USER_INPUT", `["input","max"]`)
		refused("a negative max", send(testapp.Admin, `deletePosts(input: { where: { `+all+` }, max: -1 }) { affectedCount }`), "BAD_USER_INPUT", `["input","max"]`)
		refused("nothing to set", send(testapp.Admin, `updatePosts(input: { where: { `+all+` }, max: 1000, set: {} }) { affectedCount }`), "BAD_USER_INPUT", `["input","set"]`)
		refused("a bad value", send(testapp.Admin, `updatePosts(input: { where: { `+all+` }, max: 1000, set: { title: "" } }) { affectedCount }`), "BAD_USER_INPUT", `["input","set","title"]`)
		refused("a unique value for all", send(testapp.Admin, `updatePosts(input: { where: { `+all+` }, max: 1000, set: { slug: "same" } }) { affectedCount }`), "BAD_USER_INPUT", `["input","set","slug"]`)
		refused("another's posts", send(testapp.User("5"), `updatePosts(input: { where: { status: { eq: PUBLISHED } }, max: 1000, set: { title: "x" } }) { affectedCount }`), "FORBIDDEN", "nothing was changed")
		refused("giving posts away", send(testapp.User("5"), `updatePosts(input: { where: { authorId: { eq: "VXNlcjo1" } }, max: 1000, set: { authorId: "VXNlcjo2" } }) { affectedCount }`), "FORBIDDEN", "nothing was changed")
		refused("anonymous", send(testapp.Anonymous, `deletePosts(input: { where: { `+all+` }, max: 1000 }) { affectedCount }`), "UNAUTHENTICATED", "Sign in")
		if state() != before {
			t.Fatal("a refused mutation changed something")
		}

		mine := app.Rows(t, "SELECT count(*) FROM posts WHERE author_id = 5")[0][0].(int64)
		body := send(testapp.User("5"), `updatePosts(input: { where: { authorId: { eq: "VXNlcjo1" } }, max: 1000, set: { title: "mine", status: CLOSED }, clientMutationId: "1" }) { affectedCount clientMutationId }`)
		if mine == 0 {
			t.Fatal("the user has no posts")
		}
		if want := fmt.Sprintf(`{"data":{"updatePosts":{"affectedCount":%d,"clientMutationId":"1"}}}`, mine); body != want {
			t.Errorf("%s\nwant %s", body, want)
		}
		if n := app.Rows(t, "SELECT count(*) FROM posts WHERE title = 'mine' AND status = 'closed' AND author_id = 5 AND updated_at IS NOT NULL")[0][0]; n != mine {
			t.Errorf("%v posts are changed, not %d", n, mine)
		}
		// Drafts of others do not exist for a user, and so are not in the way.
		app.Exec(t, "UPDATE posts SET status = 'draft', title = 'drafts' WHERE author_id IN (5, 6)")
		if body := send(testapp.User("5"), `updatePosts(input: { where: { title: { eq: "drafts" } }, max: 1000, set: { title: "found" } }) { affectedCount }`); body != fmt.Sprintf(`{"data":{"updatePosts":{"affectedCount":%d}}}`, mine) {
			t.Error(body)
		}
		app.Statements() // half of them are for the history of the posts
		body = send(testapp.User("5"), `deletePosts(input: { where: { title: { eq: "found" } }, max: 1000 }) { affectedCount }`)
		if statements, _ := app.Statements(); body != fmt.Sprintf(`{"data":{"deletePosts":{"affectedCount":%d}}}`, mine) || len(statements) > 6 {
			t.Errorf("%s\n%s", body, strings.Join(statements, "\n"))
		}
		if n := app.Rows(t, "SELECT count(*) FROM posts WHERE author_id = 5")[0][0]; n != int64(0) {
			t.Errorf("%v posts are left", n)
		}
		if body := send(testapp.Admin, `deletePosts(input: { where: { title: { eq: "nobody has this" } }, max: 0 }) { affectedCount }`); body != `{"data":{"deletePosts":{"affectedCount":0}}}` {
			t.Error(body)
		}
		// Soft deletion hides.
		grids := app.Rows(t, "SELECT count(*) FROM grids WHERE user_id = 6 AND deleted_at IS NULL")[0][0]
		if body := send(testapp.User("6"), `deleteGrids(input: { where: { userId: { eq: "VXNlcjo2" } }, max: 100 }) { affectedCount }`); body != fmt.Sprintf(`{"data":{"deleteGrids":{"affectedCount":%v}}}`, grids) {
			t.Error(body)
		}
		if n := app.Rows(t, "SELECT count(*) FROM grids WHERE user_id = 6 AND deleted_at IS NULL")[0][0]; n != int64(0) {
			t.Errorf("%v grids are left", n)
		}
	})
}
