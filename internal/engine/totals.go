package engine

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// A list's total is exact, and one statement counts it together with its figures. With arguments it is cheaper, and counted by
// itself: no further than a number of rows, or beyond that number not counted but guessed.

// total is a totalCount with arguments: those, and then its values.
type total struct {
	most   int           // how many rows are counted, -1 for all
	guess  bool          // whether the database is asked where there are more
	err    error         // the arguments were refused
	counts map[any]int64 // by the parent's key
}

// guessAfter is how many rows are counted before a guess, if the client does not say.
const guessAfter = 10_000

// total compiles a connection's totalCount.
func (c *compiler) total(r *read, f *collected) *out {
	n := f.first()
	if len(n.Arguments) == 0 {
		c.count(r)
		return c.out(f, outTotalCount)
	}
	o := c.out(f, outTotal)
	o.col = slices.IndexFunc(r.totals, func(known *ast.Field) bool { return arguments(known) == arguments(n) })
	if o.col < 0 {
		o.col = len(r.totals)
		r.totals = append(r.totals, n)
		c.plan.counts++
		if r.edge == nil && n.Arguments.ForName("estimate") != nil {
			c.plan.counts++
		}
	}
	return o
}

// resolveTotals checks the arguments of the totals of a list whose own are known.
func (x *execution) resolveTotals(out *rows) {
	r, a := out.read, out.args
	for _, n := range r.totals {
		args := x.arguments(n, "")
		most, given, err := intArg(args, "atMost")
		t := total{most: most, err: err}
		t.guess = args["estimate"] == true && x.engine.postgres && r.edge == nil && a.open(r, x.viewer)
		switch {
		case given || err != nil:
		case t.guess:
			t.most = guessAfter
		default:
			t.most = -1
		}
		a.totals = append(a.totals, t)
	}
}

// open says whether the viewer may read all rows of all tables that a root list is made of. What is known of the tables as a whole
// tells them nothing new then. All fields of a condition are readable, or it would have been refused.
func (a *listArgs) open(r *read, v access.Viewer) bool {
	return r.entity.Unrestricted(access.Read, v) && a.where.open(v)
}

func (c *condition) open(v access.Viewer) bool {
	if c == nil {
		return true
	}
	closed := func(sub *condition) bool { return !sub.open(v) }
	return !slices.ContainsFunc(c.and, closed) && !slices.ContainsFunc(c.or, closed) && c.not.open(v) &&
		!slices.ContainsFunc(c.edges, func(t edgeTest) bool {
			return !t.edge.Passable(v) || !t.edge.To().Unrestricted(access.Read, v) || !t.cond.open(v)
		})
}

// withPage is how many rows are counted in the statement of a page, -1 for all.
func (a *listArgs) withPage(r *read) int {
	if r.wantCount {
		return -1
	}
	return a.totals[0].most
}

// number writes how many rows a list has as an expression, counting no further than most.
func (q request) number(s *statement, r *read, a *listArgs, most int, parent func()) {
	if most < 0 {
		s.WriteSQL("(SELECT count(*)")
		q.source(s, r, a, order{}, parent)
		s.WriteSQL(")")
		return
	}
	s.WriteSQL("(SELECT count(*) FROM (SELECT 1")
	q.source(s, r, a, order{}, parent)
	if parent == nil || !q.postgres {
		s.limit(most, 0)
		s.WriteSQL(") c)")
		return
	}
	// Postgres takes all parents for alike. For many rows of each it would rather read the table from its start, which never ends
	// for a parent with few, and look up all rows of a large parent before it counts the first. In the order in which an index
	// has a parent's rows, and up to a bound that is not known beforehand, it walks that index.
	if o := defaultOrder(r.entity); o.uniform() && r.edge.Kind != entity.ManyToMany {
		s.WriteSQL(" ORDER BY ")
		o.write(s, segment{})
	}
	s.WriteSQL(" LIMIT (SELECT ")
	s.WriteArg(int64(most))
	s.WriteSQL(")) c)")
}

// total writes how many rows a list has, by parent if there are keys. A bound holds for each parent.
func (q request) total(r *read, a *listArgs, most int, keys []any) *statement {
	if most < 0 {
		return q.count(r, a, keys)
	}
	s := q.statement()
	if r.edge == nil {
		s.WriteSQL("SELECT 1, ")
		q.number(s, r, a, most, nil)
		return s
	}
	s.forParents(r, keys, func(parent func()) { q.number(s, r, a, most, parent) })
	return s
}

// totals finds the totals of a list that have arguments.
func (x *execution) totals(ctx context.Context, q store.Querier, out *rows, req request, keys []any) (err error) {
	r := out.read
	for i := range out.args.totals {
		t := &out.args.totals[i]
		switch {
		case t.err != nil:
			continue
		case r.counted && !r.wantCount, t.most < 0 && r.wantCount: // it came with the page, or is the exact one
			t.counts = out.counts
		default:
			if t.counts, _, err = scanCounts(ctx, q, req.total(r, out.args, t.most, keys), keys != nil); err != nil {
				return err
			}
		}
		if t.guess && t.counts[noKey] == int64(t.most) {
			guess, err := req.guess(ctx, q, r, out.args)
			if err != nil {
				return err
			}
			t.counts[noKey] = max(t.counts[noKey], guess)
		}
	}
	return nil
}

// guess is how many rows of a root list Postgres' planner expects.
func (q request) guess(ctx context.Context, on store.Querier, r *read, a *listArgs) (int64, error) {
	s := q.statement()
	s.WriteSQL("EXPLAIN (FORMAT JSON) SELECT 1")
	q.source(s, r, a, order{}, nil)
	result, err := on.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return 0, err
	}
	defer result.Close()
	var text []byte
	for result.Next() {
		if err := result.Scan(&text); err != nil {
			return 0, err
		}
	}
	var explained [1]struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := errors.Join(result.Err(), json.Unmarshal(text, &explained)); err != nil {
		return 0, err
	}
	return int64(min(explained[0].Plan.Rows, math.MaxInt32)), nil
}
