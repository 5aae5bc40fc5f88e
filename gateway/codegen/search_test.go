package codegen

import (
	"strings"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/search"
)

type Article struct{ ent.Schema }

func (Article) Fields() []ent.Field {
	return []ent.Field{
		field.String("head_line").StorageKey("title"),
		field.Text("body").Optional(),
		field.String("secret").Sensitive(),
		field.String("internal").Annotations(entity.Hidden()),
		field.String("price").Annotations(access.FieldRules{Read: access.Role("admin")}),
		field.Int("size"),
	}
}

type (
	Found     struct{ Article }
	Twice     struct{ Article }
	Nothing   struct{ Article }
	Secret    struct{ Article }
	Invisible struct{ Article }
	Ruled     struct{ Article }
	Number    struct{ Article }
	Heavy     struct{ Article }
	Ranked    struct{ Article }
	Taken     struct{ Article }
)

func searched(fields ...string) []schema.Annotation {
	return []schema.Annotation{entity.Search(fields...)}
}

func (Found) Annotations() []schema.Annotation     { return searched("head_line:B", "body") }
func (Twice) Annotations() []schema.Annotation     { return searched("body", "body:A") }
func (Nothing) Annotations() []schema.Annotation   { return searched("title") }
func (Secret) Annotations() []schema.Annotation    { return searched("secret") }
func (Invisible) Annotations() []schema.Annotation { return searched("internal") }
func (Ruled) Annotations() []schema.Annotation     { return searched("price") }
func (Number) Annotations() []schema.Annotation    { return searched("size") }
func (Heavy) Annotations() []schema.Annotation     { return searched("body:E") }
func (Ranked) Annotations() []schema.Annotation    { return searched("body") }
func (Taken) Annotations() []schema.Annotation     { return searched("body") }

func (r Ranked) Fields() []ent.Field { return append(r.Article.Fields(), field.Int("rank")) }

func (r Taken) Fields() []ent.Field { return append(r.Article.Fields(), field.Int("entwine_search")) }

// TestSearch: what is searched reaches the metadata, the API and the migrations.
func TestSearch(t *testing.T) {
	m, err := modelOf(t, Config{DefaultRules: open}, Found{})
	if err != nil {
		t.Fatal(err)
	}
	n := m.node("Found")
	if len(n.Search) != 2 || n.Search[0].Field.Column != "title" || n.Search[0].Weight != "B" || n.Search[1].Weight != "D" {
		t.Errorf("%+v", n.Search)
	}
	api, err := gqlparser.LoadSchema(&ast.Source{Input: m.entitySDL()})
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"founds", "foundGroups"} {
		if api.Query.Fields.ForName(field).Arguments.ForName("search") == nil {
			t.Errorf("%s has no search", field)
		}
	}
	if api.Types["FoundOrderField"].EnumValues.ForName(entity.OrderByRank) == nil {
		t.Error("there is no order by rank")
	}
	if err := m.markSearches(); err != nil {
		t.Fatal(err)
	}
	tables, err := m.graph.Tables()
	if err != nil {
		t.Fatal(err)
	}
	if got := search.FromOptions(tables[0].Annotation.Options); len(got) != 2 || got[0] != (search.Field{Column: "title", Weight: "B"}) {
		t.Errorf("the table says %v", got)
	}
}

// TestFaultsOfSearches: what would tell somebody what he may not read, or cannot be searched, is refused.
func TestFaultsOfSearches(t *testing.T) {
	for s, want := range map[ent.Interface]string{
		Twice{}: "stands there twice", Nothing{}: `no field "title"`, Secret{}: "Sensitive or Hidden", Invisible{}: "Sensitive or Hidden", Ruled{}: "has a rule",
		Number{}: "no text", Heavy{}: `weight "E"`, Ranked{}: "field rank: orders of an entity with entity.Search have a RANK", Taken{}: "StorageKey",
	} {
		if _, err := modelOf(t, Config{DefaultRules: open}, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v, not %q", s, err, want)
		}
	}
}
