package codegen

import (
	"slices"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"

	"github.com/entwine-data/entwine/gateway/entity"
)

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
	// Along says that the input is not an id or a list of ids alone: it can hold rows that are written along with this one.
	Along bool
	// Rows can be connected, created and updated by an input that leads to rows: see [model.nest].
	Connect, Create, Update bool
	// Links is the edge schema whose rows are the links of a list.
	Links *node
}

// Writable says whether the entity has mutations.
func (n *node) Writable() bool {
	return n.Names.Create != "" || n.Names.Update != "" || n.Names.Delete != ""
}

// Referable says whether inputs can refer to the entity's rows.
func (n *node) Referable() bool { return !n.Hidden && !n.Composite() }

// inputs lists what clients can write, in the order of the schema: fields, then edges without a field, then lists.
func (n *node) inputs() []*input {
	if n.Names.Create == "" && n.Names.Update == "" {
		return nil
	}
	var all []*input
	if id := n.Type.ID; id != nil && n.Type.HasOneFieldID() && givenID(id) {
		api, _ := annotation(id.Annotations)
		if !api.ReadOnly {
			all = append(all, &input{
				Name: "id", Description: "The id that the " + phrase(n.Name) + " shall have.", Field: n.ID[0], entField: id,
				Required: !id.Default, CreateOnly: true,
			})
		}
	}
	edgeOf := func(f *gen.Field) *gen.Edge {
		if !f.IsEdgeField() {
			return nil
		}
		e, _ := f.Edge()
		return e
	}
	for _, ef := range n.Type.Fields {
		api, _ := annotation(ef.Annotations)
		f := n.SchemaField(ef.Name)
		if api.ReadOnly || f.Hidden && !writeOnly(ef) {
			continue
		}
		in := &input{
			Name: f.Name, Description: f.Description, Field: f, entField: ef,
			Required:   !ef.Optional && !ef.Default,
			Nullable:   ef.Optional,
			CreateOnly: ef.Immutable || slices.Contains(n.ID, f),
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
			case api.ReadOnly, ed.Hidden, ed.List() != list:
			case ed.Kind == entity.ToOne:
				if e.Field() == nil {
					all = append(all, &input{
						Name: ed.Input, Description: "The id of the " + phrase(e.Name) + ".", Edge: ed, entEdge: e,
						Required: !e.Optional, Nullable: e.Optional, CreateOnly: e.Immutable,
					})
				}
				all = append(all, &input{Name: ed.Name, Description: ed.Description, Edge: ed, entEdge: e, CreateOnly: e.Immutable, Along: true})
			default:
				connect := connectable(e)
				all = append(all, &input{
					Name: ed.Name, Description: ed.Description, Edge: ed, entEdge: e, Along: true,
					Connect:    connect,
					Required:   connect && ed.Kind == entity.ManyToMany && !e.Optional,
					Nullable:   connect && (ed.Kind == entity.ManyToMany || e.Ref.Optional),
					CreateOnly: e.Immutable,
				})
			}
		}
	}
	return all
}

// nest finds which rows the inputs of an entity can create and update along with its own, and takes those inputs away that
// can do nothing.
func (m *model) nest(n *node) {
	n.Inputs = slices.DeleteFunc(n.Inputs, func(in *input) bool {
		if !in.Along {
			return false
		}
		e, target := in.entEdge, m.of(in.entEdge.Type)
		switch {
		case target.Hidden:
		case in.Edge.Kind == entity.ToOne:
			in.Create = target.Names.Create != ""
			in.Update = target.hasPatch() && !in.CreateOnly
		case in.Edge.Kind == entity.ManyToMany:
			in.Create = target.Names.Create != "" && direct(e) && (e.Ref == nil || e.Ref.Optional)
			in.Update = target.Names.Update != ""
			if links := m.links(n, e); links != nil {
				in.Links, in.Connect, in.Nullable = links, true, links.Names.Delete != ""
				in.Edge.Through = links.edgeTo(n, e).Schema
			}
		default:
			in.Create = target.Names.Create != "" && in.Edge.Back != ""
			in.Update = target.Names.Update != ""
			if !in.Edge.List() {
				in.Update = target.hasPatch()
			}
		}
		return !in.Connect && !in.Create && !in.Update
	})
	for _, in := range n.Inputs {
		if in.Edge != nil && in.Edge.Kind == entity.ToOne && !in.Along {
			in.Edge.Required = in.Required
		}
	}
}

// along is the input by which the target of the foreign key in can be created along with the row, nil if it cannot.
func (n *node) along(in *input) *input {
	if in.Edge == nil || in.Edge.Kind != entity.ToOne || in.Along {
		return nil
	}
	for _, other := range n.Inputs {
		if other.Along && other.Edge == in.Edge && other.Create {
			return other
		}
	}
	return nil
}

