package codegen

import (
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// addGroups names the fields that give rows in groups, and their types. Rows can be grouped by the entity's own fields and by
// those to which its to-one edges lead; entities that have neither get no groups.
func (m *model) addGroups() {
	for grown := true; grown; {
		grown = false
		for _, n := range m.nodes {
			if !n.Hidden && n.group == "" && (len(n.groupable()) > 0 || len(m.groupEdges(n)) > 0) {
				n.group, grown = n.Name+"Group", true
				if n.api.Groups != "" {
					n.group = title(singular(n.api.Groups))
				}
			}
		}
	}
	for _, n := range m.nodes {
		if n.group == "" {
			n.Names.Groups = ""
		}
		for _, ed := range n.Edges {
			if ed.Hidden || m.node(ed.Target).group == "" {
				ed.Groups = ""
			}
		}
	}
}

// groupable are the fields that rows can be grouped by.
func (n *node) groupable() []*entity.Field {
	var out []*entity.Field
	for _, f := range n.Fields {
		if f.Groupable() {
			out = append(out, f)
		}
	}
	return out
}

// groupEdges are the edges whose targets' fields rows can be grouped by.
func (m *model) groupEdges(n *node) []*entity.Edge {
	var out []*entity.Edge
	for _, ed := range n.Edges {
		if !ed.Hidden && !ed.List() && m.node(ed.Target).group != "" {
			out = append(out, ed)
		}
	}
	return out
}

// hasPeriods says whether a field of the entity is a time or a day.
func (n *node) hasPeriods() bool {
	return slices.ContainsFunc(n.groupable(), func(f *entity.Field) bool { return entity.Day.Fits(f.Type) })
}

// periods are the words for the periods.
var periods = map[entity.Period]string{
	entity.Hour: "Hours. For times only.", entity.Day: "Days.", entity.Week: "Weeks, from Monday to Sunday.",
	entity.Month: "Months.", entity.Quarter: "Quarters of a year.", entity.Year: "Years.",
}

// writePeriods writes what the groups of all entities share.
func (m *model) writePeriods(w *sdlWriter) {
	if !slices.ContainsFunc(m.nodes, func(n *node) bool { return n.group != "" && n.hasPeriods() }) {
		return
	}
	w.open("A stretch of the calendar.", "enum CalendarPeriod")
	for _, p := range entity.Periods() {
		w.line(periods[p], string(p))
	}
	w.close()
}

// groupArguments are those of every field that gives rows of the entity in groups.
func (n *node) groupArguments() [][2]string {
	return append([][2]string{
		{"where: " + n.Names.Where, "Which to group; all if it is not given."},
		{"by: [" + n.group + "By!]!", "What those of a group have in common: 1 to 5 things."},
		{"having: " + n.Name + "Having", "Which groups; all if it is not given."},
		{"orderBy: [" + n.group + "Order!]", "How to sort the groups. What `by` holds decides last."},
		{"first: Int", "How many groups."},
		{"offset: Int", "How many groups to skip."},
	}, slices.Concat(n.searchArguments(), n.deletedArguments())...)
}

// groupTypes are the names of the types that belong to an entity's groups, beside those of the figures.
func (n *node) groupTypes() []string {
	if n.group == "" {
		return nil
	}
	return []string{
		n.group, n.group + "Key", n.group + "By", n.group + "Field", n.group + "Order", n.Name + "Having",
		n.Name + "SumHaving", n.Name + "AverageHaving", n.Name + "ExtremeHaving", n.Name + "CountDistinctHaving",
		n.Name + "NumberOrder", n.Name + "ExtremeOrder", n.Name + "CountDistinctOrder",
	}
}

// label is a short description of a field where its own stands elsewhere.
func label(f *entity.Field) string { return title(phrase(f.Name)) + "." }

// writeGroups writes the types of an entity's groups.
func (m *model) writeGroups(w *sdlWriter, n *node, nouns string) {
	if n.group == "" {
		return
	}
	fields, edges := n.groupable(), m.groupEdges(n)
	w.open(title(nouns)+" that are alike in what they are grouped by.", "type "+n.group)
	w.line("What they have in common.", "key: "+n.group+"Key!")
	w.line("Figures over them.", "aggregate: "+n.Name+"Aggregate!")
	w.close()
	w.open("What a group of "+nouns+" has in common. What they are not grouped by is null.", "type "+n.group+"Key")
	for _, f := range fields {
		text := label(f)
		if entity.Day.Fits(f.Type) {
			text = strings.TrimSuffix(text, ".") + ", or the beginning of the period."
		}
		w.line(text, f.Name+": "+f.GraphQL+deprecation(m.deprecated[f]))
	}
	for _, ed := range edges {
		w.line(title(phrase(ed.Name))+".", ed.Name+": "+m.node(ed.Target).group+"Key"+deprecation(m.deprecated[ed]))
	}
	w.close()

	w.open("What to group "+nouns+" by: a field, or one relation and nothing beside it.", "input "+n.group+"By")
	if len(fields) > 0 {
		w.line("The field.", "field: "+n.group+"Field")
	}
	if n.hasPeriods() {
		w.line("For times and days: the period in which they lie.", "period: CalendarPeriod")
		w.line("For times with a period: whose calendar, such as Europe/Berlin; UTC if it is not given.", "timeZone: String")
	}
	for _, ed := range edges {
		w.line("By a value of the "+phrase(ed.Name)+"; null without one that the viewer may read.", ed.Name+": "+m.node(ed.Target).group+"By")
	}
	w.close()
	if len(fields) > 0 {
		w.open("What "+nouns+" can be grouped by.", "enum "+n.group+"Field")
		for _, f := range fields {
			w.line(label(f), f.OrderValue+deprecation(m.deprecated[f]))
		}
		w.close()
	}

	w.open("Conditions on groups of "+nouns+". All that are given must hold.", "input "+n.Name+"Having")
	w.line("How many there are.", "count: IntFilter")
	m.writeFigures(w, n, func(fn entity.Aggregate) string { return n.Name + havings[fn] })
	w.line("All of these must hold.", "and: ["+n.Name+"Having!]")
	w.line("At least one of these must hold.", "or: ["+n.Name+"Having!]")
	w.line("This must not hold.", "not: "+n.Name+"Having")
	w.close()
	for _, fn := range []entity.Aggregate{entity.Sum, entity.Avg, entity.Min, entity.CountDistinct} {
		if len(n.aggregated(fn)) == 0 {
			continue
		}
		w.open("Conditions on figures of groups of "+nouns+".", "input "+n.Name+havings[fn])
		for _, f := range n.aggregated(fn) {
			w.line(label(f), f.Name+": "+figureType(fn, f)+"Filter"+deprecation(m.deprecated[f]))
		}
		w.close()
	}

	w.open("One step in sorting groups of "+nouns+": one figure or key. `direction` goes with `key`, `nulls` not with counts.", "input "+n.group+"Order")
	w.line("By something that they are grouped by, as `by` has it.", "key: "+n.group+"By")
	w.line("Which way; ASC if it is not given.", "direction: OrderDirection")
	w.line("Where groups without a value go; LAST if it is not given.", "nulls: NullsOrder")
	w.line("By how many there are.", "count: OrderDirection")
	m.writeFigures(w, n, func(fn entity.Aggregate) string { return n.Name + figureOrders[fn] })
	w.close()
	for _, fn := range []entity.Aggregate{entity.Sum, entity.Min, entity.CountDistinct} {
		if len(n.aggregated(fn)) == 0 {
			continue
		}
		w.open("Which figure sorts groups of "+nouns+", and which way: one of these.", "input "+n.Name+figureOrders[fn])
		for _, f := range n.aggregated(fn) {
			w.line(label(f), f.Name+": OrderDirection"+deprecation(m.deprecated[f]))
		}
		w.close()
	}
}

// writeFigures writes a line for each aggregate that the entity has.
func (m *model) writeFigures(w *sdlWriter, n *node, typ func(entity.Aggregate) string) {
	for _, fn := range entity.Aggregates() {
		if len(n.aggregated(fn)) > 0 {
			w.line(aggregates[fn].of, string(fn)+": "+typ(fn))
		}
	}
}

// Where the fields of aggregates have the same types, the aggregates share an input.
var (
	havings = map[entity.Aggregate]string{
		entity.Sum: "SumHaving", entity.Avg: "AverageHaving", entity.Min: "ExtremeHaving", entity.Max: "ExtremeHaving",
		entity.CountDistinct: "CountDistinctHaving",
	}
	figureOrders = map[entity.Aggregate]string{
		entity.Sum: "NumberOrder", entity.Avg: "NumberOrder", entity.Min: "ExtremeOrder", entity.Max: "ExtremeOrder",
		entity.CountDistinct: "CountDistinctOrder",
	}
)

// figureType is the GraphQL type of an aggregate over a field.
func figureType(fn entity.Aggregate, f *entity.Field) string {
	t, _ := fn.Of(f)
	return string(t)
}
