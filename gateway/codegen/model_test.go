package codegen

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

var open = access.Rules{Read: access.Everyone()}

// modelOf reads schemas without a folder and a compiler between.
func modelOf(t *testing.T, cfg Config, schemas ...ent.Interface) (*model, error) {
	t.Helper()
	var loaded []*load.Schema
	for _, s := range schemas {
		text, err := load.MarshalSchema(s)
		if err != nil {
			t.Fatal(err)
		}
		l, err := load.UnmarshalSchema(text)
		if err != nil {
			t.Fatal(err)
		}
		loaded = append(loaded, l)
	}
	storage, err := gen.NewStorage("sql")
	if err != nil {
		t.Fatal(err)
	}
	graph, err := gen.NewGraph(&gen.Config{Package: "example.com/app/ent", Target: t.TempDir(), Storage: storage}, loaded...)
	if err != nil {
		t.Fatal(err)
	}
	return newModel(graph, cfg)
}

type Badge struct{ ent.Schema }

func (Badge) Fields() []ent.Field {
	return []ent.Field{
		field.String("title").MaxRuneLen(20),
		field.Enum("level").Values("gold", "bronze"),
		field.Time("granted_at").Optional(),
	}
}

// Can has the name of a query that the generator can add.
type Can struct{ ent.Schema }

func (Can) Fields() []ent.Field { return []ent.Field{field.Int("litres")} }

// Invoice belongs to a tenant.
type Invoice struct{ ent.Schema }

func (Invoice) Mixin() []ent.Mixin { return []ent.Mixin{entity.TenantMixin{}} }

func (Invoice) Fields() []ent.Field { return []ent.Field{field.Int("number")} }

func (Invoice) Indexes() []ent.Index {
	return []ent.Index{index.Fields("tenant_id", "number").Unique()}
}

type Holder struct{ ent.Schema }

func (Holder) Edges() []ent.Edge { return []ent.Edge{edge.To("medals", Medal.Type)} }

// Medal does not name its foreign key.
type Medal struct{ ent.Schema }

func (Medal) Fields() []ent.Field { return []ent.Field{field.Time("created_at")} }

func (Medal) Edges() []ent.Edge {
	return []ent.Edge{edge.From("holder", Holder.Type).Ref("medals").Unique().Required()}
}

func (Medal) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }

type Collision struct{ ent.Schema }

func (Collision) Fields() []ent.Field {
	return []ent.Field{field.String("full_name"), field.String("fullName").StorageKey("other")}
}

type Reserved struct{ ent.Schema }

func (Reserved) Fields() []ent.Field { return []ent.Field{field.Bool("not")} }

type EntsOwn struct{ ent.Schema }

func (EntsOwn) Fields() []ent.Field { return []ent.Field{field.Int("edges")} }

type EnumCollision struct{ ent.Schema }

func (EnumCollision) Fields() []ent.Field {
	return []ent.Field{field.Enum("state").NamedValues("A", "on-hold", "B", "on hold")}
}

type EnumDigit struct{ ent.Schema }

func (EnumDigit) Fields() []ent.Field { return []ent.Field{field.Enum("size").NamedValues("A", "2x")} }

type PageInfo struct{ ent.Schema }

type BadMatch struct{ ent.Schema }

func (BadMatch) Fields() []ent.Field { return []ent.Field{field.Enum("state").Values("on", "off")} }

func (BadMatch) Annotations() []schema.Annotation {
	return []schema.Annotation{access.Rules{Read: access.Not(access.Match("state", "onn"))}}
}

type BadOwner struct{ ent.Schema }

func (BadOwner) Edges() []ent.Edge { return []ent.Edge{edge.To("badges", Badge.Type)} }

func (BadOwner) Annotations() []schema.Annotation {
	return []schema.Annotation{access.Rules{Update: access.Any(access.Owner("badges"))}}
}

type BadSoftDelete struct{ ent.Schema }

func (BadSoftDelete) Fields() []ent.Field {
	return []ent.Field{field.Time("gone_at").Annotations(entity.SoftDelete())}
}

