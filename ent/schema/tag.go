package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Tag is a subject that posts can have.
type Tag struct{ ent.Schema }

// Fields of the Tag.
func (Tag) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").Unique().NotEmpty().MaxRuneLen(100).
			Comment("The subject in a word or two, such as craft-beer."),
		field.Int("source_count").Default(0).Annotations(entity.ReadOnly()).
			Comment("How many posts had the tag in the source from which it was loaded."),
		field.Text("excerpt").Optional().Nillable().
			Comment("When to use the tag, in a sentence."),
		field.Text("wiki").Optional().Nillable().
			Comment("All that there is to say about the subject, as HTML."),
	}
}

// Edges of the Tag.
func (Tag) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("posts", Post.Type).Ref("tags").
			Comment("The posts on this subject."),
	}
}

// Annotations of the Tag.
func (Tag) Annotations() []schema.Annotation {
	moderator := access.Role("moderator", "admin")
	return []schema.Annotation{
		schema.Comment("A subject that posts can have."),
		access.Rules{Read: access.Everyone(), Create: moderator, Update: moderator, Delete: moderator},
	}
}
