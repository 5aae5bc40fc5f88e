package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Folder is deleted softly, with what is in it, and its changes are counted and kept.
type Folder struct{ ent.Schema }

func (Folder) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Everyone()}, entity.Versioned{}, entity.History{}}
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
	return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Everyone()}, entity.Versioned{Optional: true}, entity.History{}}
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

// Diary keeps what only some may read.
type Diary struct{ ent.Schema }

func (Diary) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.History{Read: access.Not(access.Role("stranger"))}}
}

func (Diary) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(50),
		field.String("title"),
		field.Bool("open").Default(false),
		field.String("mood").Optional().Annotations(access.FieldRules{Read: access.Any(access.Match("open", "true"), access.Role("friend"))}),
		field.String("body").Optional().Annotations(access.FieldRules{Read: access.Role("friend")}),
		field.String("key").Optional().Sensitive(),
		field.String("shelf").Optional().Annotations(entity.Hidden()),
		field.String("note").Optional().Annotations(entity.RenamedFrom("remark")),
	}
}

func (Diary) Annotations() []schema.Annotation {
	return []schema.Annotation{entity.RenamedFrom("journals")}
}

func (Diary) Edges() []ent.Edge {
	return []ent.Edge{edge.To("about", Lock.Type).Unique().Annotations(access.FieldRules{Read: access.Role("friend")})}
}
