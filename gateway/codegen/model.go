package codegen

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// model is the ent graph seen as an API. The entities are the very metadata that the engine will have at run time;
// around them stands what only the generator needs.
type model struct {
	graph *gen.Graph
	nodes []*node
	enums []*enum
	// deprecated holds why fields and edges should not be used any more.
	deprecated map[any]string
	// can is who may ask the query `can`; nil if there is none.
	can *access.Rule
}

// node is one entity.
type node struct {
	*entity.Entity
	Type   *gen.Type
	Inputs []*input
	api    entity.API
	// payload is the name of the entity in the payloads of its mutations.
	payload string
	// payloads is what it is for many: their name in inputs and payloads.
	payloads string
	// group is the name of the type of its groups, "PostGroup"; empty if there are none.
	group string
}

// enum is a GraphQL enum made from an enum field.
type enum struct {
	Name, Description string
	Values            []entity.EnumValue
	field             *gen.Field
	node              *node
}

func newModel(graph *gen.Graph, cfg Config) (*model, error) {
	m := &model{graph: graph, deprecated: make(map[any]string), can: cfg.Can}
	if m.can.DependsOnRow() {
		return nil, errors.New("codegen.Config.Can: who may ask can depend on the viewer only: say it with access.Role")
	}
	for _, t := range graph.Nodes {
		if api, _ := annotation(t.Annotations); t.IsView() && api.Hide {
			continue
		}
		n, err := m.newNode(t, cfg)
		if err != nil {
			return nil, err
		}
		m.nodes = append(m.nodes, n)
	}
	for _, n := range m.nodes {
		if err := m.addEdges(n); err != nil {
			return nil, err
		}
	}
	for _, n := range m.nodes {
		if err := m.readFieldRules(n); err != nil {
			return nil, err
		}
		if err := n.addSearch(); err != nil {
			return nil, err
		}
	}
	m.addGroups()
	if err := m.checkNames(); err != nil {
		return nil, err
	}
	entities := make([]*entity.Entity, len(m.nodes))
	for i, n := range m.nodes {
		entities[i] = n.Entity
	}
	entity.NewCatalog(entities...)
	for _, n := range m.nodes {
		for _, ed := range n.Edges {
			ed.NonNull = ed.Kind == entity.ToOne && !ed.Nullable && ed.To().AllVisible() && (ed.Guard == nil || ed.Guard.AllowsAll())
		}
		if err := m.checkRules(n); err != nil {
			return nil, err
		}
		n.Inputs = n.inputs()
		if n.Composite() && !slices.ContainsFunc(n.Inputs, (*input).bulk) {
			n.Names.Update = "" // all there is to say is the key
		}
		if !slices.ContainsFunc(n.Inputs, (*input).bulk) {
			n.Names.UpdateMany = ""
		}
	}
	for _, n := range m.nodes {
		m.nest(n)
		n.addUniqueKeys()
	}
	return m, m.checkInputs()
}

// fault makes the error that a reader of a schema needs: where, what, and the way out.
func fault(t *gen.Type, format string, args ...any) error {
	return fmt.Errorf("%s: entity %s: %s", schemaFile(t), t.Name, fmt.Sprintf(format, args...))
}

func schemaFile(t *gen.Type) string {
	if pos := t.Pos(); pos != "" {
		return pos
	}
	return "ent/schema/" + strings.ToLower(t.Name) + ".go"
}

func annotation(all gen.Annotations) (a entity.API, err error) {
	if raw, ok := all[a.Name()]; ok {
		err = a.Decode(raw)
	}
	return a, err
}

