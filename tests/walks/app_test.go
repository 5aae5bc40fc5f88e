package walks

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/engine"
	"github.com/entwine-data/entwine/internal/gql"
	"github.com/entwine-data/entwine/internal/store"
)

// The application that is walked through: items with a column of every type that can be ordered by, each of which may be
// null, in boxes, with parts. Rows of all three may be shut, which hides them from all but administrators.

const listArguments = "first: Int last: Int after: String before: String offset: Int"

var sdl = `
scalar DateTime scalar Date scalar BigInt scalar Decimal scalar UUID
enum Mood { GOOD BAD SO_SO } enum State { OPEN SHUT } enum Direction { ASC DESC } enum Nulls { FIRST LAST }
interface Node { id: ID! }
type Query { nodes(ids: [ID!]!): [Node]! box(id: ID!): Box
  items(` + listArguments + ` where: ItemWhere orderBy: [ItemOrder!]): ItemConnection! }
type Mutation { none: Int }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Box implements Node { id: ID!
  items(` + listArguments + ` where: ItemWhere orderBy: [ItemOrder!]): ItemConnection!
  labelled(` + listArguments + ` where: ItemWhere orderBy: [ItemOrder!]): ItemConnection! }
type Item implements Node { id: ID! }
type ItemConnection { edges: [ItemEdge!]! pageInfo: PageInfo! totalCount: Int! }
type ItemEdge { node: Item! cursor: String! }
type Part implements Node { id: ID! }
enum ItemField { ID NUMBER RANK BIG RATIO PRICE TITLE CODE FLAG MOOD DAY AT TOKEN BOX_ID PARENT_ID STATE }
enum BoxField { ID NAME SIZE STATE }
input Count { count: Direction! }
input ItemOrder { field: ItemField direction: Direction nulls: Nulls box: BoxOrder parent: ItemOrder parts: Count replies: Count labels: Count }
input BoxOrder { field: BoxField direction: Direction nulls: Nulls items: Count labelled: Count }
input IDFilter { eq: ID ne: ID in: [ID!] notIn: [ID!] isNull: Boolean }
input UUIDFilter { eq: UUID ne: UUID in: [UUID!] notIn: [UUID!] isNull: Boolean }
input BooleanFilter { eq: Boolean ne: Boolean in: [Boolean!] notIn: [Boolean!] isNull: Boolean }
input MoodFilter { eq: Mood ne: Mood in: [Mood!] notIn: [Mood!] isNull: Boolean }
input StateFilter { eq: State ne: State in: [State!] notIn: [State!] isNull: Boolean }
` + rangeFilter("Int") + rangeFilter("BigInt") + rangeFilter("Decimal") + rangeFilter("Float") + rangeFilter("Date") + rangeFilter("DateTime") + `
input StringFilter { eq: String ne: String in: [String!] notIn: [String!] lt: String lte: String gt: String gte: String
  contains: String startsWith: String endsWith: String isNull: Boolean }
input ItemWhere { id: IDFilter number: IntFilter rank: IntFilter big: BigIntFilter ratio: FloatFilter price: DecimalFilter title: StringFilter
  code: StringFilter flag: BooleanFilter mood: MoodFilter day: DateFilter at: DateTimeFilter token: UUIDFilter boxId: IDFilter parentId: IDFilter
  state: StateFilter box: BoxToOneWhere parent: ItemToOneWhere parts: PartsWhere replies: ItemsWhere labels: BoxesWhere
  and: [ItemWhere!] or: [ItemWhere!] not: ItemWhere }
input ItemToOneWhere { number: IntFilter title: StringFilter state: StateFilter box: BoxToOneWhere parts: PartsWhere isNull: Boolean }
input BoxWhere { id: IDFilter name: StringFilter size: IntFilter state: StateFilter items: ItemsWhere and: [BoxWhere!] or: [BoxWhere!] not: BoxWhere }
input BoxToOneWhere { id: IDFilter name: StringFilter size: IntFilter state: StateFilter items: ItemsWhere isNull: Boolean }
input PartWhere { id: IDFilter weight: IntFilter state: StateFilter and: [PartWhere!] or: [PartWhere!] not: PartWhere }
input ItemsWhere { some: ItemWhere none: ItemWhere every: ItemWhere count: IntFilter }
input BoxesWhere { some: BoxWhere none: BoxWhere every: BoxWhere count: IntFilter }
input PartsWhere { some: PartWhere none: PartWhere every: PartWhere count: IntFilter }
`

