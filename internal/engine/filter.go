package engine

import (
	"strconv"
	"unicode/utf8"

	"github.com/entwine-data/entwine/gateway/entity"
)

// filter writes a condition for the rows under alias. It may be null, which counts as false; "not" is therefore written so
// that it turns null into true. Rows behind edges count only if the viewer may read them: each subquery holds the rule.
func (q request) filter(s *statement, c *condition, alias string, depth int) {
	n := 0
	next := func() {
		if n++; n > 1 {
			s.WriteSQL(" AND ")
		}
	}
	s.WriteSQL("(")
	for _, t := range c.tests {
		next()
		if t.field.Column == "" {
			s.compositeTest(t, alias)
			continue
		}
		s.test(t, func() {
			// Postgres does not compare an enum of its own with a list of texts.
			if t.op.Sorts() || t.field.Type == entity.Enum && t.op.List() {
				t.field.WriteSorted(s, alias)
				return
			}
			s.WriteColumn(alias, t.field.Column)
		})
	}
	for _, t := range c.json {
		next()
		s.jsonTest(t, alias)
	}
	for _, t := range c.edges {
		next()
		q.edgeTest(s, t, alias, depth)
	}
	for _, sub := range c.and {
		next()
		q.filter(s, sub, alias, depth)
	}
	if c.hasOr {
		next()
		s.WriteSQL("(1=0")
		for _, sub := range c.or {
			s.WriteSQL(" OR ")
			q.filter(s, sub, alias, depth)
		}
		s.WriteSQL(")")
	}
	if c.not != nil {
		next()
		q.filter(s, c.not, alias, depth)
		s.WriteSQL(" IS NOT TRUE")
	}
	if n == 0 {
		s.WriteSQL("1=1")
	}
	s.WriteSQL(")")
}

// edgeTest writes a condition on the rows behind an edge.
func (q request) edgeTest(s *statement, t edgeTest, alias string, depth int) {
	if t.kind == "count" {
		s.WriteSQL("(1=1")
		for _, test := range t.tests {
			s.WriteSQL(" AND ")
			s.test(test, func() {
				s.WriteSQL("(SELECT count(*)")
				q.behind(s, t.edge, alias, depth)
				s.WriteSQL(")")
			})
		}
		s.WriteSQL(")")
		return
	}
	if t.kind == "none" || t.kind == "every" || t.kind == "isNull" && t.null {
		s.WriteSQL("NOT ")
	}
	s.WriteSQL("EXISTS (SELECT 1")
	inner := q.behind(s, t.edge, alias, depth)
	if t.cond != nil {
		s.WriteSQL(" AND ")
		q.filter(s, t.cond, inner, depth+1)
		if t.kind == "every" {
			s.WriteSQL(" IS NOT TRUE")
		}
	}
	s.WriteSQL(")")
}

// behind writes FROM and WHERE for the rows behind an edge of alias, and returns their alias.
func (q request) behind(s *statement, ed *entity.Edge, alias string, depth int) (inner string) {
	inner = "w" + strconv.Itoa(depth)
	target := ed.To()
	s.WriteSQL(" FROM ")
	if ed.Kind == entity.ManyToMany {
		join := "v" + strconv.Itoa(depth)
		s.WriteTable(ed.Join, join)
		s.WriteSQL(" JOIN ")
		s.WriteTable(target.Table, inner)
		s.WriteSQL(" ON ")
		s.equal(inner, target.ID[0].Column, join, ed.JoinTarget)
		s.WriteSQL(" WHERE ")
		s.equal(join, ed.JoinOwn, alias, ed.Own().Column)
	} else {
		s.WriteTable(target.Table, inner)
		s.WriteSQL(" WHERE ")
		q.link(s, ed, inner, alias)
	}
	q.restrict(s, target, inner)
	return inner
}

// link writes that an edge, other than one with a join table, leads from the row under from to that under to, and that the
// viewer may know it.
func (q request) link(s *statement, ed *entity.Edge, to, from string) {
	if ed.Kind == entity.ToOne {
		s.equal(to, ed.To().ID[0].Column, from, ed.Column)
	} else {
		s.equal(to, ed.Column, from, ed.Own().Column)
	}
	q.guard(s, ed, to, from)
}

// compositeTest writes a test of the id of an entity whose key has several columns, none of which is ever null.
func (s *statement) compositeTest(t test, alias string) {
	if t.op == entity.IsNull {
		s.WriteSQL(map[bool]string{false: "1=1", true: "1=0"}[t.value.(bool)])
		return
	}
	keys := []any{t.value}
	if t.op.List() {
		keys = t.value.([]any)
	}
	if t.op == entity.Ne || t.op == entity.NotIn {
		s.WriteSQL("NOT ")
	}
	s.WriteSQL("(")
	if len(keys) == 0 {
		s.WriteSQL("1=0")
	} else {
		e := t.field.Owner()
		s.writeKeys(alias, e, primaryKey(e), keys)
	}
	s.WriteSQL(")")
}

