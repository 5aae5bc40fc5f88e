package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/entwine-data/entwine/internal/store"
)

// groupRows compiles the selection on groups of a read's rows.
func (c *compiler) groupRows(r *read, f *collected) *object {
	r.grouped, r.wantRows = true, true
	obj := &object{typeName: f.first().Definition.Type.Name()}
	for _, gf := range c.fields(f.sub(), obj.typeName) {
		switch gf.first().Name {
		case "__typename":
			obj.outs = append(obj.outs, c.typename(gf))
		case "key":
			o := c.out(gf, outGroupKey)
			o.obj = c.groupKey(gf, "")
			obj.outs = append(obj.outs, o)
		case "aggregate":
			o := c.out(gf, outAggregate)
			o.obj = c.aggregate(r, gf, r.entity)
			obj.outs = append(obj.outs, o)
		}
	}
	return obj
}

// groupKey compiles the selection on what a group has in common, at the end of a path of edges. Whether the groups are made
// by it is known only with the arguments.
func (c *compiler) groupKey(f *collected, path string) *object {
	obj := &object{typeName: f.first().Definition.Type.Name()}
	for _, kf := range c.fields(f.sub(), obj.typeName) {
		n := kf.first()
		if n.Name == "__typename" {
			obj.outs = append(obj.outs, c.typename(kf))
			continue
		}
		o := c.out(kf, outGroupKey)
		o.name = path + n.Name
		if len(n.SelectionSet) > 0 {
			o.name += "."
			o.obj = c.groupKey(kf, o.name)
		}
		obj.outs = append(obj.outs, o)
	}
	return obj
}

// groups writes a page of the groups of a read's rows, for all parents if there are keys. Each group has its parent's key
// first (1 at the root), and then the columns that grouping describes.
func (q request) groups(r *read, a *listArgs, keys []any) *statement {
	s := q.statement()
	g := a.grouping
	paged := len(keys) > 1 // each parent has a page
	g.columns(s, map[bool]string{false: "g", true: "h"}[paged])
	if paged {
		s.WriteSQL(" FROM (")
		g.columns(s, "g")
		s.WriteSQL(", row_number() OVER (PARTITION BY g.p ORDER BY ")
		g.writeOrder(s)
		s.WriteSQL(") AS r")
	}
	s.WriteSQL(" FROM (")
	q.makeGroups(s, r, a, keys)
	s.WriteSQL(") g")
	if g.having != nil {
		s.WriteSQL(" WHERE ")
		q.filter(s, g.having, "g", 1)
	}
	if paged {
		s.WriteSQL(") h WHERE h.r > ")
		s.WriteArg(int64(a.offset))
		s.WriteSQL(" AND h.r <= ")
		s.WriteArg(int64(a.offset) + int64(a.limit))
		s.WriteSQL(" ORDER BY h.p, h.r")
		return s
	}
	s.WriteSQL(" ORDER BY ")
	g.writeOrder(s)
	s.limit(a.limit, a.offset)
	return s
}

// makeGroups writes the statement that makes the groups, without regard to having and the page.
func (q request) makeGroups(s *statement, r *read, a *listArgs, keys []any) {
	g := a.grouping
	s.WriteSQL("SELECT ")
	if r.edge == nil {
		s.WriteSQL("1")
	} else {
		q.parentColumn(s, r)
	}
	s.WriteSQL(" AS p")
	steps := make([]step, len(g.by))
	for i, k := range g.by {
		steps[i] = k.step
		s.WriteSQL(", ")
		if k.period == "" {
			s.value(k.step, "t")
		} else {
			s.periodStart(k)
		}
		s.WriteSQL(" AS k")
		s.int(i)
	}
	s.WriteSQL(", count(*) AS n")
	for i, f := range g.figures {
		s.WriteSQL(", ")
		s.figure(f)
		s.WriteSQL(" AS f")
		s.int(i)
	}
	q.source(s, r, a, order{steps: steps}, func() { s.writeIn(keys, ownKeyType(r)) })
	// By their positions: Postgres would take a zone's name for another parameter than that of the column.
	s.WriteSQL(" GROUP BY ")
	if r.edge != nil {
		s.WriteSQL("1, ")
	}
	for i := range g.by {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.int(2 + i)
	}
}

