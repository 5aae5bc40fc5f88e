package engine

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// grouping is what the arguments of groups have beside those of lists, checked and ready to become SQL.
//
// The statement of the groups is written around one that makes them, whose columns are k0, k1 … for what the rows are grouped
// by, n for their number and f0, f1 … for their figures: having and the order are over these.
type grouping struct {
	by []groupKey
	// figures are those that are selected, and then those that having and the order need.
	figures []figure
	having  *condition
	order   []groupStep
}

// groupKey is one thing that rows are grouped by.
type groupKey struct {
	step
	period entity.Period // empty for the value itself
	zone   zone
}

// groupStep is one step of an order of groups.
type groupStep struct {
	column           string
	desc, nullsFirst bool
}

// maxGroupKeys is how many things rows can be grouped by.
const maxGroupKeys = 5

// groupCount stands for the number of rows of a group where operators expect a field.
var groupCount = &entity.Field{Name: "count", Type: entity.Int, Column: "n"}

// resolveGroups checks the arguments of groups of a read's rows.
func (x *Engine) resolveGroups(r *read, args map[string]any, viewer access.Viewer) (*listArgs, error) {
	g := &grouping{figures: slices.Clone(r.figures)}
	a := &listArgs{grouping: g}
	by := asList(args["by"])
	if len(by) > maxGroupKeys {
		return nil, tooMuch([]any{"by"}, maxGroupKeys, "by must not hold more than %d elements.")
	}
	for i, item := range by {
		key, err := resolveGroupKey(r.entity, item, []any{"by", i}, viewer)
		if err != nil {
			return nil, err
		}
		g.by = append(g.by, key)
	}
	for i, key := range g.by {
		if g.key(key.name()) < i {
			return nil, badPath([]any{"by", i}, apierr.Invalid, "by must not hold the same field twice.")
		}
	}
	if len(g.by) == 0 {
		return nil, badPath([]any{"by"}, apierr.Required, "by must hold something to group by.")
	}
	first, hasFirst, err := intArg(args, "first")
	if err != nil {
		return nil, err
	}
	if a.offset, _, err = intArg(args, "offset"); err != nil {
		return nil, err
	}
	if a.limit, err = x.pageSize(r.entity, "first", first, hasFirst); err != nil {
		return nil, err
	}
	if a.search, err = searchArg(r.entity, args, viewer); err != nil {
		return nil, err
	}
	if a.deleted, err = deletedArg(r.entity, args["withDeleted"], viewer); err != nil {
		return nil, err
	}
	if w := args["where"]; w != nil {
		m, _ := w.(map[string]any)
		if a.where, err = x.resolveWhere(r.entity, m, viewer); err != nil {
			return nil, err
		}
	}
	if h := args["having"]; h != nil {
		m, _ := h.(map[string]any)
		if g.having, err = x.resolveHaving(g, r.entity, m, viewer); err != nil {
			return nil, err
		}
	}
	return a, g.resolveOrder(r.entity, args["orderBy"], viewer)
}

// key is the position of what rows are grouped by, given the name of its step; -1 if they are not.
func (g *grouping) key(name string) int {
	return slices.IndexFunc(g.by, func(k groupKey) bool { return k.name() == name })
}

// figure is the column of an aggregate, which is computed if it is not yet.
func (g *grouping) figure(fn entity.Aggregate, f *entity.Field) *entity.Field {
	for _, known := range g.figures {
		if known.fn == fn && known.field == f {
			return known.result
		}
	}
	added := newFigure(fn, f, len(g.figures))
	g.figures = append(g.figures, added)
	return added.result
}

// resolveGroupKey checks one element of by, which stands at path.
func resolveGroupKey(e *entity.Entity, item any, path []any, viewer access.Viewer) (groupKey, error) {
	var key groupKey
	for {
		m, _ := item.(map[string]any)
		edge, err := oneRelation(e, m, path)
		if err != nil {
			return key, err
		}
		if edge != nil {
			if key.path = append(key.path, edge); len(key.path) > maxOrderPath {
				return key, tooMuch(path, maxOrderPath, "Groups may follow at most %d edges.")
			}
			e, item, path = edge.To(), m[edge.Name], extend(path, edge.Name)
			continue
		}
		name, _ := m["field"].(string)
		at := slices.IndexFunc(e.Fields, func(f *entity.Field) bool { return f.Groupable() && f.OrderValue == name })
		if at < 0 {
			return key, badPath(path, apierr.Required, "Each element of by needs a field or a relation.")
		}
		key.field = e.Fields[at]
		if err := use(e, key.field, viewer, extend(path, "field")); err != nil {
			return key, err
		}
		return key, key.resolvePeriod(m, path)
	}
}

