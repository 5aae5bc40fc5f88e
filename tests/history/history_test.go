// Package history tests the history of rows: what is kept of whose writes, who sees it, and what that costs.
package history

import (
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

func TestSmoke(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 10)
		app.Statements()
		r := app.Must(t, testapp.Admin, `mutation { updatePost(input: {id: "UG9zdDoz", title: "New", status: WIKI}) { post { title history { totalCount pageInfo { hasNextPage } edges { cursor node { operation at actor by version changes { field before after } } } } } } }`, nil)
		t.Log(r.Raw)
		st, _ := app.Statements()
		for _, s := range st {
			t.Log(s)
		}
		r = app.Must(t, testapp.Admin, `mutation { updatePosts(input: {where: {score: {gte: 0}}, max: 1000, set: {title: "Newer", authorId: "VXNlcjox"}}) { affectedCount } }`, nil)
		t.Log(r.Raw)
		st, _ = app.Statements()
		for _, s := range st {
			t.Log(s)
		}
		r = app.Must(t, testapp.User("1"), `{ posts(first: 3) { nodes { id history(first: 1) { totalCount nodes { operation by actor changes { field before after } } } } } }`, nil)
		t.Log(r.Raw)
		st, _ = app.Statements()
		for _, s := range st {
			t.Log(s)
		}
		r = app.Must(t, testapp.User("2"), `{ posts(first: 3) { nodes { id history(last: 1) { totalCount nodes { operation changes { field  } } } } } }`, nil)
		t.Log(r.Raw)
	})
}
