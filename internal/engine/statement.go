package engine

import (
	"sync"
	"unsafe"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// request is what a statement needs to know besides the plan.
type request struct {
	viewer   access.Viewer
	postgres bool
	// deleted says that the rows of the statement's own table may be deleted ones.
	deleted bool
	// past is the edge to the history that the statement reads, if it reads one.
	past *entity.Edge
}

// The aliases of all statements: t is the entity's table, j a join table, p the list of parents, u a union of segments,
// f1, f2 … folded to-one edges, i and k a list of composite keys and the table in which they are looked up.

// part is what a statement selects for one read: the read's own table, or one that is joined to it.
type part struct {
	rows  *rows
	names []string
	alias string
	// A folded read is joined to the part with this alias, whose column holds its key.
	to     string
	column string
}

// statement begins a statement.
func (q request) statement() *statement {
	s, ok := spareStatements.Get().(*statement)
	if !ok {
		s = &statement{buf: make([]byte, 0, 512)}
	}
	s.postgres, s.request = q.postgres, q
	return s
}

// spareStatements is the memory of statements that were executed.
var spareStatements sync.Pool

// text is the SQL, until the statement is released.
func (s *statement) text() string { return unsafe.String(unsafe.SliceData(s.buf), len(s.buf)) }

// release lets another statement have the memory of one that is not used any more.
func (s *statement) release() {
	if cap(s.buf) > maxKeptQuery || cap(s.args) > maxSpareKeys {
		return
	}
	clear(s.args)
	*s = statement{buf: s.buf[:0], args: s.args[:0]}
	spareStatements.Put(s)
}

// keyed writes the rows whose columns hold one of the keys, each with those columns first.
func (q request) keyed(parts []part, by []keyColumn, keys []any) *statement {
	e := parts[0].rows.read.entity
	s := q.statement()
	s.WriteSQL("SELECT ")
	for i, c := range by {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteColumn("t", c.name)
	}
	q.from(s, parts)
	s.WriteSQL(" WHERE ")
	s.writeKeys("t", e, by, keys)
	if ed := parts[0].rows.read.edge; ed != nil && ed.Kind == entity.ToOneInverse {
		q.guard(s, ed, "t", "")
	}
	q.restrict(s, e, "t")
	return s
}

// unique writes the look-up of one row by a unique key.
func (q request) unique(parts []part, values []any) *statement {
	r := parts[0].rows.read
	s := q.statement()
	s.WriteSQL("SELECT 1")
	q.from(s, parts)
	s.WriteSQL(" WHERE ")
	for i, f := range r.key.Fields {
		if i > 0 {
			s.WriteSQL(" AND ")
		}
		s.WriteColumn("t", f.Column)
		s.WriteSQL(" = ")
		s.WriteArg(values[i])
	}
	if t := r.key.Tenant; t != nil {
		if len(r.key.Fields) > 0 {
			s.WriteSQL(" AND ")
		}
		if value, ok := r.key.TenantValue(q.viewer); ok {
			s.WriteColumn("t", t.Column)
			s.WriteSQL(" = ")
			s.WriteArg(value)
		} else {
			s.WriteSQL("1=0")
		}
	}
	if len(r.key.Fields) == 1 {
		q.viewer.Known = r.key.Fields[0].Schema
	}
	q.restrict(s, r.entity, "t")
	return s
}

// from writes the columns of all parts, after a first one, and their tables. A folded part has its key before its columns.
// What the viewer may not read of it is left out by the join, so that it looks like a row that is not there.
func (q request) from(s *statement, parts []part) {
	for i, p := range parts {
		if i > 0 {
			s.WriteSQL(", ")
			s.WriteColumn(p.alias, p.rows.read.entity.ID[0].Column)
		}
		q.columns(s, p.rows.read.entity, p.names, p.alias, false)
	}
	for i, p := range parts {
		e := p.rows.read.entity
		if i == 0 {
			s.WriteSQL(" FROM ")
			s.WriteTable(e.Table, p.alias)
			continue
		}
		s.WriteSQL(" LEFT JOIN ")
		s.WriteTable(e.Table, p.alias)
		s.WriteSQL(" ON ")
		s.WriteColumn(p.alias, e.ID[0].Column)
		s.WriteSQL(" = ")
		s.WriteColumn(p.to, p.column)
		q.guard(s, p.rows.read.edge, p.alias, p.to)
		q.restrict(s, e, p.alias)
	}
}

// list writes a page of a connection, for all parents if there are keys. Each row has its parent's key first (1 at the root).
func (q request) list(r *read, columns []string, a *listArgs, keys []any) *statement {
	if r.edge != nil && r.edge.History {
		q.past = r.edge
	}
	s := q.statement()
	s.order = a.order.steps
	switch {
	case r.edge == nil:
		switch before, after := a.sides(r); {
		case r.counted && a.after == nil && a.before == nil && a.offset == 0: // without a row here the list has none
			q.page(s, r, columns, a, nil, markCount)
		case !r.counted && !before && !after:
			q.page(s, r, columns, a, nil, markRow)
		default:
			s.WriteSQL("SELECT * FROM (")
			q.page(s, r, columns, a, nil, markRow)
			s.WriteSQL(") y UNION ALL SELECT ")
			q.lookAround(s, r, a, nil)
			if r.counted {
				q.addTotal(s, r, a)
			}
			for range columns {
				s.WriteSQL(", NULL")
			}
		}
	case len(keys) == 1:
		q.page(s, r, columns, a, func() { s.WriteSQL(" = "); parentKey(s, r, func() { s.WriteArg(keys[0]) }) }, markRow)
	case q.postgres:
		s.WriteSQL("SELECT p.k, l.* FROM unnest(")
		s.WriteArg(arrayLiteral(keys))
		s.WriteSQL("::")
		s.WriteSQL(ownKeyType(r))
		s.WriteSQL("[]) AS p(k) CROSS JOIN LATERAL (")
		q.page(s, r, columns, a, func() { s.WriteSQL(" = "); parentKey(s, r, func() { s.WriteSQL("p.k") }) }, unmarked)
		s.WriteSQL(") l")
	default:
		// SQLite has no LATERAL. The page of each parent is a correlated list of keys, which stops at the limit; the rows
		// are then found by their keys.
		id := r.entity.ID[0].Column
		if r.entity.Composite() {
			id = rowID
		}
		s.WriteSQL("SELECT p.value")
		q.columns(s, r.entity, columns, "t", false)
		s.WriteSQL(" FROM json_each(")
		s.WriteArg(jsonArray(keys))
		s.WriteSQL(") p JOIN ")
		s.WriteTable(r.entity.Table, "t")
		s.WriteSQL(" ON ")
		s.WriteColumn("t", id)
		s.WriteSQL(" IN (")
		q.page(s, r, []string{id}, a, func() { s.WriteSQL(" = "); parentKey(s, r, func() { s.WriteSQL("p.value") }) }, unmarked)
		s.WriteSQL(")")
		q.joinOrder(s, a.order, "t")
		s.WriteSQL(" ORDER BY p.key, ")
		a.walk().write(s, segment{})
	}
	return s
}

// walk is the order in which rows are read: backward pages are read from the end.
func (a *listArgs) walk() order {
	if a.backward {
		return a.order.reversed()
	}
	return a.order
}

// marker is what is selected before the columns of a page.
type marker int

const (
	unmarked  marker = iota
	markRow          // that it is a row of the page
	markCount        // that, and the total of the list
)

func (q request) mark(s *statement, r *read, a *listArgs, m marker) {
	if m == unmarked {
		return
	}
	s.WriteSQL("1")
	if m == markCount {
		q.addTotal(s, r, a)
	}
}

// addTotal adds the total of a list at the root to the bits of an answer.
func (q request) addTotal(s *statement, r *read, a *listArgs) {
	s.WriteSQL(" + ")
	s.int(countUnit)
	s.WriteSQL(" * ")
	q.number(s, r, a, a.withPage(r), nil)
}

// page writes one page: its rows and one more, which tells whether there is a next page. Parent compares with the parent's key.
func (q request) page(s *statement, r *read, columns []string, a *listArgs, parent func(), m marker) {
	walk, start, stop := a.walk(), a.after, a.before
	if a.backward {
		start, stop = a.before, a.after
	}
	segments := walk.segments(start)
	part := func(seg segment) {
		q.source(s, r, a, a.order, parent)
		if seg.row || len(seg.states) > 0 {
			s.WriteSQL(" AND ")
			walk.writeSegment(s, "t", seg, start)
		} else if start != nil {
			s.WriteSQL(" AND ")
			walk.writeAfter(s, "t", start)
		}
		if stop != nil {
			s.WriteSQL(" AND ")
			walk.reversed().writeAfter(s, "t", stop)
		}
		s.WriteSQL(" ORDER BY ")
		walk.write(s, seg)
	}
	if len(segments) < 2 {
		var seg segment
		if len(segments) == 1 {
			seg = segments[0]
		}
		s.WriteSQL("SELECT ")
		q.mark(s, r, a, m)
		q.columns(s, r.entity, columns, "t", m == unmarked)
		part(seg)
		s.limit(a.limit+1, a.offset)
		return
	}
	s.WriteSQL("SELECT ")
	q.mark(s, r, a, m)
	for i := range columns {
		if i > 0 || m != unmarked {
			s.WriteSQL(", ")
		}
		s.WriteSQL("u.c")
		s.int(i)
	}
	s.WriteSQL(" FROM (")
	for i, seg := range segments {
		if i > 0 {
			s.WriteSQL(" UNION ALL ")
		}
		s.WriteSQL("SELECT * FROM (SELECT ")
		s.int(i)
		s.WriteSQL(" AS s")
		q.numbered(s, r, columns, walk)
		part(seg)
		s.limit(a.offset+a.limit+1, 0)
		s.WriteSQL(") x")
		s.int(i)
	}
	s.WriteSQL(") u ORDER BY u.s")
	walk.writeNumbered(s)
	s.limit(a.limit+1, a.offset)
}

// numbered writes the columns and the values of the order under names by which a statement around this one can tell them apart:
// c0, c1 … and o0, o1 …
func (q request) numbered(s *statement, r *read, columns []string, by order) {
	for i, name := range columns {
		s.WriteSQL(", ")
		q.selected(s, r.entity, "t", name)
		s.WriteSQL(" AS c")
		s.int(i)
	}
	for i, st := range by.steps {
		s.WriteSQL(", ")
		s.value(st, "t")
		s.WriteSQL(" AS o")
		s.int(i)
	}
}

// writeNumbered writes the order of the rows under u, after something else that they are sorted by first.
func (o order) writeNumbered(s *statement) {
	for i, st := range o.steps {
		s.WriteSQL(", u.o")
		s.int(i)
		if st.desc {
			s.WriteSQL(" DESC")
		}
		if st.nullable() && st.nullsFirst {
			s.WriteSQL(" NULLS FIRST")
		} else if st.nullable() {
			s.WriteSQL(" NULLS LAST")
		}
	}
}

// source writes FROM and WHERE for a connection's list, without regard to the page. The steps of by can be used after it.
// Parent compares the column that holds the parent's key.
func (q request) source(s *statement, r *read, a *listArgs, by order, parent func()) {
	s.WriteSQL(" FROM ")
	if r.edge != nil && r.edge.Kind == entity.ManyToMany {
		s.WriteTable(r.edge.Join, "j")
		s.WriteSQL(" JOIN ")
		s.WriteTable(r.entity.Table, "t")
		s.WriteSQL(" ON ")
		s.equal("t", r.entity.ID[0].Column, "j", r.edge.JoinTarget)
	} else {
		s.WriteTable(r.entity.Table, "t")
	}
	q.joinOrder(s, by, "t")
	s.WriteSQL(" WHERE 1=1")
	if r.edge != nil {
		s.WriteSQL(" AND ")
		q.parentColumn(s, r)
		parent()
		if r.edge.History {
			q.history(s, r.edge)
		} else {
			q.guard(s, r.edge, "t", "")
		}
	}
	before := len(s.args)
	q.restrict(s, r.entity, "t")
	if a.where != nil {
		s.WriteSQL(" AND ")
		q.filter(s, a.where, "t", 1)
	}
	if a.search != nil {
		s.WriteSQL(" AND ")
		a.search.in.Match(s, q.postgres, a.search.Query, "t")
	}
	s.steady = s.postgres && r.edge == nil && len(s.args) == before
}

// count writes the number of rows of a connection without its page, by parent if there are keys.
func (q request) count(r *read, a *listArgs, keys []any) *statement {
	s := q.statement()
	s.WriteSQL("SELECT ")
	switch {
	case r.edge == nil:
		s.WriteSQL("1")
	case r.edge.History:
		s.WriteSQL("CAST(t.row_key AS " + ownKeyType(r) + ")")
	default:
		q.parentColumn(s, r)
	}
	s.WriteSQL(", count(*)")
	for _, f := range r.figures {
		s.WriteSQL(", ")
		s.figure(f)
	}
	q.source(s, r, a, order{}, func() {
		if r.edge.History {
			s.writeIn(keyTexts(keys), "text")
		} else {
			s.writeIn(keys, ownKeyType(r))
		}
	})
	if r.edge != nil {
		s.WriteSQL(" GROUP BY ")
		q.parentColumn(s, r)
	}
	return s
}

// parentColumn writes the column that holds the parent's key.
func (q request) parentColumn(s *statement, r *read) {
	if r.edge.Kind == entity.ManyToMany {
		s.WriteColumn("j", r.edge.JoinOwn)
		return
	}
	s.WriteColumn("t", r.edge.Column)
}

// restrict adds that the viewer may read the row of e that stands under alias. Every statement that chooses rows calls it,
// for each table that it chooses from.
func (q request) restrict(s *statement, e *entity.Entity, alias string) {
	if e.Unrestricted(access.Read, q.viewer) {
		return
	}
	s.WriteSQL(" AND (")
	if q.deleted && alias == "t" {
		e.WriteWithDeleted(s, access.Read, q.viewer, alias)
	} else {
		e.WritePredicate(s, access.Read, q.viewer, alias)
	}
	s.WriteSQL(")")
}

// columns writes the names, each after a comma unless it is the very first.
func (q request) columns(s *statement, e *entity.Entity, names []string, alias string, first bool) {
	for i, name := range names {
		if i > 0 || !first {
			s.WriteSQL(", ")
		}
		q.selected(s, e, alias, name)
	}
}

// limit writes how many rows are wanted, as a parameter, so that pages of all sizes share a statement.
//
// Postgres plans for a tenth of the rows where it does not know the number. Below parents that is as it should be: knowing that
// a page is more than the average parent has rows, it would collect and sort all rows of each parent rather than walk
// along the index. At the root it plans anew each time instead, which costs as much as reading a page and is worth it
// where the best plan depends on values, of filters and of viewers. Where nothing is compared but a cursor, the number is
// a part of the text, and the plan is kept.
func (s *statement) limit(n, offset int) {
	s.WriteSQL(" LIMIT ")
	if s.steady {
		s.int(n)
	} else {
		s.WriteArg(int64(n))
	}
	if offset > 0 {
		s.WriteSQL(" OFFSET ")
		s.WriteArg(int64(offset))
	}
}

// ownKeyType is the database type of the keys of an edge's own side, which are those of the parents.
func ownKeyType(r *read) string {
	switch r.parentKey {
	case entity.IntKey:
		return "bigint"
	case entity.UUIDKey:
		return "uuid"
	}
	return "text"
}
