package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// order is a total order of an entity's rows: the key is always its last step.
type order struct {
	steps []step
	scope string // names entity and order, for cursors
}

// step is one value to order by: of the row itself, of a row to which a path of to-one edges leads, or the number of rows
// behind an edge.
type step struct {
	path       []*entity.Edge
	field      *entity.Field // rowCount if count is set
	count      *entity.Edge
	desc       bool
	nullsFirst bool
}

// maxOrderPath is how many to-one edges an order may follow, and maxOrderSteps how long it may be.
const (
	maxOrderPath  = 3
	maxOrderSteps = 10
)

// nullable says whether the value may be null: a row at the end of a path may not be there, or be hidden.
func (st step) nullable() bool { return st.count == nil && (st.field.Nullable || len(st.path) > 0) }

// name tells steps of one entity apart. It is the field's name for own fields.
func (st step) name() string {
	var b strings.Builder
	for _, ed := range st.path {
		b.WriteString(ed.Name + ".")
	}
	if st.count != nil {
		return b.String() + st.count.Name + "#"
	}
	return b.String() + st.field.Name
}

// selected is the name under which a statement selects the step's value: its column, or one that no table has and that
// [statement.value] resolves.
func (st step) selected() string {
	if len(st.path) == 0 && st.count == nil {
		return st.field.Column
	}
	return "\x00" + st.name()
}

// alias is that of the row that holds the value, if the list's row stands under root.
func (st step) alias(root string) string {
	for _, ed := range st.path {
		root += "_" + ed.Name
	}
	return root
}

func resolveOrder(e *entity.Entity, arg any, viewer access.Viewer) (order, error) {
	var o order
	var list []any
	if arg != nil {
		list = asList(arg)
	}
	if len(list) > maxOrderSteps {
		return o, tooMuch([]any{"orderBy"}, maxOrderSteps, "orderBy must not hold more than %d elements.")
	}
	if len(list) == 0 {
		for _, s := range e.DefaultOrder {
			o.steps = append(o.steps, step{field: s.Field, desc: s.Desc, nullsFirst: s.NullsFirst})
		}
		return o.complete(e), nil
	}
	for i, item := range list {
		s, err := resolveStep(e, item, i, viewer)
		if err != nil {
			return o, err
		}
		o.steps = append(o.steps, s)
	}
	return o.complete(e), nil
}

func resolveStep(e *entity.Entity, item any, i int, viewer access.Viewer) (step, error) {
	path := []any{"orderBy", i}
	var st step
	for {
		m, _ := item.(map[string]any)
		edge, err := oneRelation(e, m, path)
		if err != nil {
			return step{}, err
		}
		name, _ := m["field"].(string)
		if edge == nil && name == "" {
			return step{}, badPath(path, apierr.Required, "Each element of orderBy needs a field or a relation.")
		}
		if edge == nil {
			for _, f := range e.Fields {
				if f.Sort && f.OrderValue == name {
					if err := use(e, f, viewer, append(path, "field")); err != nil {
						return step{}, err
					}
					st.field, st.desc, st.nullsFirst = f, m["direction"] == "DESC", m["nulls"] == "FIRST"
					return st, nil
				}
			}
			return step{}, badPath(append(path, "field"), apierr.Invalid, name+" is not a field to order by.")
		}
		path = append(path, edge.Name)
		if edge.List() {
			count, _ := m[edge.Name].(map[string]any)
			direction, _ := count["count"].(string)
			if direction == "" {
				return step{}, badPath(append(path, "count"), apierr.Required, "An order by "+edge.Name+" needs the direction of its count.")
			}
			st.field, st.count, st.desc = rowCount, edge, direction == "DESC"
			return st, nil
		}
		if st.path = append(st.path, edge); len(st.path) > maxOrderPath {
			return step{}, tooMuch(path, maxOrderPath, "An order may follow at most %d edges.")
		}
		e, item = edge.To(), m[edge.Name]
	}
}

// oneRelation is the edge that m goes on with, nil if it ends here. An edge stands alone, and nothing in m is null.
func oneRelation(e *entity.Entity, m map[string]any, path []any) (*entity.Edge, error) {
	if err := noNulls(m, path); err != nil {
		return nil, err
	}
	for _, ed := range e.Edges {
		if _, given := m[ed.Name]; !given {
			continue
		}
		if len(m) > 1 {
			return nil, badPath(path, apierr.Invalid, fmt.Sprintf("Each element of %s takes a field or one relation, and nothing beside a relation.", path[0]))
		}
		return ed, nil
	}
	return nil, nil
}

// noNulls refuses nulls where a key is either there with a value or not there.
func noNulls(m map[string]any, path []any) error {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if m[key] == nil {
			return badPath(extend(path, key), apierr.Invalid, key+" must not be null; leave it out.")
		}
	}
	return nil
}

// complete drops steps that come after the same value or the key, since they decide nothing, and adds the key.
func (o order) complete(e *entity.Entity) order {
	var steps []step
	seen := make(map[string]bool)
	key := 0 // its columns among the steps
	desc := false
	add := func(st step) {
		if seen[st.name()] || key == len(e.ID) {
			return
		}
		seen[st.name()], desc = true, st.desc
		steps = append(steps, st)
		if len(st.path) == 0 && slices.Contains(e.ID, st.field) {
			key++
		}
	}
	for _, st := range o.steps {
		if st.count != nil || st.field.Column != "" {
			add(st)
			continue
		}
		// The id of an entity with a composite key stands for the columns of the key.
		for _, f := range st.field.Owner().ID {
			st.field = f
			add(st)
		}
	}
	last := desc
	for _, f := range e.ID {
		add(step{field: f, desc: last})
	}
	var b strings.Builder
	b.WriteString(e.Name)
	for _, st := range steps {
		b.WriteByte(' ')
		b.WriteString(st.name())
		if st.desc {
			b.WriteString("-")
		}
		if st.nullsFirst && st.nullable() {
			b.WriteString("^")
		}
	}
	return order{steps: steps, scope: b.String()}
}

// reversed is the same order walked from its end.
func (o order) reversed() order {
	r := order{steps: make([]step, len(o.steps)), scope: o.scope}
	for i, s := range o.steps {
		s.desc, s.nullsFirst = !s.desc, !s.nullsFirst
		r.steps[i] = s
	}
	return r
}

// write writes the order for the rows of a segment under alias. A column that holds one value there is kept: it changes
// nothing, but without it Postgres would rather walk the primary key and drop rows than read the range of the index that
// starts with that column.
func (o order) write(s *statement, alias string, seg segment) {
	for i, st := range o.steps {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.value(st, alias)
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

// uniform says whether one row comparison decides the order: one direction, no nulls.
func (o order) uniform() bool {
	for _, s := range o.steps {
		if s.nullable() || s.desc != o.steps[0].desc {
			return false
		}
	}
	return true
}

// own says whether the row itself holds all values, so that an index can.
func (o order) own() bool {
	return !slices.ContainsFunc(o.steps, func(st step) bool { return len(st.path) > 0 || st.count != nil })
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
			s.WriteArg(cursor[i])
		case beyond:
			if o.steps[i].desc {
				s.WriteSQL(" < ")
			} else {
				s.WriteSQL(" > ")
			}
			s.WriteArg(cursor[i])
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
	for i := range o.steps {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteArg(cursor[i])
	}
	if len(o.steps) > 1 {
		s.WriteSQL(")")
	}
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