func (m *model) newNode(t *gen.Type, cfg Config) (*node, error) {
	if t.IsView() {
		return nil, fault(t, "views are not served yet; hide it by the annotation entity.Hidden()")
	}
	api, err := annotation(t.Annotations)
	if err != nil {
		return nil, fault(t, "read its API annotation: %v", err)
	}
	rules, err := rulesOf(t, cfg.DefaultRules)
	if err != nil && !api.Hide {
		return nil, err
	}
	if ant := t.EntSQL(); ant != nil && ant.Schema != "" {
		return nil, fault(t, "its table is in the database schema %q, and statements name tables without one; take the annotation entsql.Schema away and let the search_path of DATABASE_URL find the table", ant.Schema)
	}
	name := orText(api.NewName, t.Name)
	many := camel(plural(name))
	if many == camel(name) {
		many += "List"
	}
	n := &node{Type: t, api: api, Entity: &entity.Entity{
		Name:        name,
		Schema:      t.Name,
		Table:       t.Table(),
		Description: orText(api.Description, typeComment(t)),
		Hidden:      api.Hide,
		Rules:       rules,
		PageSize:    orElse(api.PageSize, cfg.PageSize),
		MaxPageSize: orElse(api.MaxPageSize, cfg.MaxPageSize),
		Names: entity.Names{
			One: orText(api.One, camel(name)), Many: orText(api.Many, many),
			Groups:     orText(api.Groups, orText(api.One, camel(name))+"Groups"),
			Connection: name + "Connection", Edge: name + "Edge",
			Where: name + "Where", ToOneWhere: name + "ToOneWhere", ToManyWhere: name + "ToManyWhere",
			Order: name + "Order", OrderField: name + "OrderField",
			Create: "create" + name, Update: "update" + name, Delete: "delete" + name, Upsert: "upsert" + name, UniqueKey: name + "UniqueKey",
			Restore: "restore" + name, CreateMany: "create" + title(many),
			UpdateMany: "update" + title(many), DeleteMany: "delete" + title(many),
		},
	}}
	if n.PageSize > 0 && n.MaxPageSize > 0 && n.PageSize > n.MaxPageSize {
		return nil, fault(t, "its page size %d is above its maximum %d; lower it in entity.Pages or codegen.Config", n.PageSize, n.MaxPageSize)
	}
	n.payload, n.payloads = n.Names.One, many
	if t.HasOneFieldID() {
		f, err := m.newField(n, t.ID)
		if err != nil {
			return nil, err
		}
		n.Fields, n.ID = append(n.Fields, f), []*entity.Field{f}
	} else {
		n.Fields = append(n.Fields, compositeID(n))
	}
	for _, ef := range t.Fields {
		f, err := m.newField(n, ef)
		if err != nil {
			return nil, err
		}
		n.Fields = append(n.Fields, f)
	}
	for _, key := range t.EdgeSchema.ID {
		if t.HasCompositeID() {
			n.ID = append(n.ID, n.field(key.Name))
		}
	}
	if err := n.addHistory(); err != nil {
		return nil, err
	}
	n.addKeys()
	if err := n.omit(); err != nil {
		return nil, err
	}
	n.DefaultOrder, err = n.defaultOrder()
	return n, err
}

// compositeID is the field that stands for a key of several columns.
func compositeID(n *node) *entity.Field {
	return &entity.Field{
		Name: "id", Schema: "id", Type: entity.ID, GraphQL: "ID", NonNull: true, Filter: true, Sort: true, OrderValue: "ID",
		Description: "The id of the " + phrase(n.Name) + ", unique among all objects.",
	}
}

// omit takes away the root fields that the schema does not want. An empty name means that the thing is not offered.
func (n *node) omit() error {
	for _, kind := range n.api.Omit {
		switch kind {
		case entity.RootOne:
			n.Names.One = ""
		case entity.RootBy:
			n.Keys = nil
		case entity.RootMany:
			n.Names.Many, n.Names.Groups = "", ""
		case entity.RootGroups:
			n.Names.Groups = ""
		case entity.RootCreate:
			n.Names.Create, n.Names.CreateMany, n.Names.Upsert = "", "", ""
		case entity.RootUpdate:
			n.Names.Update, n.Names.UpdateMany, n.Names.Upsert = "", "", ""
		case entity.RootUpsert:
			n.Names.Upsert = ""
		case entity.RootCreateMany:
			n.Names.CreateMany = ""
		case entity.RootDelete:
			n.Names.Delete, n.Names.DeleteMany, n.Names.Restore = "", "", ""
		case entity.RootRestore:
			n.Names.Restore = ""
		case entity.RootUpdateMany:
			n.Names.UpdateMany = ""
		case entity.RootDeleteMany:
			n.Names.DeleteMany = ""
		default:
			return fault(n.Type, "entity.Without(%q): that is no root field of an entity; use RootOne, RootBy, RootMany, RootGroups, RootCreate, RootUpdate, RootDelete, RootRestore, RootUpsert, RootCreateMany, RootUpdateMany or RootDeleteMany", kind)
		}
	}
	if n.SoftDelete == nil || n.Deleted == nil {
		n.Names.Restore = ""
	}
	if n.Composite() {
		n.Names.UpdateMany, n.Names.DeleteMany = "", ""
	}
	if n.Hidden {
		n.Names, n.Keys = entity.Names{}, nil
	}
	return nil
}

