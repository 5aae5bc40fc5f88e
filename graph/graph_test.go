package graph_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
	_ "modernc.org/sqlite"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/loader"
	"github.com/entwine-data/entwine/graph"
)

// counting counts the statements that reach a database.
type counting struct {
	dialect.Driver
	queries atomic.Int64
}

func (d *counting) Query(ctx context.Context, query string, args, v any) error {
	d.queries.Add(1)
	return d.Driver.Query(ctx, query, args, v)
}

type bundle struct {
	handle *gateway.Handle
	client *ent.Client
	driver *counting
	system context.Context
}

func setup(t *testing.T) *bundle {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "test.db") +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_txlock=immediate&_time_format=sqlite&_timezone=UTC"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	b := &bundle{
		driver: &counting{Driver: entsql.OpenDB(dialect.SQLite, db)},
		system: access.SystemContext(t.Context()),
	}
	b.client = ent.NewClient(ent.Driver(b.driver))
	if err := b.client.Schema.Create(b.system); err != nil {
		t.Fatal(err)
	}
	if b.handle, err = graph.Open(b.driver); err != nil {
		t.Fatal(err)
	}
	return b
}

// exec runs a document whose root fields gqlgen knows. With parents, the selections of its one root field are run on them.
func (b *bundle) exec(ctx context.Context, t *testing.T, query string, parents *loader.Batch) (*graphql.Response, *loader.Refs) {
	t.Helper()
	doc, errs := gqlparser.LoadQueryWithRules(b.handle.Custom.Schema(), query, rules.NewDefaultRules())
	if errs != nil {
		t.Fatal(errs)
	}
	op := *doc.Operations[0]
	if parents != nil {
		client := op.SelectionSet[0].(*ast.Field)
		e := b.handle.Catalog.Entity(client.Definition.Type.Name())
		ctx = loader.WithParents(ctx, parents)
		op.SelectionSet = ast.SelectionSet{&ast.Field{
			Name: e.CustomRoot, Alias: e.CustomRoot, SelectionSet: client.SelectionSet,
			Definition: &ast.FieldDefinition{Name: e.CustomRoot, Type: ast.NonNullListType(ast.NamedType(e.Name, nil), nil)},
		}}
	}
	refs := &loader.Refs{}
	ctx = loader.WithRefs(ctx, refs)
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{
		RawQuery: query, Doc: doc, Operation: &op, Variables: map[string]any{},
		RecoverFunc:            graphql.DefaultRecover,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
	})
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	b.driver.queries.Store(0)
	response := b.handle.Custom.Exec(ctx)(ctx)
	response.Errors = graphql.GetErrors(ctx)
	return response, refs
}

// community writes three authors with 1, 2 and 3 posts. Posts of one author share as many tags as the author has posts.
func (b *bundle) community(t *testing.T) (posts []*ent.Post) {
	t.Helper()
	var tags []*ent.Tag
	for i := range 3 {
		tags = append(tags, b.client.Tag.Create().SetName(fmt.Sprint("tag", i)).SaveX(b.system))
	}
	for author := 1; author <= 3; author++ {
		u := b.client.User.Create().SetName("u").SetUsername(fmt.Sprint("u", author)).SaveX(b.system)
		for range author {
			posts = append(posts, b.client.Post.Create().SetTitle("t").SetSlug(fmt.Sprint("p", len(posts))).
				SetBody(strings.Repeat("word ", 100*len(posts))).SetStatus(post.StatusPublished).SetScore(len(posts)).
				SetAuthor(u).AddTags(tags[:author]...).SaveX(b.system))
		}
	}
	return posts
}

func TestListComputedInGo(t *testing.T) {
	b := setup(t)
	posts := b.community(t)
	b.client.Post.UpdateOne(posts[5]).SetStatus(post.StatusDraft).ExecX(b.system)

	response, refs := b.exec(t.Context(), t, `{ trendingPosts(first: 2) { id } again: trendingPosts { title } }`, nil)
	if response.Errors != nil {
		t.Fatal(response.Errors)
	}
	if got := strings.ReplaceAll(string(response.Data), "\x00", "#"); got != `{"trendingPosts":[#0#,#1#],"again":[#2#,#3#,#4#,#5#,#6#]}` {
		t.Errorf("data %s", got)
	}
	// The draft has the highest score, but nobody may see it.
	if key := refs.Items[0].Key; key != int64(posts[4].ID) || refs.Items[0].Entity != "Post" {
		t.Errorf("first is %v", refs.Items[0])
	}
	if f := refs.Items[2].Field; f.Alias != "again" || f.Selections[0].(*ast.Field).Name != "title" {
		t.Errorf("field of the second list: %v", f)
	}
	if n := b.driver.queries.Load(); n != 2 {
		t.Errorf("%d statements for two fields", n)
	}
}

