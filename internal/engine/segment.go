package engine

import "slices"

// write writes the order for the rows of a segment under t. A column that holds one value there is kept: it changes
// nothing, but without it Postgres would rather walk the primary key and drop rows than read the range of the index that
// starts with that column.
func (o order) write(s *statement, seg segment) {
	for i, st := range o.steps {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.value(st, "t")
		if o.direction(seg, i) {
			s.WriteSQL(" DESC")
		}
		// Where nulls are ruled out or all there is, the clause is left out: an index in the other placement could not serve it.
		if st.nullable() && seg.state(i) == anyValue {
			if st.nullsFirst {
				s.WriteSQL(" NULLS FIRST")
			} else {
				s.WriteSQL(" NULLS LAST")
			}
		}
	}
}

// direction says whether a column of a segment is written as descending. Where it holds one value, the direction is that in
// which an index has it beside the next column: opposite to it if the order asks for that, and the same before the key,
// since an index on one field goes on with the key in the same direction.
func (o order) direction(seg segment, i int) (desc bool) {
	desc = o.steps[i].desc
	if st := seg.state(i); st != isNull && st != equal || i+1 == len(o.steps) {
		return desc
	}
	next := o.direction(seg, i+1)
	if i+2 == len(o.steps) {
		return next
	}
	return next == (desc == o.steps[i+1].desc)
}

// state is what a segment knows of one column of the order.
type state int

const (
	anyValue state = iota // nothing
	notNull               // some value
	isNull                // null
	equal                 // the cursor's value, which is not null
	beyond                // a value after the cursor's
)

// segment is a part of an ordered list that is one range of an index on the order's columns. The segments of a list
// follow each other in its order.
type segment struct {
	states []state // for the first len(states) columns
	row    bool    // one comparison of row values with the whole cursor
}

func (seg segment) state(i int) state {
	if i < len(seg.states) {
		return seg.states[i]
	}
	return anyValue
}

// maxSegments bounds the statement; an order with more nullable columns than that is sorted instead.
const maxSegments = 8

// segments cuts the rows after the cursor (all rows if it is nil) into ranges, in the list's order.
//
// An OR over the columns, the textbook form of a keyset condition, makes both databases walk the index from its start;
// each of these ranges starts where it has to.
func (o order) segments(cursor []any) []segment {
	if cursor == nil {
		return o.bound(o.open(nil, 0))
	}
	if o.uniform() {
		return []segment{{row: true}}
	}
	// Rows equal in the first k columns come before rows that differ in one of them: longest prefix first.
	var out []segment
	for k := len(o.steps) - 1; k >= 0; k-- {
		prefix := make([]state, 0, len(o.steps))
		for i := range k {
			prefix = append(prefix, presence(cursor[i]))
		}
		st := o.steps[k]
		if cursor[k] == nil {
			if st.nullsFirst {
				out = append(out, o.open(append(prefix, notNull), k+1)...)
			}
			continue
		}
		out = append(out, o.open(append(prefix, beyond), k+1)...)
		if st.nullable() && !st.nullsFirst {
			out = append(out, o.open(append(prefix[:k:k], isNull), k+1)...)
		}
	}
	if len(out) > maxSegments {
		return nil
	}
	return out
}

func presence(v any) state {
	if v == nil {
		return isNull
	}
	return equal
}

// open splits column i, and those after it, by nulls. Once a column varies within the range, those after it are ordered
// for each of its values only: a further split would be wrong.
func (o order) open(prefix []state, i int) []segment {
	varies := func(st state) bool { return st == beyond || st == notNull }
	if i == len(o.steps) || slices.ContainsFunc(prefix, varies) || !o.steps[i].nullable() {
		return []segment{{states: prefix}}
	}
	values := segment{states: append(prefix[:i:i], notNull)}
	nulls := o.open(append(prefix[:i:i], isNull), i+1)
	if o.steps[i].nullsFirst {
		return append(nulls, values)
	}
	return append([]segment{values}, nulls...)
}

func (o order) bound(s []segment) []segment {
	if len(s) > maxSegments {
		return []segment{{}}
	}
	return s
}