func rangeFilter(scalar string) string {
	return strings.ReplaceAll("input TFilter { eq: T ne: T in: [T!] notIn: [T!] lt: T lte: T gt: T gte: T isNull: Boolean }\n", "T", scalar)
}

// tables are in Postgres' words.
var tables = []string{
	`CREATE TABLE boxes (id bigint PRIMARY KEY, name text COLLATE "C", size integer, state text COLLATE "C" NOT NULL)`,
	`CREATE TABLE items (id bigint PRIMARY KEY, number integer, rank integer NOT NULL, big bigint, ratio double precision, price numeric(20,2),
		title text COLLATE "C", code text COLLATE "C" NOT NULL, flag bool, mood text COLLATE "C", day date, at timestamptz, token uuid,
		box_id bigint, parent_id bigint, state text COLLATE "C" NOT NULL)`,
	`CREATE TABLE parts (id bigint PRIMARY KEY, item_id bigint NOT NULL, weight integer, state text COLLATE "C" NOT NULL)`,
	`CREATE TABLE labels (item_id bigint NOT NULL, box_id bigint NOT NULL, PRIMARY KEY (item_id, box_id))`,
	// Without indexes there would be one plan for everything.
	`CREATE INDEX items_number ON items (number, id)`,
	`CREATE INDEX items_title ON items (title, id)`,
	`CREATE INDEX items_at ON items (at, id)`,
	`CREATE INDEX items_box ON items (box_id, number, id)`,
}

func catalog() *entity.Catalog {
	field := func(column string, t entity.Type) *entity.Field {
		name, next, _ := strings.Cut(column, "_")
		if next != "" {
			name += strings.ToUpper(next[:1]) + next[1:]
		}
		return &entity.Field{
			Name: name, Schema: column, Column: column, Type: t, GraphQL: string(t), Nullable: true, Filter: true, Sort: true,
			OrderValue: strings.ToUpper(column),
		}
	}
	required := func(f *entity.Field) *entity.Field { f.Nullable, f.NonNull = false, true; return f }
	key := func(f *entity.Field, target string) *entity.Field { f.Key, f.Target = entity.IntKey, target; return f }
	enum := func(column, graphQL string, stored ...string) *entity.Field {
		f := field(column, entity.Enum)
		f.GraphQL = graphQL
		for _, v := range stored {
			f.Enum = append(f.Enum, entity.EnumValue{Name: strings.ToUpper(strings.ReplaceAll(v, "-", "_")), Stored: v})
		}
		return f
	}
	id := func() *entity.Field { return required(key(field("id", entity.ID), "")) }
	state := func() *entity.Field { return required(enum("state", "State", "open", "shut")) }
	price, day := field("price", entity.Decimal), field("day", entity.Date)
	price.DBType, day.DBType = "numeric", "date"
	item := &entity.Entity{
		Name: "Item", Table: "items",
		Names: entity.Names{Many: "items", Connection: "ItemConnection", Edge: "ItemEdge"},
		Fields: []*entity.Field{
			id(), field("number", entity.Int), required(field("rank", entity.Int)), field("big", entity.BigInt), field("ratio", entity.Float), price,
			field("title", entity.String), required(field("code", entity.String)), field("flag", entity.Boolean), enum("mood", "Mood", "good", "bad", "so-so"),
			day, field("at", entity.DateTime), field("token", entity.UUID),
			key(field("box_id", entity.Ref), "Box"), key(field("parent_id", entity.Ref), "Item"), state(),
		},
		Edges: []*entity.Edge{
			{Name: "box", Target: "Box", Kind: entity.ToOne, Column: "box_id", Nullable: true},
			{Name: "parent", Target: "Item", Kind: entity.ToOne, Column: "parent_id", Nullable: true},
			{Name: "parts", Target: "Part", Kind: entity.ToMany, Column: "item_id"},
			{Name: "replies", Target: "Item", Kind: entity.ToMany, Column: "parent_id"},
			{Name: "labels", Target: "Box", Kind: entity.ManyToMany, Join: "labels", JoinOwn: "item_id", JoinTarget: "box_id"},
		},
	}
	box := &entity.Entity{
		Name: "Box", Table: "boxes", Names: entity.Names{One: "box"},
		Fields: []*entity.Field{id(), field("name", entity.String), field("size", entity.Int), state()},
		Edges: []*entity.Edge{
			{Name: "items", Target: "Item", Kind: entity.ToMany, Column: "box_id"},
			{Name: "labelled", Target: "Item", Kind: entity.ManyToMany, Join: "labels", JoinOwn: "box_id", JoinTarget: "item_id"},
		},
	}
	part := &entity.Entity{
		Name: "Part", Table: "parts",
		Fields: []*entity.Field{id(), required(key(field("item_id", entity.Ref), "Item")), field("weight", entity.Int), state()},
	}
	for _, e := range []*entity.Entity{item, box, part} {
		e.ID = e.Fields[:1]
		for _, ed := range e.Edges {
			ed.Schema = ed.Name
		}
		e.Rules.Read = access.Any(access.Match("state", "open"), access.Role("admin"))
	}
	return entity.NewCatalog(item, box, part)
}

