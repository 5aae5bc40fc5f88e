package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// PostLink says that a post refers to another.
type PostLink struct{ ent.Schema }

// Fields of the PostLink.
func (PostLink) Fields() []ent.Field {
	return []ent.Field{
		field.Int("post_id").
			Comment("The id of the post that refers."),
		field.Int("related_post_id").
			Comment("The id of the post referred to."),
		field.Enum("kind").Values("linked", "duplicate").Default("linked").
			Comment("Whether the posts merely refer to each other or ask the same."),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()).
			Comment("When the link was made."),
	}
}

// Edges of the PostLink.
func (PostLink) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("post", Post.Type).Ref("links").Unique().Required().Field("post_id").
			Comment("The post that refers; null if the viewer may not read it."),
		edge.From("related", Post.Type).Ref("linked_from").Unique().Required().Field("related_post_id").
			Comment("The post referred to; null if the viewer may not read it."),
	}
}

// Indexes of the PostLink.
func (PostLink) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at", "id"),
		index.Fields("post_id", "created_at", "id"),
		index.Fields("related_post_id", "created_at", "id"),
	}
}

// Annotations of the PostLink.
func (PostLink) Annotations() []schema.Annotation {
	moderator := access.Role("moderator", "admin")
	return []schema.Annotation{
		schema.Comment("A reference from one post to another."),
		access.Rules{Read: access.Everyone(), Create: moderator, Update: moderator, Delete: moderator},
	}
}
