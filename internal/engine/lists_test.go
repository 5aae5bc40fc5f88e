package engine

import (
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
)

// TestLongLists: a list of values is one parameter, however long it is and whatever limit a setting allows.
func TestLongLists(t *testing.T) {
	child := explainCatalog().Entity("Child")
	for _, m := range measuredDatabases(t, explainStatements()) {
		for op, want := range map[string]int64{"in": 60_002, "notIn": explainRows - 60_002} {
			t.Run(m.name+"/"+op, func(t *testing.T) {
				values := make([]any, 200_000)
				for i := range values {
					values[i] = int64(i - 179_999) // up to 20,000
				}
				x := &Engine{cfg: Config{PageSize: 20, MaxPageSize: 100, MaxWhereValues: len(values), MaxWhereDepth: 5, MaxWhereConditions: 100}}
				args := map[string]any{"where": map[string]any{"made": map[string]any{op: values}}}
				r := &read{entity: child}
				a, err := x.resolveList(r, args, access.Viewer{})
				if err != nil {
					t.Fatal(err)
				}
				s := request{postgres: m.postgres()}.count(r, a, nil)
				if got := m.rows(t, string(s.buf), s.args)[0][1]; got != want {
					t.Errorf("%v rows, not %d", got, want)
				}
			})
		}
	}
}
