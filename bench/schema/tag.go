package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

// Tag is a row of tags.
type Tag struct{ ent.Schema }

// Fields of the Tag.
func (Tag) Fields() []ent.Field { return []ent.Field{field.String("name").Unique()} }

// Edges of the Tag.
func (Tag) Edges() []ent.Edge { return []ent.Edge{edge.From("posts", Post.Type).Ref("tags")} }

// Annotations of the Tag.
func (Tag) Annotations() []schema.Annotation { return []schema.Annotation{signedIn} }
