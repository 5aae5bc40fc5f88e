package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

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
	rank       *wanted // the row's rank in a search; field is rankValue then
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
	if len(st.path) == 0 && st.count == nil && st.rank == nil {
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

// defaultOrder sorts rows as the entity says.
func defaultOrder(e *entity.Entity) order {
	var o order
	o.byDefault(e)
	return o.complete(e)
}

func (o *order) byDefault(e *entity.Entity) {
	for _, s := range e.DefaultOrder {
		o.steps = append(o.steps, step{field: s.Field, desc: s.Desc, nullsFirst: s.NullsFirst})
	}
}

// wantedOrder checks an orderBy argument. Without one, rows are sorted by their rank in the search, if there is one, and then as
// the entity says. The order is not complete yet.
func wantedOrder(e *entity.Entity, arg any, viewer access.Viewer, found *wanted) (order, error) {
	var o order
	var list []any
	if arg != nil {
		list = asList(arg)
	}
	if len(list) > maxOrderSteps {
		return o, tooMuch([]any{"orderBy"}, maxOrderSteps, "orderBy must not hold more than %d elements.")
	}
	if len(list) == 0 {
		if found != nil {
			o.steps = append(o.steps, found.byRank())
		}
		o.byDefault(e)
		return o, nil
	}
	for i, item := range list {
		s, err := resolveStep(e, item, i, viewer, found)
		if err != nil {
			return o, err
		}
		o.steps = append(o.steps, s)
	}
	return o, nil
}

// listOrder checks the orderBy argument of a list: once, where neither variables nor who asks have a say in it.
func (r *read) listOrder(args map[string]any, viewer access.Viewer, found *wanted) (order, error) {
	if known := r.order.Load(); known != nil {
		return *known, nil
	}
	asked, err := wantedOrder(r.entity, args["orderBy"], viewer, found)
	if err != nil {
		return asked, err
	}
	o := asked.complete(r.entity)
	// Steps that decide nothing are refused to some, too.
	ruled := func(st step) bool { return st.field.Read != nil }
	if r.ordered && len(r.entity.Search) == 0 && asked.own() && !slices.ContainsFunc(asked.steps, ruled) {
		r.order.Store(&o)
	}
	return o, nil
}

// variable says whether a value depends on variables.
func variable(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return variable(c.Value) })
}

func resolveStep(e *entity.Entity, item any, i int, viewer access.Viewer, found *wanted) (step, error) {
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
		if edge == nil && name == entity.OrderByRank && len(e.Search) > 0 {
			switch {
			case len(st.path) > 0:
				return step{}, badPath(extend(path, "field"), apierr.Invalid, "RANK is that of the list's own rows.")
			case found == nil:
				return step{}, badPath(extend(path, "field"), apierr.Invalid, "RANK needs the argument search.")
			}
			st = found.byRank()
			st.desc = m["direction"] == "DESC"
			return st, nil
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
		if st.count != nil || st.rank != nil || st.field.Column != "" {
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
		if st.rank != nil {
			b.WriteString(strings.ReplaceAll(st.rank.String(), " ", "+")) // the ranks of another search mean nothing here
		}
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
	return !slices.ContainsFunc(o.steps, func(st step) bool { return len(st.path) > 0 || st.count != nil || st.rank != nil })
}
