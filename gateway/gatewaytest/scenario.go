package gatewaytest

import (
	"fmt"
	"regexp"
	"slices"
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
	// Writes are the rows' changes that were committed, hooks' and hand-written code's included, one for each statement
	// and in order: "insert notes", "update users". An empty list that is not nil means none; nil is not looked at.
	Writes []string
}

// write finds the table in a statement that changes rows.
var write = regexp.MustCompile("^(INSERT INTO|UPDATE|DELETE FROM) [\"`]?([^ \"`]+)")

// single finds statements that change a row only if there is one that the viewer may write.
var single = regexp.MustCompile(`(?s)^(INSERT INTO .* SELECT |UPDATE ).* RETURNING `)

// writes are the changes of rows since the last call of Statements, without those that were rolled back.
func (g *Gateway) writes() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	begin, within := 0, false
	for i, s := range g.statements {
		switch verb, _, _ := strings.Cut(s, " "); verb {
		case "BEGIN":
			if i > 0 && !within && single.MatchString(g.statements[i-1]) {
				out = out[:len(out)-1] // there was none, so that the mutation is tried again the long way
			}
			begin, within = len(out), true
		case "ROLLBACK":
			out, within = out[:begin], false
		case "COMMIT":
			within = false
		}
		if m := write.FindStringSubmatch(s); m != nil {
			verb, _, _ := strings.Cut(strings.ToLower(m[1]), " ")
			out = append(out, verb+" "+m[2])
		}
	}
	return out
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
	g.Statements()
	r := g.Do(t, s.As, s.Query, s.Variables)
	if got := g.writes(); s.Writes != nil && !slices.Equal(got, s.Writes) {
		t.Errorf("wrote %q, not %q", got, s.Writes)
	}
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
