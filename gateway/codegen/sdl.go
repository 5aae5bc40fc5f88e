package codegen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// scalars are the custom scalars: what a client must know of their form, and the public specification if there is one.
var scalars = map[entity.Type]struct{ description, url string }{
	entity.DateTime: {"A point in time, as RFC 3339 in UTC with up to six decimals: 2014-01-21T20:26:05.383Z.", "https://scalars.graphql.org/andimarek/date-time.html"},
	entity.Date:     {"A day without a time, as in RFC 3339: 2014-01-21.", "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6"},
	entity.BigInt:   {"An integer of up to 64 bits, as a string of decimal digits.", "https://datatracker.ietf.org/doc/html/rfc8259#section-6"},
	entity.Decimal:  {"An exact decimal number, as a string.", "https://datatracker.ietf.org/doc/html/rfc8259#section-6"},
	entity.JSON:     {"Any JSON value.", "https://datatracker.ietf.org/doc/html/rfc8259"},
	entity.Bytes:    {"Binary data, as base64.", "https://datatracker.ietf.org/doc/html/rfc4648#section-4"},
	entity.UUID:     {"A UUID in its canonical form of 36 characters.", "https://datatracker.ietf.org/doc/html/rfc9562"},
}

// sdlWriter writes definitions with their descriptions.
type sdlWriter struct{ strings.Builder }

func (w *sdlWriter) describe(indent, text string) {
	if strings.ContainsAny(text, "\n\"\\") {
		fmt.Fprintf(w, "%s\"\"\"\n", indent)
		for line := range strings.SplitSeq(strings.ReplaceAll(text, `"""`, `\"""`), "\n") {
			fmt.Fprintf(w, "%s%s\n", indent, line)
		}
		fmt.Fprintf(w, "%s\"\"\"\n", indent)
		return
	}
	fmt.Fprintf(w, "%s\"\"\"%s\"\"\"\n", indent, text)
}

func (w *sdlWriter) open(description, head string) {
	w.describe("", description)
	w.WriteString(head + " {\n")
}

func (w *sdlWriter) line(description, line string) {
	w.describe("  ", description)
	w.WriteString("  " + line + "\n")
}

// field writes a field whose arguments are pairs of declaration and description.
func (w *sdlWriter) field(description, name string, arguments [][2]string, typ string) {
	w.describe("  ", description)
	if len(arguments) == 0 {
		w.WriteString("  " + name + ": " + typ + "\n")
		return
	}
	w.WriteString("  " + name + "(\n")
	for _, arg := range arguments {
		w.describe("    ", arg[1])
		w.WriteString("    " + arg[0] + "\n")
	}
	w.WriteString("  ): " + typ + "\n")
}

func (w *sdlWriter) close() { w.WriteString("}\n\n") }

// entitySDL is the generated part of the schema.
func (m *model) entitySDL() string {
	w := new(sdlWriter)
	m.writeQuery(w)
	m.writeMutation(w)
	w.open("Something that has an id of its own.", "interface Node")
	w.line("The id, unique among all objects.", "id: ID!")
	w.close()
	w.open("Where a page lies in its list.", "type PageInfo")
	w.line("Whether more follows this page.", "hasNextPage: Boolean!")
	w.line("Whether something precedes this page.", "hasPreviousPage: Boolean!")
	w.line("The cursor of the first edge, for `before`; null on an empty page.", "startCursor: String")
	w.line("The cursor of the last edge, for `after`; null on an empty page.", "endCursor: String")
	w.close()
	w.open("Which way an order goes.", "enum OrderDirection")
	w.line("Smallest, oldest, first in the alphabet at the top.", "ASC")
	w.line("Largest, newest, last in the alphabet at the top.", "DESC")
	w.close()
	w.open("Where an order puts rows that have no value.", "enum NullsOrder")
	w.line("Before all values.", "FIRST")
	w.line("After all values.", "LAST")
	w.close()
	if m.anyList() {
		w.open("An order by the number of related rows.", "input CountOrder")
		w.line("Which way.", "count: OrderDirection")
		w.close()
	}
	m.writePeriods(w)
	for _, n := range m.nodes {
		if !n.Hidden {
			m.writeNode(w, n)
		}
	}
	if m.keepsHistory() {
		w.writeHistory()
	}
	for _, e := range m.enums {
		if !m.shown(e) {
			continue
		}
		w.open(e.Description, "enum "+e.Name)
		for _, v := range e.Values {
			w.line(title(phrase(v.Stored))+".", v.Name)
		}
		w.close()
	}
	m.writeFilters(w)
	for _, t := range slices.Sorted(maps.Keys(scalars)) {
		if m.uses(t) {
			w.describe("", scalars[t].description)
			fmt.Fprintf(w, "scalar %s @specifiedBy(url: %q)\n\n", t, scalars[t].url)
		}
	}
	return w.String()
}