// writeSegment writes the condition of one segment.
func (o order) writeSegment(s *statement, alias string, seg segment, cursor []any) {
	if seg.row {
		o.writeRow(s, alias, cursor)
		return
	}
	for i, st := range seg.states {
		if i > 0 {
			s.WriteSQL(" AND ")
		}
		hint := s.hint(seg.states, i)
		s.WriteSQL(hint)
		s.value(o.steps[i], alias)
		switch st {
		case notNull:
			s.WriteSQL(" IS NOT NULL")
		case isNull:
			s.WriteSQL(" IS NULL")
		case equal:
			s.WriteSQL(" = ")
			s.cursor(o.steps[i], cursor[i])
		case beyond:
			if o.steps[i].desc {
				s.WriteSQL(" < ")
			} else {
				s.WriteSQL(" > ")
			}
			s.cursor(o.steps[i], cursor[i])
		}
		if hint != "" {
			s.WriteSQL(")")
		}
	}
}

// hint opens what tells SQLite's planner how many rows a part of a segment's condition lets through. Without it, and with what
// ANALYZE found, SQLite takes nulls for twice as frequent as a value and a range for a quarter of the rows, and would
// rather walk the primary key, or an index that starts with another column, than search the index of the order.
func (s *statement) hint(states []state, i int) string {
	switch {
	case s.postgres || len(states) == 1:
		return ""
	case states[i] == isNull:
		return "unlikely("
	case states[i] == beyond:
		return "likely("
	}
	return ""
}

func (o order) writeRow(s *statement, alias string, cursor []any) {
	op := " > "
	if o.steps[0].desc {
		op = " < "
	}
	if len(o.steps) > 1 {
		s.WriteSQL("(")
	}
	for i, st := range o.steps {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.value(st, alias)
	}
	if len(o.steps) > 1 {
		s.WriteSQL(")")
	}
	s.WriteSQL(op)
	if len(o.steps) > 1 {
		s.WriteSQL("(")
	}
	for i, st := range o.steps {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.cursor(st, cursor[i])
	}
	if len(o.steps) > 1 {
		s.WriteSQL(")")
	}
}

// cursor writes a value of a cursor. Of a list whose plan is kept it is hidden from Postgres, which would otherwise find that a plan for
// just this value is a little cheaper than that for any, and plan again each time, although the plan is the same.
func (s *statement) cursor(st step, value any) {
	if !s.steady || st.count != nil || st.rank != nil {
		s.WriteArg(value)
		return
	}
	s.WriteSQL("(SELECT ")
	s.WriteArg(value)
	s.WriteSQL("::")
	s.WriteSQL(pgType(st.field))
	s.WriteSQL(")")
}

// writeAfter writes that a row comes after the cursor, in one condition that is never null.
func (o order) writeAfter(s *statement, alias string, cursor []any) {
	if o.uniform() {
		o.writeRow(s, alias, cursor)
		return
	}
	s.WriteSQL("(")
	for k := range o.steps {
		if k > 0 {
			s.WriteSQL(" OR ")
		}
		s.WriteSQL("(")
		for i := range k {
			s.value(o.steps[i], alias)
			if cursor[i] == nil {
				s.WriteSQL(" IS NULL AND ")
				continue
			}
			s.WriteSQL(" = ")
			s.WriteArg(cursor[i])
			s.WriteSQL(" AND ")
		}
		o.writeStepAfter(s, alias, o.steps[k], cursor[k])
		s.WriteSQL(")")
	}
	s.WriteSQL(")")
}

func (o order) writeStepAfter(s *statement, alias string, st step, v any) {
	if v == nil {
		if !st.nullsFirst {
			s.WriteSQL("1=0")
			return
		}
		s.value(st, alias)
		s.WriteSQL(" IS NOT NULL")
		return
	}
	s.WriteSQL("(")
	s.value(st, alias)
	if st.desc {
		s.WriteSQL(" < ")
	} else {
		s.WriteSQL(" > ")
	}
	s.WriteArg(v)
	if st.nullable() && !st.nullsFirst {
		s.WriteSQL(" OR ")
		s.value(st, alias)
		s.WriteSQL(" IS NULL")
	}
	s.WriteSQL(")")
}
