package queries

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/testenv"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestRulesUseIndexes: rules that lead through two edges add no statement, and reach each row behind an edge by an index, for a
// viewer with much and for one with nothing.
func TestRulesUseIndexes(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := gateway.App{Open: func(drv dialect.Driver) (*gateway.Handle, error) {
			h, err := graph.Open(drv)
			h.Catalog.Entity("Comment").Rules.Read = access.Any(access.Owner("post", "author"), access.Related("votes", access.Owner("user")))
			h.Catalog.Entity("Vote").Rules.Read = access.Owner("post", "author")
			h.Catalog.Entity("Tag").Rules.Read = access.Related("posts", access.Owner("author"))
			return h, err
		}}
		g := gatewaytest.Open(t, app, url).Load(t, testenv.DataSet(t, "community"))
		g.Exec(t, "ANALYZE")
		for _, user := range []string{"5064", "999999"} {
			for query, want := range map[string]int{
				`{ comments(first: 20) { nodes { id } } }`:                                                              1,
				`{ comments { totalCount } }`:                                                                           1,
				`{ votes(first: 20) { nodes { id } } }`:                                                                 1,
				`{ votes { totalCount aggregate { count max { createdOn } } } }`:                                        1,
				`{ tags(first: 20) { nodes { id } } }`:                                                                  1,
				`{ posts(first: 50) { nodes { comments(first: 5) { totalCount nodes { votes { totalCount } } } } } }`:   4,
				`{ posts(first: 5, where: { comments: { some: { votes: { count: { gte: 0 } } } } }) { nodes { id } } }`: 1,
			} {
				g.Statements()
				g.Must(t, testapp.User(user), query, nil)
				statements, _ := g.Statements()
				if len(statements) > want {
					t.Errorf("user %s: %s: %d statements, not %d", user, query, len(statements), want)
				}
				for _, s := range statements {
					if plan := plan(t, g, s, user); scan.MatchString(plan) {
						t.Errorf("user %s: %s\n%s\n%s", user, query, s, plan)
					}
				}
			}
		}
	})
}

// scan is how the databases say that they read all rows of a table behind an edge: its alias is that of a rule.
var scan = regexp.MustCompile(`Seq Scan on \w+ l?o\d|SCAN l?o\d`)

var (
	limits    = regexp.MustCompile(`LIMIT (\$\d+::bigint|\?)`)
	parameter = regexp.MustCompile(`\$\d+::bigint\[\]|\$\d+::bigint|\$\d+|json_each\(\?\)|\?`)
)

// plan is what the database says about a statement, whose parameters are keys of the user, lists of keys, or texts.
func plan(t *testing.T, g *gatewaytest.Gateway, statement, user string) string {
	t.Helper()
	statement = limits.ReplaceAllString(statement, "LIMIT 21")
	statement = parameter.ReplaceAllStringFunc(statement, func(p string) string {
		switch {
		case strings.HasSuffix(p, "[]"):
			return "'{1,2,3,4,5,6,7,8,9}'::bigint[]"
		case strings.HasPrefix(p, "json"):
			return "json_each('[1,2,3,4,5,6,7,8,9]')"
		case p == "?" || strings.HasSuffix(p, "::bigint"):
			return user
		}
		return "'published'"
	})
	explain := "EXPLAIN QUERY PLAN "
	if g.Dialect() == dialect.Postgres {
		explain = "EXPLAIN "
	}
	var lines []string
	for _, row := range g.Rows(t, explain+statement) {
		lines = append(lines, fmt.Sprint(row[len(row)-1]))
	}
	return strings.Join(lines, "\n")
}
