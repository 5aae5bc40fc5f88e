package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Order is a word of SQL and of the API.
type Order struct{ ent.Schema }

func (Order) Fields() []ent.Field {
	return []ent.Field{field.String("order"), field.Int("group").Optional()}
}

func (Order) Edges() []ent.Edge {
	return []ent.Edge{edge.To("select", Connection.Type), edge.To("from", Order.Type).Unique()}
}

// Connection is what lists are called.
type Connection struct{ ent.Schema }

func (Connection) Fields() []ent.Field {
	return []ent.Field{field.String("nodes"), field.Int("edge_count").StorageKey("edges").Annotations(entity.Rename("edges")), field.Int("total_count"), field.String("page_info")}
}

func (Connection) Edges() []ent.Edge {
	return []ent.Edge{edge.From("order", Order.Type).Ref("select").Unique()}
}

// Node is the interface's name.
type Node struct{ ent.Schema }

func (Node) Fields() []ent.Field {
	return []ent.Field{field.String("node"), field.String("cursor"), field.String("where").Optional()}
}

func (Node) Annotations() []schema.Annotation { return []schema.Annotation{entity.Rename("Vertex")} }

// Clash has fields that Go, SQL, GraphQL or the generators use for themselves.
type Clash struct{ ent.Schema }

func (Clash) Fields() []ent.Field {
	return []ent.Field{
		field.String("type"), field.Bytes("bytes"), field.String("where"), field.String("input"), field.String("text").StorageKey("string").Annotations(entity.Rename("string")),
		field.Int("int"), field.String("ctx"), field.String("client"), field.String("key"), field.String("entity"),
		field.String("error").Optional(), field.String("first"), field.String("after"), field.String("order_by"),
		field.Int("offset"), field.String("create"), field.String("set"), field.String("value"), field.String("values"),
		field.String("scalar"), field.String("ent"), field.String("null"), field.String("true"), field.String("v"), field.String("m"),
		field.String("read"), field.String("mutation"), field.String("query"), field.String("table"), field.String("op"),
		field.String("userID"), field.String("HTTPPort"), field.String("snake_case"), field.String("x1"),
	}
}

func (Clash) Annotations() []schema.Annotation { return []schema.Annotation{entsql.Table("select")} }

// News is its own plural.
type News struct{ ent.Schema }

func (News) Fields() []ent.Field { return []ent.Field{field.String("text")} }

// Document shows what annotations do to the API.
type Document struct{ ent.Schema }

func (Document) Fields() []ent.Field {
	return []ent.Field{
		field.String("headline").Annotations(entity.Rename("title"), entity.Describe("What it is called.")),
		field.String("draft").Default("").Annotations(entity.Hidden()),
		field.Int("rank").Default(0),
		field.String("subtitle").Optional().Annotations(entity.Deprecate("Nobody reads it.")),
		field.Int("vault_id").Optional(),
	}
}

func (Document) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("pages", Page.Type).Annotations(entity.Rename("leaves"), entity.Describe("The leaves of the document.")),
		edge.To("stash", Page.Type).Annotations(entity.Hidden()),
		edge.From("vault", Vault.Type).Ref("documents").Unique().Field("vault_id"),
	}
}

func (Document) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entity.Rename("Paper"), entity.RenameRoots("paper", "allPapers"), entity.Describe("Something to read."),
		entity.DefaultOrder("-rank", "headline"), entity.Pages(2, 3),
	}
}

// Page cannot be changed or looked up.
type Page struct{ ent.Schema }

func (Page) Fields() []ent.Field { return []ent.Field{field.String("text").Unique()} }

func (Page) Edges() []ent.Edge {
	return []ent.Edge{edge.From("document", Document.Type).Ref("pages").Unique()}
}

func (Page) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entity.Without(entity.RootOne, entity.RootBy, entity.RootUpdate, entity.RootDelete), entity.Deprecate("Read documents."),
	}
}

// Vault is nobody's business.
type Vault struct{ ent.Schema }

func (Vault) Fields() []ent.Field { return []ent.Field{field.String("secret").Optional()} }

func (Vault) Edges() []ent.Edge { return []ent.Edge{edge.To("documents", Document.Type)} }

func (Vault) Annotations() []schema.Annotation { return []schema.Annotation{entity.Hidden()} }
