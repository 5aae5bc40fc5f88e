package catalog_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/catalog"
	"github.com/entwine-data/entwine/ent/comment"
	"github.com/entwine-data/entwine/ent/grid"
	"github.com/entwine-data/entwine/ent/post"
	// The defaults of entities with hooks are registered there.
	_ "github.com/entwine-data/entwine/ent/runtime"
	"github.com/entwine-data/entwine/ent/user"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// bundle is what a test of one database has at hand. Its context is nobody's: tests say who they are.
type bundle struct {
	client   *ent.Client
	catalog  *entity.Catalog
	mutators map[string]entity.Mutator
	system   context.Context
}

func setup(t *testing.T) *bundle {
	t.Helper()
	dsn := "file:" + filepath.Join(t.TempDir(), "test.db") +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_txlock=immediate&_time_format=sqlite&_timezone=UTC"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	client := ent.NewClient(ent.Driver(entsql.OpenDB(dialect.SQLite, db)))
	t.Cleanup(func() { _ = client.Close() })
	b := &bundle{client: client, catalog: catalog.New(), system: access.SystemContext(t.Context())}
	b.mutators = catalog.Mutators(client, b.catalog)
	catalog.Restrict(client, b.catalog)
	if err := client.Schema.Create(b.system); err != nil {
		t.Fatal(err)
	}
	return b
}

func as(t *testing.T, userID int, roles ...string) context.Context {
	return access.NewContext(t.Context(), access.Viewer{UserID: strconv.Itoa(userID), Roles: roles})
}

func (b *bundle) user(name string) *ent.User {
	return b.client.User.Create().SetName(name).SetUsername(name).SaveX(b.system)
}

func (b *bundle) post(author *ent.User, slug string, status post.Status) *ent.Post {
	return b.client.Post.Create().SetTitle(slug).SetSlug(slug).SetBody("body").SetStatus(status).SetAuthor(author).SaveX(b.system)
}

func id(typeName string, key int) string { return relay.ID(typeName, strconv.Itoa(key)) }

// create and update write as the engine does when nothing stands along the edges of an input; what an input refers to is not
// looked up.
func (b *bundle) create(ctx context.Context, name string, in entity.Input) (key any, err error) {
	m := b.mutators[name]
	d := m.New(in)
	if len(d.Faults) > 0 {
		return nil, apierr.Input("Not valid.", d.Faults...)
	}
	keys, err := m.Create(ctx, []*entity.Draft{d})
	if err != nil {
		return nil, err
	}
	return keys[0], finish(ctx, d, keys[0])
}

func (b *bundle) update(ctx context.Context, name string, key int, in entity.Input) error {
	d, err := b.mutators[name].Change([]any{int64(key)}, in)
	if err != nil {
		return err
	}
	if len(d.Faults) > 0 {
		return apierr.Input("Not valid.", d.Faults...)
	}
	if err := d.Save(ctx); err != nil {
		return err
	}
	return finish(ctx, d, int64(key))
}

