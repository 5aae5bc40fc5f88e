package codegen

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// model is the ent graph seen as an API. The entities are the very metadata that the engine will have at run time;
// around them stands what only the generator needs.
type model struct {
	graph *gen.Graph
	nodes []*node
	enums []*enum
}

// node is one entity.
type node struct {
	*entity.Entity
	Type   *gen.Type
	Inputs []*input
}

// input is one value that mutations can write.
type input struct {
	Name, Description string
	Field             *entity.Field // nil for edges
	Edge              *entity.Edge  // nil for fields that are no foreign keys
	entField          *gen.Field
	entEdge           *gen.Edge
	Required          bool // on create
	Nullable          bool // for lists: rows can be taken out
	CreateOnly        bool
}

// enum is a GraphQL enum made from an enum field.
type enum struct {
	Name, Description string
	Values            []entity.EnumValue
	field             *gen.Field
}

func newModel(graph *gen.Graph, cfg Config) (*model, error) {
	m := &model{graph: graph}
	for _, t := range graph.Nodes {
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
			ed.NonNull = ed.Kind == entity.ToOne && !ed.Nullable && ed.To().AllVisible()
		}
		if err := m.checkRules(n); err != nil {
			return nil, err
		}
		n.Inputs = n.inputs()
	}
	return m, nil
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
		return nil, fault(t, "views are not served yet; remove the view from ent/schema")
	}
	api, err := annotation(t.Annotations)
	if err != nil {
		return nil, fault(t, "read its API annotation: %v", err)
	}
	rules, err := rulesOf(t, cfg.DefaultRules)
	if err != nil {
		return nil, err
	}
	many := camel(plural(t.Name))
	if many == camel(t.Name) {
		many += "List"
	}
	n := &node{Type: t, Entity: &entity.Entity{
		Name:        t.Name,
		Schema:      t.Name,
		Table:       t.Table(),
		Description: typeComment(t),
		Rules:       rules,
		PageSize:    orElse(api.PageSize, cfg.PageSize),
		MaxPageSize: orElse(api.MaxPageSize, cfg.MaxPageSize),
		Names: entity.Names{
			One: camel(t.Name), Many: many,
			Connection: t.Name + "Connection", Edge: t.Name + "Edge",
			Where: t.Name + "Where", ToOneWhere: t.Name + "ToOneWhere",
			Order: t.Name + "Order", OrderField: t.Name + "OrderField",
			Create: "create" + t.Name, Update: "update" + t.Name, Delete: "delete" + t.Name,
		},
	}}
	if n.PageSize > 0 && n.MaxPageSize > 0 && n.PageSize > n.MaxPageSize {
		return nil, fault(t, "its page size %d is above its maximum %d; lower it in entity.Pages or codegen.Config", n.PageSize, n.MaxPageSize)
	}
	if t.HasOneFieldID() {
		f, err := m.newField(n, t.ID)
		if err != nil {
			return nil, err
		}
		n.Fields, n.ID = append(n.Fields, f), []*entity.Field{f}
	}
	for _, ef := range t.Fields {
		f, err := m.newField(n, ef)
		if err != nil {
			return nil, err
		}
		n.Fields = append(n.Fields, f)
		for _, key := range t.EdgeSchema.ID {
			if key == ef {
				n.ID = append(n.ID, f)
			}
		}
	}
	if len(n.ID) != 1 {
		// Writing rows of composite keys needs ent calls of another shape.
		n.Names.Create, n.Names.Update, n.Names.Delete = "", "", ""
	}
	n.addKeys()
	n.DefaultOrder = n.defaultOrder()
	return n, nil
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

