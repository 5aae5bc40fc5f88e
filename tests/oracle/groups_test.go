package oracle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// zones have half hours, midnights that do not exist or come twice, and days that never were.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata",
	"America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe", "America/Havana", "America/St_Johns", // see calendarEdges
	"Asia/Kathmandu",
}

// calendarEdges are moments around changes of clocks in these zones.
var calendarEdges = []string{
	"2018-11-04 02:59:59.999999", "2018-11-04 03:00:00", "2018-11-04 03:30:00", "2018-02-18 01:30:00", "2018-02-18 02:30:00", // São Paulo
	"2011-12-30 09:59:59", "2011-12-30 10:00:00", "2011-12-31 10:00:00", // Apia, which left out the 30th
	"2016-03-26 21:59:59", "2016-03-26 22:00:00", // Beirut
	"2012-11-04 04:30:00", "2012-11-04 05:30:00", // Havana
	"2010-11-07 02:30:30", "2010-11-07 02:31:30", "2010-11-07 03:31:30", // St John's, at a minute past midnight
	"2019-04-06 14:45:00", "2019-04-06 15:15:00", "2019-04-06 15:45:00", // Lord Howe, by half an hour
	"2024-02-29 23:30:00", "2020-12-31 23:59:59.5", "2021-01-03 23:00:00", "1999-12-31 18:15:00", "1969-12-31 23:59:59.25",
}

// edgeFields are the fields of posts that hold them.
var edgeFields = []string{"updatedAt", "lastActivityAt", "closedAt"}

// groups writes a field that gives the rows of e in groups.
func (g *generator) groups(sc *scope, e *entity.Entity, field string) string {
	if e.Name == "Post" && g.chance(40) {
		return g.calendar(sc, e, field)
	}
	var by []any
	var names []string
	for range 1 + g.r.IntN(3) {
		key, name := g.groupKey(e, 0)
		if slices.Contains(names, name) && !g.chance(10) {
			continue
		}
		by, names = append(by, key), append(names, name)
	}
	switch g.r.IntN(60) {
	case 0:
		by = []any{}
	case 1:
		for range 6 {
			key, _ := g.groupKey(e, 0)
			by = append(by, key)
		}
	}
	args := []string{"by: " + g.value("["+e.Name+"GroupBy!]!", by, false)}
	if g.chance(35) {
		args = append(args, "where: "+g.value(e.Names.Where, g.where(e, 1), true))
	}
	if len(e.Search) > 0 && g.chance(20) {
		g.use("groups with search")
		args = append(args, "search: "+g.value("String", g.search(e), true))
	}
	if g.chance(50) {
		g.use("having")
		args = append(args, "having: "+g.value(e.Name+"Having", g.having(e, 1), true))
	}
	if g.chance(55) {
		steps := []any{}
		for range 1 + g.r.IntN(3) {
			steps = append(steps, g.groupStep(e, by))
		}
		args = append(args, "orderBy: "+g.value("["+e.Name+"GroupOrder!]", steps, true))
	}
	if g.chance(70) {
		g.use("groups with first")
		size := int64(g.r.IntN(8))
		switch g.r.IntN(30) {
		case 0:
			size = 101
		case 1:
			size = -1
		}
		args = append(args, "first: "+g.value("Int", size, true))
	}
	if g.chance(25) {
		g.use("groups with offset")
		args = append(args, "offset: "+g.value("Int", int64(g.r.IntN(4)), true))
	}
	return g.field(sc, field, "("+strings.Join(args, ", ")+")", func(below *scope) string { return g.group(below, e, names) })
}

// calendar groups posts by a time that holds calendarEdges, the latest first: all of them are shown.
func (g *generator) calendar(sc *scope, e *entity.Entity, field string) string {
	g.use("groups around changes of clocks")
	f := e.Field(pick(g, edgeFields))
	period := pick(g, append(entity.Periods(), entity.Day, entity.Day, entity.Day))
	key := object{{"field", name(f.OrderValue)}, {"period", name(period)}, {"timeZone", pick(g, zones[4:10])}}
	args := fmt.Sprintf("(by: %s, orderBy: [{key: %s, direction: DESC}], first: 40)", literal([]any{key}), literal(key))
	return g.field(sc, field, args, func(*scope) string { return "key { " + f.Name + " } aggregate { count }" })
}

// group writes a selection on a group, mostly of what the groups are made by.
func (g *generator) group(sc *scope, e *entity.Entity, names []string) string {
	key := []string{"__typename"}
	for _, name := range names {
		steps := strings.Split(name, ".")
		key = append(key, strings.Join(steps, " { ")+strings.Repeat(" }", len(steps)-1))
	}
	if g.chance(20) {
		_, other := g.groupKey(e, 0)
		g.use("a key that is not grouped by")
		steps := strings.Split(other, ".")
		key = append(key, strings.Join(steps, " { ")+strings.Repeat(" }", len(steps)-1))
	}
	parts := []string{"key { " + strings.Join(g.wrap(e.Name+"GroupKey", key), " ") + " }"}
	if g.chance(80) {
		parts = append(parts, g.field(sc, "aggregate", "", func(*scope) string { return g.aggregate(e) }))
	}
	return strings.Join(g.wrap(e.Name+"Group", parts), " ")
}

