package engine

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/entity"
)

// plan is a compiled selection: what to read, level by level, and how to write the answer. It is immutable once compiled
// and shared by all requests with the same document and shape; arguments and the viewer are bound per request.
type plan struct {
	root   *object
	levels [][]*read
	reads  int  // reads get the numbers 0..reads-1
	custom bool // some field is hand-written Go
	counts int
	asked  int // root fields `can`
	folded int // reads that are part of another's statement
	// selections is how many fields of the document went into the plan.
	selections int
	// subplans are the selections below entities that hand-written code returns, by where they stand.
	subplans sync.Map
	// size is that of the responses.
	size sizeHint
	// spare is the memory of executions that are over.
	spare sync.Pool
}

// sizeHint remembers how large a buffer became. It forgets slowly, so that one large answer does not make all later ones
// expensive.
type sizeHint struct{ n atomic.Int64 }

func (h *sizeHint) get() int { return int(h.n.Load()) }

func (h *sizeHint) put(n int) {
	old := h.n.Load()
	if int64(n) < old {
		n = int(old - (old-int64(n))/8)
	}
	if int64(n) != old {
		h.n.Store(int64(n))
	}
}

// statements is how many SQL statements an execution sends at most, those of hand-written fields aside.
func (p *plan) statements() int { return p.reads - p.folded + p.counts + p.asked }

func (p *plan) fields() int { return p.selections }

// object is a selection set on one concrete type, in response order.
type object struct {
	typeName string
	outs     []*out
}

// out is one field of the response.
type out struct {
	key     string
	lead    string // `"key":`
	kind    outKind
	nonNull bool
	list    bool // below a payload: many rows
	nodes   []*ast.Field
	col     int     // column: index into the read's cells
	name    string  // below a group's key: the names of the edges and the field that lead there
	read    *read   // one, list, rootOne, rootNode
	obj     *object // selection below
	// variants are the selections by type, for Query.node and Query.nodes.
	variants map[string]*variant
	call     *customCall
}

type variant struct {
	read *read
	obj  *object
}

type outKind int

const (
	outTypename outKind = iota
	outColumn
	outOne        // a to-one edge, or a root field that gives one row
	outConnection // a list: obj is the connection's selection
	outNode       // Query.node
	outNodes      // Query.nodes
	outCan        // Query.can, and its fields
	outCustom     // hand-written
	// Below a connection.
	outEdges
	outNodeList
	outPageInfo
	outTotalCount
	outTotal // a totalCount with arguments: col is its position in read.totals
	// Below an edge of a connection.
	outCursor
	outEdgeNode
	// Below pageInfo.
	outHasNext
	outHasPrevious
	outStartCursor
	outEndCursor
	// Below a connection's aggregate.
	outAggregate
	outObject
	outFigure
	outGroups   // a list in groups: obj is the selection on a group
	outGroupKey // below a group, and below its key
	// Below a mutation's payload.
	outPayloadNode
	outPayloadEdge
	outDeletedID
	outAffectedCount
	outCreated
	outClientMutationID
	// Below an entry of a history.
	outChanges
	outFieldChange
)

// customCall is a hand-written field: of a root type, or of all rows of a read at once.
type customCall struct {
	id    int
	field *collected
	typ   *ast.Type
	needs []int // columns of the read, by index into read.columns
	names []string
}

// read is one SQL statement for all parents of a level (and one more if the total is wanted).
type read struct {
	id      int
	kind    readKind
	entity  *entity.Entity
	edge    *entity.Edge // edge reads
	key     *entity.Key  // readUnique
	node    *ast.Field   // where arguments come from
	columns []*column
	cells   int // columns that are written to the response
	links   []link
	parents int
	calls   []*customCall
	figures []figure
	totals  []*ast.Field // each totalCount with other arguments, see totals.go
	// parentKey is the type of the parents' keys, for edge reads.
	parentKey entity.KeyType

	wantRows, wantCount, wantCursor bool
	wantNext, wantPrevious          bool // pageInfo's flags
	grouped                         bool // a list that is read in groups
	counted                         bool // the number of rows comes with the page, see around.go
	ordered                         bool // no variable has a say in orderBy
	// single says that there is at most one key, and folded that the rows come with those of the read above.
	single, folded bool

	// wantID says that the id of an entity with a composite key is written, to idCell: it is put together from the
	// columns of the key.
	wantID bool
	idCell int

	// size, rowCount, groupCount and keyCount are what the last executions needed, so that the next one need not grow its buffers.
	size, rowCount, groupCount, keyCount sizeHint
	// sparse is what is known of the numbers of rows that parents have, see whole.go.
	sparse atomic.Int64
	spare  sync.Pool // of *spare
	// order is that of a list if it is the same for all, see [read.listOrder].
	order atomic.Pointer[order]
}

