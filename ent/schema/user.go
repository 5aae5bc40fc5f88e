// Package schema describes the data of the community site: one file per entity, with its fields, edges and rules.
// Everything else in ent, and the API, is generated from here by `make generate`.
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

// User is somebody who writes, votes and owns grids.
type User struct{ ent.Schema }

// Fields of the User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200).
			Comment("The display name. Several users may share one."),
		field.String("username").Unique().NotEmpty().MaxRuneLen(100).
			Comment("The name that identifies the user in addresses."),
		field.String("email").Optional().Nillable().Unique().MaxRuneLen(254).
			Annotations(access.FieldRules{Read: access.Any(access.Owner(), access.Role("admin"))}).
			Comment("The address for messages to the user."),
		field.Text("bio").Optional().Nillable().
			Comment("What the user says about themselves, as HTML."),
		field.Int("credits").Default(0).Annotations(entity.ReadOnly()).
			Comment("The reputation that others' votes have earned the user."),
		field.Int("up_votes").Default(0).Annotations(entity.ReadOnly()).
			Comment("How often the user voted for something."),
		field.Int("down_votes").Default(0).Annotations(entity.ReadOnly()).
			Comment("How often the user voted against something."),
		field.Int("profile_views").Default(0).Annotations(entity.ReadOnly()).
			Comment("How often the user's page was looked at."),
		field.Bool("is_system").Default(false).Annotations(entity.ReadOnly()).
			Comment("Whether this is an account of the site itself, not of a person."),
		field.JSON("roles", []string{}).Optional().Annotations(access.FieldRules{Write: access.Role("admin")}).
			Comment("The roles that rules refer to, such as moderator and admin."),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()).
			Comment("When the user joined."),
		field.Time("last_seen_at").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("When the user was last active."),
	}
}

// Edges of the User.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("posts", Post.Type).Annotations(entsql.OnDelete(entsql.SetNull)).
			Comment("The posts that the user wrote."),
		edge.To("comments", Comment.Type).Annotations(entsql.OnDelete(entsql.SetNull)).
			Comment("The comments and answers that the user wrote."),
		edge.To("votes", Vote.Type).Annotations(entsql.OnDelete(entsql.SetNull)).
			Comment("The votes that the user cast."),
		edge.To("grids", Grid.Type).Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The grids that the user owns. They go when the user goes."),
	}
}

// Indexes of the User.
func (User) Indexes() []ent.Index {
	return []ent.Index{index.Fields("created_at", "id")}
}

// Annotations of the User.
func (User) Annotations() []schema.Annotation {
	return []schema.Annotation{
		schema.Comment("Somebody who writes, votes and owns grids."),
		access.Rules{
			Read:   access.Everyone(),
			Create: access.Role("admin"),
			Update: access.Any(access.Owner(), access.Role("admin")),
			Delete: access.Role("admin"),
		},
	}
}
