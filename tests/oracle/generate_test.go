package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// operation is a generated request.
type operation struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
	used      []string       // the constructs in it
}

// generator makes random valid operations over the reference schema, with values that occur in the data.
type generator struct {
	r       *rand.Rand
	catalog *entity.Catalog
	tables  map[string][]map[string]any
	cursors map[string][]seenCursor // by entity
	// generated leaves Post.related out, whose hand-written SQL goes through join tables without asking the rules about tags:
	// in the reference application everybody may read those.
	generated bool
	// viewer is who will ask, nil if that is not known yet.
	viewer *access.Viewer
	// rare makes what is rare more often, so that each construct occurs.
	rare bool

	// of the operation that is being made
	vars      map[string]any
	defs      []string
	fragments []string
	used      []string
	names     int
	fields    int
	aliases   int
}

type seenCursor struct{ scope, cursor string }

// scope is the response keys of one merged selection set, so that no two selections of a key conflict.
type scope struct {
	keys map[string]*selected
}

type selected struct {
	text  string // the field with its alias and arguments
	below *scope
}

func newScope() *scope { return &scope{keys: make(map[string]*selected)} }

const maxFields = 60

func (g *generator) operation() operation {
	return g.of(func(root *scope) (parts []string) {
		for range 1 + g.r.IntN(3) {
			parts = append(parts, g.rootField(root))
		}
		if g.chance(10) {
			g.use("__typename")
			parts = append(parts, "__typename")
		}
		if g.chance(12) {
			g.use("introspection with data")
			parts = append(parts, g.introspection())
		}
		return parts
	})
}

// estimates asks how long lists are of which the viewer may not read every row.
func (g *generator) estimates() operation {
	return g.of(func(root *scope) []string {
		parts := []string{"__typename"}
		for range 8 {
			e := pick(g, g.catalog.Entities)
			if g.counted(e) {
				parts = append(parts, g.alias()+e.Names.Many+g.listArguments(e)+" { totalCount(estimate: true, atMost: "+strconv.Itoa(g.r.IntN(3))+") }")
			}
		}
		return parts
	})
}

// of makes an operation of root fields.
func (g *generator) of(fields func(root *scope) []string) operation {
	g.vars, g.defs, g.fragments, g.used = make(map[string]any), nil, nil, nil
	g.names, g.fields, g.aliases = 0, 0, 0
	parts := fields(newScope())
	// Some of what was made was dropped again, and an operation must use all of its variables.
	body := strings.Join(parts, "\n") + strings.Join(g.fragments, "\n") + " "
	g.defs = slices.DeleteFunc(g.defs, func(def string) bool {
		name, _, _ := strings.Cut(def, ":")
		if regexp.MustCompile(regexp.QuoteMeta(name) + `\b`).MatchString(body) {
			return false
		}
		delete(g.vars, name[1:])
		return true
	})
	head := "query Q"
	if len(g.defs) > 0 {
		head += "(" + strings.Join(g.defs, ", ") + ")"
	}
	text := head + " {\n" + strings.Join(parts, "\n") + "\n}\n" + strings.Join(g.fragments, "\n")
	return operation{Query: text, Variables: g.vars, used: g.used}
}

func (g *generator) use(construct string)    { g.used = append(g.used, construct) }
func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }
func (g *generator) name(prefix string) string {
	g.names++
	return fmt.Sprintf("%s%d", prefix, g.names)
}

func pick[T any](g *generator, list []T) T { return list[g.r.IntN(len(list))] }

func (g *generator) introspection() string {
	alias := g.alias()
	if g.chance(50) {
		return alias + `__schema { queryType { name fields { name } } mutationType { name } subscriptionType { name } }`
	}
	return alias + fmt.Sprintf(`__type(name: %q) { name kind description fields { name isDeprecated args { name defaultValue type { name kind } } type { name kind ofType { name kind ofType { kind name } } } } interfaces { name } }`,
		pick(g, g.catalog.Entities).Name)
}

