package entity

import (
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"
)

// OrderByNeighborsCount orders the query that s is part of by the number of rows behind an edge to an entity, given its name in
// the ent schema, of those that the viewer may read. Generated code calls it.
func OrderByNeighborsCount(s *sql.Selector, schema string, step *sqlgraph.Step, opts ...sql.OrderTermOption) {
	rule := OfNeighbors(s, schema)
	if rule == nil {
		sqlgraph.OrderByNeighborsCount(s, step, opts...)
		return
	}
	o := sql.NewOrderTermOptions(opts...)
	if o.As == "" {
		o.As = "count_" + step.To.Table
	}
	behind := neighbors(s, step, rule).SelectExpr(sql.Raw("COUNT(*)"))
	// ent joins the numbers, so that none is null.
	orderBy(s, sql.ExprFunc(func(b *sql.Builder) { b.S("NULLIF((").Join(behind).S("), 0)") }), o)
}

// OrderByNeighborTerms is like [OrderByNeighborsCount], for values of the row behind the edge, or figures over the rows.
func OrderByNeighborTerms(s *sql.Selector, schema string, step *sqlgraph.Step, terms ...sql.OrderTerm) {
	rule := OfNeighbors(s, schema)
	if rule == nil {
		sqlgraph.OrderByNeighborTerms(s, step, terms...)
		return
	}
	for _, term := range terms {
		behind := neighbors(s, step, rule)
		var o sql.OrderTermOptions
		switch t := term.(type) {
		case *sql.OrderFieldTerm:
			behind.Select(behind.C(t.Field))
			if o = t.OrderTermOptions; o.As == "" {
				o.As = t.Field
			}
		case *sql.OrderExprTerm:
			behind.SelectExpr(t.Expr(behind))
			o = t.OrderTermOptions
		default:
			continue
		}
		orderBy(s, sql.ExprFunc(func(b *sql.Builder) { b.S("(").Join(behind).S(")") }), &o)
	}
}

// neighbors selects nothing yet from the rows behind an edge of the row of s that rule lets through.
func neighbors(s *sql.Selector, step *sqlgraph.Step, rule func(*sql.Selector)) *sql.Selector {
	build := sql.Dialect(s.Dialect())
	to := build.Table(step.To.Table).Schema(step.To.Schema).As("neighbor")
	behind := build.Select().From(to).WithContext(s.Context())
	switch {
	case step.FromEdgeOwner():
		behind.Where(sql.ColumnsEQ(s.C(step.Edge.Columns[0]), to.C(step.To.Column)))
	case step.ThroughEdgeTable():
		own, other := step.Edge.Columns[0], step.Edge.Columns[1]
		if step.Edge.Inverse {
			own, other = other, own
		}
		link := build.Table(step.Edge.Table).Schema(step.Edge.Schema).As("link")
		behind.Join(link).On(to.C(step.To.Column), link.C(other)).Where(sql.ColumnsEQ(s.C(step.From.Column), link.C(own)))
	default:
		behind.Where(sql.ColumnsEQ(s.C(step.From.Column), to.C(step.Edge.Columns[0])))
	}
	rule(behind)
	return behind
}

// orderBy adds a term to the order, and to what is selected if asked. Nulls stand where ent has them: first if ascending, on both
// databases.
func orderBy(s *sql.Selector, value sql.Querier, o *sql.OrderTermOptions) {
	if o.Selected {
		s.AppendSelectExprAs(value, o.As)
		value = sql.ExprFunc(func(b *sql.Builder) { b.Ident(o.As) })
	}
	// Not OrderExprFunc, which loses parameters.
	s.OrderExpr(sql.ExprFunc(func(b *sql.Builder) {
		b.Join(value)
		if o.Desc {
			b.S(" DESC")
		}
		switch {
		case o.NullsFirst:
			b.S(" NULLS FIRST")
		case o.NullsLast:
			b.S(" NULLS LAST")
		case b.Dialect() == dialect.Postgres && o.Desc:
			b.S(" NULLS LAST")
		case b.Dialect() == dialect.Postgres:
			b.S(" NULLS FIRST")
		}
	}))
}
