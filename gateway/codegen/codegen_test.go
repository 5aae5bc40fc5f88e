package codegen_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/codegen"
)

// schemaFiles describe a small shop that uses what the reference schema does not: other ids, one-to-one edges, edges to
// itself, composite keys, edge schemas and every type of field.
var schemaFiles = map[string]string{
	"product.go": `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/entwine-data/entwine/gateway/entity"
)

type Product struct{ ent.Schema }

func (Product) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Default(uuid.New),
		field.String("name"),
		field.Enum("type").Values("on-sale", "soldOut", "2nd_hand").Annotations(entity.EnumNames(map[string]string{"2nd_hand": "SECOND_HAND"})),
		field.String("price").SchemaType(map[string]string{dialect.Postgres: "numeric(10,2)", dialect.SQLite: "numeric"}),
		field.Int64("stock").Default(0),
		field.Uint8("rating").Optional(),
		field.Float("weight").Optional().Nillable().Positive(),
		field.Bool("listed").Default(true),
		field.Time("created_at").Default(entity.Now).Immutable(),
		field.Bytes("picture").Optional(),
		field.String("supplier_code").Sensitive().Annotations(entity.RenamedFrom("vendor_code")),
		field.JSON("sizes", map[string]int{}).Optional(),
		field.UUID("batch", uuid.UUID{}).Optional().Nillable(),
	}
}

func (Product) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("similar", Product.Type),
		edge.To("label", Label.Type).Unique().Annotations(entity.RenamedFrom("owner_id")),
		edge.To("orders", Order.Type).Through("order_details", OrderDetail.Type),
	}
}

func (Product) Indexes() []ent.Index {
	return []ent.Index{index.Fields("name", "type").Unique(), index.Fields("created_at")}
}
`,
	"label.go": `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

type Label struct{ ent.Schema }

func (Label) Fields() []ent.Field { return []ent.Field{field.String("id"), field.String("text")} }

func (Label) Edges() []ent.Edge {
	return []ent.Edge{edge.From("product", Product.Type).Ref("label").Unique().Required()}
}
`,
	"order.go": `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

type Order struct{ ent.Schema }

func (Order) Fields() []ent.Field { return []ent.Field{field.Int32("id"), field.String("note").Optional()} }

func (Order) Edges() []ent.Edge {
	return []ent.Edge{edge.From("products", Product.Type).Ref("orders").Through("order_details", OrderDetail.Type)}
}
`,
	"orderdetail.go": `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
)

type OrderDetail struct{ ent.Schema }

func (OrderDetail) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("product_id", uuid.UUID{}),
		field.Int32("order_id"),
		field.Int("quantity").Default(1),
	}
}

func (OrderDetail) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("product", Product.Type).Unique().Required().Field("product_id"),
		edge.To("order", Order.Type).Unique().Required().Field("order_id"),
	}
}

func (OrderDetail) Annotations() []schema.Annotation {
	return []schema.Annotation{field.ID("product_id", "order_id")}
}
`,
	"news.go": `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
)

type News struct{ ent.Schema }

func (News) Fields() []ent.Field { return []ent.Field{field.Text("text")} }

func (News) Annotations() []schema.Annotation { return []schema.Annotation{entity.RenamedFrom("messages")} }
`,
}

// customFiles are hand-written operations: an entity with another kind of id, enums, scalars, inputs and own types.
var customFiles = map[string]string{
	"shop.graphql": `
extend type Query {
  "Products that are on offer."
  offers(type: ProductType = SOLD_OUT, since: DateTime): [Product!]!
}

extend type Mutation {
  "Adds to the stock of a product."
  restock(input: RestockInput!): RestockPayload!
}

"What to add."
input RestockInput {
  "Where to add."
  productId: ID!
  "How much to add."
  amount: BigInt!
}

"What came of it."
type RestockPayload {
  "The product."
  product: Product
  "Its types now."
  types: [ProductType!]!
}

extend type Product {
  "The price in words."
  priceTag: String @needs(fields: ["price", "name"])
}

extend type Label {
  "Who wears it."
  wearers: [Product!]!
}
`,
	"shop.resolvers.go": `package graph

import (
	"context"
	"time"

	"example.com/shop/ent"
	"example.com/shop/ent/product"
)

func (r *queryResolver) Offers(ctx context.Context, typ *product.Type, since *time.Time) ([]*ent.Product, error) {
	return r.client.Product.Query().Where(product.TypeEQ(*typ)).All(ctx)
}

func (r *mutationResolver) Restock(context.Context, RestockInput) (*RestockPayload, error) {
	return &RestockPayload{Types: []product.Type{product.TypeOnSale}}, nil
}

func (r *productFieldsResolver) PriceTag(_ context.Context, products []*ent.Product) ([]*string, error) {
	tags := make([]*string, len(products))
	for i, p := range products {
		tag := p.Name + ": " + p.Price
		tags[i] = &tag
	}
	return tags, nil
}

func (r *labelFieldsResolver) Wearers(_ context.Context, labels []*ent.Label) ([][]*ent.Product, error) {
	return make([][]*ent.Product, len(labels)), nil
}
`,
}

