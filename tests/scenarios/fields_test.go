package scenarios

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// Nothing that the API offers may depend on a field that the viewer may not read.
func TestFieldRules(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		app.Exec(t, `UPDATE users SET email = 'secret' || id || '@example.com'`)
		app.Exec(t, `UPDATE votes SET user_id = CASE WHEN post_id = 1 THEN 5 END`)
		me, other := testapp.User("5"), testapp.User("6")
		const one = `{ user(id: "VXNlcjo1") { username email } }`
		expect := func(viewer access.Viewer, query string, parts ...string) {
			t.Helper()
			body := string(app.Send(t, viewer, query, nil))
			for _, part := range parts {
				if !strings.Contains(body, part) {
					t.Errorf("%+v %s\nlacks %s: %s", viewer, query, part, body)
				}
			}
			if len(viewer.Roles) == 0 && viewer.UserID != "5" && strings.Contains(body, "secret5@") {
				t.Errorf("%+v %s\nleaks: %s", viewer, query, body)
			}
		}
		expect(me, one, `"email":"secret5@example.com"`)
		expect(testapp.Admin, one, `"email":"secret5@example.com"`)
		for _, viewer := range []access.Viewer{other, testapp.Anonymous} {
			expect(viewer, one, `{"data":{"user":{"username":"u5","email":null}}}`)
		}
		for _, query := range []string{
			`{ userByEmail(email: "secret5@example.com") { id } }`,
			`{ userByEmail(email: "nobody@example.com") { id } }`,
			`{ users(where: { email: { startsWith: "secret5" } }) { totalCount } }`,
			`{ users(where: { not: { or: [{ email: { isNull: true } }] } }) { totalCount } }`,
			`{ posts(where: { author: { email: { eq: "x" } } }) { totalCount } }`,
			`{ users(where: { posts: { some: { author: { email: { eq: "x" } } } } }) { totalCount } }`,
			`{ users(orderBy: [{ field: EMAIL }]) { nodes { id } } }`,
			`{ posts(orderBy: [{ author: { field: EMAIL } }]) { nodes { id } } }`,
			`{ users(orderBy: [{ field: ID }, { field: EMAIL }]) { nodes { id } } }`,
			`{ posts(orderBy: [{ field: ID }, { author: { field: EMAIL } }]) { nodes { id } } }`,
			`{ users { aggregate { max { email } } } }`,
			`{ users { aggregate { countDistinct { email } } } }`,
			`{ userGroups(by: [{ field: EMAIL }]) { key { email } } }`,
			`{ postGroups(by: [{ author: { field: EMAIL } }]) { key { author { email } } } }`,
			`{ userGroups(by: [{ field: NAME }], having: { max: { email: { gt: "s" } } }) { key { name } } }`,
			`{ userGroups(by: [{ field: NAME }], orderBy: [{ max: { email: ASC } }]) { key { name } } }`,
			`{ votes(where: { userId: { isNull: false } }) { totalCount } }`,
			`{ voteGroups(by: [{ field: USER_ID }]) { key { userId } } }`,
		} {
			// The administrator may, and the owner of one row may not: there are others. Who asked before does not matter.
			if body := string(app.Send(t, testapp.Admin, query, nil)); strings.Contains(body, `"errors"`) {
				t.Errorf("administrator: %s\n%s", query, body)
			}
			for _, viewer := range []access.Viewer{me, other, testapp.Anonymous} {
				expect(viewer, query, `"code":"FORBIDDEN"`)
			}
		}
		// A vote is counted, but nobody else learns whose it is, from neither side.
		expect(me, `{ post(id: "UG9zdDox") { votes(first: 1) { nodes { userId user { username } } } } }`, `"userId":"VXNlcjo1","user":{"username":"u5"}`)
		for _, viewer := range []access.Viewer{other, testapp.Anonymous} {
			expect(viewer, `{ post(id: "UG9zdDox") { votes(first: 1) { nodes { userId user { username } } } } }`, `"nodes":[{"userId":null,"user":null}]`)
			expect(viewer, `{ user(id: "VXNlcjo1") { votes { totalCount nodes { id } aggregate { count } } } }`, `"totalCount":0,"nodes":[],"aggregate":{"count":0}`)
			expect(viewer, `{ users(where: { votes: { count: { gt: 0 } }, username: { eq: "u5" } }) { totalCount } }`, `"totalCount":0`)
			expect(viewer, `{ votes(where: { user: { username: { eq: "u5" } } }) { totalCount } }`, `"totalCount":0`)
			expect(viewer, `{ voteGroups(by: [{ user: { field: USERNAME } }], having: {count: {gt: 0}}) { key { user { username } } } }`, `{"data":{"voteGroups":[{"key":{"user":{"username":null}}}`)
			expect(viewer, `{ votes(first: 1, orderBy: [{ user: { field: USERNAME, direction: DESC, nulls: LAST } }]) { nodes { user { username } } } }`, `"nodes":[{"user":null}]`)
		}
	})
}

func TestFieldWriteRules(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 10)
		const promote = `mutation { updateUser(input: { id: "VXNlcjo1", name: "Me", roles: ["admin"] }) { user { name roles } } }`
		body := string(app.Send(t, testapp.User("5"), promote, nil))
		if !strings.Contains(body, `"path":["input","roles"],"code":"FORBIDDEN"`) || !strings.Contains(body, `"data":null`) {
			t.Errorf("a user writes their own roles: %s", body)
		}
		body = string(app.Send(t, testapp.User("5"), strings.Replace(promote, `, roles: ["admin"]`, "", 1), nil))
		if !strings.Contains(body, `{"name":"Me","roles":`) || strings.Contains(body, "admin") {
			t.Errorf("a user writes their name: %s", body)
		}
		if body = string(app.Send(t, testapp.Admin, promote, nil)); !strings.Contains(body, `{"name":"Me","roles":["admin"]}`) {
			t.Errorf("an administrator writes roles: %s", body)
		}
	})
}