func finish(ctx context.Context, d *entity.Draft, key any) error {
	for _, write := range d.Finish {
		if err := write(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// faults lists path and code of each offending value.
func faults(t *testing.T, err error) []string {
	t.Helper()
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok {
		t.Fatalf("not a client's error: %v", err)
	}
	if e.Code != apierr.BadUserInput && e.Code != apierr.NotFound {
		t.Errorf("code %s: %v", e.Code, err)
	}
	var all []string
	for _, f := range e.Fields {
		path := make([]string, len(f.Path))
		for i, step := range f.Path {
			switch step := step.(type) {
			case string:
				path[i] = step
			case int:
				path[i] = strconv.Itoa(step)
			}
		}
		all = append(all, strings.Join(path, ".")+" "+string(f.Code))
	}
	return all
}

func TestCreateWritesFieldsReferencesAndLinks(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	hops := b.client.Tag.Create().SetName("hops").SaveX(b.system)
	malt := b.client.Tag.Create().SetName("malt").SaveX(b.system)

	key, err := b.create(as(t, ada.ID), "Post", entity.Input{
		"title": "Über hops 🍺", "slug": "hops", "body": "text", "status": "PUBLISHED",
		"authorId":         id("User", ada.ID),
		"tags":             map[string]any{"connect": []any{id("Tag", hops.ID), id("Tag", malt.ID), id("Tag", hops.ID)}},
		"clientMutationId": "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	p := b.client.Post.Query().Where(post.ID(int(key.(int64)))).WithTags().OnlyX(b.system)
	if p.Title != "Über hops 🍺" || p.Status != post.StatusPublished || *p.AuthorID != ada.ID || len(p.Edges.Tags) != 2 {
		t.Errorf("created %v with tags %v", p, p.Edges.Tags)
	}
	if p.CreatedAt.Location() != time.UTC || time.Since(p.CreatedAt) > time.Minute {
		t.Errorf("created at %v", p.CreatedAt)
	}
}

func TestInputReportsEverythingAtOnce(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	_, err := b.create(as(t, ada.ID), "Grid", entity.Input{
		"title":  strings.Repeat("ü", 129),
		"slug":   "",
		"cells":  "no list",
		"userId": id("Post", ada.ID),
	})
	want := []string{"slug INVALID", "title TOO_LONG", "cells INVALID_FORMAT", "userId INVALID_FORMAT"}
	if diff := cmp.Diff(want, faults(t, err)); diff != "" {
		t.Error(diff)
	}
	e, _ := errors.AsType[*apierr.Error](err)
	if e.Fields[1].Limit != 128 {
		t.Errorf("limit %v", e.Fields[1].Limit)
	}

	if _, err := b.create(as(t, ada.ID), "Grid", entity.Input{
		"title": strings.Repeat("ü", 128), "userId": id("User", ada.ID),
	}); err != nil {
		t.Errorf("128 characters: %v", err)
	}
}

func TestUpdateNullClearsOnlyWhatMayBeNull(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	p := b.post(ada, "one", post.StatusPublished)
	update := func(in entity.Input) error {
		return b.update(as(t, ada.ID), "Post", p.ID, in)
	}
	if err := update(entity.Input{"authorId": nil}); err != nil {
		t.Fatal(err)
	}
	p = b.client.Post.GetX(b.system, p.ID)
	if p.AuthorID != nil || p.Title != "one" || p.UpdatedAt == nil {
		t.Errorf("after clearing the author: %v", p)
	}
	err := update(entity.Input{"title": nil, "status": nil, "body": "new"})
	if diff := cmp.Diff([]string{"title REQUIRED", "status REQUIRED"}, faults(t, err)); diff != "" {
		t.Error(diff)
	}
	if b.client.Post.GetX(b.system, p.ID).Body != "body" {
		t.Error("a refused update wrote")
	}
}

func TestLinksAreConnectedDisconnectedAndSet(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	p := b.post(ada, "one", post.StatusPublished)
	ids := map[string]string{}
	for _, name := range []string{"a", "b", "c"} {
		ids[name] = id("Tag", b.client.Tag.Create().SetName(name).SaveX(b.system).ID)
	}
	for _, step := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"connect": []any{ids["a"], ids["b"]}}, "ab"},
		{map[string]any{"connect": []any{ids["c"]}, "disconnect": []any{ids["a"]}}, "bc"},
		{map[string]any{"set": []any{ids["a"]}}, "a"},
		{map[string]any{"set": []any{}}, ""},
	} {
		if err := b.update(as(t, ada.ID), "Post", p.ID, entity.Input{"tags": step.change}); err != nil {
			t.Fatalf("%v: %v", step.change, err)
		}
		got := ""
		for _, tag := range p.QueryTags().Order(ent.Asc("name")).AllX(b.system) {
			got += tag.Name
		}
		if got != step.want {
			t.Errorf("after %v: %q, want %q", step.change, got, step.want)
		}
	}
	err := b.update(as(t, ada.ID), "Post", p.ID, entity.Input{
		"tags": map[string]any{"connect": []any{ids["a"], id("Tag", 999), "junk"}},
	})
	want := []string{"tags.connect.2 INVALID_FORMAT"}
	if diff := cmp.Diff(want, faults(t, err)); diff != "" {
		t.Error(diff)
	}
}

// The rows of these lists hold the foreign key: changing the list changes them, which their own rules must allow.
func TestChildrenAreConnectedDisconnectedAndSet(t *testing.T) {
	b := setup(t)
	ada, bob := b.user("ada"), b.user("bob")
	ids := map[string]string{}
	for _, slug := range []string{"a", "b", "c"} {
		ids[slug] = id("Post", b.post(ada, slug, post.StatusPublished).ID)
	}
	bobs := b.post(bob, "bobs", post.StatusPublished)
	update := func(u *ent.User, in entity.Input, roles ...string) error {
		return b.update(as(t, u.ID, roles...), "User", u.ID, in)
	}
	for _, step := range []struct {
		change map[string]any
		want   string
	}{
		{map[string]any{"disconnect": []any{ids["a"]}}, "bc"},
		{map[string]any{"set": []any{ids["c"]}}, "c"},
		{map[string]any{"set": []any{}}, ""},
		{map[string]any{"connect": []any{ids["a"], ids["b"], id("Post", bobs.ID)}}, "abbobs"},
	} {
		if err := update(ada, entity.Input{"posts": step.change}, "moderator"); err != nil {
			t.Fatalf("%v: %v", step.change, err)
		}
		got := ""
		for _, p := range ada.QueryPosts().Order(ent.Asc("slug")).AllX(b.system) {
			got += p.Slug
		}
		if got != step.want {
			t.Errorf("after %v: %q, want %q", step.change, got, step.want)
		}
	}
	// Whoever may not change the rows changes nothing, even if nobody asks beforehand.
	err := update(bob, entity.Input{"posts": map[string]any{"connect": []any{ids["a"]}}})
	if err == nil && slices.ContainsFunc(bob.QueryPosts().AllX(b.system), func(p *ent.Post) bool { return p.Slug == "a" }) {
		t.Error("bob took another's post")
	}

	key, err := b.create(as(t, ada.ID), "Post", entity.Input{
		"title": "x", "slug": "x", "body": "x",
		"comments": map[string]any{"connect": []any{
			id("Comment", b.client.Comment.Create().SetMessage("moved").SetPost(bobs).SetAuthor(ada).SaveX(b.system).ID),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := b.client.Comment.Query().Where(comment.PostID(int(key.(int64)))).CountX(b.system); n != 1 {
		t.Errorf("%d comments moved to the new post", n)
	}
}

// What an input refers to is told with what the viewer must be allowed to do there. Nobody looks for ids that cannot be.
func TestReferencesAreTold(t *testing.T) {
	b := setup(t)
	d := b.mutators["Post"].New(entity.Input{
		"title": "x", "slug": "x", "body": "x", "authorId": id("User", 7),
		"tags":     map[string]any{"connect": []any{id("Tag", 1), id("Tag", 2), id("Tag", 1), id("User", 3)}},
		"comments": map[string]any{"connect": []any{id("Comment", 5)}},
	})
	var got []string
	for _, ref := range d.References {
		got = append(got, fmt.Sprint(ref.Entity.Name, ref.Key, " ", ref.Operation, " ", ref.Path))
	}
	want := []string{
		"User7 read [authorId]", "Comment5 update [comments connect 0]",
		"Tag1 read [tags connect 0]", "Tag2 read [tags connect 1]", "Tag1 read [tags connect 2]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(d.Faults) != 1 || d.Faults[0].Code != apierr.InvalidFormat {
		t.Errorf("faults: %v", d.Faults)
	}
}

func TestDeleteOfGridsIsSoft(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	g := b.client.Grid.Create().SetTitle("puzzle").SetUser(ada).SaveX(b.system)
	if !strings.HasPrefix(g.Slug, "grid-") {
		t.Errorf("slug %q", g.Slug)
	}
	if err := b.mutators["Grid"].Delete(as(t, ada.ID), []any{int64(g.ID)}); err != nil {
		t.Fatal(err)
	}
	if n := b.client.Grid.Query().CountX(as(t, ada.ID, "admin")); n != 0 {
		t.Errorf("%d deleted grids are visible", n)
	}
	if kept := b.client.Grid.Query().Where(grid.DeletedAtNotNil()).CountX(b.system); kept != 1 {
		t.Errorf("%d deleted grids are kept", kept)
	}
}

func TestDeletesCascadeAsDeclared(t *testing.T) {
	b := setup(t)
	ada, bob := b.user("ada"), b.user("bob")
	p := b.post(ada, "one", post.StatusPublished)
	root := b.client.Comment.Create().SetMessage("root").SetPost(p).SetAuthor(bob).SaveX(b.system)
	reply := b.client.Comment.Create().SetMessage("reply").SetPost(p).SetAuthor(ada).SetParent(root).SaveX(b.system)
	b.client.Grid.Create().SetTitle("puzzle").SetUser(bob).SaveX(b.system)

	if err := b.mutators["User"].Delete(b.system, []any{int64(bob.ID)}); err != nil {
		t.Fatal(err)
	}
	if c := b.client.Comment.GetX(b.system, root.ID); c.AuthorID != nil {
		t.Errorf("the comment still has its author: %v", c)
	}
	if n := b.client.Grid.Query().CountX(b.system); n != 0 {
		t.Errorf("%d grids outlived their user", n)
	}
	if err := b.mutators["Comment"].Delete(b.system, []any{int64(root.ID)}); err != nil {
		t.Fatal(err)
	}
	if c := b.client.Comment.GetX(b.system, reply.ID); c.ParentID != nil {
		t.Errorf("the reply still has its parent: %v", c)
	}
	if err := b.mutators["Post"].Delete(b.system, []any{int64(p.ID)}); err != nil {
		t.Fatal(err)
	}
	if n := b.client.Comment.Query().CountX(b.system); n != 0 {
		t.Errorf("%d comments outlived their post", n)
	}
	if err := b.mutators["Post"].Delete(b.system, []any{int64(p.ID)}); apierr.CodeOf(err) != apierr.NotFound {
		t.Errorf("second delete: %v", err)
	}
}

// Constraint violations are classified by the store: they must arrive there as the driver's errors.
func TestConstraintErrorsStayWrapped(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	b.post(ada, "taken", post.StatusPublished)
	_, err := b.create(as(t, ada.ID), "Post", entity.Input{"title": "x", "slug": "taken", "body": "x"})
	if !ent.IsConstraintError(err) {
		t.Errorf("got %v", err)
	}
	if apierr.CodeOf(err) != apierr.Internal {
		t.Errorf("code %s", apierr.CodeOf(err))
	}
}

func TestQueriesFollowTheRules(t *testing.T) {
	b := setup(t)
	ada, bob := b.user("ada"), b.user("bob")
	b.post(ada, "public", post.StatusPublished)
	b.post(ada, "draft", post.StatusDraft)
	b.post(bob, "bobs", post.StatusArchived)
	for _, c := range []struct {
		who  string
		ctx  context.Context
		want int
	}{
		{"anonymous", t.Context(), 1},
		{"ada", as(t, ada.ID), 2},
		{"bob", as(t, bob.ID), 2},
		{"a moderator", as(t, bob.ID, "moderator"), 3},
		{"the system", b.system, 3},
	} {
		if n := b.client.Post.Query().CountX(c.ctx); n != c.want {
			t.Errorf("%s counts %d posts, want %d", c.who, n, c.want)
		}
		through := 0
		for _, u := range b.client.User.Query().WithPosts().AllX(c.ctx) {
			through += len(u.Edges.Posts)
		}
		if through != c.want {
			t.Errorf("%s reaches %d posts through users, want %d", c.who, through, c.want)
		}
		if n := b.client.User.Query().Where(user.UsernameIn("ada", "bob")).QueryPosts().CountX(c.ctx); n != c.want {
			t.Errorf("%s counts %d posts of users, want %d", c.who, n, c.want)
		}
	}
}

// Comments that only the author of their post may read: the rule goes through two edges.
func TestRuleThroughTwoEdges(t *testing.T) {
	b := setup(t)
	comments := b.catalog.Entity("Comment")
	comments.Rules.Read = access.Any(access.Owner("post", "author"), access.Role("moderator"))
	ada, bob := b.user("ada"), b.user("bob")
	adas, bobs := b.post(ada, "adas", post.StatusPublished), b.post(bob, "bobs", post.StatusPublished)
	for i := range 3 {
		b.client.Comment.Create().SetMessage("to ada").SetPost(adas).SetAuthor(bob).SaveX(b.system)
		if i == 0 {
			b.client.Comment.Create().SetMessage("to bob").SetPost(bobs).SaveX(b.system)
		}
	}
	for _, c := range []struct {
		who  string
		ctx  context.Context
		want int
	}{
		{"anonymous", t.Context(), 0},
		{"ada", as(t, ada.ID), 3},
		{"bob", as(t, bob.ID), 1},
		{"a moderator", as(t, bob.ID, "moderator"), 4},
	} {
		if n := b.client.Comment.Query().CountX(c.ctx); n != c.want {
			t.Errorf("%s counts %d comments, want %d", c.who, n, c.want)
		}
		if n := b.client.Post.Query().QueryComments().CountX(c.ctx); n != c.want {
			t.Errorf("%s counts %d comments of posts, want %d", c.who, n, c.want)
		}
	}
}

func TestFromRows(t *testing.T) {
	b := setup(t)
	ada := b.user("ada")
	b.client.User.UpdateOne(ada).SetRoles([]string{"admin"}).ExecX(b.system)
	users, err := b.client.User.FromRows(
		[]string{user.FieldID, user.FieldName, user.FieldBio, user.FieldRoles, user.FieldIsSystem, user.FieldCreatedAt},
		[][]any{
			{int64(7), "x", nil, []byte(`["admin"]`), int64(1), "2014-01-21 20:26:05.383+00:00"},
			{int64(-1), []byte("y"), "bio", nil, false, time.Date(2014, 1, 21, 0, 0, 0, 0, time.UTC)},
		})
	if err != nil {
		t.Fatal(err)
	}
	if u := users[0]; u.ID != 7 || u.Name != "x" || u.Bio != nil || u.Roles[0] != "admin" || !u.IsSystem || u.CreatedAt.Nanosecond() != 383e6 {
		t.Errorf("first row: %v", u)
	}
	if u := users[1]; u.ID != -1 || u.Name != "y" || *u.Bio != "bio" || u.Roles != nil || u.IsSystem {
		t.Errorf("second row: %v", u)
	}
	if n := ada.QueryPosts().CountX(b.system); n != 0 {
		t.Errorf("%d posts", n)
	}
}