// Team and TeamGroup are what groups of the one would be called.
type Team struct{ ent.Schema }

func (Team) Fields() []ent.Field { return []ent.Field{field.String("name")} }

type TeamGroup struct{ ent.Schema }

func (TeamGroup) Edges() []ent.Edge {
	return []ent.Edge{edge.To("teams", Team.Type), edge.To("team_groups", TeamGroup.Type)}
}

// NamedTeam and the others are the same with other names for groups.
type NamedTeam struct{ Team }

func (NamedTeam) Annotations() []schema.Annotation {
	return []schema.Annotation{entity.Rename("Team"), entity.RenameGroups("teamBuckets")}
}

type NamedTeamGroup struct{ ent.Schema }

func (NamedTeamGroup) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("teams", NamedTeam.Type).Annotations(entity.RenameGroups("teamBuckets")), edge.To("team_groups", NamedTeamGroup.Type),
		edge.To("leader", NamedTeam.Type).Unique(),
	}
}

func (NamedTeamGroup) Annotations() []schema.Annotation {
	return []schema.Annotation{entity.Rename("TeamGroup"), entity.Without(entity.RootGroups)}
}

type BadEdge struct{ ent.Schema }

func (BadEdge) Edges() []ent.Edge { return []ent.Edge{edge.To("period", Team.Type).Unique()} }

// Kept has a field of the name that the history of its rows takes, and FieldChange the name of one of its types.
type Kept struct{ ent.Schema }

func (Kept) Mixin() []ent.Mixin { return []ent.Mixin{entity.History{}} }

func (Kept) Fields() []ent.Field { return []ent.Field{field.String("history")} }

type FieldChange struct{ ent.Schema }

type Ledger struct{ ent.Schema }

func (Ledger) Mixin() []ent.Mixin {
	return []ent.Mixin{entity.History{Read: access.Owner("nobody")}}
}

func TestFaultsNameThePlaceAndTheWayOut(t *testing.T) {
	for _, c := range []struct {
		schemas []ent.Interface
		cfg     Config
		want    []string
	}{
		{[]ent.Interface{Badge{}}, Config{}, []string{"badge.go", "entity Badge: no rules", "access.Rules{", "DefaultRules"}},
		{[]ent.Interface{Collision{}}, Config{DefaultRules: open}, []string{"collision.go", "field fullName", `"fullName"`, "full_name", "entity.Rename"}},
		{[]ent.Interface{Reserved{}}, Config{DefaultRules: open}, []string{"reserved.go", "field not", "reserved", "StorageKey"}},
		{[]ent.Interface{EntsOwn{}}, Config{DefaultRules: open}, []string{"entsown.go", "field edges", `field.…("edges_value").StorageKey("edges").Annotations(entity.Rename("edges"))`}},
		{[]ent.Interface{EnumCollision{}}, Config{DefaultRules: open}, []string{"field state", "ON_HOLD", "entity.EnumNames"}},
		{[]ent.Interface{EnumDigit{}}, Config{DefaultRules: open}, []string{"field size", `"2X"`, "entity.EnumNames"}},
		{[]ent.Interface{PageInfo{}}, Config{DefaultRules: open}, []string{"entity PageInfo", "entity.Rename"}},
		{[]ent.Interface{BadMatch{}}, Config{}, []string{"entity BadMatch", `cannot hold "onn"`}},
		{[]ent.Interface{BadOwner{}, Badge{}}, Config{DefaultRules: open}, []string{"entity BadOwner", `no to-one edge "badges"`}},
		{[]ent.Interface{Badge{}}, Config{DefaultRules: access.Rules{Read: access.Knows("title")}}, []string{"entity Badge", `Knows("title")`, "make it unique"}},
		{[]ent.Interface{Badge{}}, Config{DefaultRules: access.Rules{Read: access.Everyone(), Update: access.Knows("title")}}, []string{"entity Badge", `Knows("title")`, "who may read"}},
		{[]ent.Interface{Holder{}, Medal{}}, Config{DefaultRules: access.Rules{Read: access.Any(access.Role("x"), access.Related("medals", access.Knows("id")))}}, []string{"entity Holder", `Knows("id")`, "not within Related"}},
		{[]ent.Interface{BadSoftDelete{}}, Config{DefaultRules: open}, []string{"field gone_at", `.Optional().Nillable()`}},
		{[]ent.Interface{Team{}, TeamGroup{}}, Config{DefaultRules: open}, []string{"entity TeamGroup", "type TeamGroup", "entity Team's groups", "entity.RenameGroups"}},
		{[]ent.Interface{BadEdge{}, Team{}}, Config{DefaultRules: open}, []string{"edge period", "entity.Rename"}},
		{[]ent.Interface{Kept{}}, Config{DefaultRules: open}, []string{"entity Kept", "field history", "entity.History keeps", "entity.Rename"}},
		{[]ent.Interface{FieldChange{}, Ledger{}}, Config{DefaultRules: open}, []string{"entity FieldChange", "entity.History keeps", "entity.Rename"}},
		{[]ent.Interface{Ledger{}}, Config{DefaultRules: open}, []string{"entity Ledger", `"nobody"`}},
		{[]ent.Interface{Badge{}}, Config{DefaultRules: open, PageSize: 50, MaxPageSize: 20}, []string{"page size 50", "maximum 20"}},
	} {
		_, err := modelOf(t, c.cfg, c.schemas...)
		if err == nil {
			t.Errorf("%T was accepted", c.schemas[0])
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%T: %q is not in: %v", c.schemas[0], want, err)
			}
		}
	}
}

