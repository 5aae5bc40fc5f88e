package gatewaytest_test

import (
	"testing"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
)

// What a test file of an application has around it: app is the one that server.go gives to gateway.Main, and t comes with
// the test.
var (
	app gateway.App
	t   *testing.T
)

// A rule test: what a viewer may do, and what not, on both databases.
func ExampleGateway_Run() {
	ada := access.Viewer{UserID: "1"}
	gatewaytest.Each(t, func(t *testing.T, url string) {
		g := gatewaytest.Open(t, app, url)
		g.Must(t, access.Viewer{Roles: []string{"admin"}}, `mutation { createUser(input: { name: "Ada", username: "ada" }) { user { id } } }`, nil)
		g.Run(t,
			gatewaytest.Scenario{
				Name:  "strangers write nothing",
				Query: `mutation { createNote(input: { title: "x", authorId: "VXNlcjox" }) { note { id } } }`,
				Code:  "UNAUTHENTICATED", Writes: []string{},
			},
			gatewaytest.Scenario{
				Name: "the author does", As: ada,
				Query:  `mutation { createNote(input: { title: "Mine", authorId: "VXNlcjox" }) { note { title status } } }`,
				Has:    []string{`"status":"DRAFT"`},
				Writes: []string{"insert notes"},
			},
			gatewaytest.Scenario{
				Name:  "and nobody else reads the draft",
				Query: `{ notes { totalCount nodes { title } } }`,
				Has:   []string{`"totalCount":0`}, HasNot: []string{"Mine"},
			},
		)
	})
}

// Operations in files, with what came of them when somebody last looked: data, and SQL for each database.
func ExampleGateway_Snapshots() {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		gatewaytest.Open(t, app, url).Demo(t, nil).Snapshots(t, "testdata/queries")
	})
}

// One operation, and a look at its answer.
func ExampleGateway_Must() {
	g := gatewaytest.Open(t, app, gatewaytest.SQLite(t))
	r := g.Must(t, access.Viewer{}, `query($n: Int) { notes(first: $n) { totalCount nodes { title } } }`, map[string]any{"n": 1})
	if total := r.At("notes", "totalCount"); total != 0.0 {
		t.Errorf("%v notes", total)
	}
}