// shown says whether some field of the API has the enum.
func (m *model) shown(e *enum) bool {
	f := e.node.SchemaField(e.field.Name)
	return !e.node.Hidden && (!f.Hidden || writeOnly(e.field))
}

func (m *model) uses(t entity.Type) bool {
	if (t == entity.JSON || t == entity.DateTime) && m.keepsHistory() {
		return true
	}
	return slices.ContainsFunc(m.nodes, func(n *node) bool {
		return !n.Hidden && slices.ContainsFunc(n.Fields, func(f *entity.Field) bool {
			sum, ok := entity.Sum.Of(f)
			return f.Type == t || ok && f.Filter && sum == t
		})
	})
}

func (m *model) writeQuery(w *sdlWriter) {
	w.open("What can be read.", "type Query")
	w.field("The object with a given id; null if there is none that the viewer may read.", "node",
		[][2]string{{"id: ID!", "The id of the object."}}, "Node")
	w.field("The objects with the given ids, in their order; null in the place of each that the viewer may not read.", "nodes",
		[][2]string{{"ids: [ID!]!", "The ids of the objects."}}, "[Node]!")
	if m.can != nil {
		w.field("Whether somebody may do something with an object, and why; null if there is no such object. It is for administrators: others get an error.", "can", [][2]string{
			{"operation: RuleOperation!", "What they want to do."},
			{"id: ID!", "The id of the object."},
			{"user: ID", "Who they are: the id of a user. Somebody unknown, or a service, if it is not given."},
			{"roles: [String!]", "The roles that they have."},
			{"tenant: String", "The tenant for which they work."},
		}, "RuleVerdict")
	}
	for _, n := range m.nodes {
		noun, deprecated := phrase(n.Name), deprecation(n.api.Deprecated)
		if n.Names.One != "" {
			w.field("The "+noun+" with a given id; null if there is none that the viewer may read.", n.Names.One,
				append([][2]string{{"id: ID!", "The id of the " + noun + "."}}, n.deletedArguments()...), n.Name+deprecated)
		}
		for _, k := range n.Keys {
			var args [][2]string
			var keys []string
			for _, f := range k.Fields {
				args = append(args, [2]string{f.Name + ": " + f.GraphQL + "!", f.Description})
				keys = append(keys, phrase(f.Name))
			}
			w.field("The "+noun+" with a given "+strings.Join(keys, " and ")+"; null if there is none that the viewer may read.",
				k.Name, args, n.Name+deprecated)
		}
		if n.Names.Many != "" {
			w.field("The "+phrases(n.Name)+" that the viewer may read.", n.Names.Many, n.listArguments(), n.Names.Connection+"!"+deprecated)
		}
		if n.Names.Groups != "" {
			w.field("The "+phrases(n.Name)+" that the viewer may read, in groups.", n.Names.Groups, n.groupArguments(), "["+n.group+"!]!"+deprecated)
		}
	}
	w.close()
	if m.can != nil {
		w.writeCan()
	}
}

// deprecation is the directive that marks something as no longer to be used.
func deprecation(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(" @deprecated(reason: %q)", reason)
}

// listArguments are those of every list of the entity.
func (n *node) listArguments() [][2]string {
	return slices.Concat(pageArguments, [][2]string{
		{"where: " + n.Names.Where, "Which to return; all if it is not given."},
		{"orderBy: [" + n.Names.Order + "!]", "How to sort. Later entries decide where earlier ones are equal; the id decides last."},
	}, n.searchArguments(), n.deletedArguments())
}