// resolvePeriod checks the period that stands beside a key's field.
func (k *groupKey) resolvePeriod(m map[string]any, path []any) error {
	name, _ := m["period"].(string)
	k.period = entity.Period(name)
	if name != "" && !k.period.Fits(k.field.Type) {
		return badPath(extend(path, "period"), apierr.Invalid, fmt.Sprintf("%s cannot be grouped by the period %s.", k.field.Name, name))
	}
	zoneName, given := m["timeZone"].(string)
	if !given {
		return nil
	}
	if name == "" || k.field.Type != entity.DateTime {
		return badPath(extend(path, "timeZone"), apierr.Invalid, "timeZone goes with the period of a time.")
	}
	var ok bool
	if k.zone, ok = findZone(zoneName); !ok {
		return badPath(extend(path, "timeZone"), apierr.Invalid, "timeZone must be a name such as Europe/Berlin.")
	}
	return nil
}

// resolveOrder checks the order of groups, and completes it by all keys: no two groups are equal in them.
func (g *grouping) resolveOrder(e *entity.Entity, arg any, viewer access.Viewer) error {
	var list []any
	if arg != nil {
		list = asList(arg)
	}
	if len(list) > maxOrderSteps {
		return tooMuch([]any{"orderBy"}, maxOrderSteps, "orderBy must not hold more than %d elements.")
	}
	add := func(st groupStep) {
		if !slices.ContainsFunc(g.order, func(old groupStep) bool { return old.column == st.column }) {
			g.order = append(g.order, st)
		}
	}
	for i, item := range list {
		m, _ := item.(map[string]any)
		st, err := g.resolveStep(e, m, []any{"orderBy", i}, viewer)
		if err != nil {
			return err
		}
		add(st)
	}
	for i := range g.by {
		add(groupStep{column: "k" + strconv.Itoa(i)})
	}
	return nil
}

func (g *grouping) resolveStep(e *entity.Entity, m map[string]any, path []any, viewer access.Viewer) (st groupStep, err error) {
	if err := noNulls(m, path); err != nil {
		return st, err
	}
	what, err := oneOf(m, path, append([]string{"key", "count"}, aggregateNames()...))
	if err != nil {
		return st, err
	}
	direction, directed := m["direction"]
	nulls, placed := m["nulls"]
	st.nullsFirst = nulls == "FIRST"
	switch what {
	case "key":
		at := extend(path, "key")
		key, err := resolveGroupKey(e, m["key"], at, viewer)
		if err != nil {
			return st, err
		}
		i := g.key(key.name())
		if i < 0 || key.period != "" && key.period != g.by[i].period || key.zone.name != "" && key.zone.name != g.by[i].zone.name {
			return st, badPath(at, apierr.Invalid, "key must be something that by holds.")
		}
		st.column, st.desc = "k"+strconv.Itoa(i), direction == "DESC"
		return st, nil
	case "count":
		st.column, direction = "n", m["count"]
	default:
		at := extend(path, what)
		figures, _ := m[what].(map[string]any)
		if err := noNulls(figures, at); err != nil {
			return st, err
		}
		var names []string
		for _, f := range e.Fields {
			if _, ok := entity.Aggregate(what).Of(f); ok && f.Filter {
				names = append(names, f.Name)
			}
		}
		name, err := oneOf(figures, at, names)
		if err != nil {
			return st, err
		}
		if err := use(e, e.Field(name), viewer, extend(at, name)); err != nil {
			return st, err
		}
		st.column, direction = g.figure(entity.Aggregate(what), e.Field(name)).Column, figures[name]
	}
	st.desc = direction == "DESC"
	if directed {
		return st, badPath(extend(path, "direction"), apierr.Invalid, "direction goes with key; a figure has its direction as its value.")
	}
	if placed && (what == "count" || what == string(entity.CountDistinct)) {
		return st, badPath(extend(path, "nulls"), apierr.Invalid, "A count is never null; leave nulls out.")
	}
	return st, nil
}

func aggregateNames() []string {
	var names []string
	for _, fn := range entity.Aggregates() {
		names = append(names, string(fn))
	}
	return names
}

// oneOf is the one key of m that is among names.
func oneOf(m map[string]any, path []any, names []string) (string, error) {
	found := ""
	for _, name := range names {
		if _, given := m[name]; !given {
			continue
		}
		if found != "" {
			return "", badPath(path, apierr.Invalid, fmt.Sprintf("Each element of orderBy takes one thing to sort by, not both %s and %s.", found, name))
		}
		found = name
	}
	if found == "" {
		return "", badPath(path, apierr.Required, "Each element of orderBy needs something to sort by.")
	}
	return found, nil
}