func orElse(n, fallback int) int {
	if n != 0 {
		return n
	}
	return fallback
}

func rulesOf(t *gen.Type, fallback access.Rules) (r access.Rules, err error) {
	raw, ok := t.Annotations[r.Name()]
	if ok {
		if err := r.Decode(raw); err != nil {
			return r, fault(t, "read its rules: %v", err)
		}
	}
	if r == (access.Rules{}) {
		r = fallback
	}
	if r == (access.Rules{}) {
		return r, fault(t, `no rules say who may read and write it, and without rules nobody may. Add for example

	// Annotations of the %[1]s.
	func (%[1]s) Annotations() []schema.Annotation {
		return []schema.Annotation{
			access.Rules{
				Read:   access.Everyone(),
				Create: access.Role("admin"),
				Update: access.Role("admin"),
				Delete: access.Role("admin"),
			},
		}
	}

(packages entgo.io/ent/schema and github.com/entwine-data/entwine/gateway/access), or set DefaultRules in ent/entc.go for all entities without rules.`, t.Name)
	}
	return r, nil
}

func typeComment(t *gen.Type) string {
	if c, ok := t.Annotations["Comment"].(map[string]any); ok {
		if text, _ := c["Text"].(string); text != "" {
			return text
		}
	}
	return title(article(phrase(t.Name))) + "."
}

// addKeys collects the unique keys: unique fields first, then unique indexes.
func (n *node) addKeys() {
	byColumn := make(map[string]*entity.Field)
	for _, f := range n.Fields {
		byColumn[f.Column] = f
	}
	add := func(columns []string) {
		k := &entity.Key{Name: n.Names.One + "By"}
		for _, column := range columns {
			f := byColumn[column]
			if f != nil && f == n.Tenant && len(columns) > 1 {
				k.Tenant = f
				continue
			}
			if f == nil || !f.Filter || f.Type == entity.ID {
				return
			}
			if len(k.Fields) > 0 {
				k.Name += "And"
			}
			k.Name += title(f.Name)
			k.Fields = append(k.Fields, f)
		}
		if !slices.ContainsFunc(n.Keys, func(other *entity.Key) bool { return other.Name == k.Name }) {
			n.Keys = append(n.Keys, k)
		}
	}
	for _, ef := range n.Type.Fields {
		if ef.Unique {
			add([]string{ef.StorageKey()})
		}
	}
	if n.Composite() {
		columns := make([]string, len(n.ID))
		for i, f := range n.ID {
			columns[i] = f.Column
		}
		add(columns)
	}
	for _, idx := range n.Type.Indexes {
		if idx.Unique && !partial(idx) {
			add(idx.Columns)
		}
	}
}

// addUniqueKeys names the keys by which an upsert can find a row: those whose values clients can give to a new one.
func (n *node) addUniqueKeys() {
	given := func(f *entity.Field) bool {
		return slices.ContainsFunc(n.Inputs, func(in *input) bool { return in.Field == f })
	}
	any := n.givesID()
	for _, k := range n.Keys {
		if name := strings.TrimPrefix(k.Name, n.Names.One+"By"); len(k.Fields) > 0 && !slices.ContainsFunc(k.Fields, func(f *entity.Field) bool { return !given(f) }) {
			k.Value, any = upperSnake(name), true
		}
	}
	if !any || n.Names.Create == "" || !n.hasPatch() {
		n.Names.Upsert, n.Names.UniqueKey = "", ""
	}
}

// givesID says whether clients give new rows their ids.
func (n *node) givesID() bool {
	return slices.ContainsFunc(n.Inputs, func(in *input) bool { return in.Name == "id" })
}

// partial says whether a unique index covers some rows only, so that its columns do not identify a row.
func partial(idx *gen.Index) bool {
	raw, ok := idx.Annotations[entsql.IndexAnnotation{}.Name()].(map[string]any)
	if !ok {
		return false
	}
	return raw["Where"] != nil && raw["Where"] != "" || raw["where"] != nil && raw["where"] != ""
}

