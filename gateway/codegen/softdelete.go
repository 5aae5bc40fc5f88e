package codegen

import (
	"slices"
	"strings"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"

	"github.com/entwine-data/entwine/gateway/entity"
)

// onDelete is what becomes of the rows behind an edge when its owner is deleted softly, as far as the schema declares it for
// the database.
func onDelete(e *gen.Edge, target *node) string {
	ant := e.EntSQL()
	if (ant == nil || ant.OnDelete == "") && e.Ref != nil {
		ant = e.Ref.EntSQL()
	}
	switch {
	case ant == nil:
	case ant.OnDelete == entsql.Restrict:
		return entity.RestrictDelete
	case ant.OnDelete == entsql.Cascade && target.SoftDelete != nil && !target.Composite():
		return entity.CascadeDelete
	}
	return ""
}

// freeKeys makes the unique keys of entities that are deleted softly unique among the rows that are there, in ent's description
// of the tables: what was deleted does not keep its keys.
func (m *model) freeKeys() {
	for _, n := range m.nodes {
		if n.SoftDelete == nil {
			continue
		}
		present := `"` + n.SoftDelete.Column + `" IS NULL`
		for _, f := range n.Type.Fields {
			if !f.Unique || f.IsEdgeField() {
				continue
			}
			f.Unique = false
			n.Type.Indexes = append(n.Type.Indexes, &gen.Index{
				Name: strings.ToLower(n.Type.Name) + "_" + f.StorageKey(), Unique: true, Columns: []string{f.StorageKey()},
			})
		}
		for _, idx := range n.Type.Indexes {
			if !idx.Unique || partial(idx) {
				continue
			}
			name := entsql.IndexAnnotation{}.Name()
			ant := make(map[string]any)
			if given, ok := idx.Annotations[name].(map[string]any); ok {
				for k, v := range given {
					ant[k] = v
				}
			}
			ant["Where"] = present
			idx.Annotations = gen.Annotations{name: ant}
		}
		slices.SortStableFunc(n.Type.Indexes, func(a, b *gen.Index) int { return strings.Compare(a.Name, b.Name) })
	}
}

func (n *node) deletedArguments() [][2]string {
	if n.SoftDelete == nil || n.Deleted == nil {
		return nil
	}
	return [][2]string{{"withDeleted: Boolean", "Whether deleted ones are there, too, for those who may see them."}}
}