// alias gives a new alias, always.
func (g *generator) alias() string {
	g.aliases++
	g.use("alias")
	return g.name("a") + ": "
}

func (g *generator) rootField(sc *scope) string {
	e := pick(g, g.catalog.Entities)
	switch n := g.r.IntN(100); {
	case n < 18:
		g.use("groups at the root")
		return g.groups(sc, e, e.Names.Groups)
	case n < 50:
		g.use("connection at the root")
		return g.field(sc, e.Names.Many, g.listArguments(e), func(below *scope) string { return g.connection(below, e, 3, g.counted(e)) })
	case n < 60:
		g.use("by id")
		id := g.id(e.Name)
		return g.field(sc, e.Names.One, "(id: "+g.value("ID!", id, false)+")", func(below *scope) string { return g.entity(below, e, 3) })
	case n < 69:
		for len(e.Keys) == 0 {
			e = pick(g, g.catalog.Entities)
		}
		g.use("by unique key")
		k := pick(g, e.Keys)
		v := g.columnValue(k.Fields[0])
		if v == nil || g.chance(10) {
			v = "nobody has this"
		}
		return g.field(sc, k.Name, "("+k.Fields[0].Name+": "+g.value("String!", v, false)+")", func(below *scope) string { return g.entity(below, e, 3) })
	case n < 76:
		g.use("node")
		return g.field(sc, "node", "(id: "+g.value("ID!", g.id(""), false)+")", func(below *scope) string { return g.node(below) })
	case n < 84:
		g.use("nodes")
		ids := make([]any, g.r.IntN(5))
		for i := range ids {
			ids[i] = g.id("")
		}
		return g.field(sc, "nodes", "(ids: "+g.value("[ID!]!", ids, false)+")", func(below *scope) string { return g.node(below) })
	case n < 93:
		g.use("custom list")
		return g.field(sc, "trendingPosts", g.firstArgument(), func(below *scope) string { return g.entity(below, g.catalog.Entity("Post"), 2) })
	default:
		g.use("custom object with entities")
		return g.field(sc, "communityStats", "", func(below *scope) string {
			// Its argument is always good: where a hand-written object becomes null because of one of its fields, gqlgen does
			// not look for errors beside that one, graphql-js does, and the specification leaves it open.
			return "posts comments " + g.field(below, "busiestAuthors", "(first: "+g.value("Int", int64(g.r.IntN(6)), true)+")", func(below *scope) string {
				return "posts " + g.field(below, "author", "", func(below *scope) string { return g.entity(below, g.catalog.Entity("User"), 2) })
			})
		})
	}
}

// counted says whether every viewer's lists of e at the root are counted, because a rule or a deletion may hide rows of e.
func (g *generator) counted(e *entity.Entity) bool {
	if g.viewer != nil {
		return !e.Unrestricted(access.Read, *g.viewer)
	}
	return e.SoftDelete != nil
}

func (g *generator) firstArgument() string {
	switch g.r.IntN(10) {
	case 0:
		return ""
	case 1:
		return "(first: " + g.value("Int", int64(-1), true) + ")"
	}
	return "(first: " + g.value("Int", int64(g.r.IntN(6)), true) + ")"
}

// field writes a field with a selection. A key that is already there is either repeated with the same arguments, whose
// selections then merge, or avoided by an alias.
func (g *generator) field(sc *scope, name, args string, sub func(*scope) string) string {
	g.fields++
	key, text := name, name+args
	if old := sc.keys[key]; old != nil && g.chance(50) && !strings.Contains(old.text, "nodes(") {
		g.use("merged field")
		return old.text + g.directive() + " { " + sub(old.below) + " }"
	} else if old != nil || (g.chance(25) && g.aliases < 20) {
		if old != nil {
			g.use("the same field twice with other arguments")
		}
		text = g.alias() + text
		key, _, _ = strings.Cut(text, ":")
	}
	s := &selected{text: text, below: newScope()}
	sc.keys[key] = s
	return text + g.directive() + " { " + sub(s.below) + " }"
}