// groupKey is something to group by, and its name below the key.
func (g *generator) groupKey(e *entity.Entity, depth int) (key object, path string) {
	var edges []*entity.Edge
	for _, ed := range e.Edges {
		if !ed.List() {
			edges = append(edges, ed)
		}
	}
	if depth < 4 && len(edges) > 0 && g.chance(35) {
		ed := pick(g, edges)
		inner, below := g.groupKey(g.catalog.Entity(ed.Target), depth+1)
		g.use("groups by a relation's value")
		return object{{ed.Name, inner}}, ed.Name + "." + below
	}
	var fields []*entity.Field
	for _, f := range e.Fields {
		if f.Groupable() && !f.Hidden {
			fields = append(fields, f)
			if entity.Day.Fits(f.Type) { // periods are worth more tries
				fields = append(fields, f, f)
			}
		}
	}
	f := pick(g, fields)
	key = object{{"field", name(f.OrderValue)}}
	if g.chance(1) {
		key = object{}
	}
	if g.chance(85) && entity.Day.Fits(f.Type) || g.chance(1) && slices.ContainsFunc(fields, func(f *entity.Field) bool { return entity.Day.Fits(f.Type) }) {
		period := pick(g, entity.Periods())
		g.use("groups by " + string(period))
		key = append(key, member{"period", name(period)})
		if f.Type == entity.DateTime && g.chance(75) {
			zone := pick(g, zones)
			g.use("groups by a period of " + zone)
			if g.chance(2) {
				zone = pick(g, []string{"Local", "", "Nowhere/Atlantis", "../zoneinfo/UTC", "europe"})
			}
			key = append(key, member{"timeZone", zone})
		}
	}
	return key, f.Name
}

func (g *generator) groupStep(e *entity.Entity, by []any) object {
	direction := func() name { return name(pick(g, []string{"ASC", "DESC"})) }
	var step object
	nulls := g.chance(30)
	fn := pick(g, append([]entity.Aggregate{"key", "key", "count"}, entity.Aggregates()...))
	switch fn {
	case "key":
		g.use("groups ordered by a key")
		key := object{}
		if len(by) > 0 {
			key = pick(g, by).(object)
		}
		if g.chance(3) {
			key, _ = g.groupKey(e, 0)
		}
		switch {
		case len(key) < 2:
		case g.chance(20): // without its period
			key = key[:1]
		case g.chance(30): // another period
			key = append(object{key[0], {"period", name(pick(g, entity.Periods()))}}, key[2:]...)
		}
		step = object{{"key", key}}
		if g.chance(60) {
			step = append(step, member{"direction", direction()})
		}
	case "count":
		g.use("groups ordered by count")
		step, nulls = object{{"count", direction()}}, g.chance(1)
	default:
		fields := g.figures(e, fn)
		if len(fields) == 0 {
			return object{{"count", direction()}}
		}
		g.use("groups ordered by " + string(fn))
		step = object{{string(fn), object{{pick(g, fields).Name, direction()}}}}
		nulls = nulls && (fn != entity.CountDistinct || g.chance(3))
	}
	if nulls {
		step = append(step, member{"nulls", name(pick(g, []string{"FIRST", "LAST"}))})
	}
	return step
}

// figures are the fields that have an aggregate.
func (g *generator) figures(e *entity.Entity, fn entity.Aggregate) (fields []*entity.Field) {
	for _, f := range e.Fields {
		if _, ok := fn.Of(f); ok && f.Filter && !f.Hidden {
			fields = append(fields, f)
		}
	}
	return fields
}

func (g *generator) having(e *entity.Entity, depth int) object {
	var h object
	if g.chance(35) {
		g.use("having count")
		h = append(h, member{"count", g.countOperators()})
	}
	for _, i := range g.r.Perm(5)[:1+g.r.IntN(2)] {
		fn := entity.Aggregates()[i]
		fields := g.figures(e, fn)
		if len(fields) == 0 {
			continue
		}
		g.use("having " + string(fn))
		f := pick(g, fields)
		h = append(h, member{string(fn), object{{f.Name, g.figureOperators(fn, f)}}})
	}
	if depth < 4 && g.chance(30) {
		g.use("having and, or, not")
		if g.chance(30) {
			return append(h, member{"not", g.having(e, depth+1)})
		}
		list := []any{}
		for range g.r.IntN(3) {
			list = append(list, g.having(e, depth+1))
		}
		h = append(h, member{pick(g, []string{"and", "or", "or"}), list})
	}
	return h
}

func (g *generator) countOperators() object {
	if g.chance(20) {
		return object{{"in", []any{int64(1), int64(g.r.IntN(6))}}}
	}
	return object{{pick(g, []string{"eq", "ne", "lt", "lte", "gt", "gte"}), int64(g.r.IntN(6))}}
}

// figureOperators is a condition on a figure, mostly one that some groups meet.
func (g *generator) figureOperators(fn entity.Aggregate, f *entity.Field) object {
	if g.chance(8) && fn != entity.CountDistinct {
		return object{{"isNull", g.chance(50)}}
	}
	op := pick(g, []string{"ne", "lt", "lte", "gt", "gte", "eq"})
	n := int64(g.r.IntN(20)) - 4
	switch fn {
	case entity.CountDistinct:
		return g.countOperators()
	case entity.Sum:
		values := []any{strconv.FormatInt(n, 10), strconv.FormatInt(n+1, 10), "-9223372036854775808", "9223372036854775807"}
		if g.chance(25) {
			return object{{pick(g, []string{"in", "notIn"}), values[:1+g.r.IntN(4)]}}
		}
		return object{{op, pick(g, values)}}
	case entity.Avg:
		if g.chance(20) {
			return object{{"in", []any{float64(n) / 2, float64(n)}}}
		}
		return object{{op, float64(n) / 4}}
	}
	return g.operators(f)
}
