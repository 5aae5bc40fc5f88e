package codegen

import (
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
}

// node is one entity.
type node struct {
	*entity.Entity
	Type   *gen.Type
	Inputs []*input
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
		m.addEdges(n)
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
			Where: t.Name + "Where", ToOneWhere: t.Name + "ToOneWhere", ToManyWhere: t.Name + "ToManyWhere",
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

func (m *model) addEdges(n *node) {
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
}