// columns selects all columns of the groups under alias.
func (g *grouping) columns(s *statement, alias string) {
	s.WriteSQL("SELECT " + alias + ".p")
	for i := range g.by {
		s.WriteSQL(", " + alias + ".k")
		s.int(i)
	}
	s.WriteSQL(", " + alias + ".n")
	for i := range g.figures {
		s.WriteSQL(", " + alias + ".f")
		s.int(i)
	}
}

// writeOrder writes the order of the groups under g.
func (g *grouping) writeOrder(s *statement) {
	for i, st := range g.order {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteSQL("g." + st.column)
		if st.desc {
			s.WriteSQL(" DESC")
		}
		if st.nullsFirst {
			s.WriteSQL(" NULLS FIRST")
		} else {
			s.WriteSQL(" NULLS LAST")
		}
	}
}

// The cells of a group are what it was grouped by, the number of its rows, and its figures.
func (g *grouping) countCell() int         { return len(g.by) }
func (g *grouping) figureCell(col int) int { return len(g.by) + 1 + col }
func (g *grouping) width() int             { return len(g.by) + 1 + len(g.figures) }

// groups executes a read of groups.
func (x *execution) groups(ctx context.Context, q store.Querier, out *rows, req request, keys []any) error {
	s := req.groups(out.read, out.args, keys)
	if err := out.scanGroups(ctx, q, s, keys != nil, x.left); err != nil {
		return fmt.Errorf("group %s: %w", out.read.entity.Name, err)
	}
	return nil
}

// scanGroups reads a result of groups. left is reduced by the size of what was read.
func (r *rows) scanGroups(ctx context.Context, q store.Querier, st *statement, keyed bool, left *int) error {
	r.groups = make(map[any]*group)
	g := r.args.grouping
	return q.Read(ctx, st.text(), st.args, func(values []store.Value) error {
		key := noKey
		if keyed {
			key = storedKey(values[0])
		}
		of := r.groups[key]
		if of == nil {
			of = &group{start: r.n}
			r.groups[key] = of
		}
		of.n++
		r.n++
		before := len(r.buf)
		r.cells = append(r.cells, make([]span, g.width())...)
		for i, k := range g.by {
			v := values[1+i]
			if v.Type == store.Int && k.period != "" {
				v = store.ValueOf(k.start(v.Int()))
			}
			r.put(i, k.field, &v)
		}
		r.put(g.countCell(), groupCount, &values[1+g.countCell()])
		for i, f := range g.figures {
			r.put(g.figureCell(i), f.result, &values[1+g.figureCell(i)])
		}
		if *left -= 16*len(values) + len(r.buf) - before; *left < 0 {
			return errTooLarge
		}
		return nil
	})
}

// groups writes the groups of one parent.
func (w *writer) groups(o *out, r *rows, key any) bool {
	if r.err != nil {
		w.fail(o.nodes, r.err)
		return false
	}
	g, of := r.args.grouping, r.group(key)
	return w.list(of.n, true, func(i int) bool {
		row := of.start + i
		return w.object(o.obj, func(o *out) bool {
			if o.kind == outGroupKey {
				return w.groupKey(o.obj, r, row)
			}
			return w.aggregate(o, func(o *out) bool {
				if o.kind == outTotalCount {
					return w.cell(o, r, row, g.countCell())
				}
				if err := r.denied[o.col]; err != nil {
					w.fail(o.nodes, err)
					return false
				}
				return w.cell(o, r, row, g.figureCell(o.col))
			})
		})
	})
}

// groupKey writes what a group has in common.
func (w *writer) groupKey(obj *object, r *rows, row int) bool {
	return w.object(obj, func(o *out) bool {
		for i, k := range r.args.grouping.by {
			name := k.name()
			if o.obj != nil && strings.HasPrefix(name, o.name) {
				return w.groupKey(o.obj, r, row)
			}
			if o.obj == nil && name == o.name {
				return w.cell(o, r, row, i)
			}
		}
		return w.null(o)
	})
}