// link leads from a read's rows to a read below it.
type link struct {
	child *read
	key   int // index into read.columns of the column that the child's rows belong to
}

// fold makes one statement of several: it has root lists count their rows, and joins to-one edges to reads of one row. A
// query that has only that one needs no transaction. Below lists a statement for a to-one edge is cheaper: it reads each
// target once, however many rows lead to it.
func (p *plan) fold() {
	for _, level := range p.levels {
		for _, r := range level {
			if r.kind == readList && r.wantRows && len(r.figures) == 0 && (r.wantCount || len(r.totals) == 1) {
				r.counted = true
				p.counts--
			}
			if !r.single && r.kind != readUnique && !r.folded {
				continue
			}
			for _, l := range r.links {
				if child := l.child; child.parents == 1 && child.edge.Kind == entity.ToOne {
					child.folded = true
					p.folded++
				}
			}
		}
	}
}

type readKind int

const (
	readKeys   readKind = iota // rows by primary key, given at run time
	readUnique                 // one row by a unique key
	readList                   // a root connection
	readEdge                   // an edge of all rows of the level above
)

// column is a column that a read selects.
type column struct {
	name  string
	field *entity.Field // nil for a foreign key that the API does not show
	cell  int           // position among the cells, -1 if it is not written
	key   bool          // its values are kept, to find the rows of a level below
	raw   bool          // its values are kept for hand-written fields
}

func (r *read) column(name string, f *entity.Field) *column {
	for _, c := range r.columns {
		if c.name == name {
			if c.field == nil {
				c.field = f
			}
			return c
		}
	}
	c := &column{name: name, field: f, cell: -1}
	r.columns = append(r.columns, c)
	return c
}

// cell makes the read keep the JSON of a field and returns its position.
func (r *read) cell(f *entity.Field) int {
	if f.Column == "" {
		if !r.wantID {
			for _, part := range r.entity.ID {
				r.column(part.Column, part)
			}
			r.wantID, r.idCell = true, r.cells
			r.cells++
		}
		return r.idCell
	}
	c := r.column(f.Column, f)
	if c.cell < 0 {
		c.cell = r.cells
		r.cells++
	}
	return c.cell
}

func (r *read) index(c *column) int { return slices.Index(r.columns, c) }

// compiler builds a plan.
type compiler struct {
	collector
	catalog *entity.Catalog
	plan    *plan
	byKey   map[string]*read
	calls   int
	// nodeTypes are the entity types that each Query.node and nodes field will meet, by response key.
	nodeTypes map[string][]string
}

func newCompiler(c collector, catalog *entity.Catalog) *compiler {
	return &compiler{collector: c, catalog: catalog, plan: &plan{}, byKey: make(map[string]*read)}
}

// at returns the read of the given identity at a level, making it if this is the first selection that needs it. The same
// edge with the same arguments is one read however often it is selected.
func (c *compiler) at(level int, r *read, identity string) *read {
	for len(c.plan.levels) <= level {
		c.plan.levels = append(c.plan.levels, nil)
	}
	identity = string(rune('0'+level)) + identity
	if known := c.byKey[identity]; known != nil {
		return known
	}
	if r.node != nil {
		orderBy := r.node.Arguments.ForName("orderBy")
		r.ordered = orderBy == nil || !variable(orderBy.Value)
	}
	r.id = c.plan.reads
	c.plan.reads++
	c.byKey[identity] = r
	c.plan.levels[level] = append(c.plan.levels[level], r)
	return r
}