// pageArguments are those that say which page of a list is meant.
var pageArguments = [][2]string{
	{"first: Int", "How many to return from the start, or after the cursor `after`."},
	{"after: String", "The cursor after which the page begins."},
	{"last: Int", "How many to return from the end, or before the cursor `before`."},
	{"before: String", "The cursor before which the page ends."},
	{"offset: Int", "How many to skip."},
}

// atMost is the argument that bounds what a count costs.
var atMost = [2]string{"atMost: Int", "Where to stop counting: the number is this one if there are as many or more, and exact below."}

func (m *model) writeMutation(w *sdlWriter) {
	if !slices.ContainsFunc(m.nodes, (*node).Writable) {
		return
	}
	w.open("What can be changed. A mutation that fails changes nothing.", "type Mutation")
	for _, n := range m.nodes {
		noun, nouns := article(phrase(n.Name)), phrases(n.Name)
		for _, mutation := range [][4]string{
			{"create", n.Names.Create, "Creates " + noun + ".", "What to create."},
			{"update", n.Names.Update, "Updates " + noun + ".", "What to update."},
			{"delete", n.Names.Delete, "Deletes " + noun + ".", "What to delete."},
			{"restore", n.Names.Restore, "Brings back " + noun + " that was deleted.", "What to restore."},
			{"upsert", n.Names.Upsert, "Updates the " + phrase(n.Name) + " that has the values of a unique key, or creates it.", "What to write."},
		} {
			if verb, name := mutation[0], mutation[1]; name != "" {
				w.field(mutation[2], name, [][2]string{{"input: " + title(verb) + n.Name + "Input!", mutation[3]}}, title(verb)+n.Name+"Payload!"+deprecation(n.api.Deprecated))
			}
		}
		for _, mutation := range [][4]string{
			{"create", n.Names.CreateMany, "Creates " + nouns + ".", "Which to create."},
			{"update", n.Names.UpdateMany, "Updates all " + nouns + " that a filter finds.", "Which to update."},
			{"delete", n.Names.DeleteMany, "Deletes all " + nouns + " that a filter finds.", "Which to delete."},
		} {
			if verb, name := mutation[0], mutation[1]; name != "" {
				w.field(mutation[2], name, [][2]string{{"input: " + n.bulkType(verb) + "Input!", mutation[3]}}, n.bulkType(verb)+"Payload!"+deprecation(n.api.Deprecated))
			}
		}
	}
	w.close()
}

