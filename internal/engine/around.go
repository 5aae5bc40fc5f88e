package engine

import (
	"context"
	"fmt"

	"github.com/entwine-data/entwine/internal/store"
)

// What lies beyond a page in the direction of reading is known from one row more. What lies on the other side of a cursor
// has to be looked up, and is only if pageInfo asks: at the root in the same statement, below parents in one more for all
// of them. The list is the whole one, under the filter and the rules; cursors bound pages, not lists.

// The bits of an answer. A row of a page has the odd marker 1 in their place. The total of a list at the root stands above
// either, if it is asked for and nothing else is to be computed of the list: then it needs no statement of its own, and the
// operation no transaction around the two. On a first page each row has it, which the database computes once: a row of
// its own costs Postgres 40 µs more.
const (
	rowsBefore = 2
	rowsAfter  = 4
	countUnit  = 8
)

// sides says on which sides of the page rows have to be looked for.
func (a *listArgs) sides(r *read) (before, after bool) {
	return r.wantPrevious && (a.after != nil || a.offset > 0), r.wantNext && a.before != nil
}

// hasPrevious and hasNext are pageInfo's, for the page of one parent.
func (r *rows) hasPrevious(key any) bool {
	return r.args.backward && r.group(key).more || r.around[key]&rowsBefore != 0
}

func (r *rows) hasNext(key any) bool {
	return !r.args.backward && r.group(key).more || r.around[key]&rowsAfter != 0
}

// lookAround writes the bits of one parent's page as an expression.
func (q request) lookAround(s *statement, r *read, a *listArgs, parent func()) {
	before, after := a.sides(r)
	s.WriteSQL("0")
	if before {
		s.WriteSQL(" + CASE WHEN ")
		if a.after != nil {
			q.exists(s, r, a, parent, a.order.reversed(), a.after)
		} else { // an offset: whatever the list holds lies before or on the page
			s.WriteSQL("EXISTS (SELECT 1")
			q.source(s, r, a, order{}, parent)
			s.WriteSQL(")")
		}
		s.WriteSQL(" THEN 2 ELSE 0 END")
	}
	if after {
		s.WriteSQL(" + CASE WHEN ")
		q.exists(s, r, a, parent, a.order, a.before)
		s.WriteSQL(" THEN 4 ELSE 0 END")
	}
}

// exists writes that the list holds the cursor's row, or one after it in the given order. Like a page it is made of ranges,
// and of each the first row is looked for. An EXISTS without an order would let Postgres read the table from its start,
// since it expects to meet a row of the range soon.
func (q request) exists(s *statement, r *read, a *listArgs, parent func(), o order, cursor []any) {
	n := 0
	look := func(seg segment, condition func()) {
		if n++; n > 1 {
			s.WriteSQL(" OR ")
		}
		s.WriteSQL("(SELECT 1")
		q.source(s, r, a, a.order, parent)
		s.WriteSQL(" AND ")
		condition()
		if o.own() {
			s.WriteSQL(" ORDER BY ")
			o.write(s, seg)
		}
		s.WriteSQL(" LIMIT 1) IS NOT NULL")
	}
	s.WriteSQL("(")
	if segments := o.segments(cursor); segments != nil {
		for _, seg := range segments {
			look(seg, func() { o.writeSegment(s, "t", seg, cursor) })
		}
	} else {
		look(segment{}, func() { o.writeAfter(s, "t", cursor) })
	}
	same := segment{}
	for _, v := range cursor {
		same.states = append(same.states, presence(v))
	}
	look(same, func() { o.writeSegment(s, "t", same, cursor) })
	s.WriteSQL(")")
}

// aroundParents writes the look-up for the pages of several parents.
func (q request) aroundParents(r *read, a *listArgs, keys []any) *statement {
	s := q.statement()
	s.order = a.order.steps
	s.forParents(r, keys, func(parent func()) { q.lookAround(s, r, a, parent) })
	return s
}

// forParents writes a statement that gives an expression for each parent, after its key.
func (s *statement) forParents(r *read, keys []any, expression func(parent func())) {
	key := map[bool]string{false: "p.value", true: "p.k"}[s.postgres]
	s.WriteSQL("SELECT " + key + ", ")
	expression(func() { s.WriteSQL(" = "); parentKey(s, r, func() { s.WriteSQL(key) }) })
	if !s.postgres {
		s.WriteSQL(" FROM json_each(")
		s.WriteArg(jsonArray(keys))
		s.WriteSQL(") p")
		return
	}
	s.WriteSQL(" FROM unnest(")
	s.WriteArg(arrayLiteral(keys))
	s.WriteSQL("::")
	s.WriteSQL(ownKeyType(r))
	s.WriteSQL("[]) AS p(k)")
}

func (x *execution) lookAround(ctx context.Context, q store.Querier, out *rows, req request, keys []any) error {
	s := req.aroundParents(out.read, out.args, keys)
	out.around = make(map[any]int64)
	err := q.Read(ctx, s.text(), s.args, func(row []store.Value) error {
		if row[1].Type != store.Int {
			return fmt.Errorf("the answer is a %T", row[1].Any())
		}
		out.around[storedKey(row[0])] = row[1].Int()
		return nil
	})
	if err != nil {
		return fmt.Errorf("look around pages of %s: %w", out.read.entity.Name, err)
	}
	return nil
}