func arguments(f *ast.Field) string {
	if len(f.Arguments) == 0 {
		return ""
	}
	parts := make([]string, 0, len(f.Arguments))
	for _, a := range f.Arguments {
		parts = append(parts, a.Name+":"+a.Value.String())
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

func (c *compiler) out(f *collected, kind outKind) *out {
	c.plan.selections += 1 + len(f.nodes)
	n := f.first()
	return &out{key: f.key, lead: `"` + f.key + `":`, kind: kind, nodes: f.nodes, nonNull: n.Definition != nil && n.Definition.Type.NonNull}
}

func (c *compiler) typename(f *collected) *out {
	o := c.out(f, outTypename)
	o.nonNull = true
	return o
}

// query compiles the root selection of a query.
func (c *compiler) query(set ast.SelectionSet) *plan {
	root := &object{typeName: c.schema.Query.Name}
	for _, f := range c.fields([]ast.SelectionSet{set}, root.typeName) {
		root.outs = append(root.outs, c.rootField(f))
	}
	c.plan.root = root
	c.plan.fold()
	return c.plan
}

// seeded compiles a selection on rows of e whose keys are given when it runs. The plan's root is the row's object.
func (c *compiler) seeded(e *entity.Entity, sets ...ast.SelectionSet) *plan {
	r := c.at(0, &read{kind: readKeys, entity: e}, "")
	c.plan.root = c.rows(r, sets, 0)
	return c.plan
}

func (c *compiler) rootField(f *collected) *out {
	n := f.first()
	if n.Name == "__typename" {
		return c.typename(f)
	}
	root, known := c.catalog.Root(n.Name)
	if !known {
		o := c.out(f, outCustom)
		o.call = c.call(f)
		return o
	}
	identity := " " + n.Name + "(" + arguments(n) + ")"
	switch root.Kind {
	case entity.RootOne:
		o := c.out(f, outOne)
		o.read = c.at(0, &read{kind: readKeys, single: true, entity: root.Entity, node: n}, identity)
		o.obj = c.rows(o.read, f.sub(), 0)
		return o
	case entity.RootBy:
		o := c.out(f, outOne)
		o.read = c.at(0, &read{kind: readUnique, entity: root.Entity, key: root.Key, node: n}, identity)
		o.obj = c.rows(o.read, f.sub(), 0)
		return o
	case entity.RootMany:
		o := c.out(f, outConnection)
		o.read = c.at(0, &read{kind: readList, entity: root.Entity, node: n}, identity)
		o.obj = c.connection(o.read, f, root.Entity, 0)
		return o
	case entity.RootGroups:
		o := c.out(f, outGroups)
		o.read = c.at(0, &read{kind: readList, entity: root.Entity, node: n}, identity)
		o.obj = c.groupRows(o.read, f)
		return o
	case entity.RootCan:
		return c.can(f)
	default: // node, nodes
		kind := outNode
		if root.Kind == entity.RootNodes {
			kind = outNodes
		}
		o := c.out(f, kind)
		o.variants = make(map[string]*variant)
		for _, name := range c.nodeTypes[f.key] {
			e := c.catalog.Entity(name)
			r := c.at(0, &read{kind: readKeys, entity: e, node: n}, identity+name)
			o.variants[name] = &variant{read: r, obj: c.rows(r, f.sub(), 0)}
		}
		return o
	}
}

func (c *compiler) call(f *collected) *customCall {
	c.plan.custom = true
	call := &customCall{id: c.calls, field: f, typ: f.first().Definition.Type}
	c.calls++
	return call
}

// rows compiles a selection on rows that a read gives.
func (c *compiler) rows(r *read, sets []ast.SelectionSet, level int) *object {
	r.wantRows = true
	e := r.entity
	obj := &object{typeName: e.Name}
	for _, f := range c.fields(sets, e.Name) {
		obj.outs = append(obj.outs, c.entityField(r, e, f, level))
	}
	return obj
}

func (c *compiler) entityField(r *read, e *entity.Entity, f *collected, level int) *out {
	n := f.first()
	if n.Name == "__typename" {
		return c.typename(f)
	}
	if field := e.Field(n.Name); field != nil {
		o := c.out(f, outColumn)
		o.col = r.cell(field)
		if field.Type == entity.Changes {
			return c.fieldChanges(f, o)
		}
		return o
	}
	if ed := e.Edge(n.Name); ed != nil {
		o := c.out(f, outOne)
		o.read, o.col = c.below(r, ed, n, level)
		if ed.List() {
			o.kind = outConnection
			o.obj = c.connection(o.read, f, ed.To(), level+1)
		} else {
			o.obj = c.rows(o.read, f.sub(), level+1)
		}
		return o
	}
	if ed := e.EdgeOfGroups(n.Name); ed != nil {
		o := c.out(f, outGroups)
		o.read, o.col = c.below(r, ed, n, level)
		o.obj = c.groupRows(o.read, f)
		return o
	}
	o := c.out(f, outCustom)
	o.call = c.call(f)
	for _, f := range e.ID {
		id := r.column(f.Column, f)
		id.raw = true
		o.call.needs, o.call.names = append(o.call.needs, r.index(id)), append(o.call.names, id.name)
	}
	for _, custom := range e.Custom {
		if custom.Name != n.Name {
			continue
		}
		for _, need := range custom.Needs {
			col := r.column(need.Column, need)
			col.raw = true
			if i := r.index(col); !slices.Contains(o.call.needs, i) {
				o.call.needs, o.call.names = append(o.call.needs, i), append(o.call.names, col.name)
			}
		}
	}
	r.calls = append(r.calls, o.call)
	return o
}

// below returns the read of an edge of r's rows, and the column of r that leads to it.
func (c *compiler) below(r *read, ed *entity.Edge, n *ast.Field, level int) (child *read, key int) {
	e := r.entity
	var own *column
	if ed.Kind == entity.ToOne {
		own = r.column(ed.Column, nil)
	} else {
		own = r.column(e.ID[0].Column, e.ID[0])
	}
	own.key = true
	child = c.at(level+1, &read{kind: readEdge, entity: ed.To(), edge: ed, node: n, parentKey: e.ID[0].Key}, " "+e.Name+"."+n.Name+"("+arguments(n)+")")
	key = r.index(own)
	if l := (link{child: child, key: key}); !slices.Contains(r.links, l) {
		r.links = append(r.links, l)
		child.parents++
	}
	return child, key
}

// connection compiles the selection on a connection over rows of e.
func (c *compiler) connection(r *read, f *collected, e *entity.Entity, level int) *object {
	obj := &object{typeName: e.Names.Connection}
	for _, cf := range c.fields(f.sub(), obj.typeName) {
		switch cf.first().Name {
		case "__typename":
			obj.outs = append(obj.outs, c.typename(cf))
		case "edges":
			o := c.out(cf, outEdges)
			o.obj = c.edge(r, cf.sub(), e, level)
			obj.outs = append(obj.outs, o)
		case "nodes":
			o := c.out(cf, outNodeList)
			o.obj = c.rows(r, cf.sub(), level)
			obj.outs = append(obj.outs, o)
		case "pageInfo":
			o := c.out(cf, outPageInfo)
			o.obj = c.pageInfo(r, cf)
			obj.outs = append(obj.outs, o)
		case "aggregate":
			c.count(r)
			o := c.out(cf, outAggregate)
			o.obj = c.aggregate(r, cf, e)
			obj.outs = append(obj.outs, o)
		case "totalCount":
			obj.outs = append(obj.outs, c.total(r, cf))
		}
	}
	return obj
}

// count makes the read count its list, which one statement does together with all aggregates.
func (c *compiler) count(r *read) {
	if !r.wantCount {
		r.wantCount = true
		c.plan.counts++
	}
}

func (c *compiler) edge(r *read, sets []ast.SelectionSet, e *entity.Entity, level int) *object {
	r.wantRows = true
	obj := &object{typeName: e.Names.Edge}
	for _, f := range c.fields(sets, obj.typeName) {
		switch f.first().Name {
		case "__typename":
			obj.outs = append(obj.outs, c.typename(f))
		case "cursor":
			r.wantCursor = true
			obj.outs = append(obj.outs, c.out(f, outCursor))
		case "node":
			o := c.out(f, outEdgeNode)
			o.obj = c.rows(r, f.sub(), level)
			obj.outs = append(obj.outs, o)
		}
	}
	return obj
}

func (c *compiler) pageInfo(r *read, f *collected) *object {
	obj := &object{typeName: "PageInfo"}
	for _, pf := range c.fields(f.sub(), obj.typeName) {
		kind := outTypename
		switch pf.first().Name {
		case "hasNextPage":
			kind, r.wantNext = outHasNext, true
		case "hasPreviousPage":
			kind, r.wantPrevious = outHasPrevious, true
		case "startCursor":
			kind, r.wantCursor = outStartCursor, true
		case "endCursor":
			kind, r.wantCursor = outEndCursor, true
		}
		if kind == outTypename {
			obj.outs = append(obj.outs, c.typename(pf))
			continue
		}
		r.wantRows = true
		obj.outs = append(obj.outs, c.out(pf, kind))
	}
	return obj
}