func (m *model) writeNode(w *sdlWriter, n *node) {
	noun, nouns := phrase(n.Name), phrases(n.Name)
	w.open(n.Description, "type "+n.Name+" implements Node")
	for _, f := range n.Fields {
		if f.Hidden {
			continue
		}
		typ := f.GraphQL
		if f.NonNull {
			typ += "!"
		}
		w.line(f.Description, f.Name+": "+typ+deprecation(m.deprecated[f]))
	}
	for _, ed := range n.Edges {
		deprecated := deprecation(m.deprecated[ed])
		switch {
		case ed.Hidden:
		case ed.List():
			w.field(ed.Description, ed.Name, m.node(ed.Target).listArguments(), ed.Target+"Connection!"+deprecated)
			if target := m.node(ed.Target); ed.Groups != "" {
				w.field("The same in groups.", ed.Groups, target.groupArguments(), "["+target.group+"!]!"+deprecated)
			}
		case ed.NonNull:
			w.line(ed.Description, ed.Name+": "+ed.Target+"!"+deprecated)
		default:
			w.line(ed.Description, ed.Name+": "+ed.Target+deprecated)
		}
	}
	if n.History != nil {
		w.field("What became of the "+noun+", the latest first.", entity.HistoryField, pageArguments, entity.HistoryEntry+"Connection!")
	}
	w.close()

	w.open("A page of "+nouns+".", "type "+n.Names.Connection)
	w.line("The "+nouns+" of the page with their cursors.", "edges: ["+n.Names.Edge+"!]!")
	w.line("The "+nouns+" of the page.", "nodes: ["+n.Name+"!]!")
	w.line("Where the page lies in the list.", "pageInfo: PageInfo!")
	w.field("How many "+nouns+" the whole list has; exactly, unless an argument says otherwise.", "totalCount", [][2]string{
		atMost,
		{"estimate: Boolean", "Whether the database's guess will do where there are more than `atMost`, which is 10,000 then if it is not given. " +
			"It is taken at the root only, and if all rows may be read; otherwise this changes nothing."},
	}, "Int!")
	w.line("Figures over the whole list.", "aggregate: "+n.Name+"Aggregate!")
	w.close()
	m.writeAggregate(w, n, nouns)
	m.writeGroups(w, n, nouns)
	w.open(title(article(noun))+" in a list.", "type "+n.Names.Edge)
	w.line("Marks this place in the list, for `after` and `before`.", "cursor: String!")
	w.line("The "+noun+".", "node: "+n.Name+"!")
	w.close()

	w.open("Conditions on "+nouns+". All that are given must hold.", "input "+n.Names.Where)
	for _, f := range n.Fields {
		if f.Filter {
			w.line(f.Description, f.Name+": "+f.GraphQL+"Filter"+deprecation(m.deprecated[f]))
		}
	}
	m.writeConditions(w, n)
	w.close()
	if m.toOne(n) {
		w.open("Conditions on one "+noun+", to which an edge leads. All that are given must hold.", "input "+n.Names.ToOneWhere)
		for _, f := range n.Fields {
			if f.Filter {
				w.line(f.Description, f.Name+": "+f.GraphQL+"Filter")
			}
		}
		m.writeConditions(w, n)
		w.line("Whether there is none, or none that the viewer may read. Stands alone.", "isNull: Boolean")
		w.close()
	}
	if m.toMany(n) {
		w.open("Conditions on the "+nouns+" to which an edge leads, as far as the viewer may read them. All that are given must hold.", "input "+n.Names.ToManyWhere)
		w.line("At least one of them is like this.", "some: "+n.Names.Where)
		w.line("None of them is like this.", "none: "+n.Names.Where)
		w.line("All of them are like this; true if there are none.", "every: "+n.Names.Where)
		w.line("How many there are.", "count: IntFilter")
		w.close()
	}

	w.open("One step in sorting "+nouns+": by a field, or by one relation and nothing beside it.", "input "+n.Names.Order)
	w.line("What to sort by.", "field: "+n.Names.OrderField)
	w.line("Which way; ASC if it is not given.", "direction: OrderDirection")
	w.line("Where rows without a value go; LAST if it is not given.", "nulls: NullsOrder")
	for _, e := range n.Edges {
		if e.Hidden {
			continue
		}
		if e.List() {
			w.line("By how many of them the viewer may read.", e.Name+": CountOrder")
		} else {
			w.line("By a value of the "+phrase(e.Schema)+"; rows without one that the viewer may read count as having no value.", e.Name+": "+m.node(e.Target).Names.Order)
		}
	}
	w.close()
	w.open("What "+nouns+" can be sorted by.", "enum "+n.Names.OrderField)
	for _, f := range n.Fields {
		if f.Sort {
			w.line(f.Description, f.OrderValue+deprecation(m.deprecated[f]))
		}
	}
	if len(n.Search) > 0 {
		w.line("How well they match `search`, the best first. Lists without `search` cannot be sorted by it.", entity.OrderByRank)
	}
	w.close()
	if n.Writable() {
		m.writeInputs(w, n)
	}
}

// aggregates are the words for the aggregates.
var aggregates = map[entity.Aggregate]struct{ typ, of, each string }{
	entity.Sum:           {"Sum", "The sums of the values.", "The sum; null if there are no values."},
	entity.Avg:           {"Average", "The averages of the values.", "The average; null if there are no values."},
	entity.Min:           {"Min", "The smallest values.", "The smallest; null if there are no values."},
	entity.Max:           {"Max", "The largest values.", "The largest; null if there are no values."},
	entity.CountDistinct: {"CountDistinct", "How many different values there are.", "How many different ones there are."},
}

