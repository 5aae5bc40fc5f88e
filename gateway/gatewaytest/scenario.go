package gatewaytest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
)

// Scenario is one operation and what it must lead to. Scenarios of one call run one after the other and see what earlier
// ones wrote.
type Scenario struct {
	Name string
	// As is who sends the operation; nobody known if it is left out.
	As        access.Viewer
	Query     string
	Variables map[string]any
	// Code is that of the first error. Without it the operation must succeed.
	Code string
	// Path is that of the first error, as fmt prints it: "[createNote]". Not looked at if empty.
	Path string
	// Field is the first field of the first error, its path and its code: "[input title] TOO_LONG".
	Field string
	// Has are parts of the response's text that must be there, HasNot such that must not.
	Has, HasNot []string
}

// internals never belong into a response, whatever the scenario.
var internals = []string{"SELECT ", "INSERT ", "UPDATE ", "constraint", "sqlite", "pq:"}

// Run runs scenarios as subtests.
func (g *Gateway) Run(t *testing.T, scenarios ...Scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) { s.run(t, g) })
	}
}

func (s Scenario) run(t *testing.T, g *Gateway) {
	r := g.Do(t, s.As, s.Query, s.Variables)
	if got := r.Code(); got != s.Code {
		t.Errorf("code %q, not %q\n%s", got, s.Code, r.Raw)
	}
	if len(r.Errors) > 0 {
		e := r.Errors[0]
		if p := fmt.Sprint(e.Path); s.Path != "" && p != s.Path {
			t.Errorf("path %s, not %s\n%s", p, s.Path, r.Raw)
		}
		if s.Field != "" && (len(e.Extensions.Fields) == 0 || fmt.Sprint(e.Extensions.Fields[0].Path, " ", e.Extensions.Fields[0].Code) != s.Field) {
			t.Errorf("the first field is not %s\n%s", s.Field, r.Raw)
		}
	}
	for _, part := range s.Has {
		if !strings.Contains(r.Raw, part) {
			t.Errorf("%s is missing\n%s", part, r.Raw)
		}
	}
	for _, part := range append(internals, s.HasNot...) {
		if strings.Contains(r.Raw, part) {
			t.Errorf("%s must not be there\n%s", part, r.Raw)
		}
	}
}
