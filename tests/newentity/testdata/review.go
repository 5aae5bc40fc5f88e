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

// Review is what a user thinks of a post.
type Review struct{ ent.Schema }

// Fields of the Review.
func (Review) Fields() []ent.Field {
	return []ent.Field{
		field.Int("stars").Range(1, 5).
			Comment("How good the post is: from 1 to 5."),
		field.Text("text").NotEmpty().
			Comment("Why."),
		field.Int("post_id").
			Comment("The id of the post."),
		field.Int("author_id").
			Comment("The id of the author."),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()).
			Comment("When the review was written."),
	}
}

// Edges of the Review.
func (Review) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("post", Post.Type).Unique().Required().Field("post_id").
			Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The post that the review is about; null if the viewer may not read it."),
		edge.To("author", User.Type).Unique().Required().Field("author_id").
			Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The user who wrote the review."),
	}
}

// Indexes of the Review.
func (Review) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at", "id"),
		index.Fields("post_id", "author_id").Unique(),
		index.Fields("author_id"),
	}
}

// Annotations of the Review.
func (Review) Annotations() []schema.Annotation {
	author := access.Any(access.Owner("author"), access.Role("admin"))
	return []schema.Annotation{
		schema.Comment("What a user thinks of a post."),
		access.Rules{Read: access.Everyone(), Create: author, Update: author, Delete: author},
	}
}
