package scenarios

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestCan: administrators are told what others may do, and nobody else is.
func TestCan(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		const update = `{ can(operation: UPDATE, id: "VXNlcjoz", user: "VXNlcjoz") { allowed reasons __typename } }`
		app.Run(t,
			gatewaytest.Scenario{
				Name: "the user themselves", As: testapp.Admin, Query: update,
				Has:    []string{`"allowed":true`, `update\n  yes  one of:\n  yes    the viewer themselves\n  no     role admin\n`, `write roles\n  no   role admin\n`, `"__typename":"RuleVerdict"`},
				Writes: []string{},
			},
			gatewaytest.Scenario{
				Name: "somebody else, and several questions beside data", As: testapp.Admin,
				Query: `{ a: can(operation: UPDATE, id: "VXNlcjoz", user: "4") { allowed }
					b: can(operation: DELETE, id: "VXNlcjoz", user: "4", roles: ["moderator", "admin"]) { allowed }
					c: can(operation: READ, id: "VXNlcjoz") { allowed } tags { totalCount } }`,
				Has: []string{`"a":{"allowed":false},"b":{"allowed":true},"c":{"allowed":true}`},
			},
			gatewaytest.Scenario{
				Name: "no such object", As: testapp.Admin,
				Query: `{ can(operation: READ, id: "VXNlcjo5OTk5") { allowed } }`, Has: []string{`{"data":{"can":null}}`},
			},
			gatewaytest.Scenario{
				Name: "no id", As: testapp.Admin,
				Query: `{ can(operation: READ, id: "x") { allowed } }`, Code: "BAD_USER_INPUT", Path: "[can]",
			},
			gatewaytest.Scenario{Name: "users are not told", As: testapp.User("3"), Query: update, Code: "FORBIDDEN", HasNot: []string{"yes", "role admin"}},
			gatewaytest.Scenario{Name: "moderators neither", As: testapp.Moderator, Query: update, Code: "FORBIDDEN"},
			gatewaytest.Scenario{Name: "nor strangers", Query: update, Code: "UNAUTHENTICATED"},
		)
		// What it says is what the matrix finds.
		const drafts = `{ posts(where: { status: { eq: DRAFT } }, first: 20) { nodes { id } } }`
		found := app.Must(t, testapp.Admin, drafts, nil)
		posts, _ := found.At("posts", "nodes").([]any)
		if len(posts) == 0 {
			t.Fatal("there are no drafts")
		}
		for i := range posts {
			id, _ := found.At("posts", "nodes", i, "id").(string)
			for _, user := range []string{"1", "3"} {
				app.Statements()
				allowed := app.Must(t, testapp.Admin, `query($id: ID!, $u: ID) { can(operation: READ, id: $id, user: $u) { allowed reasons } }`, map[string]any{"id": id, "u": user}).At("can", "allowed")
				if statements, transactions := app.Statements(); len(statements) != 1 || transactions != 0 {
					t.Errorf("%d statements, %d for transactions:\n%s", len(statements), transactions, strings.Join(statements, "\n"))
				}
				claim := gatewaytest.MayNot
				if allowed == true {
					claim = gatewaytest.May
				}
				app.Rules(t, claim(testapp.User(user), access.Read, id))
			}
		}
	})
}
