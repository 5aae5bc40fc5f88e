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

// Comment is an answer to a post, or a remark on a post or on an answer.
type Comment struct{ ent.Schema }

// Fields of the Comment.
func (Comment) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").Values("answer", "comment").Default("comment").
			Comment("Whether this answers the post or remarks on something."),
		field.Int("source_id").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("The id in the source from which the comment was loaded."),
		field.Int("post_id").
			Comment("The id of the post."),
		field.Int("parent_id").Optional().Nillable().
			Comment("The id of the comment that this one replies to."),
		field.Int("author_id").Optional().Nillable().
			Comment("The id of the author."),
		field.String("author_name").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("The name under which the comment was written, kept if the author's account is gone."),
		field.Text("message").NotEmpty().
			Comment("The text: HTML for answers, light Markdown for comments."),
		field.Int("score").Default(0).Annotations(entity.ReadOnly()).
			Comment("Votes for the comment minus votes against it."),
		field.Bool("is_accepted").Default(false).Annotations(entity.ReadOnly()).
			Comment("Whether the author of the post accepted this answer."),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()).
			Comment("When the comment was written."),
		field.Time("updated_at").Optional().Nillable().UpdateDefault(entity.Now).Annotations(entity.ReadOnly()).
			Comment("When the comment was last edited; null if never."),
		field.String("license").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("The licence of the text."),
	}
}

// Edges of the Comment.
func (Comment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("post", Post.Type).Ref("comments").Unique().Required().Field("post_id").
			Comment("The post that this is about; null if the viewer may not read it."),
		edge.From("author", User.Type).Ref("comments").Unique().Field("author_id").
			Comment("The user who wrote the comment; null if the account is gone."),
		// A thread goes on when one of its comments is deleted.
		edge.To("replies", Comment.Type).Annotations(entsql.OnDelete(entsql.SetNull)).
			From("parent").Unique().Field("parent_id").
			Comment("The comment that this one replies to."),
		edge.To("votes", Vote.Type).Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The votes on the comment."),
	}
}

// Indexes of the Comment.
func (Comment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at", "id"),
		index.Fields("post_id", "created_at", "id"),
		index.Fields("author_id", "created_at", "id"),
		index.Fields("parent_id", "created_at", "id"),
	}
}

// Annotations of the Comment.
func (Comment) Annotations() []schema.Annotation {
	owner := access.Any(access.Owner("author"), access.Role("moderator", "admin"))
	return []schema.Annotation{
		schema.Comment("An answer to a post, or a remark on a post or on an answer."),
		entity.Search("message"),
		access.Rules{
			Read: access.Any(
				access.Related("post", access.Match("status", "published", "closed", "wiki")),
				access.Owner("post", "author"), owner,
			),
			Create: access.All(access.SignedIn(), owner),
			Update: owner,
			Delete: owner,
		},
	}
}