// writeAggregate writes the types of a list's figures.
func (m *model) writeAggregate(w *sdlWriter, n *node, nouns string) {
	w.open("Figures over "+nouns+".", "type "+n.Name+"Aggregate")
	w.line("How many there are.", "count: Int!")
	for _, fn := range entity.Aggregates() {
		if len(n.aggregated(fn)) > 0 {
			w.line(aggregates[fn].of, string(fn)+": "+n.Name+aggregates[fn].typ+"!")
		}
	}
	w.close()
	for _, fn := range entity.Aggregates() {
		fields := n.aggregated(fn)
		if len(fields) == 0 {
			continue
		}
		w.open(aggregates[fn].of, "type "+n.Name+aggregates[fn].typ)
		for _, f := range fields {
			t, _ := fn.Of(f)
			name := string(t)
			if fn == entity.CountDistinct {
				name += "!"
			}
			w.line(aggregates[fn].each, f.Name+": "+name+deprecation(m.deprecated[f]))
		}
		w.close()
	}
}

// aggregated are the fields that have an aggregate: those that can be filtered by and have a column of their own.
func (n *node) aggregated(fn entity.Aggregate) []*entity.Field {
	var out []*entity.Field
	for _, f := range n.Fields {
		if _, ok := fn.Of(f); ok && f.Filter && f.Column != "" {
			out = append(out, f)
		}
	}
	return out
}

// writeConditions writes the parts of a condition that are not about the entity's own fields.
func (m *model) writeConditions(w *sdlWriter, n *node) {
	for _, e := range n.Edges {
		if e.Hidden {
			continue
		}
		target := m.node(e.Target)
		name := target.Names.ToOneWhere
		if e.List() {
			name = target.Names.ToManyWhere
		}
		w.line(e.Description, e.Name+": "+name)
	}
	w.line("All of these must hold.", "and: ["+n.Names.Where+"!]")
	w.line("At least one of these must hold.", "or: ["+n.Names.Where+"!]")
	w.line("This must not hold.", "not: "+n.Names.Where)
}

// toOne and toMany say whether an edge leads to one or to many rows of n.
func (m *model) toOne(n *node) bool  { return m.edgeTo(n, false) }
func (m *model) toMany(n *node) bool { return m.edgeTo(n, true) }

// anyList says whether some edge leads to many rows.
func (m *model) anyList() bool { return slices.ContainsFunc(m.nodes, m.toMany) }

func (m *model) edgeTo(n *node, list bool) bool {
	for _, from := range m.nodes {
		if from.Hidden {
			continue
		}
		for _, e := range from.Edges {
			if !e.Hidden && e.Target == n.Name && e.List() == list {
				return true
			}
		}
	}
	return false
}

const (
	mutationIDField = "clientMutationId: String"
	mutationIDIn    = "Comes back in the payload, so that a client can tell its mutations apart."
	mutationIDOut   = "What the input held."
)