// app makes a module outside of this one that uses it, and goes there.
func app(t *testing.T) (root string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a module")
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const module = "github.com/entwine-data/entwine"
	write("go.mod", strings.Replace(read("go.mod"), "module "+module, "module example.com/shop", 1)+
		"\nrequire "+module+" v0.0.0\n\nreplace "+module+" => "+repository+"\n")
	write("go.sum", read("go.sum"))
	write("gqlgen.yml", read("gqlgen.yml"))
	write("graph/resolver.go", strings.ReplaceAll(read("graph/resolver.go"), module+"/ent", "example.com/shop/ent"))
	for name, text := range schemaFiles {
		write("ent/schema/"+name, text)
	}
	for name, text := range customFiles {
		write("graph/"+name, text)
	}
	t.Chdir(filepath.Join(root, "ent"))
	t.Setenv("GOFLAGS", "-mod=mod")
	return root
}

func files(t *testing.T, root string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, root+"/")] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func contains(t *testing.T, name string, text []byte, parts ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(string(text)), " ")
	for _, part := range parts {
		if !strings.Contains(flat, part) {
			t.Errorf("%s lacks %q", name, part)
		}
	}
}

func TestGenerateOutsideOfTheRepository(t *testing.T) {
	root := app(t)
	everyone := access.Rules{Read: access.Everyone(), Create: access.Everyone(), Update: access.Everyone(), Delete: access.Everyone()}
	cfg := codegen.Config{DefaultRules: everyone, PageSize: 10, MaxPageSize: 50}
	if err := codegen.Run(cfg); err != nil {
		t.Fatal(err)
	}
	first := files(t, root)
	contains(t, "schema.graphql", first["graph/schema.graphql"],
		"type Product implements Node {", "price: Decimal!", "stock: BigInt!", "rating: Int ", "weight: Float ", "picture: Bytes",
		"sizes: JSON", "batch: UUID", "createdAt: DateTime!", "scalar UUID @specifiedBy(url:",
		"enum ProductType {", " ON_SALE ", " SOLD_OUT ", " SECOND_HAND ",
		"productByNameAndType(", "newsList(", "): NewsConnection!",
		"similar( ", "label: Label ", "product: Product! ", "productId: ID! ",
		"type OrderDetail implements Node {", "orderDetails( ", "orderDetailByProductIdAndOrderId(", "deleteOrderDetail(", "The id that the label shall have.",
		"input CreateProductSimilarInput {", "supplierCode: String!",
		"offers(type: ProductType = SOLD_OUT, since: DateTime): [Product!]!", "priceTag: String ", "wearers: [Product!]!",
	)
	for _, absent := range []string{"input ProductWhere { supplierCode", "@needs", "_product"} {
		if strings.Contains(string(first["graph/schema.graphql"]), absent) {
			t.Errorf("schema.graphql has %q", absent)
		}
	}
	contains(t, "joins.go", first["ent/migrate/joins.go"], `"product_similar_similar_id_product_id"`)
	contains(t, "renames.go", first["ent/migrate/renames.go"], `{Table: "news", From: "messages"},`,
		`{Table: "products", Column: "supplier_code", From: "vendor_code"},`, `{Table: "labels", Column: "product_label", From: "owner_id"},`)
	contains(t, "product_entity.go", first["ent/catalog/product_entity.go"], "PageSize: 10", "MaxPageSize: 50", "Hidden: true")

	if err := codegen.Run(cfg); err != nil {
		t.Fatal(err)
	}
	second := files(t, root)
	for name, text := range second {
		if !bytes.Equal(text, first[name]) {
			t.Errorf("%s differs after the second run", name)
		}
	}

	if err := os.Remove(filepath.Join(root, "ent/schema/news.go")); err != nil {
		t.Fatal(err)
	}
	if err := codegen.Run(cfg); err != nil {
		t.Fatal(err)
	}
	third := files(t, root)
	for _, stale := range []string{"ent/catalog/news_entity.go", "ent/news.go", "ent/news_query.go", "ent/news/news.go"} {
		if third[stale] != nil {
			t.Errorf("%s is still there", stale)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "vet", "../...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

func TestEntityWithoutRules(t *testing.T) {
	root := app(t)
	err := codegen.Run(codegen.Config{})
	if err == nil {
		t.Fatal("generated")
	}
	for _, want := range []string{"label.go", "entity Label", "func (Label) Annotations() []schema.Annotation {", "access.Everyone()", "DefaultRules in ent/entc.go"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "ent/client.go")); err == nil {
		t.Error("a refused schema left generated files behind")
	}
}