func (m *model) newField(n *node, ef *gen.Field) (*entity.Field, error) {
	t := n.Type
	api, err := annotation(ef.Annotations)
	if err != nil {
		return nil, fault(t, "field %s: read its API annotation: %v", ef.Name, err)
	}
	f := &entity.Field{
		Name:        camel(ef.Name),
		Schema:      ef.Name,
		Column:      ef.StorageKey(),
		Description: ef.Comment(),
		Nullable:    ef.Optional,
		NonNull:     !ef.Optional,
		Hidden:      ef.Sensitive(),
		OrderValue:  upperSnake(ef.Name),
		DBType:      ef.Column().SchemaType[dialect.Postgres],
	}
	switch {
	case ef == t.ID:
		f.Type, f.GraphQL, f.OrderValue = entity.ID, "ID", "ID"
		f.Name = "id"
		f.Description = orText(f.Description, "The id of the "+phrase(t.Name)+", unique among all objects.")
		f.Key, err = keyType(ef)
	case ef.IsEdgeField():
		edge, edgeErr := ef.Edge()
		if edgeErr != nil {
			return nil, fault(t, "field %s: %v", ef.Name, edgeErr)
		}
		f.Type, f.GraphQL, f.Target = entity.Ref, "ID", edge.Type.Name
		f.Description = orText(f.Description, "The id of the "+phrase(edge.Name)+".")
		f.Key, err = keyType(ef)
	default:
		f.Type, err = fieldType(ef)
		f.GraphQL = string(f.Type)
		f.Description = orText(f.Description, "The "+phrase(ef.Name)+" of the "+phrase(t.Name)+".")
	}
	if err != nil {
		return nil, fault(t, "field %s: %v", ef.Name, err)
	}
	if f.Type == entity.Enum {
		if err := m.addEnum(n, ef, f, api); err != nil {
			return nil, err
		}
	}
	if c := ef.Column(); ef.IsString() && c.Size > 0 && c.Size < 1<<31-1 {
		f.MaxLen = int(c.Size)
	}
	comparable := f.Type != entity.JSON && f.Type != entity.Bytes
	f.Filter = comparable && !f.Hidden
	f.Sort = comparable && !f.Hidden && f.Type != entity.Ref
	if api.SoftDelete {
		if !ef.IsTime() || !ef.Optional || !ef.Nillable || n.SoftDelete != nil {
			return nil, fault(t, "field %s: entity.SoftDelete is for one field of an entity: field.Time(%q).Optional().Nillable()", ef.Name, ef.Name)
		}
		n.SoftDelete = f
	}
	return f, nil
}

func orText(s, fallback string) string {
	if s != "" {
		return s
	}
	return fallback
}

func keyType(f *gen.Field) (entity.KeyType, error) {
	switch {
	case f.Type.Type.Integer():
		return entity.IntKey, nil
	case f.IsUUID():
		return entity.UUIDKey, nil
	case f.IsString():
		return entity.StringKey, nil
	}
	return "", fmt.Errorf("keys can be integers, texts and UUIDs, not %s", f.Type)
}

func fieldType(f *gen.Field) (entity.Type, error) {
	pg := strings.ToLower(f.Column().SchemaType[dialect.Postgres])
	switch {
	case strings.HasPrefix(pg, "numeric"), strings.HasPrefix(pg, "decimal"):
		if f.IsString() {
			return entity.Decimal, nil
		}
		return "", fmt.Errorf("exact numbers are kept in Go as text; write field.String(%q).SchemaType(…)", f.Name)
	case f.IsTime() && pg == "date":
		return entity.Date, nil
	}
	switch f.Type.Type {
	case field.TypeBool:
		return entity.Boolean, nil
	case field.TypeTime:
		return entity.DateTime, nil
	case field.TypeJSON:
		return entity.JSON, nil
	case field.TypeUUID:
		return entity.UUID, nil
	case field.TypeBytes:
		return entity.Bytes, nil
	case field.TypeEnum:
		return entity.Enum, nil
	case field.TypeString:
		return entity.String, nil
	case field.TypeInt, field.TypeInt8, field.TypeInt16, field.TypeInt32, field.TypeUint8, field.TypeUint16:
		return entity.Int, nil
	case field.TypeInt64, field.TypeUint, field.TypeUint32, field.TypeUint64:
		return entity.BigInt, nil
	case field.TypeFloat32, field.TypeFloat64:
		return entity.Float, nil
	}
	return "", fmt.Errorf("the API has no type for %s; use one of ent's basic types, or mark the field Sensitive", f.Type)
}

func (m *model) addEnum(n *node, ef *gen.Field, f *entity.Field, api entity.API) error {
	f.GraphQL = n.Name + pascal(ef.Name)
	stored := make(map[string]string)
	for _, value := range ef.EnumValues() {
		name := orText(api.EnumNames[value], upperSnake(value))
		if !isName(name) || name == "TRUE" || name == "FALSE" || name == "NULL" && api.EnumNames[value] == "" {
			return fault(n.Type, "field %s: GraphQL cannot hold the enum value %q as %q; name it by .Annotations(entity.EnumNames(map[string]string{%q: \"NAME\"}))", ef.Name, value, name, value)
		}
		if other, taken := stored[name]; taken {
			return fault(n.Type, "field %s: the enum values %q and %q are both %s in the API; name one by .Annotations(entity.EnumNames(map[string]string{%q: \"NAME\"}))", ef.Name, other, value, name, value)
		}
		stored[name] = value
		f.Enum = append(f.Enum, entity.EnumValue{Name: name, Stored: value})
	}
	m.enums = append(m.enums, &enum{
		Name:        f.GraphQL,
		Description: "The values that `" + f.Name + "` of " + article(phrase(n.Name)) + " can have.",
		Values:      f.Enum,
		field:       ef,
	})
	return nil
}