func (m *model) writeInputs(w *sdlWriter, n *node) {
	noun := phrase(n.Name)
	if n.Names.Create != "" {
		w.open("The values of a new "+noun+". What is left out gets its default.", "input Create"+n.Name+"Input")
		for _, in := range n.Inputs {
			if in.Along && !in.Connect && !in.Create {
				continue
			}
			typ, description := in.graphQL(n, true), in.Description
			switch along := n.along(in); {
			case in.Required && along != nil:
				description += " Required, unless `" + along.Name + "` is given or the place in the input says it."
			case in.Required:
				typ += "!"
			default:
				typ += deprecation(m.deprecated[in.Field])
			}
			w.line(description, in.Name+": "+typ)
		}
		w.line(mutationIDIn, mutationIDField)
		w.close()
	}
	if n.Names.Update != "" {
		w.open("The new values of "+article(noun)+". What is left out stays as it is; null clears.", "input Update"+n.Name+"Input")
		w.line("The id of the "+noun+" to change.", "id: ID!")
		n.writeVersion(w, !n.VersionOptional)
		for _, in := range n.Inputs {
			if in.changes() {
				w.line(in.Description, in.Name+": "+in.graphQL(n, false)+deprecation(m.deprecated[in.Field]))
			}
		}
		w.line(mutationIDIn, mutationIDField)
		w.close()
	}
	if n.Names.Delete != "" {
		w.open("Which "+noun+" to delete.", "input Delete"+n.Name+"Input")
		w.line("The id of the "+noun+" to delete.", "id: ID!")
		n.writeVersion(w, !n.VersionOptional)
		w.line(mutationIDIn, mutationIDField)
		w.close()
	}
	if n.Names.Restore != "" {
		w.open("Which "+noun+" to restore.", "input Restore"+n.Name+"Input")
		w.line("The id of the deleted "+noun+".", "id: ID!")
		w.line(mutationIDIn, mutationIDField)
		w.close()
	}
	m.writeUpsertInput(w, n)
	m.writeBulkInputs(w, n)
	for _, in := range n.Inputs {
		if in.Along {
			n.writeEdgeInputs(w, in)
		}
	}
	for _, mutation := range [][3]string{{"create", n.Names.Create, "creating"}, {"update", n.Names.Update, "updating"}, {"restore", n.Names.Restore, "restoring"}, {"upsert", n.Names.Upsert, "updating or creating"}} {
		verb := mutation[0]
		if mutation[1] == "" {
			continue
		}
		w.open("What came of "+mutation[2]+" "+article(noun)+".", "type "+title(verb)+n.Name+"Payload")
		w.line("The "+noun+"; null if the viewer may not read it.", n.payload+": "+n.Name)
		if verb != "update" {
			w.line("The "+noun+" as a list would hold it; null if the viewer may not read it.", n.payload+"Edge: "+n.Names.Edge)
		}
		if verb == "upsert" {
			w.line("Whether it is new.", "created: Boolean!")
		}
		w.line(mutationIDOut, mutationIDField)
		w.close()
	}
	if n.Names.Delete != "" {
		w.open("What came of deleting "+article(noun)+".", "type Delete"+n.Name+"Payload")
		w.line("The id of the deleted "+noun+".", "deletedId: ID")
		w.line(mutationIDOut, mutationIDField)
		w.close()
	}
}

// writeUpsertInput writes the types by which a row is updated or created.
func (m *model) writeUpsertInput(w *sdlWriter, n *node) {
	if n.Names.Upsert == "" {
		return
	}
	noun := phrase(n.Name)
	w.open("Which "+noun+" to update, and what to create if it is not there.", "input Upsert"+n.Name+"Input")
	w.line("The unique key whose values, in `create`, say which "+noun+" it is.", "by: "+n.Names.UniqueKey+"!")
	w.line("The values of a new "+noun+". They must be valid even if there is one.", "create: Create"+n.Name+"Input!")
	w.line("What changes if there is one; nothing if it is not given.", "update: "+n.Name+"Patch")
	w.line(mutationIDIn, mutationIDField)
	w.close()
	w.open("What tells one "+noun+" from all others.", "enum "+n.Names.UniqueKey)
	if n.givesID() {
		w.line("The id.", "ID")
	}
	for _, k := range n.Keys {
		if k.Value == "" {
			continue
		}
		names := make([]string, len(k.Fields))
		for i, f := range k.Fields {
			names[i] = "`" + f.Name + "`"
		}
		w.line("The value of "+strings.Join(names, " and ")+".", k.Value)
	}
	w.close()
}

