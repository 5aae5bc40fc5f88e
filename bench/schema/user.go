// Package schema describes the tables of the peer benchmark as they are (see the README beside it). run.sh puts it into a
// project of its own.
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

// signedIn is for tables whose rows everybody who is signed in may use.
var signedIn = access.Rules{Read: access.SignedIn(), Create: access.SignedIn(), Update: access.SignedIn(), Delete: access.SignedIn()}

// User is a row of users.
type User struct{ ent.Schema }

// Fields of the User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("username").Unique(),
		field.String("name"),
		field.String("email"),
		field.String("bio"),
		field.Int("cohort"),
		field.Time("created_at").Default(entity.Now).Immutable(),
	}
}

// Edges of the User.
func (User) Edges() []ent.Edge {
	return []ent.Edge{edge.To("posts", Post.Type), edge.To("comments", Comment.Type)}
}

// Indexes of the User.
func (User) Indexes() []ent.Index { return []ent.Index{index.Fields("cohort", "id")} }

// Annotations of the User.
func (User) Annotations() []schema.Annotation { return []schema.Annotation{signedIn} }
