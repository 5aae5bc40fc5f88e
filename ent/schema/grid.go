package schema

import (
	"crypto/rand"
	"strings"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Grid is a puzzle that a user owns.
type Grid struct{ ent.Schema }

// Fields of the Grid.
func (Grid) Fields() []ent.Field {
	return []ent.Field{
		field.String("slug").Unique().NotEmpty().MaxRuneLen(100).DefaultFunc(randomSlug).
			Comment("The name of the grid in addresses, by which the owner shares it. Made up if none is given."),
		field.String("title").NotEmpty().MaxRuneLen(128).
			Comment("The headline."),
		field.JSON("cells", []any{}).Default([]any{}).
			Comment("The cells, row by row."),
		field.Time("created_at").Default(entity.Now).Immutable().Annotations(entity.ReadOnly()).
			Comment("When the grid was made."),
		field.Time("modified_at").Default(entity.Now).UpdateDefault(entity.Now).Annotations(entity.ReadOnly()).
			Comment("When the grid was last changed."),
		field.Time("deleted_at").Optional().Nillable().Annotations(entity.SoftDelete()).
			Comment("When the grid was deleted; null while it is there."),
		field.Int("user_id").
			Comment("The id of the owner."),
	}
}

func randomSlug() string { return "grid-" + strings.ToLower(rand.Text()[:16]) }

// Edges of the Grid.
func (Grid) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("grids").Unique().Required().Field("user_id").
			Comment("The owner."),
	}
}

// Indexes of the Grid.
func (Grid) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("created_at", "id"),
		index.Fields("user_id", "created_at", "id"),
	}
}

// Annotations of the Grid.
func (Grid) Annotations() []schema.Annotation {
	owner := access.Any(access.Owner("user"), access.Role("admin"))
	return []schema.Annotation{
		schema.Comment("A puzzle that a user owns."),
		access.Rules{Read: access.Any(owner, access.Knows("slug")), Create: owner, Update: owner, Delete: owner},
	}
}