func (s *statement) equal(a, column, b, other string) {
	s.WriteColumn(a, column)
	s.WriteSQL(" = ")
	s.WriteColumn(b, other)
}

// test writes one operator on the value that write writes.
func (s *statement) test(t test, write func()) {
	compare := func(operator string) {
		write()
		s.WriteSQL(operator)
		s.WriteArg(t.value)
	}
	switch t.op {
	case entity.Eq:
		write()
		s.WriteSQL(" = ")
		t.field.WriteComparand(s, t.value)
	case entity.Lt:
		compare(" < ")
	case entity.Lte:
		compare(" <= ")
	case entity.Gt:
		compare(" > ")
	case entity.Gte:
		compare(" >= ")
	case entity.Ne, entity.NotIn:
		s.WriteSQL("(")
		if t.field.Nullable {
			write()
			s.WriteSQL(" IS NULL OR ")
		}
		if t.op == entity.Ne {
			compare(" <> ")
		} else {
			s.WriteSQL("NOT ")
			write()
			s.writeIn(t.value.([]any), pgType(t.field))
		}
		s.WriteSQL(")")
	case entity.In:
		write()
		s.writeIn(t.value.([]any), pgType(t.field))
	case entity.IsNull:
		write()
		if t.value.(bool) {
			s.WriteSQL(" IS NULL")
		} else {
			s.WriteSQL(" IS NOT NULL")
		}
	case entity.StartsWith:
		s.prefix(t.value.(string), write)
	case entity.Contains, entity.EndsWith:
		s.part(t.op, write, func() { s.textArg(t.value) })
	case entity.EqFold:
		s.lower(write)
		s.WriteSQL(" = ")
		s.lower(func() { s.textArg(t.value) })
	case entity.ContainsFold, entity.StartsWithFold, entity.EndsWithFold:
		s.part(t.op, func() { s.lower(write) }, func() { s.lower(func() { s.textArg(t.value) }) })
	}
}

// prefix writes that a text starts with another as a range, which an index by code point serves on both databases.
func (s *statement) prefix(p string, write func()) {
	compare := func(op, bound string) {
		write()
		if s.postgres {
			s.WriteSQL(` COLLATE "C"`)
		}
		s.WriteSQL(op)
		s.WriteArg(bound)
	}
	s.WriteSQL("(")
	compare(" >= ", p)
	if end, ok := successor(p); ok {
		s.WriteSQL(" AND ")
		compare(" < ", end)
	}
	s.WriteSQL(")")
}

// successor is the first text that comes after all texts that start with p, by code point. There is none after the last
// code point.
func successor(p string) (string, bool) {
	for p != "" {
		r, size := utf8.DecodeLastRuneInString(p)
		p = p[:len(p)-size]
		switch r {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // surrogates are no characters
			r = 0xE000
		default:
			r++
		}
		return p + string(r), true
	}
	return "", false
}

// part writes that a text holds another, or starts or ends with it. No pattern language takes part, so that nothing in the
// text has a meaning of its own.
func (s *statement) part(op entity.Operator, write, arg func()) {
	call := func(name string, args ...func()) {
		s.WriteSQL(name + "(")
		for i, a := range args {
			if i > 0 {
				s.WriteSQL(", ")
			}
			a()
		}
		s.WriteSQL(")")
	}
	length := func() { call("length", arg) }
	switch op {
	case entity.Contains, entity.ContainsFold:
		if s.postgres {
			call("strpos", write, arg)
		} else {
			call("instr", write, arg)
		}
		s.WriteSQL(" > 0")
	case entity.StartsWithFold:
		call("substr", write, func() { s.WriteSQL("1") }, length)
		s.WriteSQL(" = ")
		arg()
	default:
		if s.postgres {
			call("right", write, length)
		} else {
			// substr(x, -0) is all of x.
			call("substr", write, func() {
				call("length", write)
				s.WriteSQL(" + 1 - ")
				call("min", length, func() { call("length", write) })
			})
		}
		s.WriteSQL(" = ")
		arg()
	}
}

// lower writes a text in lower case, as Unicode has it. SQLite's own lower knows ASCII only, and so does Postgres' where text
// is compared by code point.
func (s *statement) lower(write func()) {
	if s.postgres {
		s.WriteSQL("lower(")
		write()
		s.WriteSQL(` COLLATE "und-x-icu")`)
		return
	}
	s.WriteSQL("entwine_lower(")
	write()
	s.WriteSQL(")")
}

// textArg writes a parameter whose type Postgres cannot tell from its place.
func (s *statement) textArg(v any) {
	s.WriteArg(v)
	if s.postgres {
		s.WriteSQL("::text")
	}
}
