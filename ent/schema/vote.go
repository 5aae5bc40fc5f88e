package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Vote is one voice on a post or on a comment.
type Vote struct{ ent.Schema }

// Fields of the Vote.
func (Vote) Fields() []ent.Field {
	return []ent.Field{
		field.Int("post_id").
			Comment("The id of the post that the vote is on, or that the comment is on."),
		field.Int("comment_id").Optional().Nillable().
			Comment("The id of the comment that the vote is on; null if it is on the post itself."),
		field.Int("user_id").Optional().Nillable().
			Annotations(access.FieldRules{Read: access.Any(access.Owner("user"), access.Role("admin"))}).
			Comment("The id of the user who voted. Votes are secret: only the voter sees it."),
		field.Enum("type").
			Values("up", "down", "accepted", "favorite", "approve_edit", "moderator_review",
				"bounty_start", "bounty_close", "close", "reopen", "deletion", "undeletion", "spam", "offensive").
			Comment("What the vote is for."),
		field.Int("bounty").Optional().Nillable().Annotations(entity.ReadOnly()).
			Comment("The credits that a bounty offers or pays."),
		field.Time("created_on").Default(today).Immutable().
			SchemaType(map[string]string{dialect.Postgres: "date", dialect.SQLite: "date"}).
			Annotations(entity.ReadOnly()).
			Comment("The day of the vote."),
	}
}

func today() time.Time { return entity.Now().Truncate(24 * time.Hour) }

// Edges of the Vote.
func (Vote) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("post", Post.Type).Ref("votes").Unique().Required().Field("post_id").
			Comment("The post that the vote is on, or that the comment is on."),
		edge.From("comment", Comment.Type).Ref("votes").Unique().Field("comment_id").
			Comment("The comment that the vote is on; null if it is on the post itself."),
		edge.From("user", User.Type).Ref("votes").Unique().Field("user_id").
			Comment("The user who voted. Votes are secret: only the voter sees it."),
	}
}

// Indexes of the Vote.
func (Vote) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_on", "id"),
		index.Fields("post_id", "created_on", "id"),
		index.Fields("comment_id", "created_on", "id"),
		index.Fields("user_id", "created_on", "id"),
	}
}

// Annotations of the Vote.
func (Vote) Annotations() []schema.Annotation {
	owner := access.Any(access.Owner("user"), access.Role("admin"))
	return []schema.Annotation{
		schema.Comment("One voice on a post or on a comment."),
		access.Rules{
			Read:   access.Everyone(),
			Create: owner,
			Update: access.Role("admin"),
			Delete: owner,
		},
	}
}