// directive adds @skip or @include now and then.
func (g *generator) directive() string {
	if !g.chance(8) {
		return ""
	}
	name := pick(g, []string{"skip", "include"})
	g.use("@" + name)
	return " @" + name + "(if: " + g.value("Boolean!", g.chance(40) == (name == "skip"), false) + ")"
}

// value writes a value as a literal or as a variable, which may have a default or, if optional, stay unset.
func (g *generator) value(typ string, v any, optional bool) string {
	// graphql-js counts columns in UTF-16, so that errors behind other characters would be elsewhere.
	text := literal(v)
	wide := strings.ContainsFunc(text, func(r rune) bool { return r > 0xFFFF })
	if !g.chance(35) && !wide {
		return text
	}
	name := g.name("v")
	def := "$" + name + ": " + typ
	switch {
	case optional && g.chance(12):
		g.use("unset variable")
	case g.chance(25) && v != nil && !wide:
		g.use("variable with a default")
		def += " = " + literal(v)
		if g.chance(50) {
			g.vars[name] = plain(v)
		}
	default:
		g.use("variable")
		g.vars[name] = plain(v)
	}
	g.defs = append(g.defs, def)
	return "$" + name
}

// name is a value of an enum.
type name string

func plain(v any) any {
	switch v := v.(type) {
	case name:
		return string(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case object:
		out := make(map[string]any, len(v))
		for _, m := range v {
			out[m.key] = plain(m.value)
		}
		return out
	}
	return v
}

// object is an input object whose keys keep their order.
type object []member

type member struct {
	key   string
	value any
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case name:
		return string(v)
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = literal(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case object:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = m.key + ": " + literal(m.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// id is a global id: mostly of a row, sometimes of none, of another type or malformed.
func (g *generator) id(typeName string) string {
	switch g.r.IntN(25) {
	case 0:
		return "not an id"
	case 1:
		return relay.ID("Post", "99999999")
	case 2:
		return relay.ID("Post", "007")
	}
	if typeName == "" || g.chance(4) {
		typeName = pick(g, g.catalog.Entities).Name
	}
	row := pick(g, g.tables[g.catalog.Entity(typeName).Table])
	return relay.ID(typeName, fmt.Sprint(row["id"]))
}

// entity writes a selection on an entity.
func (g *generator) entity(sc *scope, e *entity.Entity, depth int) string {
	parts := []string{"id"}
	for range 1 + g.r.IntN(4) {
		if g.fields > maxFields {
			break
		}
		parts = append(parts, g.entityField(sc, e, depth))
	}
	return strings.Join(g.wrap(e.Name, parts), " ")
}

// wrap puts some of the parts into fragments.
func (g *generator) wrap(typeName string, parts []string) []string {
	for i, part := range parts {
		switch g.r.IntN(14) {
		case 0:
			g.use("inline fragment")
			condition := pick(g, []string{"", "on " + typeName + " "})
			if g.catalog.Entity(typeName) != nil && g.chance(30) {
				g.use("inline fragment on Node")
				condition = "on Node { ... on " + typeName + " "
				part += " }"
			}
			parts[i] = "... " + condition + g.trimmed() + "{ " + part + " }"
			if strings.HasPrefix(condition, "on Node") {
				parts[i] = "... on Node { ... on " + typeName + " { " + strings.TrimSuffix(part, " }") + " } }"
			}
		case 1:
			g.use("named fragment")
			f := g.name("F")
			g.fragments = append(g.fragments, "fragment "+f+" on "+typeName+" { "+part+" }")
			parts[i] = "..." + f
			if g.chance(20) {
				parts[i] += " ..." + f
			}
		}
	}
	return parts
}

func (g *generator) trimmed() string {
	if d := g.directive(); d != "" {
		return strings.TrimSpace(d) + " "
	}
	return ""
}

func (g *generator) entityField(sc *scope, e *entity.Entity, depth int) string {
	if depth > 0 && g.chance(45) && len(e.Edges) > 0 {
		ed := pick(g, e.Edges)
		target := g.catalog.Entity(ed.Target)
		if ed.List() && g.chance(30) {
			g.use("groups on an edge")
			return g.groups(sc, target, ed.Groups)
		}
		if ed.List() {
			g.use("connection on an edge")
			return g.field(sc, ed.Name, g.listArguments(target), func(below *scope) string { return g.connection(below, target, depth-1, true) })
		}
		g.use("to-one edge")
		return g.field(sc, ed.Name, "", func(below *scope) string { return g.entity(below, target, depth-1) })
	}
	if e.Name == "Post" && g.chance(20) {
		if g.generated || g.chance(50) || depth == 0 {
			g.use("custom field that needs columns")
			return "readingMinutes"
		}
		g.use("custom field that returns entities")
		return g.field(sc, "related", g.firstArgument(), func(below *scope) string { return g.entity(below, e, depth-1) })
	}
	if g.chance(10) {
		g.use("__typename")
		return "__typename"
	}
	var visible []*entity.Field
	for _, f := range e.Fields {
		if !f.Hidden {
			visible = append(visible, f)
		}
	}
	f := pick(g, visible)
	g.fields++
	if g.chance(10) && g.aliases < 25 {
		return g.alias() + f.Name + g.directive()
	}
	return f.Name + g.directive()
}

// node writes a selection on Node. Fields of different types under one key must have one shape, so that types share none.
func (g *generator) node(sc *scope) string {
	parts := []string{"id"}
	if g.chance(50) {
		g.use("__typename")
		parts = append(parts, "__typename")
	}
	for range g.r.IntN(3) {
		e := pick(g, g.catalog.Entities)
		g.use("fragment on Node")
		f := e.Fields[1+g.r.IntN(len(e.Fields)-1)]
		if f.Hidden || g.aliases > 25 {
			continue
		}
		part := g.alias() + f.Name
		if ed := pick(g, append(slices.Clone(e.Edges), nil)); ed != nil && !ed.List() && g.aliases < 20 {
			target := g.catalog.Entity(ed.Target)
			part += " " + g.alias() + ed.Name + " { " + g.entity(newScope(), target, 1) + " }"
		}
		if g.chance(50) {
			n := g.name("F")
			g.use("named fragment")
			g.fragments = append(g.fragments, "fragment "+n+" on "+e.Name+" { "+part+" }")
			parts = append(parts, "..."+n)
		} else {
			parts = append(parts, "... on "+e.Name+" { "+part+" }")
		}
	}
	return strings.Join(parts, " ")
}

// connection writes a selection on a list of e. Where counted is false, Postgres may have its own opinion of how long it is.
func (g *generator) connection(sc *scope, e *entity.Entity, depth int, counted bool) string {
	var parts []string
	if g.chance(60) {
		parts = append(parts, g.field(sc, "nodes", "", func(below *scope) string { return g.entity(below, e, depth) }))
	}
	if g.chance(45) {
		parts = append(parts, g.field(sc, "edges", "", func(below *scope) string {
			out := "cursor"
			if g.chance(70) {
				out += " " + g.field(below, "node", "", func(below *scope) string { return g.entity(below, e, depth) })
			}
			return out
		}))
	}
	if g.chance(35) {
		g.use("pageInfo")
		parts = append(parts, "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }")
	}
	if g.chance(30) || len(parts) == 0 {
		g.use("totalCount")
		parts = append(parts, g.totalCount(sc, counted))
		if g.chance(20) {
			parts = append(parts, g.totalCount(sc, counted))
		}
	}
	if g.chance(15) {
		parts = append(parts, g.field(sc, "aggregate", "", func(*scope) string { return g.aggregate(e) }))
	}
	return strings.Join(g.wrap(e.Names.Connection, parts), " ")
}

// totalCount writes a total, often with arguments. An estimate of what is no more than 10,000 rows is exact; with atMost it is so only
// where counted says that nobody can get a guess.
func (g *generator) totalCount(sc *scope, counted bool) string {
	var args []string
	if g.chance(40) {
		g.use("totalCount up to a bound")
		n := int64(g.r.IntN(8))
		if g.chance(4) {
			n = -1
		}
		args = append(args, "atMost: "+g.value("Int", n, true))
	}
	if g.chance(25) && (counted || len(args) == 0) {
		g.use("totalCount by an estimate")
		args = append(args, "estimate: "+g.value("Boolean", g.chance(80), true))
	}
	text := "totalCount"
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	old := sc.keys["totalCount"]
	switch {
	case old == nil:
		sc.keys["totalCount"] = &selected{text: text}
	case old.text != text && g.aliases < 20:
		text = g.alias() + text
	default:
		text = old.text
	}
	return text + g.directive()
}

func (g *generator) aggregate(e *entity.Entity) string {
	out := "count"
	for _, fn := range entity.Aggregates() {
		var names []string
		for _, f := range e.Fields {
			if _, ok := fn.Of(f); ok && f.Filter && !f.Hidden && g.chance(30) {
				names = append(names, f.Name)
			}
		}
		if len(names) > 0 {
			g.use("aggregate " + string(fn))
			out += " " + string(fn) + " { " + strings.Join(names, " ") + " }"
		}
	}
	return out
}

// or chooses between how often something usually is, and how often it is if what is rare shall occur.
func (g *generator) or(usually, rare int) int {
	if g.rare {
		return rare
	}
	return usually
}

func (g *generator) listArguments(e *entity.Entity) string {
	var args []string
	add := func(name, typ string, v any) { args = append(args, name+": "+g.value(typ, v, true)) }
	var cursor *seenCursor
	if known := g.cursors[e.Name]; len(known) > 0 && g.chance(35) {
		c := pick(g, known)
		if g.rare && g.chance(20) { // those of searches
			found := slices.DeleteFunc(slices.Clone(known), func(c seenCursor) bool { _, ok := searchOf(c.scope); return !ok })
			if len(found) > 0 {
				c = pick(g, found)
			}
		}
		cursor = &c
	}
	backward := g.chance(25)
	size := int64(g.r.IntN(5))
	switch g.r.IntN(40) {
	case 0:
		size = 101
	case 1:
		size = -1
	}
	if backward {
		g.use("last")
		add("last", "Int", size)
	} else if g.chance(90) {
		g.use("first")
		add("first", "Int", size)
	}
	if g.chance(2) {
		g.use("first with last")
		args = append(args, "last: 1")
		if !backward && len(args) == 1 {
			args = append(args, "first: 1")
		}
		args = slices.CompactFunc(args, func(a, b string) bool { return a[:4] == b[:4] })
	}
	switch {
	case cursor != nil:
		side := "after"
		if backward == g.chance(75) {
			side = "before"
		}
		g.use(side)
		add(side, "String", cursor.cursor)
		if g.chance(15) {
			g.use("after with before")
			other := map[string]string{"after": "before", "before": "after"}[side]
			c := pick(g, g.cursors[e.Name])
			if c.scope == cursor.scope || g.chance(20) {
				add(other, "String", c.cursor)
			}
		}
		if g.chance(95) {
			args = append(args, "orderBy: "+g.orderOf(e, cursor.scope))
		}
		if text, ok := searchOf(cursor.scope); ok && g.chance(95) {
			g.use("cursor of a search")
			add("search", "String", text)
		}
	case g.chance(15):
		g.use("offset")
		add("offset", "Int", int64(g.r.IntN(6)))
		fallthrough
	default:
		if g.chance(60) {
			g.use("orderBy")
			args = append(args, "orderBy: "+g.order(e))
		}
		if len(e.Search) > 0 && g.chance(g.or(25, 35)) {
			g.use("search")
			add("search", "String", g.search(e))
			if g.chance(20) {
				g.use("orderBy a rank")
				args = append(args, "orderBy: "+g.value("["+e.Names.Order+"!]", []any{object{{"field", name(entity.OrderByRank)}}, g.step(e, 0)}, false))
			}
		}
	}
	if g.chance(35) {
		add("where", e.Names.Where, g.where(e, 1))
	}
	if len(args) == 0 {
		return ""
	}
	seen := make(map[string]bool)
	args = slices.DeleteFunc(args, func(a string) bool {
		key, _, _ := strings.Cut(a, ":")
		defer func() { seen[key] = true }()
		return seen[key]
	})
	return "(" + strings.Join(args, ", ") + ")"
}

// orderOf is the orderBy that a cursor's scope names.
func (g *generator) orderOf(e *entity.Entity, scope string) string {
	var steps []any
	for _, part := range strings.Fields(scope)[1:] {
		if rest, ok := strings.CutPrefix(part, entity.OrderByRank); ok {
			step := object{{"field", name(entity.OrderByRank)}}
			if strings.HasSuffix(rest, "-") {
				step = append(step, member{"direction", name("DESC")})
			}
			steps = append(steps, step)
			continue
		}
		direction, nulls := strings.Contains(part, "-"), strings.Contains(part, "^")
		path := strings.Split(strings.TrimRight(part, "-^"), ".")
		at, last := e, path[len(path)-1]
		for _, name := range path[:len(path)-1] {
			at = at.Edge(name).To()
		}
		var step object
		if edge, ok := strings.CutSuffix(last, "#"); ok {
			step = object{{edge, object{{"count", name(map[bool]string{false: "ASC", true: "DESC"}[direction])}}}}
		} else {
			step = object{{"field", name(at.Field(last).OrderValue)}}
			if direction {
				step = append(step, member{"direction", name("DESC")})
			}
			if nulls {
				step = append(step, member{"nulls", name("FIRST")})
			}
		}
		for _, name := range slices.Backward(path[:len(path)-1]) {
			step = object{{name, step}}
		}
		steps = append(steps, step)
	}
	return g.value("["+e.Names.Order+"!]", steps, false)
}

func (g *generator) order(e *entity.Entity) string {
	var steps []any
	for range 1 + g.r.IntN(3) {
		steps = append(steps, g.step(e, 0))
	}
	return g.value("["+e.Names.Order+"!]", steps, true)
}

func (g *generator) step(e *entity.Entity, depth int) object {
	if depth < 4 && len(e.Edges) > 0 && g.chance(20) {
		ed := pick(g, e.Edges)
		if ed.List() {
			g.use("orderBy a count")
			return object{{ed.Name, object{{"count", name(pick(g, []string{"ASC", "DESC"}))}}}}
		}
		g.use("orderBy a relation's value")
		return object{{ed.Name, g.step(g.catalog.Entity(ed.Target), depth+1)}}
	}
	var sortable []*entity.Field
	for _, f := range e.Fields {
		if f.Sort {
			sortable = append(sortable, f)
		}
	}
	step := object{{"field", name(pick(g, sortable).OrderValue)}}
	if g.chance(60) {
		step = append(step, member{"direction", name(pick(g, []string{"ASC", "DESC"}))})
	}
	if g.chance(40) {
		step = append(step, member{"nulls", name(pick(g, []string{"FIRST", "LAST"}))})
	}
	if g.chance(2) {
		return object{{"direction", name("DESC")}}
	}
	return step
}

func (g *generator) where(e *entity.Entity, depth int) object {
	var w object
	var fields []*entity.Field
	for _, f := range e.Fields {
		if f.Filter && !f.Hidden {
			fields = append(fields, f)
		}
	}
	chosen := g.r.Perm(len(fields))[:1+g.r.IntN(2)]
	for i, f := range fields {
		if f.Type == entity.JSON && g.chance(60) {
			w = append(w, member{f.Name, g.jsonOperators(f)})
			if g.chance(50) {
				list := []any{}
				for range 2 + g.r.IntN(3) {
					list = append(list, object{{f.Name, g.jsonOperators(f)}})
				}
				return object{{"or", list}}
			}
			chosen = slices.DeleteFunc(chosen, func(n int) bool { return n == i })
		}
	}
	for _, i := range chosen {
		if fields[i].Type == entity.JSON {
			continue
		}
		w = append(w, member{fields[i].Name, g.operators(fields[i])})
	}
	if depth < 4 && len(e.Edges) > 0 && g.chance(30) {
		ed := pick(g, e.Edges)
		target := g.catalog.Entity(ed.Target)
		switch {
		case !ed.List() && g.chance(30):
			g.use("where to-one isNull")
			w = append(w, member{ed.Name, object{{"isNull", g.chance(50)}}})
		case !ed.List():
			g.use("where to-one")
			w = append(w, member{ed.Name, g.where(target, depth+1)})
		case g.chance(25):
			g.use("where count")
			w = append(w, member{ed.Name, object{{"count", object{{pick(g, []string{"eq", "ne", "lt", "lte", "gt", "gte"}), int64(g.r.IntN(4))}}}}})
		default:
			kind := pick(g, []string{"some", "none", "every"})
			g.use("where " + kind)
			w = append(w, member{ed.Name, object{{kind, g.where(target, depth+1)}}})
		}
	}
	if depth < 4 && g.chance(35) {
		g.use("where and, or, not")
		switch g.r.IntN(3) {
		case 0:
			w = append(w, member{"not", g.where(e, depth+1)})
		default:
			list := []any{}
			for range g.r.IntN(3) {
				list = append(list, g.where(e, depth+1))
			}
			w = append(w, member{pick(g, []string{"and", "or"}), list})
		}
	}
	return w
}

// operators are one or two conditions on a field, mostly with a value that occurs.
func (g *generator) operators(f *entity.Field) object {
	if g.chance(2) {
		g.use("null below where")
		return object{{"eq", nil}}
	}
	var ops object
	all := f.Type.Operators()
	for _, i := range g.r.Perm(len(all))[:1+g.r.IntN(2)] {
		op := all[i]
		var v any
		switch {
		case op == entity.IsNull:
			v = g.chance(50)
		case op.List():
			values := []any{}
			for range g.r.IntN(4) {
				if value := g.columnValue(f); value != nil {
					values = append(values, value)
				}
			}
			v = values
		default:
			if v = g.columnValue(f); v == nil {
				continue
			}
			// A part of a text, so that some texts hold it.
			if text, ok := v.(string); ok && f.Type == entity.String && op != entity.Eq && op != entity.Ne && op != entity.EqFold {
				runes := []rune(text)
				from := g.r.IntN(len(runes) + 1)
				v = string(runes[from:min(len(runes), from+g.r.IntN(4))])
				if g.chance(30) {
					v = string(runes[:min(len(runes), 3)])
				}
			}
			if text, ok := v.(string); ok && f.Type == entity.String && strings.HasSuffix(string(op), "Fold") && g.chance(50) {
				v = strings.ToUpper(text)
			}
		}
		g.use("where " + string(op))
		ops = append(ops, member{string(op), v})
	}
	return ops
}

// jsonOperators are one or two conditions on a JSON field, mostly on a value that occurs.
func (g *generator) jsonOperators(f *entity.Field) object {
	var ops object
	at := g.document(f)
	if g.chance(60) {
		g.use("where JSON path")
		path := []any{}
		for range 1 + g.r.IntN(3) {
			switch v := at.(type) {
			case []any:
				i := g.r.IntN(len(v) + 1)
				if at = nil; i < len(v) {
					at = v[i]
				}
				if g.chance(20) {
					i -= len(v)
					at = nil
				}
				path = append(path, strconv.Itoa(i))
			case map[string]any:
				key := pick(g, append(slices.Sorted(maps.Keys(v)), "nothing"))
				at = v[key]
				path = append(path, key)
			default:
				path = append(path, pick(g, []string{"0", "a", "deep"}))
			}
			if g.chance(30) {
				break
			}
		}
		ops = append(ops, member{"path", path})
	}
	all := f.Type.Operators()
	for _, i := range g.r.Perm(len(all))[:1+g.r.IntN(g.or(2, 3))] {
		op := all[i]
		var v any
		switch {
		case op == entity.IsNull:
			v = g.chance(50)
		case op == entity.HasKey:
			v = pick(g, []string{"a", "deep", "text", "0"})
			if m, ok := at.(map[string]any); ok && len(m) > 0 && g.chance(60) {
				v = pick(g, slices.Sorted(maps.Keys(m)))
			}
		case op.Text():
			text, ok := at.(string)
			if !ok {
				text = "A"
			}
			runes := []rune(text)
			from := g.r.IntN(len(runes) + 1)
			if text = string(runes[from:min(len(runes), from+2)]); g.chance(50) {
				text = strings.ToLower(text)
			}
			v = text
		case op == entity.Has:
			v = g.document(f)
			if list, ok := at.([]any); ok && len(list) > 0 {
				v = pick(g, list)
			}
		case op.List():
			values := []any{}
			for range g.r.IntN(3) {
				if v := pick(g, []any{at, g.document(f), int64(1), "A"}); v != nil {
					values = append(values, jsonLiteral(v))
				}
			}
			v = values
		case op == entity.Eq || op == entity.Ne:
			if v = at; v == nil || g.chance(20) {
				v = g.document(f)
			}
		default:
			if v = at; !slices.Contains([]string{"string", "float64"}, fmt.Sprintf("%T", v)) && g.chance(90) {
				v = pick(g, []any{"M", int64(2), 0.5, "é"})
			}
		}
		if v == nil && g.chance(90) {
			continue // refused
		}
		g.use("where JSON " + string(op))
		ops = append(ops, member{string(op), jsonLiteral(v)})
	}
	if g.chance(15) {
		g.use("where JSON length")
		n := int64(g.r.IntN(4))
		if list, ok := at.([]any); ok {
			n = int64(len(list))
		}
		ops = append(ops, member{"length", object{{pick(g, []string{"eq", "ne", "lt", "gte"}), n}}})
	}
	return ops
}

// document is the document of some row.
func (g *generator) document(f *entity.Field) (v any) {
	for _, e := range g.catalog.Entities {
		if slices.Contains(e.Fields, f) {
			if raw, ok := pick(g, g.tables[e.Table])[f.Column].(json.RawMessage); ok && json.Unmarshal(raw, &v) != nil {
				panic("no JSON in " + e.Table)
			}
		}
	}
	return v
}

// jsonLiteral makes objects writable as literals.
func jsonLiteral(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = jsonLiteral(v[i])
		}
		return out
	case map[string]any:
		out := object{}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, member{key, jsonLiteral(v[key])})
		}
		return out
	}
	return v
}

// columnValue is a value that some row holds, as the API takes it; nil for null.
func (g *generator) columnValue(f *entity.Field) any {
	var table string
	for _, e := range g.catalog.Entities {
		if slices.Contains(e.Fields, f) {
			table = e.Table
		}
	}
	v := pick(g, g.tables[table])[f.Column]
	if v == nil {
		return nil
	}
	switch f.Type {
	case entity.ID, entity.Ref:
		return relay.ID(f.Target, fmt.Sprint(v))
	case entity.Enum:
		for _, ev := range f.Enum {
			if ev.Stored == v {
				return name(ev.Name)
			}
		}
		return name(f.Enum[0].Name)
	case entity.Date:
		return v.(string)[:10]
	case entity.Int:
		if n := v.(int64); n > 1<<31-1 {
			return int64(1<<31 - 1)
		}
	}
	return v
}
