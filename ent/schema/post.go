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

// Post is a question or an article.
type Post struct{ ent.Schema }

// Fields of the Post.
func (Post) Fields() []ent.Field {
	return []ent.Field{
		field.String("title").NotEmpty().MaxRuneLen(300).
			Comment("The headline."),
		field.String("slug").Unique().NotEmpty().MaxRuneLen(300).
			Comment("The name of the post in addresses."),
		field.Text("body").
			Comment("The text, as HTML."),
		field.Enum("status").Values("draft", "published", "closed", "wiki", "archived").Default("draft").
			Comment("How far the post has come. Drafts and archived posts are not public."),
		field.Int("author_id").Optional().Nillable().
			Comment("The id of the author."),
		field.String("author_name").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("The name under which the post was written, kept if the author's account is gone."),
		field.Int("accepted_comment_id").Optional().Nillable().
			Comment("The id of the answer that the author accepted."),
		field.Int("score").Default(0).Annotations(entity.ReadOnly()).
			Comment("Votes for the post minus votes against it."),
		field.Int("view_count").Default(0).Annotations(entity.ReadOnly()).
			Comment("How often the post was looked at."),
		field.Int("favorite_count").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("How many users marked the post as a favorite; null if nobody ever did."),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()).
			Comment("When the post was written."),
		field.Time("updated_at").Optional().Nillable().UpdateDefault(entity.Now).Annotations(entity.ReadOnly()).
			Comment("When the post was last edited; null if never."),
		field.Time("last_activity_at").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("When somebody last edited, commented or answered."),
		field.Time("closed_at").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("When the post was closed; null if it is open."),
		field.String("license").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("The licence of the text."),
	}
}

// Mixin of the Post: who wrote and changed it is kept.
func (Post) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.History{Read: access.Any(access.Owner("author"), access.Role("moderator", "admin"))}}
}

// Edges of the Post.
func (Post) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("author", User.Type).Ref("posts").Unique().Field("author_id").
			Comment("The user who wrote the post; null if the account is gone."),
		edge.To("accepted_comment", Comment.Type).Unique().Field("accepted_comment_id").
			Annotations(entsql.OnDelete(entsql.SetNull)).
			Comment("The answer that the author accepted."),
		edge.To("comments", Comment.Type).Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The answers to the post and the comments on it."),
		edge.To("tags", Tag.Type).StorageKey(edge.Table("post_tags"), edge.Columns("post_id", "tag_id")).
			Comment("The subjects of the post."),
		edge.To("votes", Vote.Type).Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The votes on the post and on its comments."),
		edge.To("links", PostLink.Type).Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The links from this post to others."),
		edge.To("linked_from", PostLink.Type).Annotations(entsql.OnDelete(entsql.Cascade)).
			Comment("The links from other posts to this one."),
	}
}

// Indexes of the Post.
func (Post) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at", "id"),
		index.Fields("status", "created_at", "id"),
		index.Fields("author_id", "created_at", "id"),
		index.Fields("accepted_comment_id"),
	}
}

// Annotations of the Post.
func (Post) Annotations() []schema.Annotation {
	owner := access.Any(access.Owner("author"), access.Role("moderator", "admin"))
	return []schema.Annotation{
		schema.Comment("A question or an article."),
		entity.Search("title:A", "body"),
		access.Rules{
			Read:   access.Any(access.Match("status", "published", "closed", "wiki"), owner),
			Create: access.All(access.SignedIn(), owner),
			Update: owner,
			Delete: owner,
		},
	}
}