// hasPatch says whether the entity has an input of values that rows can get without their lists.
func (n *node) hasPatch() bool {
	return n.Names.Update != "" && slices.ContainsFunc(n.Inputs, (*input).bulk)
}

// bulk says whether many rows can be given the value at once: not what is unique to one of them by its nature.
func (in *input) bulk() bool { return !in.CreateOnly && !in.Along }

// bulkType is what the types of a mutation of many rows begin with. The plural would meet the inputs of lists: those of a
// post's links are UpdatePostLinksInput.
func (n *node) bulkType(verb string) string { return title(verb) + "Many" + n.Name }

// givenID says whether rows can come with an id of their own. Those that the database counts cannot: a client could take
// the numbers of rows to come.
func givenID(id *gen.Field) bool {
	if !id.UserDefined {
		return false
	}
	if !id.Type.Type.Integer() {
		return true
	}
	var ant entsql.Annotation
	raw, ok := id.Annotations[ant.Name()].(map[string]any)
	incremental, _ := raw["incremental"].(bool)
	_, stated := raw["incremental"]
	return ok && stated && !incremental
}

// writeOnly says whether clients can write a field that they never see.
func writeOnly(f *gen.Field) bool {
	api, _ := annotation(f.Annotations)
	return f.Sensitive() && !api.Hide
}

// connectable says whether rows can be put into the edge, and taken from it, from its owner's side. The rows of edge schemas
// hold more than the link, and are written as entities; foreign keys that the other side does not name have no setter there.
func connectable(e *gen.Edge) bool {
	switch {
	case !e.Type.HasOneFieldID():
		return false
	case e.M2M():
		return direct(e)
	default:
		return e.Ref != nil && !e.Ref.Immutable && e.Ref.Type == e.Owner && !e.Type.IsEdgeSchema()
	}
}

// direct says whether the links of an edge with a join table are nothing but links.
func direct(e *gen.Edge) bool { return e.Through == nil && (e.Ref == nil || e.Ref.Through == nil) }

// links is the edge schema that holds the links of an edge, if clients may make such rows.
func (m *model) links(n *node, e *gen.Edge) *node {
	if direct(e) {
		return nil
	}
	through := e.Through
	if through == nil {
		through = e.Ref.Through
	}
	links := m.of(through)
	if links.Hidden || links.Names.Create == "" || links.edgeTo(n, e) == nil || links.foreignKey(e, true) == nil || links.foreignKey(e, false) == nil {
		return nil
	}
	return links
}

// edgeTo is the edge of n by which the links of its edge e are reached.
func (n *node) edgeTo(owner *node, e *gen.Edge) *entity.Edge {
	for _, ed := range owner.Edges {
		if ed.Kind == entity.ToMany && ed.Target == n.Name && ed.Column == owner.own(e) && ed.Back != "" {
			return ed
		}
	}
	return nil
}

// own is the column of a join table that refers to n, the owner of the edge e.
func (n *node) own(e *gen.Edge) string {
	for _, ed := range n.Edges {
		if ed.Schema == e.Name {
			return ed.JoinOwn
		}
	}
	return ""
}

// foreignKey is the input of links by which they refer to the owner of the edge e, or to its target.
func (n *node) foreignKey(e *gen.Edge, owner bool) *input {
	column := e.Rel.Columns[1]
	if owner == !e.IsInverse() {
		column = e.Rel.Columns[0]
	}
	for _, in := range n.Inputs {
		if in.Edge != nil && in.Edge.Kind == entity.ToOne && in.Edge.Column == column && !in.Along {
			return in
		}
	}
	return nil
}

// linkInputs are what a link holds beside the two rows that it connects.
func (in *input) linkInputs() []*input {
	own, target := in.Links.foreignKey(in.entEdge, true), in.Links.foreignKey(in.entEdge, false)
	var all []*input
	for _, other := range in.Links.Inputs {
		if other != own && other != target && !other.Along {
			all = append(all, other)
		}
	}
	return all
}

func (n *node) edgeByColumn(column string) *entity.Edge {
	for _, ed := range n.Edges {
		if ed.Kind == entity.ToOne && ed.Column == column {
			return ed
		}
	}
	return nil
}

// edgeType is the input type by which an edge is written along with its owner. Lists are in the plural; the types of others
// would else meet those of an entity: the profile of a user, and an entity UserProfile.
func (n *node) edgeType(in *input, create bool) string {
	verb, with := "Update", "With"
	if create {
		verb = "Create"
	}
	if in.list() {
		with = ""
	}
	return verb + n.Name + with + title(in.Name) + "Input"
}

// linkType is the input type of a link with values of its own.
func (n *node) linkType(in *input) string { return "Connect" + n.Name + title(in.Name) + "Input" }