// app serves the tables of one database.
type app struct {
	db      *store.DB
	catalog *entity.Catalog
	handler http.Handler
}

func open(t *testing.T, url string) *app {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	a := &app{db: db, catalog: catalog()}
	for _, text := range tables {
		if db.Dialect() == dialect.SQLite {
			text = strings.NewReplacer(` COLLATE "C"`, "", "timestamptz", "datetime").Replace(text)
		}
		if err := db.Driver().Exec(t.Context(), text, []any{}, nil); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	e := engine.New(db, a.catalog, nil, schemaOnly{schema}, engine.Config{})
	a.handler = gql.New(e, gql.Config{Logger: slog.New(slog.DiscardHandler)})
	return a
}

// schemaOnly is an application without hand-written operations.
type schemaOnly struct{ schema *ast.Schema }

func (s schemaOnly) Schema() *ast.Schema { return s.schema }

func (s schemaOnly) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s schemaOnly) Exec(context.Context) graphql.ResponseHandler { return graphql.OneShot(nil) }

// send sends an operation, as an administrator or as nobody known.
func (a *app) send(ctx context.Context, admin bool, query string, variables map[string]any) []byte {
	var viewer access.Viewer
	if admin {
		viewer.Roles = []string{"admin"}
	}
	body, _ := json.Marshal(map[string]any{"query": query, "variables": variables}) // strings and numbers only
	r := httptest.NewRequestWithContext(access.NewContext(ctx, viewer), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w.Body.Bytes()
}

// exec changes rows in one transaction, as somebody else would.
func (a *app) exec(ctx context.Context, changes ...change) error {
	return a.db.Update(ctx, func(ctx context.Context) error {
		for _, c := range changes {
			if err := a.db.Driver().Exec(ctx, a.placeholders(c.text), c.args, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// change is a statement, with a question mark for each argument.
type change struct {
	text string
	args []any
}

func (a *app) placeholders(text string) string {
	if a.db.Dialect() != dialect.Postgres {
		return text
	}
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(text, "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		n++
		b.WriteString(part)
	}
	return b.String()
}
