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

// bulk says whether many rows can be given the value at once: not what is unique to one of them by its nature.
func (in *input) bulk() bool { return !in.CreateOnly && !in.list() }

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
