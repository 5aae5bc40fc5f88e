package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Folder is deleted softly, with what is in it, and its changes are counted.
type Folder struct{ ent.Schema }

func (Folder) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Everyone()}, entity.Versioned{}}
}

func (Folder) Fields() []ent.Field {
	return []ent.Field{field.String("name").Unique(), field.String("owner"), field.Int("number")}
}

func (Folder) Indexes() []ent.Index { return []ent.Index{index.Fields("owner", "number").Unique()} }

func (Folder) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("children", Folder.Type).Annotations(entsql.OnDelete(entsql.Cascade)).From("parent").Unique(),
		edge.To("files", File.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("locks", Lock.Type).Annotations(entsql.OnDelete(entsql.Restrict)),
	}
}

// File goes with its folder; whoever knows no version may change it.
type File struct{ ent.Schema }

func (File) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Everyone()}, entity.Versioned{Optional: true}}
}

func (File) Fields() []ent.Field { return []ent.Field{field.String("name")} }

func (File) Edges() []ent.Edge {
	return []ent.Edge{edge.From("folder", Folder.Type).Ref("files").Unique()}
}

// Lock keeps its folder from being deleted.
type Lock struct{ ent.Schema }

func (Lock) Fields() []ent.Field { return []ent.Field{field.String("why")} }

func (Lock) Edges() []ent.Edge {
	return []ent.Edge{edge.From("folder", Folder.Type).Ref("locks").Unique()}
}