// writeBulkInputs writes the types by which many rows are written at once.
func (m *model) writeBulkInputs(w *sdlWriter, n *node) {
	nouns := phrases(n.Name)
	if n.hasPatch() {
		w.open("New values of existing "+nouns+". What is left out stays as it is; null clears.", "input "+n.Name+"Patch")
		n.writeVersion(w, false)
		for _, in := range n.Inputs {
			if in.bulk() {
				w.line(in.Description, in.Name+": "+in.graphQL(n, false)+deprecation(m.deprecated[in.Field]))
			}
		}
		w.close()
	}
	if n.Names.CreateMany != "" {
		w.open("Which "+nouns+" to create.", "input "+n.bulkType("create")+"Input")
		w.line("The values of each.", n.payloads+": [Create"+n.Name+"Input!]!")
		w.line(mutationIDIn, mutationIDField)
		w.close()
		w.open("What came of it.", "type "+n.bulkType("create")+"Payload")
		w.line("The "+nouns+" in the order of the input; null for those that the viewer may not read.", n.payloads+": ["+n.Name+"]!")
		w.line("The "+nouns+" as a list would hold them; null for those that the viewer may not read.", n.payload+"Edges: ["+n.Names.Edge+"]!")
		w.line("How many "+nouns+" were created.", "affectedCount: Int!")
		w.line(mutationIDOut, mutationIDField)
		w.close()
	}
	for _, mutation := range [][3]string{{"update", n.Names.UpdateMany, "changed"}, {"delete", n.Names.DeleteMany, "deleted"}} {
		verb := mutation[0]
		if mutation[1] == "" {
			continue
		}
		w.open("Which "+nouns+" to "+verb+".", "input "+n.bulkType(verb)+"Input")
		w.line("Which: a condition at least. An empty filter does not mean all.", "where: "+n.Names.Where+"!")
		w.line("How many they may be at most. If there are more, none is "+mutation[2]+".", "max: Int!")
		if verb == "update" {
			w.line("What they get.", "set: "+n.Name+"Patch!")
		}
		w.line(mutationIDIn, mutationIDField)
		w.close()
		w.open("What came of it.", "type "+n.bulkType(verb)+"Payload")
		w.line("How many "+nouns+" were "+mutation[2]+".", "affectedCount: Int!")
		w.line(mutationIDOut, mutationIDField)
		w.close()
	}
}

// writeEdgeInputs writes the types by which an edge is written along with its owner, as far as the entity's mutations are
// there.
func (n *node) writeEdgeInputs(w *sdlWriter, in *input) {
	noun, target := phrase(n.Name), phrase(in.Edge.Target)
	if in.list() {
		target = phrases(in.Edge.Target)
	}
	many := func(typ string) string {
		if in.list() {
			return "[" + typ + "!]"
		}
		return typ
	}
	id := many("ID")
	values := in.Links != nil && len(in.linkInputs()) > 0
	if values {
		id = many(n.linkType(in))
		w.open(title(article(phrase(in.Edge.Target)))+" for "+article(noun)+".", "input "+n.linkType(in))
		w.line("The id of the "+phrase(in.Edge.Target)+".", "id: ID!")
		for _, link := range in.linkInputs() {
			typ := link.graphQL(in.Links, true)
			if link.Required {
				typ += "!"
			}
			w.line(link.Description, link.Name+": "+typ)
		}
		w.close()
	}
	create := func() {
		if in.Create {
			w.line("New "+target+", created along with the "+noun+".", "create: "+many("Create"+in.Edge.Target+"Input"))
		}
	}
	if n.Names.Create != "" && (in.Connect || in.Create) {
		w.open("The "+target+" of a new "+noun+".", "input "+n.edgeType(in, true))
		if in.Connect {
			w.line("The ids of the "+target+" to add.", "connect: "+id)
		}
		create()
		w.close()
	}
	if !in.changes() || n.Names.Update == "" {
		return
	}
	changes := "Changes to the " + target + " of " + article(noun) + "."
	if in.Connect && in.Nullable && in.list() {
		changes += " `set` stands alone among the lists of ids."
	}
	w.open(changes, "input "+n.edgeType(in, false))
	switch {
	case in.Connect && !in.list():
		w.line("The id of the "+target+" that takes the place.", "connect: ID")
		if in.Nullable {
			w.line("Takes away the one that there is.", "disconnect: Boolean")
		}
	case in.Connect:
		w.line("The ids of the "+target+" to add.", "connect: "+id)
		if in.Nullable {
			w.line("The ids of the "+target+" to take away.", "disconnect: [ID!]")
			w.line("The ids of the "+target+" that remain, in place of all others.", "set: "+id)
		}
	}
	create()
	switch {
	case in.Update && in.list():
		w.line("Changes of "+target+" that are there.", "update: [Update"+in.Edge.Target+"Input!]")
	case in.Update:
		w.line("Changes of the "+target+" that is there.", "update: "+in.Edge.Target+"Patch")
	}
	w.close()
}

