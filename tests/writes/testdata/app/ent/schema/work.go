// Package schema holds every kind of edge, required and optional, with versions, soft deletion, unique keys and rules.
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

// mark names a row as long as it is there. The test makes it up.
func mark() ent.Field { return field.String("mark").Unique() }

// Person works.
type Person struct{ ent.Schema }

func (Person) Fields() []ent.Field {
	return []ent.Field{
		mark(),
		field.String("name").NotEmpty().MaxRuneLen(5),
		field.String("email").Optional().Nillable().Unique(),
		field.Int("wage").Optional().Nillable().Annotations(access.FieldRules{Write: access.Role("admin")}),
	}
}

func (Person) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("badge", Badge.Type).Unique(),
		edge.To("locker", Locker.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("tasks", Task.Type),
		edge.To("projects", Project.Type).Through("memberships", Membership.Type),
	}
}

// Badge may be nobody's.
type Badge struct{ ent.Schema }

func (Badge) Fields() []ent.Field { return []ent.Field{mark(), field.String("code").Unique()} }

func (Badge) Edges() []ent.Edge {
	return []ent.Edge{edge.From("person", Person.Type).Ref("badge").Unique()}
}

// Locker is somebody's, and goes with them. Most leave it alone while it is locked.
type Locker struct{ ent.Schema }

func (Locker) Fields() []ent.Field {
	return []ent.Field{mark(), field.Int("number").Range(0, 9), field.Enum("state").Values("open", "locked").Default("open")}
}

func (Locker) Annotations() []schema.Annotation {
	open := access.Any(access.Match("state", "open"), access.Role("admin"))
	return []schema.Annotation{access.Rules{Read: access.Everyone(), Create: access.Everyone(), Update: open, Delete: open}}
}

func (Locker) Edges() []ent.Edge {
	return []ent.Edge{edge.From("person", Person.Type).Ref("locker").Unique().Required()}
}

// Project is deleted softly, with its tasks, unless something holds it. Whoever changes it says which version they know.
type Project struct{ ent.Schema }

func (Project) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Role("admin")}, entity.Versioned{}}
}

func (Project) Fields() []ent.Field { return []ent.Field{mark(), field.String("slug").Unique()} }

func (Project) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("tasks", Task.Type).Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("holds", Hold.Type).Annotations(entsql.OnDelete(entsql.Restrict)),
		edge.From("people", Person.Type).Ref("projects").Through("memberships", Membership.Type),
	}
}

// Task is hidden from most while it is secret, and left alone by them when it is done.
type Task struct{ ent.Schema }

func (Task) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.SoftDeleteMixin{Deleted: access.Role("admin")}, entity.Versioned{Optional: true}}
}

func (Task) Fields() []ent.Field {
	return []ent.Field{
		mark(),
		field.String("title").NotEmpty().MaxRuneLen(5),
		field.Int("number").Optional().Nillable(),
		field.Int("project_id"),
		field.Enum("state").Values("open", "done").Default("open"),
		field.Enum("reach").Values("public", "secret").Default("public"),
	}
}

func (Task) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("project", Project.Type).Ref("tasks").Unique().Required().Field("project_id"),
		edge.From("assignee", Person.Type).Ref("tasks").Unique(),
		edge.To("children", Task.Type).From("parent").Unique(),
		edge.To("labels", Label.Type),
	}
}

func (Task) Indexes() []ent.Index {
	return []ent.Index{index.Fields("number", "project_id").Unique()}
}

func (Task) Annotations() []schema.Annotation {
	admin := access.Role("admin")
	shown, open := access.Any(access.Match("reach", "public"), admin), access.Any(access.Match("state", "open"), admin)
	return []schema.Annotation{access.Rules{Read: shown, Create: shown, Update: open, Delete: open}}
}

// Label is changed by few.
type Label struct{ ent.Schema }

func (Label) Fields() []ent.Field { return []ent.Field{mark(), field.String("name").Unique()} }

func (Label) Edges() []ent.Edge { return []ent.Edge{edge.From("tasks", Task.Type).Ref("labels")} }

func (Label) Annotations() []schema.Annotation {
	return []schema.Annotation{access.Rules{Read: access.Everyone(), Create: access.Everyone(), Update: access.Role("admin"), Delete: access.Role("admin")}}
}

// Membership links people with projects.
type Membership struct{ ent.Schema }

func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.Int("person_id"),
		field.Int("project_id"),
		field.Enum("role").Values("member", "lead").Default("member"),
		field.Int("share").Optional().Nillable().Range(0, 9),
	}
}

func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("person", Person.Type).Unique().Required().Field("person_id").Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("project", Project.Type).Unique().Required().Field("project_id").Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

func (Membership) Annotations() []schema.Annotation {
	return []schema.Annotation{field.ID("person_id", "project_id")}
}

func (Membership) Indexes() []ent.Index { return []ent.Index{index.Fields("project_id", "person_id")} }

// Hold keeps a project from being deleted.
type Hold struct{ ent.Schema }

func (Hold) Fields() []ent.Field { return []ent.Field{mark()} }

func (Hold) Edges() []ent.Edge {
	return []ent.Edge{edge.From("project", Project.Type).Ref("holds").Unique()}
}
