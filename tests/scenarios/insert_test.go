package scenarios

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// A new row of which nothing is asked but its values costs one statement and no transaction, if the rules can be told from the
// input; what is refused leaves nothing and is explained as ever.
func TestPlainCreateIsOneStatement(t *testing.T) {
	u3, first, draft := gid("User", 3), gid("Post", 1), gid("Post", 2)
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		comments := func() any { return app.Rows(t, "SELECT count(*) FROM comments")[0][0] }
		costs(t, app, url, comments, []cost{
			{"the author", `createComment(input: { message: "m", postId: "` + first + `", authorId: "` + u3 + `" }) { comment { id message createdAt kind } clientMutationId }`, `"message":"m"`, testapp.User("3"), 1, 0, true},
			{"an administrator", `createComment(input: { message: "m", postId: "` + first + `" }) { comment { message } commentEdge { cursor } }`, `"cursor":"`, testapp.Admin, 1, 0, true},
			{"without a payload", `createComment(input: { message: "m", postId: "` + first + `", authorId: "` + u3 + `" }) { clientMutationId }`, `{"clientMutationId":null}`, testapp.Moderator, 1, 0, true},
			{"a relation in the payload", `createComment(input: { message: "m", postId: "` + first + `" }) { comment { post { slug } } }`, `"slug":"first"`, testapp.Admin, 2, 2, true},
			{"two fields", `createComment(input: { message: "m", postId: "` + first + `" }) { comment { message } } b: createComment(input: { message: "m", postId: "` + first + `" }) { comment { message } }`, `"b":`, testapp.Admin, 4, 2, true},
			{"in another's name", `createComment(input: { message: "m", postId: "` + first + `", authorId: "` + gid("User", 1) + `" }) { comment { id } }`, "FORBIDDEN", testapp.User("3"), -1, -1, false},
			{"on a hidden post", `createComment(input: { message: "m", postId: "` + draft + `", authorId: "` + u3 + `" }) { comment { id } }`, `"path":["input","postId"],"code":"NOT_FOUND"`, testapp.User("3"), -1, -1, false},
			{"on no post", `createComment(input: { message: "m", postId: "` + gid("Post", 99) + `" }) { comment { id } }`, `"path":["input","postId"],"code":"NOT_FOUND"`, testapp.Admin, -1, -1, false},
			{"of nobody", `createComment(input: { message: "m", postId: "` + first + `", authorId: "` + gid("User", 99) + `" }) { comment { id } }`, `"path":["input","authorId"],"code":"NOT_FOUND"`, testapp.Admin, -1, -1, false},
			{"without text", `createComment(input: { message: "", postId: "` + first + `" }) { comment { id } }`, `"path":["input","message"]`, testapp.Admin, -1, -1, false},
		})
		if body := string(app.Send(t, testapp.Admin, `mutation { createTag(input: { name: "go" }) { tag { name } } }`, nil)); !strings.Contains(body, `"path":["input","name"],"code":"NOT_UNIQUE"`) {
			t.Error(body)
		}
	})
}

// cost is what a mutation may cost, where it is known.
type cost struct {
	name, query, has         string
	as                       access.Viewer
	statements, transactions int // -1 if they do not matter
	writes                   bool
}

// costs runs mutations, and looks whether each of them has changed the state.
func costs(t *testing.T, app *testapp.App, url string, state func() any, list []cost) {
	t.Helper()
	for _, c := range list {
		before := state()
		app.Statements()
		body := string(app.Send(t, c.as, "mutation { "+c.query+" }", nil))
		statements, transactions := app.Statements()
		if !strings.Contains(body, c.has) {
			t.Errorf("%s: %s", c.name, body)
		}
		if c.transactions == 0 && strings.HasPrefix(url, "sqlite") {
			// The row is read by its key, and the transaction is shared by those who write meanwhile: nothing is a round trip there.
			c.statements, c.transactions = 2, 2
		}
		if c.statements >= 0 && (len(statements) != c.statements || transactions != c.transactions) {
			t.Errorf("%s: %d statements and %d for transactions\n%s", c.name, len(statements), transactions, strings.Join(statements, "\n"))
		}
		if (state() != before) != c.writes {
			t.Errorf("%s: wrote or did not", c.name)
		}
	}
}