// addKeys collects the unique keys: unique fields first, then unique indexes.
func (n *node) addKeys() {
	byColumn := make(map[string]*entity.Field)
	for _, f := range n.Fields {
		byColumn[f.Column] = f
	}
	add := func(columns []string) {
		k := &entity.Key{Name: n.Names.One + "By"}
		for i, column := range columns {
			f := byColumn[column]
			if f == nil || !f.Filter || f.Type == entity.ID {
				return
			}
			if i > 0 {
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
	for _, idx := range n.Type.Indexes {
		if idx.Unique && !partial(idx) {
			add(idx.Columns)
		}
	}
}

func (n *node) keyNames() []string {
	names := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		names[i] = k.Name
	}
	return names
}

// partial says whether a unique index covers some rows only, so that its columns do not identify a row.
func partial(idx *gen.Index) bool {
	raw, ok := idx.Annotations[entsql.IndexAnnotation{}.Name()].(map[string]any)
	if !ok {
		return false
	}
	return raw["Where"] != nil && raw["Where"] != "" || raw["where"] != nil && raw["where"] != ""
}

// defaultOrder is newest first where an index leads with a creation time, else by id.
func (n *node) defaultOrder() []entity.Order {
	for _, idx := range n.Type.Indexes {
		for _, f := range n.Fields {
			if idx.Columns[0] == f.Column && (f.Type == entity.DateTime || f.Type == entity.Date) && strings.HasPrefix(f.Schema, "creat") {
				return []entity.Order{{Field: f, Desc: true}}
			}
		}
	}
	var order []entity.Order
	for _, f := range n.ID {
		order = append(order, entity.Order{Field: f})
	}
	return order
}

func (m *model) addEdges(n *node) error {
	for _, e := range n.Type.Edges {
		ed := &entity.Edge{
			Name:        camel(e.Name),
			Schema:      e.Name,
			Target:      e.Type.Name,
			Description: e.Comment(),
		}
		switch {
		case e.M2M():
			own, target := e.Rel.Columns[0], e.Rel.Columns[1]
			if e.IsInverse() {
				own, target = target, own
			}
			ed.Kind, ed.Join, ed.JoinOwn, ed.JoinTarget = entity.ManyToMany, e.Rel.Table, own, target
		case e.O2M():
			ed.Kind, ed.Column = entity.ToMany, e.Rel.Column()
		case e.OwnFK():
			ed.Kind, ed.Column, ed.Nullable = entity.ToOne, e.Rel.Column(), e.Optional
			ed.Input = camel(e.Name) + "Id"
			if ef := e.Field(); ef != nil {
				ed.Input = camel(ef.Name)
			}
		default:
			ed.Kind, ed.Column, ed.Nullable = entity.ToOneInverse, e.Rel.Column(), true
		}
		if ed.Description == "" {
			ed.Description = "The " + phrase(e.Name) + " of the " + phrase(n.Name) + "."
		}
		n.Edges = append(n.Edges, ed)
	}
	return nil
}

// checkNames finds what would collide or be impossible in the API, with the schema's words.
func (m *model) checkNames() error {
	types := map[string]bool{"Query": true, "Mutation": true, "Subscription": true, "Node": true, "PageInfo": true}
	roots := map[string]string{"node": "the look-up of any object", "nodes": "the look-up of any objects"}
	for _, n := range m.nodes {
		if types[n.Name] {
			return fault(n.Type, "GraphQL or this API needs the name for itself; rename the entity")
		}
		for _, name := range append([]string{n.Names.One, n.Names.Many}, n.keyNames()...) {
			if roots[name] != "" {
				return fault(n.Type, "its root field would be %q, as is %s; rename the entity", name, roots[name])
			}
			roots[name] = "that of entity " + n.Name
		}
		seen := map[string]string{"clientMutationId": "the name that Relay reserves"}
		check := func(what, schema, name string) error {
			switch {
			case !isName(name):
				return fault(n.Type, "%s %s: GraphQL cannot hold the name %q; rename it", what, schema, name)
			case slices.Contains([]string{"and", "or", "not", "isNull"}, name):
				return fault(n.Type, "%s %s: the name is reserved for conditions; rename it and keep the column by StorageKey(%q)", what, schema, schema)
			case seen[name] != "":
				return fault(n.Type, "%s %s: its name in the API is %q, as is %s; rename one of them", what, schema, name, seen[name])
			}
			seen[name] = "that of " + what + " " + schema
			return nil
		}
		for _, f := range n.Fields {
			if err := check("field", f.Schema, f.Name); err != nil {
				return err
			}
		}
		for _, ed := range n.Edges {
			if err := check("edge", ed.Schema, ed.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRules finds rules that could not become SQL.
func (m *model) checkRules(n *node) error {
	var check func(r *access.Rule) error
	check = func(r *access.Rule) error {
		if r == nil {
			return nil
		}
		switch r.Kind {
		case access.KindMatch:
			f := n.SchemaField(r.Field)
			if f == nil || f.Type != entity.String && f.Type != entity.Enum {
				return fault(n.Type, "rule Match(%q): there is no text or enum field of that name", r.Field)
			}
			for _, value := range r.Values {
				if f.Type == entity.Enum && !slices.ContainsFunc(f.Enum, func(v entity.EnumValue) bool { return v.Stored == value }) {
					return fault(n.Type, "rule Match(%q): the field cannot hold %q", r.Field, value)
				}
			}
		case access.KindOwner:
			at := n.Entity
			for _, step := range r.Path {
				ed := at.SchemaEdge(step)
				if ed == nil || ed.List() {
					return fault(n.Type, "rule Owner(%q): entity %s has no to-one edge %q", strings.Join(r.Path, `", "`), at.Name, step)
				}
				at = ed.To()
			}
			if len(at.ID) != 1 {
				return fault(n.Type, "rule Owner(%q): it leads to %s, which has a composite key", strings.Join(r.Path, `", "`), at.Name)
			}
		}
		for _, sub := range r.Rules {
			if err := check(sub); err != nil {
				return err
			}
		}
		return nil
	}
	for _, op := range []access.Operation{access.Read, access.Create, access.Update, access.Delete} {
		if err := check(n.Rules.For(op)); err != nil {
			return err
		}
	}
	return nil
}

// inputs lists what clients can write, in the order of the schema: fields, then edges without a field, then lists.
func (n *node) inputs() []*input {
	if n.Names.Create == "" {
		return nil
	}
	var all []*input
	edgeOf := func(f *gen.Field) *gen.Edge {
		if !f.IsEdgeField() {
			return nil
		}
		e, _ := f.Edge()
		return e
	}
	for _, ef := range n.Type.Fields {
		api, _ := annotation(ef.Annotations)
		if api.ReadOnly {
			continue
		}
		f := n.SchemaField(ef.Name)
		in := &input{
			Name: f.Name, Description: f.Description, Field: f, entField: ef,
			Required:   !ef.Optional && !ef.Default,
			Nullable:   ef.Optional,
			CreateOnly: ef.Immutable,
		}
		if e := edgeOf(ef); e != nil {
			in.Edge, in.entEdge = n.edgeByColumn(ef.StorageKey()), e
		}
		all = append(all, in)
	}
	for _, list := range []bool{false, true} {
		for i, e := range n.Type.Edges {
			ed := n.Edges[i]
			api, _ := annotation(e.Annotations)
			switch {
			case api.ReadOnly, ed.List() != list:
			case !list && ed.Kind == entity.ToOne && e.Field() == nil:
				all = append(all, &input{
					Name: ed.Input, Description: "The id of the " + phrase(e.Name) + ".", Edge: ed, entEdge: e,
					Required: !e.Optional, Nullable: e.Optional, CreateOnly: e.Immutable,
				})
			case list && writableList(e):
				all = append(all, &input{
					Name: ed.Name, Description: ed.Description, Edge: ed, entEdge: e,
					Required:   ed.Kind == entity.ManyToMany && !e.Optional,
					Nullable:   ed.Kind == entity.ManyToMany || e.Ref.Optional,
					CreateOnly: e.Immutable,
				})
			}
		}
	}
	return all
}

// writableList says whether a list can be changed from its owner's side. The rows of edge schemas hold more than the link,
// and are written as entities; foreign keys that the other side does not name have no setter there.
func writableList(e *gen.Edge) bool {
	switch {
	case !e.Type.HasOneFieldID():
		return false
	case e.M2M():
		return e.Through == nil && (e.Ref == nil || e.Ref.Through == nil)
	default:
		return e.Ref != nil && !e.Ref.Immutable && e.Ref.Type == e.Owner && !e.Type.IsEdgeSchema()
	}
}

func (n *node) edgeByColumn(column string) *entity.Edge {
	for _, ed := range n.Edges {
		if ed.Kind == entity.ToOne && ed.Column == column {
			return ed
		}
	}
	return nil
}

// listType is the input type by which a list is written: on create it can only connect.
func (n *node) listType(in *input, create bool) string {
	if create {
		return "Create" + n.Name + title(in.Name) + "Input"
	}
	return "Update" + n.Name + title(in.Name) + "Input"
}