func TestForeignKeyWithoutAField(t *testing.T) {
	m, err := modelOf(t, Config{DefaultRules: open}, Holder{}, Medal{})
	if err != nil {
		t.Fatal(err)
	}
	medal := m.node("Medal")
	want := entity.Edge{
		Name: "holder", Schema: "holder", Target: "Holder", Description: "The holder of the medal.",
		Kind: entity.ToOne, NonNull: true, Column: "holder_medals", Input: "holderId", Required: true,
	}
	if diff := cmp.Diff(want, *medal.Edges[0], cmpopts.IgnoreUnexported(entity.Edge{})); diff != "" {
		t.Error(diff)
	}
	if in := medal.Inputs[len(medal.Inputs)-2]; in.Name != "holderId" || !in.Required {
		t.Errorf("last input but one %+v", in)
	}
	if in := medal.Inputs[len(medal.Inputs)-1]; in.Name != "holder" || !in.Along || !in.Create {
		t.Errorf("last input %+v", in)
	}
	if order := medal.DefaultOrder; len(order) != 1 || order[0].Field.Name != "createdAt" || !order[0].Desc {
		t.Errorf("default order %+v", order)
	}
}

func TestFaultsOfHandWrittenOperations(t *testing.T) {
	m, err := modelOf(t, Config{DefaultRules: open}, Badge{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`extend type Badge { shine: Int! @needs(fields: ["colour"]) }`: `graph/x.graphql: Badge.shine needs "colour"`,
		`extend type Query { all: BadgeConnection! }`:                  "Query mentions BadgeConnection",
		`extend type Query { badge: Int }`:                             "badge",
		`extend type Query { x: Nothing }`:                             "graph/x.graphql",
		`extend type Mutation { shine: Boolean }`:                      "graph/x.graphql: mutation shine returns Boolean, which can be null: write Boolean!",
	} {
		_, err := mergeSDL(m, []*ast.Source{{Name: "graph/x.graphql", Input: text}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v lacks %q", text, err, want)
		}
	}
}

// The query `can` is there if somebody may ask it, and says what is in its way.
func TestCan(t *testing.T) {
	can := Config{DefaultRules: open, Can: access.Role("admin")}
	m, err := modelOf(t, can, Badge{})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := mergeSDL(m, nil); err != nil || !strings.Contains(s.full, "): RuleVerdict") {
		t.Errorf("%v: no query can", err)
	}
	mine := []*ast.Source{{Name: "graph/x.graphql", Input: `extend type Query { can: Int }`}}
	if _, err := mergeSDL(m, mine); err == nil || !strings.Contains(err.Error(), "can") {
		t.Errorf("two queries of one name: %v", err)
	}
	if _, err := modelOf(t, can, Can{}); err == nil || !strings.Contains(err.Error(), "codegen.Config.Can") {
		t.Errorf("an entity of that name: %v", err)
	}
	if _, err := modelOf(t, Config{DefaultRules: open, Can: access.Owner("author")}, Badge{}); err == nil || !strings.Contains(err.Error(), "the viewer only") {
		t.Errorf("a rule on rows: %v", err)
	}
	if m, err = modelOf(t, Config{DefaultRules: open}, Can{}); err != nil {
		t.Fatal(err)
	}
	if s, err := mergeSDL(m, nil); err != nil || strings.Contains(s.full, "RuleVerdict") {
		t.Errorf("it is there uncalled: %v", err)
	}
}

// TestTenantOfKeys: a unique index with the tenant gives a look-up by the rest.
func TestTenantOfKeys(t *testing.T) {
	m, err := modelOf(t, Config{DefaultRules: open}, Invoice{})
	if err != nil {
		t.Fatal(err)
	}
	invoice := m.node("Invoice")
	if len(invoice.Keys) != 1 {
		t.Fatalf("%d keys", len(invoice.Keys))
	}
	if k := invoice.Keys[0]; k.Name != "invoiceByNumber" || len(k.Fields) != 1 || k.Tenant == nil || k.Tenant.Schema != "tenant_id" {
		t.Errorf("%+v", k)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ name, camel, upper, phrase, phrases string }{
		{"created_at", "createdAt", "CREATED_AT", "created at", "created ats"},
		{"PostLink", "postLink", "POST_LINK", "post link", "post links"},
		{"HTTPPort", "httpPort", "HTTP_PORT", "http port", "http ports"},
		{"userID", "userId", "USER_ID", "user id", "user ids"},
		{"Category", "category", "CATEGORY", "category", "categories"},
		{"News", "news", "NEWS", "news", "news"},
	} {
		if got := camel(c.name); got != c.camel {
			t.Errorf("camel(%s) = %s", c.name, got)
		}
		if got := upperSnake(c.name); got != c.upper {
			t.Errorf("upperSnake(%s) = %s", c.name, got)
		}
		if got := phrase(c.name); got != c.phrase {
			t.Errorf("phrase(%s) = %s", c.name, got)
		}
		if got := phrases(c.name); got != c.phrases {
			t.Errorf("phrases(%s) = %s", c.name, got)
		}
	}
}

func TestNamesOfGroups(t *testing.T) {
	m, err := modelOf(t, Config{DefaultRules: open}, NamedTeam{}, NamedTeamGroup{})
	if err != nil {
		t.Fatal(err)
	}
	team, group := m.node("Team"), m.node("TeamGroup")
	if team.Names.Groups != "teamBuckets" || team.group != "TeamBucket" || group.Names.Groups != "" || group.group != "TeamGroupGroup" {
		t.Errorf("groups are called %q and %q, of %s and %s", team.Names.Groups, group.Names.Groups, team.group, group.group)
	}
	if name := group.Edges[0].Groups; name != "teamBuckets" {
		t.Errorf("the groups of teams are called %q", name)
	}
	if _, err := mergeSDL(m, nil); err != nil {
		t.Error(err)
	}
	// An entity that has nothing to group by has no groups.
	if m, err = modelOf(t, Config{DefaultRules: open}, Holder{}, Medal{}); err != nil {
		t.Fatal(err)
	}
	if holder := m.node("Holder"); holder.Names.Groups != "" || holder.group != "" || holder.Edges[0].Groups != "medalGroups" {
		t.Errorf("%+v", holder)
	}
	if _, err := mergeSDL(m, nil); err != nil {
		t.Error(err)
	}
}
