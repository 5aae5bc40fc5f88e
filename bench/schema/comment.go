package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Comment is a row of comments.
type Comment struct{ ent.Schema }

// Fields of the Comment.
func (Comment) Fields() []ent.Field {
	return []ent.Field{
		field.Int("post_id"),
		field.Int("author_id"),
		field.String("message"),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()),
	}
}

// Edges of the Comment.
func (Comment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("post", Post.Type).Ref("comments").Unique().Required().Field("post_id"),
		edge.From("author", User.Type).Ref("comments").Unique().Required().Field("author_id"),
	}
}

// Indexes of the Comment.
func (Comment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("post_id", "created_at", "id"),
		index.Fields("author_id", "created_at", "id"),
		index.Fields("created_at", "id"),
	}
}

// Annotations of the Comment.
func (Comment) Annotations() []schema.Annotation { return []schema.Annotation{signedIn} }
