package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Person is related to other persons in every way.
type Person struct{ ent.Schema }

func (Person) Mixin() []ent.Mixin { return []ent.Mixin{entity.History{}} }

func (Person) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.Int("company_id").Optional().Nillable(),
	}
}

func (Person) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("spouse", Person.Type).Unique(),
		edge.To("heir", Person.Type).Unique().From("testator").Unique(),
		edge.To("reports", Person.Type).From("manager").Unique(),
		edge.To("friends", Person.Type),
		edge.To("following", Person.Type).From("followers"),
		edge.To("passport", Passport.Type).Unique().Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("desk", Desk.Type).Unique(),
		edge.From("company", Company.Type).Ref("employees").Unique().Field("company_id"),
		edge.To("skills", Skill.Type),
		edge.To("teams", Team.Type).Through("memberships", Membership.Type),
		edge.To("courses", Course.Type).Through("enrolments", Enrolment.Type),
		edge.To("blocked", Person.Type).Through("blocks", Block.Type),
	}
}

// Passport goes with its person.
type Passport struct{ ent.Schema }

func (Passport) Fields() []ent.Field {
	return []ent.Field{
		field.String("number").Unique(),
		field.Int("person_id").Immutable(),
	}
}

func (Passport) Edges() []ent.Edge {
	return []ent.Edge{edge.From("person", Person.Type).Ref("passport").Unique().Required().Immutable().Field("person_id")}
}

// Desk may be nobody's, and does not name its foreign key.
type Desk struct{ ent.Schema }

func (Desk) Fields() []ent.Field { return []ent.Field{field.Int8("floor")} }

func (Desk) Edges() []ent.Edge {
	return []ent.Edge{edge.From("owner", Person.Type).Ref("desk").Unique()}
}

// Company may have a parent company.
type Company struct{ ent.Schema }

func (Company) Fields() []ent.Field {
	return []ent.Field{
		field.String("name"),
		field.Int("parent_id").Optional(),
	}
}

func (Company) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("employees", Person.Type),
		edge.To("subsidiaries", Company.Type).From("parent").Unique().Field("parent_id"),
	}
}

func (Company) Indexes() []ent.Index {
	return []ent.Index{index.Fields("name").Edges("parent").Unique()}
}

// Skill is linked from both sides.
type Skill struct{ ent.Schema }

func (Skill) Fields() []ent.Field { return []ent.Field{field.String("name").Unique()} }

func (Skill) Edges() []ent.Edge {
	return []ent.Edge{edge.From("people", Person.Type).Ref("skills")}
}

// Team has a text for its key.
type Team struct{ ent.Schema }

func (Team) Fields() []ent.Field { return []ent.Field{field.String("id"), field.String("name")} }

func (Team) Edges() []ent.Edge {
	return []ent.Edge{edge.From("members", Person.Type).Ref("teams").Through("memberships", Membership.Type)}
}

// Membership has a key of two columns, of different types.
type Membership struct{ ent.Schema }

func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.Int("person_id"),
		field.String("team_id"),
		field.Enum("role").Values("member", "lead").Default("member"),
		field.Time("joined_at").Default(entity.Now).Immutable(),
	}
}

func (Membership) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("person", Person.Type).Unique().Required().Field("person_id").Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("team", Team.Type).Unique().Required().Field("team_id").Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

func (Membership) Annotations() []schema.Annotation {
	return []schema.Annotation{field.ID("person_id", "team_id")}
}

func (Membership) Indexes() []ent.Index { return []ent.Index{index.Fields("team_id", "person_id")} }

// Course is attended.
type Course struct{ ent.Schema }

func (Course) Fields() []ent.Field { return []ent.Field{field.String("title")} }

func (Course) Edges() []ent.Edge {
	return []ent.Edge{edge.From("students", Person.Type).Ref("courses").Through("enrolments", Enrolment.Type)}
}

// Enrolment is an edge schema with an id of its own.
type Enrolment struct{ ent.Schema }

func (Enrolment) Fields() []ent.Field {
	return []ent.Field{
		field.Int("person_id"),
		field.Int("course_id"),
		field.Float32("grade").Optional().Nillable(),
		field.Time("since").Default(time.Now),
	}
}

func (Enrolment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("person", Person.Type).Unique().Required().Field("person_id"),
		edge.To("course", Course.Type).Unique().Required().Field("course_id"),
	}
}

// Block links persons with persons, and there is nothing more to say of it.
type Block struct{ ent.Schema }

func (Block) Fields() []ent.Field {
	return []ent.Field{field.Int("person_id"), field.Int("blocked_id")}
}

func (Block) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("person", Person.Type).Unique().Required().Field("person_id"),
		edge.To("blocked", Person.Type).Unique().Required().Field("blocked_id"),
	}
}

func (Block) Annotations() []schema.Annotation {
	return []schema.Annotation{field.ID("person_id", "blocked_id")}
}
