package engine

import (
	"context"
	"fmt"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// execution runs a plan once: level by level, one statement for each read, whatever the number of rows.
type execution struct {
	engine *Engine
	plan   *plan
	vars   map[string]any
	doc    *ast.QueryDocument
	viewer access.Viewer
	rows   []*rows // by read.id
	// roots are the results of hand-written root fields, by customCall.id.
	roots   map[int]*customResult
	answers map[*out]answered // of root fields `can`
	// seed holds the keys of a plan that starts from known rows, see [Engine.load].
	seed []any
	// left is how many bytes the operation may still read.
	left *int

	writer  writer         // of the response of a query
	held    []rows         // where rows lie
	parents []int          // by read.id: rows of the level above that lead to a read
	args    map[string]any // of the field that is looked at, see arguments
	budget  int            // what left points to in a query
}

// execution returns an execution of the plan, which is over with its method release.
func (p *plan) execution(e *Engine, oc *graphql.OperationContext, viewer access.Viewer) *execution {
	x, ok := p.spare.Get().(*execution)
	if !ok {
		x = new(execution)
	}
	x.engine, x.plan, x.vars, x.doc, x.viewer, x.budget = e, p, oc.Variables, oc.Doc, viewer, e.cfg.MaxBytes
	x.left = &x.budget
	return x
}

// release lets another execution of the plan have the memory of this one. What hand-written code has returned may refer to it.
func (x *execution) release() {
	if x.plan.custom {
		return
	}
	clear(x.held)
	clear(x.rows)
	p := x.plan
	clear(x.args)
	*x = execution{rows: x.rows, held: x.held, parents: x.parents, args: x.args}
	p.spare.Put(x)
}

// run fetches everything that the plan needs, after bind. An error means that the database failed; what is wrong with single
// fields is kept with their rows.
func (x *execution) run(ctx context.Context, q store.Querier) error {
	for _, level := range x.plan.levels {
		for _, r := range level {
			if err := x.fetch(ctx, q, r); err != nil {
				return err
			}
		}
		for _, r := range level {
			if err := x.resolve(ctx, q, x.rows[r.id]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetch executes one read.
func (x *execution) fetch(ctx context.Context, q store.Querier, r *read) error {
	out := x.rows[r.id]
	if r.folded || out.wasRefused() {
		return nil
	}
	req := request{viewer: x.viewer, postgres: x.engine.postgres}
	switch r.kind {
	case readKeys:
		keys := x.seed
		if r.node != nil {
			var err error
			if keys, err = x.idArguments(r); out.refused(err) || len(keys) == 0 {
				return nil
			}
			if req.deleted, err = deletedArg(r.entity, argument(r.node, "withDeleted", x.vars), x.viewer); out.refused(err) {
				return nil
			}
		}
		if r.wantCursor { // an edge in a mutation's payload: its cursor is for the default order
			out.args = &listArgs{order: defaultOrder(r.entity)}
		}
		parts := x.parts(out)
		return x.query(ctx, q, req.keyed(parts, primaryKey(r.entity), keys), parts, true, -1)
	case readUnique:
		values, err := x.keyArguments(r)
		if out.refused(err) {
			return nil
		}
		parts := x.parts(out)
		return x.query(ctx, q, req.unique(parts, values), parts, false, 1)
	case readList:
		return x.list(ctx, q, out, req, nil)
	}
	keys := x.parentKeys(r)
	if len(keys) == 0 {
		return nil
	}
	if r.edge.List() {
		return x.list(ctx, q, out, req, keys)
	}
	by := primaryKey(r.entity)
	if r.edge.Kind == entity.ToOneInverse {
		by = []keyColumn{{r.edge.Column, ownKeyType(r)}}
	}
	parts := x.parts(out)
	return x.query(ctx, q, req.keyed(parts, by, keys), parts, true, -1)
}

// parts are what the statement of a read selects: its own columns and those of the reads that are folded into it, at any
// depth.
func (x *execution) parts(out *rows) []part {
	m := out.memory()
	m.parts = append(m.parts[:0], part{rows: out, names: out.columns(), alias: "t"})
	for i := 0; i < len(m.parts); i++ {
		for _, l := range m.parts[i].rows.read.links {
			if !l.child.folded {
				continue
			}
			child := x.rows[l.child.id]
			m.parts = append(m.parts, part{
				rows: child, names: child.columns(), alias: "f" + strconv.Itoa(len(m.parts)),
				to: m.parts[i].alias, column: m.parts[i].rows.read.columns[l.key].name,
			})
		}
	}
	return m.parts
}

func (x *execution) list(ctx context.Context, q store.Querier, out *rows, req request, keys []any) error {
	r := out.read
	req.deleted = out.args.deleted
	if r.grouped {
		return x.groups(ctx, q, out, req, keys)
	}
	if r.wantRows {
		parts := x.parts(out)
		var read bool
		var err error
		maybeWhole := out.maybeWhole(req, len(keys))
		if maybeWhole {
			read, err = x.whole(ctx, q, out, req, parts, keys)
		}
		if err == nil && !read {
			// With one parent (or none) the rows carry no key; they are all of that parent.
			err = x.query(ctx, q, req.list(r, parts[0].names, out.args, keys), parts, len(keys) > 1, out.args.limit)
		}
		if err != nil {
			return err
		}
		if maybeWhole {
			out.learn(len(keys))
		}
		if r.counted && out.counts == nil { // with the rows, of which there are none
			out.counts = make(map[any]int64)
		}
		if len(keys) == 1 {
			out.groups = map[any]*group{keys[0]: out.group(noKey)}
		}
		if before, after := out.args.sides(r); keys != nil && (before || after) {
			if err := x.lookAround(ctx, q, out, req, keys); err != nil {
				return err
			}
		}
	}
	if r.wantCount && !r.counted {
		var err error
		if out.counts, out.figures, err = scanCounts(ctx, q, req.count(r, out.args, keys), keys != nil); err != nil {
			return fmt.Errorf("count %s: %w", r.entity.Name, err)
		}
	}
	if err := x.totals(ctx, q, out, req, keys); err != nil {
		return fmt.Errorf("count %s: %w", r.entity.Name, err)
	}
	return nil
}

func (x *execution) query(ctx context.Context, q store.Querier, s *statement, parts []part, keyed bool, limit int) error {
	if _, err := scan(ctx, q, s, parts, keyed, limit, x.left); err != nil {
		return fmt.Errorf("read %s: %w", parts[0].rows.read.entity.Name, err)
	}
	return nil
}

// parentKeys are the distinct keys that the rows of the level above hold for r.
func (x *execution) parentKeys(r *read) []any {
	keys := make([]any, 0, r.keyCount.get())
	seen := make(map[any]struct{}, r.keyCount.get())
	for _, parent := range x.rows {
		if parent == nil || parent.err != nil {
			continue
		}
		for _, l := range parent.read.links {
			if l.child != r || parent.keys == nil {
				continue
			}
			for _, key := range parent.keys[l.key] {
				if _, known := seen[key]; !known && key != nil {
					seen[key] = struct{}{}
					keys = append(keys, key)
				}
			}
		}
	}
	r.keyCount.put(len(keys))
	return keys
}

// idArguments are the keys of a look-up by id: of post(id:), or those of r's type among node(id:) and nodes(ids:).
func (x *execution) idArguments(r *read) ([]any, error) {
	if r.node.Name == r.entity.Names.One {
		key, err := parseGlobalID(argument(r.node, "id", x.vars), r.entity.Name, r.entity.ParseKey)
		if err != nil {
			return nil, badArg("id", apierr.InvalidFormat, nil, "id "+err.Error()+".")
		}
		return []any{key}, nil
	}
	var keys []any
	for _, v := range nodeIDs(x.arguments(r.node, "")) {
		if key, err := parseGlobalID(v, r.entity.Name, r.entity.ParseKey); err == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func nodeIDs(args map[string]any) []any {
	if ids, ok := args["ids"]; ok {
		return asList(ids)
	}
	return []any{args["id"]}
}

// keyArguments are the values of a look-up by a unique key.
func (x *execution) keyArguments(r *read) ([]any, error) {
	args := x.arguments(r.node, "")
	values := make([]any, len(r.key.Fields))
	for i, f := range r.key.Fields {
		if err := use(r.entity, f, x.viewer, []any{f.Name}); err != nil {
			return nil, err
		}
		v, err := filterValue(f, args[f.Name])
		if err != nil {
			return nil, badArg(f.Name, apierr.InvalidFormat, nil, f.Name+" "+err.Error()+".")
		}
		values[i] = v
	}
	return values, nil
}