// defaultOrder is what the schema says, or newest first where an index leads with a creation time, else by id.
func (n *node) defaultOrder() ([]entity.Order, error) {
	var order []entity.Order
	for _, step := range n.api.Order {
		name := strings.TrimPrefix(step, "-")
		f := n.field(name)
		if f == nil || !f.Sort {
			return nil, fault(n.Type, "entity.DefaultOrder(%q): the entity has no field %q that can be sorted by", step, name)
		}
		order = append(order, entity.Order{Field: f, Desc: name != step})
	}
	if len(order) > 0 {
		return order, nil
	}
	for _, idx := range n.Type.Indexes {
		for _, f := range n.Fields {
			if idx.Columns[0] == f.Column && (f.Type == entity.DateTime || f.Type == entity.Date) && strings.HasPrefix(f.Schema, "creat") {
				return []entity.Order{{Field: f, Desc: true}}, nil
			}
		}
	}
	for _, f := range n.ID {
		order = append(order, entity.Order{Field: f})
	}
	return order, nil
}

// through says whether ent added the edge to the rows that another edge goes through.
func through(t *gen.Type, e *gen.Edge) bool {
	return e.O2M() && slices.ContainsFunc(t.Edges, func(other *gen.Edge) bool { return other.Through == e.Type })
}

// of finds the node of an ent type.
func (m *model) of(t *gen.Type) *node {
	return m.nodes[slices.IndexFunc(m.nodes, func(n *node) bool { return n.Type == t })]
}

// field finds a field by its name in the schema before the catalog is linked.
func (n *node) field(schema string) *entity.Field {
	for _, f := range n.Fields {
		if f.Schema == schema {
			return f
		}
	}
	return nil
}

func (m *model) addEdges(n *node) error {
	for _, e := range n.Type.Edges {
		api, err := annotation(e.Annotations)
		if err != nil {
			return fault(n.Type, "edge %s: read its API annotation: %v", e.Name, err)
		}
		if through(n.Type, e) {
			api = entity.API{} // ent repeats there what the edge says that goes through the entity
		}
		target := m.of(e.Type)
		ed := &entity.Edge{
			Name:        orText(api.NewName, camel(e.Name)),
			Schema:      e.Name,
			Target:      target.Name,
			Description: orText(api.Description, e.Comment()),
			Hidden:      api.Hide || target.Hidden,
		}
		switch {
		case e.M2M():
			own, target := e.Rel.Columns[0], e.Rel.Columns[1]
			if e.IsInverse() {
				own, target = target, own
			}
			ed.Kind, ed.Join, ed.JoinOwn, ed.JoinTarget = entity.ManyToMany, e.Rel.Table, own, target
			ed.Inverse = e.IsInverse()
		case e.O2M():
			ed.Kind, ed.Column = entity.ToMany, e.Rel.Column()
		case e.OwnFK():
			ed.Kind, ed.Column, ed.Nullable = entity.ToOne, e.Rel.Column(), e.Optional
			ed.Input = ed.Name + "Id"
			if ef := e.Field(); ef != nil {
				ed.Input = n.field(ef.Name).Name
			}
		default:
			ed.Kind, ed.Column, ed.Nullable = entity.ToOneInverse, e.Rel.Column(), true
		}
		if (ed.Kind == entity.ToMany || ed.Kind == entity.ToOneInverse) && e.Ref != nil && e.Ref.Type == e.Owner {
			ed.Back = e.Ref.Name
		}
		if ed.Description == "" {
			ed.Description = "The " + phrase(e.Name) + " of the " + phrase(n.Name) + "."
		}
		if n.SoftDelete != nil && ed.Kind != entity.ManyToMany && ed.Kind != entity.ToOne {
			ed.OnDelete = onDelete(e, target)
		}
		if n.Composite() && ed.Kind != entity.ToOne {
			return fault(n.Type, "edge %s: other tables cannot refer to a key of several columns; give the entity an id of its own in place of field.ID(…)", e.Name)
		}
		if ed.List() {
			ed.Groups = orText(api.Groups, singular(ed.Name)+"Groups")
		}
		n.Edges = append(n.Edges, ed)
		m.deprecated[ed] = api.Deprecated
	}
	return nil
}
