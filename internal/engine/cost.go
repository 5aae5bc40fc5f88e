package engine

import (
	"context"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/store"
)

// bind checks the arguments of all lists and, from their page sizes, how many rows a level may hold at most: before anything is
// read, and with the variables that were sent. seeds is the number of rows that a plan for given rows starts from.
func (x *execution) bind(seeds int) error {
	if n := x.plan.reads; len(x.held) != n {
		x.rows, x.held, x.parents = make([]*rows, n), make([]rows, n), make([]int, n)
	}
	clear(x.parents)
	parents := x.parents
	for _, level := range x.plan.levels {
		for _, r := range level {
			out := &x.held[r.id]
			*out = rows{read: r}
			x.rows[r.id] = out
			size := 1
			switch {
			case r.kind == readKeys && r.node == nil:
				size = seeds
			case r.kind == readKeys && !r.single:
				size = len(nodeIDs(x.arguments(r.node, "")))
			case r.kind == readEdge:
				size = parents[r.id]
			}
			if r.kind == readList || r.kind == readEdge && r.edge.List() {
				resolve, known := x.engine.resolveList, ""
				if r.grouped {
					resolve = x.engine.resolveGroups
				}
				if r.order.Load() != nil {
					known = "orderBy"
				}
				out.denyFigures(x.viewer)
				var err error
				if out.args, err = resolve(r, x.arguments(r.node, known), x.viewer); out.refused(err) {
					size = 0
				} else {
					x.resolveTotals(out)
					if r.wantRows {
						size *= out.args.limit
					}
				}
			}
			if most := x.engine.cfg.MaxRows; size > most {
				return apierr.New(apierr.CostLimitExceeded,
					"The pages down to %s may hold %d rows together; at most %d are allowed. Please ask for smaller pages.", r.node.Name, size, most)
			}
			for _, l := range r.links {
				parents[l.child.id] += size
			}
		}
	}
	return nil
}

// bindAndRun is for plans that start from rows which hand-written code returned.
func (x *execution) bindAndRun(ctx context.Context, q store.Querier) error {
	if err := x.bind(len(x.seed)); err != nil {
		return err
	}
	return x.run(ctx, q)
}
