package scenarios

import (
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestSharedByLink: whoever knows the slug of a grid sees it in the look-up by slug, and nowhere else.
func TestSharedByLink(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		app.Must(t, testapp.User("1"), `mutation { createGrid(input: { title: "Shared", slug: "secret-1", cells: [[1]], userId: "`+gid("User", 1)+`" }) { grid { id } } }`, nil)
		found := app.Must(t, testapp.User("1"), `{ gridBySlug(slug: "secret-1") { id } }`, nil)
		id, _ := found.At("gridBySlug", "id").(string)
		const others = `{ gridBySlug(slug: "secret-1") { id title cells user { id grids { totalCount nodes { title } } } } }`
		for _, viewer := range []gatewaytest.Scenario{
			{Name: "anonymous", Code: "UNAUTHENTICATED"}, {Name: "another user", As: testapp.User("2"), Code: "NOT_FOUND"}, {Name: "a moderator", As: testapp.Moderator, Code: "NOT_FOUND"},
		} {
			v := viewer.As
			app.Run(t,
				gatewaytest.Scenario{
					Name: viewer.Name + " with the link", As: v, Query: others, Has: []string{`"title":"Shared","cells":[[1]],"user":{"id":"` + gid("User", 1) + `","grids":{"totalCount":0,"nodes":[]}}`},
				},
				gatewaytest.Scenario{Name: viewer.Name + " with another link", As: v, Query: `{ gridBySlug(slug: "secret-2") { id } }`, Has: []string{`{"data":{"gridBySlug":null}}`}},
				gatewaytest.Scenario{
					Name: viewer.Name + " without it", As: v,
					Query: `{ linked: gridBySlug(slug: "secret-1") { __typename } grid(id: "` + id + `") { title } node(id: "` + id + `") { id } nodes(ids: ["` + id + `"]) { id }
						grids(where: { slug: { eq: "secret-1" } }) { totalCount nodes { title } aggregate { count max { title } } } gridGroups(by: [{ field: SLUG }]) { key { slug } }
						user(id: "` + gid("User", 1) + `") { grids { totalCount nodes { title } } }
						users(where: { grids: { some: { slug: { eq: "secret-1" } } } }) { totalCount } }`,
					Has: []string{
						`"linked":{"__typename":"Grid"},"grid":null,"node":null,"nodes":[null],"grids":{"totalCount":0,"nodes":[],"aggregate":{"count":0,"max":{"title":null}}},"gridGroups":[],` +
							`"user":{"grids":{"totalCount":0,"nodes":[]}},"users":{"totalCount":0}`,
					},
					HasNot: []string{"Shared", "secret-1"},
				},
				gatewaytest.Scenario{
					Name: viewer.Name + " writes", As: v, Query: `mutation { updateGrid(input: { id: "` + id + `", title: "Mine" }) { grid { id } } }`, Code: viewer.Code, Writes: []string{},
				},
			)
		}
		app.Run(t,
			gatewaytest.Scenario{Name: "the owner", As: testapp.User("1"), Query: `{ grid(id: "` + id + `") { title } grids { totalCount } }`, Has: []string{`"grid":{"title":"Shared"}`}},
			gatewaytest.Scenario{Name: "the owner deletes it", As: testapp.User("1"), Query: `mutation { deleteGrid(input: { id: "` + id + `" }) { deletedId } }`, Has: []string{id}},
			gatewaytest.Scenario{Name: "the link leads nowhere", Query: others, Has: []string{`{"data":{"gridBySlug":null}}`}},
		)
	})
}