// writeVersion writes the input by which a client says which version of a row it has seen.
func (n *node) writeVersion(w *sdlWriter, required bool) {
	if n.Version == nil {
		return
	}
	typ := n.Version.GraphQL
	if required {
		typ += "!"
	}
	w.line("The version that was read. If the "+phrase(n.Name)+" has another one by now, nothing is changed.", n.Version.Name+": "+typ)
}

// changes says whether the input is one of an update.
func (in *input) changes() bool {
	return !in.CreateOnly && (!in.Along || in.Connect || in.Create || in.Update)
}

func (in *input) list() bool { return in.Edge != nil && in.Edge.List() }

func (in *input) graphQL(n *node, create bool) string {
	switch {
	case in.Along:
		return n.edgeType(in, create)
	case in.Field != nil:
		return in.Field.GraphQL
	default:
		return "ID"
	}
}

// operators are the descriptions of the operators.
var operators = map[entity.Operator]string{
	entity.Eq: "Equal to this.", entity.Ne: "Not equal to this; no value is not equal either.",
	entity.In: "Equal to one of these.", entity.NotIn: "Equal to none of these; no value is not equal either.",
	entity.Lt: "Less than this.", entity.Lte: "Less than this, or equal.",
	entity.Gt: "Greater than this.", entity.Gte: "Greater than this, or equal.",
	entity.Contains: "Contains this.", entity.StartsWith: "Starts with this.", entity.EndsWith: "Ends with this.",
	entity.EqFold: "Equal to this, in upper or lower case.", entity.ContainsFold: "Contains this, in upper or lower case.",
	entity.StartsWithFold: "Starts with this, in upper or lower case.", entity.EndsWithFold: "Ends with this, in upper or lower case.",
	entity.IsNull: "Whether there is no value.",
	entity.Has:    "A list that holds this.", entity.HasKey: "An object that has a member of this name.",
}

// writeFilters writes the operator inputs that all entities share, as far as some entity uses them.
func (m *model) writeFilters(w *sdlWriter) {
	used := make(map[string]*entity.Field)
	use := func(t entity.Type) {
		if used[string(t)] == nil {
			used[string(t)] = &entity.Field{Type: t}
		}
	}
	for _, n := range m.nodes {
		for _, f := range n.Fields {
			if f.Filter && !n.Hidden {
				used[f.GraphQL] = f
			}
		}
		if n.group != "" || !n.Hidden && m.toMany(n) {
			use(entity.Int)
		}
		if n.group == "" {
			continue
		}
		for _, fn := range []entity.Aggregate{entity.Sum, entity.Avg} {
			for _, f := range n.aggregated(fn) {
				t, _ := fn.Of(f)
				use(t)
			}
		}
	}
	if used["JSON"] != nil && used["Int"] == nil { // the length of lists
		used["Int"] = &entity.Field{Type: entity.Int}
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		what := map[entity.Type]string{
			entity.ID: "an id", entity.Ref: "an id", entity.Int: "an integer", entity.BigInt: "a large integer",
			entity.Decimal: "an exact number", entity.Float: "a number", entity.Boolean: "a truth value",
			entity.String: "a text", entity.DateTime: "a point in time", entity.Date: "a day", entity.UUID: "a UUID",
			entity.Enum: "`" + name + "`", entity.JSON: "a JSON value, or one inside it",
		}[used[name].Type]
		w.open("Conditions on "+what+". All that are given must hold.", "input "+name+"Filter")
		if name == "JSON" {
			w.line("The way to the value that all of this is about: names of members, and positions in lists, counted from 0 or as negative numbers from the end. The whole value if it is not given.", "path: [String!]")
			w.line("A list with so many elements.", "length: IntFilter")
		}
		for _, op := range used[name].Type.Operators() {
			switch {
			case op == entity.IsNull:
				w.line(operators[op], string(op)+": Boolean")
			case op.List():
				w.line(operators[op], string(op)+": ["+name+"!]")
			case name == "JSON" && op.Text():
				w.line(operators[op], string(op)+": String")
			default:
				w.line(operators[op], string(op)+": "+name)
			}
		}
		w.close()
	}
}

func (m *model) node(name string) *node {
	for _, n := range m.nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}
