// Package schema is what the project of growth.sh has beside the tables of ../../schema.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"github.com/entwine-data/entwine/gateway/access"
)

// Document is a row that is as wide as its size says.
type Document struct{ ent.Schema }

// Fields of the Document.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		field.Int("size"),
		field.String("body"),
		field.JSON("data", map[string]any{}),
	}
}

// Indexes of the Document.
func (Document) Indexes() []ent.Index { return []ent.Index{index.Fields("size", "id")} }

// Annotations of the Document.
func (Document) Annotations() []schema.Annotation {
	return []schema.Annotation{access.Rules{Read: access.SignedIn()}}
}