func TestLimitOfAnArgumentIsNamed(t *testing.T) {
	b := setup(t)
	response, _ := b.exec(t.Context(), t, `{ trendingPosts(first: 101) { id } }`, nil)
	if len(response.Errors) != 1 || string(response.Data) != "null" {
		t.Fatalf("%s %v", response.Data, response.Errors)
	}
	if e, ok := errors.AsType[*apierr.Error](response.Errors[0]); !ok || !strings.Contains(e.Message, "100") {
		t.Errorf("error %v", response.Errors[0])
	}
}

func TestFieldsOfManyParentsAreOneQuery(t *testing.T) {
	b := setup(t)
	posts := b.community(t)
	parents := &loader.Batch{Columns: []string{post.FieldID, post.FieldBody}}
	for _, p := range posts {
		parents.Rows = append(parents.Rows, []any{int64(p.ID), p.Body})
	}

	response, refs := b.exec(t.Context(), t, `{ post(id: "x") { minutes: readingMinutes near: related(first: 2) { id } } }`, parents)
	if response.Errors != nil {
		t.Fatal(response.Errors)
	}
	want := `{"_postParents":[` +
		`{"minutes":1,"near":[#0#,#1#]},{"minutes":1,"near":[#2#,#3#]},{"minutes":1,"near":[#4#,#5#]},` +
		`{"minutes":2,"near":[#6#,#7#]},{"minutes":2,"near":[#8#,#9#]},{"minutes":3,"near":[#10#,#11#]}]}`
	if got := strings.ReplaceAll(string(response.Data), "\x00", "#"); got != want {
		t.Errorf("data %s", got)
	}
	var near []int
	for _, ref := range refs.Items {
		near = append(near, int(ref.Key.(int64))-posts[0].ID)
	}
	// Most shared tags first, then the newest: the last three posts share all three tags.
	if got := fmt.Sprint(near); got != "[5 4 5 4 5 4 5 4 5 3 4 3]" {
		t.Errorf("related %s", got)
	}
	if n := b.driver.queries.Load(); n != 1 {
		t.Errorf("%d statements for %d parents", n, len(posts))
	}
}

func TestEntitiesInsideOtherTypesLoadTogether(t *testing.T) {
	b := setup(t)
	posts := b.community(t)
	response, refs := b.exec(t.Context(), t, `{ communityStats { posts busiestAuthors { posts author { name } } } }`, nil)
	if response.Errors != nil {
		t.Fatal(response.Errors)
	}
	want := `{"communityStats":{"posts":6,"busiestAuthors":[{"posts":3,"author":#0#},{"posts":2,"author":#1#},{"posts":1,"author":#2#}]}}`
	if got := strings.ReplaceAll(string(response.Data), "\x00", "#"); got != want {
		t.Errorf("data %s", got)
	}
	if refs.Items[0].Entity != "User" || refs.Items[0].Key != int64(*posts[5].AuthorID) {
		t.Errorf("busiest %v", refs.Items[0])
	}
	// The count, the ranking and one query for all authors.
	if n := b.driver.queries.Load(); n != 3 {
		t.Errorf("%d statements", n)
	}
}

func TestIntrospectionShowsTheCompleteSchema(t *testing.T) {
	b := setup(t)
	response, _ := b.exec(t.Context(), t, `{ __type(name: "Post") { fields { name } } __schema { directives { name } } }`, nil)
	data := string(response.Data)
	for _, want := range []string{`"readingMinutes"`, `"comments"`, `"slug"`} {
		if !strings.Contains(data, want) {
			t.Errorf("%s is missing: %s", want, data)
		}
	}
	for _, hidden := range []string{"needs", "goField", "_postParents"} {
		if strings.Contains(data, hidden) || strings.Contains(b.handle.SDL, hidden) {
			t.Errorf("%s is visible", hidden)
		}
	}
}

func TestEverythingIsDescribed(t *testing.T) {
	schema := setup(t).handle.Custom.Schema()
	describe := func(name, description string) {
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", name)
		}
	}
	for name, def := range schema.Types {
		if def.BuiltIn {
			continue
		}
		describe(name, def.Description)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			describe(name+"."+f.Name, f.Description)
			for _, arg := range f.Arguments {
				describe(name+"."+f.Name+"("+arg.Name+":)", arg.Description)
			}
		}
		for _, v := range def.EnumValues {
			describe(name+"."+v.Name, v.Description)
		}
	}
}
