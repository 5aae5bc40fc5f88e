package scenarios

import (
	"context"
	"errors"
	"testing"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/catalog"
	"github.com/entwine-data/entwine/ent/comment"
	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/ent/user"
	"github.com/entwine-data/entwine/ent/vote"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/tests/testapp"
)

// The application's own Go code is under the rules too, unless it says otherwise.
func TestRulesOfTheORM(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		testapp.Open(t, url).Demo(t, 30)
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		client := ent.NewClient(ent.Driver(db.Driver()))
		catalog.Restrict(client, catalog.New())
		as := func(v access.Viewer) context.Context { return access.NewContext(t.Context(), v) }
		system := access.SystemContext(t.Context())
		draft := client.Post.Create().SetTitle("t").SetSlug("draft").SetBody("x").SetAuthorID(5).SaveX(system)
		client.Vote.Create().SetType(vote.TypeUp).SetPost(draft).SaveX(system)
		writer := client.User.GetX(system, 5)
		author, other := as(testapp.User("5")), as(testapp.User("6"))
		denied := func(what string, err error, code apierr.Code) {
			t.Helper()
			if e, ok := errors.AsType[*apierr.Error](err); !ok || e.Code != code {
				t.Errorf("%s: %v", what, err)
			}
		}
		count := func(n int, err error) int {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
			return n
		}

		// What is behind an edge counts only if the viewer may read it.
		onDrafts := vote.HasPostWith(post.Slug("draft"))
		for name, c := range map[string]struct {
			ctx  context.Context
			want int
		}{"author": {author, 1}, "other": {other, 0}, "anonymous": {as(testapp.Anonymous), 0}, "moderator": {as(testapp.Moderator), 1}, "system": {system, 1}} {
			if n := count(client.Vote.Query().Where(onDrafts).Count(c.ctx)); n != c.want {
				t.Errorf("%s finds %d votes on the draft, not %d", name, n, c.want)
			}
			if n := count(client.Vote.Query().Where(vote.Not(vote.HasPost()), vote.PostID(draft.ID)).Count(c.ctx)); n != 1-c.want {
				t.Errorf("%s finds %d votes without a post", name, n)
			}
			if n := count(client.User.Query().Where(user.ID(5), user.HasPostsWith(post.Slug("draft"))).Count(c.ctx)); n != c.want {
				t.Errorf("%s finds %d authors of the draft", name, n)
			}
			if n := count(client.Vote.Query().Where(vote.HasPostWith(post.HasAuthorWith(user.ID(5)), post.Slug("draft"))).Count(c.ctx)); n != c.want {
				t.Errorf("%s finds %d votes by way of the author", name, n)
			}
			// Whatever the query gives: ent builds each kind in its own way.
			votes := func() *ent.VoteQuery { return client.Vote.Query().Where(onDrafts) }
			author := func() *ent.UserQuery { return client.User.Query().Where(user.HasPostsWith(post.Slug("draft"))) }
			var groups []struct {
				Type  string
				Count int
			}
			if err := votes().GroupBy(vote.FieldType).Aggregate(ent.Count()).Scan(c.ctx, &groups); err != nil {
				t.Error(err)
			}
			for what, found := range map[string]func() (int, error){
				"rows":        func() (int, error) { all, err := votes().All(c.ctx); return len(all), err },
				"ids":         func() (int, error) { ids, err := votes().IDs(c.ctx); return len(ids), err },
				"fields":      func() (int, error) { ids, err := votes().Select(vote.FieldPostID).Ints(c.ctx); return len(ids), err },
				"groups":      func() (int, error) { return len(groups), nil },
				"figures":     func() (int, error) { return votes().Aggregate(ent.Count()).Int(c.ctx) },
				"whether any": func() (int, error) { any, err := votes().Exist(c.ctx); return map[bool]int{true: 1}[any], err },
				"neighbors":   func() (int, error) { n, err := votes().QueryPost().Count(c.ctx); return n, err },
				"from authors": func() (int, error) {
					n, err := author().QueryPosts().Where(post.Slug("draft")).Count(c.ctx)
					return n, err
				},
				"ids of neighbors": func() (int, error) {
					ids, err := author().QueryPosts().Where(post.Slug("draft")).IDs(c.ctx)
					return len(ids), err
				},
				"neighbors with a condition": func() (int, error) {
					return client.Post.Query().QueryVotes().Where(onDrafts).Count(c.ctx)
				},
				"neighbors of a row": func() (int, error) {
					return writer.QueryPosts().Where(post.HasVotes(), post.Slug("draft")).Count(c.ctx)
				},
			} {
				if n, err := found(); err != nil || n != c.want {
					t.Errorf("%s, %s: %d, not %d: %v", name, what, n, c.want, err)
				}
			}
		}

		// Creating: in one's own name only.
		if _, err := client.Post.Create().SetTitle("t").SetSlug("mine").SetBody("x").SetAuthorID(5).Save(author); err != nil {
			t.Error(err)
		}
		_, err = client.Tag.Create().SetName("x").Save(other)
		denied("a tag", err, apierr.Forbidden)
		_, err = client.Tag.Create().SetName("x").Save(as(testapp.Anonymous))
		denied("a tag, anonymous", err, apierr.Unauthenticated)
		_, err = client.Tag.Create().SetName("x").Save(t.Context())
		denied("a tag, with no viewer", err, apierr.Unauthenticated)
		err = db.Update(other, func(ctx context.Context) error {
			_, err := client.Post.Create().SetTitle("t").SetSlug("forged").SetBody("x").SetAuthorID(5).Save(ctx)
			return err
		})
		denied("a post in another's name", err, apierr.Forbidden)
		if n := count(client.Post.Query().Where(post.Slug("forged")).Count(system)); n != 0 {
			t.Error("the post in another's name is there")
		}

		// Updating: what may not be seen or changed is left alone, and nobody gives a post away.
		if err := client.Post.UpdateOneID(draft.ID).SetTitle("new").Exec(other); !ent.IsNotFound(err) {
			t.Errorf("another's draft: %v", err)
		}
		if n := count(client.Post.Update().SetTitle("new").Save(other)); n != count(client.Post.Query().Where(post.AuthorID(6)).Count(system)) {
			t.Errorf("an update of all posts changed %d", n)
		}
		if n := count(client.Post.Query().Where(post.Title("new"), post.Not(post.AuthorID(6))).Count(system)); n != 0 {
			t.Errorf("%d posts of others were changed", n)
		}
		err = db.Update(author, func(ctx context.Context) error { return client.Post.UpdateOneID(draft.ID).SetAuthorID(6).Exec(ctx) })
		denied("giving a post away", err, apierr.Forbidden)
		if client.Post.GetX(system, draft.ID).AuthorID == nil || *client.Post.GetX(system, draft.ID).AuthorID != 5 {
			t.Error("the post was given away")
		}
		denied("own roles", client.User.UpdateOneID(5).SetRoles([]string{"admin"}).Exec(author), apierr.Forbidden)
		if err := client.User.UpdateOneID(5).SetName("Me").Exec(author); err != nil {
			t.Error(err)
		}

		// What mutations find behind edges is what may be read there.
		own := client.Comment.Create().SetMessage("m").SetPostID(draft.ID).SetAuthorID(6).SaveX(system)
		onDraft := comment.HasPostWith(post.Slug("draft"))
		if n := count(client.Comment.Update().Where(onDraft).SetMessage("found").Save(other)); n != 0 {
			t.Errorf("%d comments are changed because of a draft of another", n)
		}
		if n := count(client.Comment.Delete().Where(onDraft).Exec(other)); n != 0 {
			t.Errorf("%d comments are deleted because of a draft of another", n)
		}
		if n := count(client.Comment.Update().Where(comment.ID(own.ID)).SetMessage("mine").Save(other)); n != 1 {
			t.Errorf("%d own comments are changed", n)
		}
		if n := count(client.Comment.Update().Where(onDraft).SetMessage("found").Save(as(testapp.Moderator))); n != 1 {
			t.Errorf("a moderator changes %d comments on the draft", n)
		}

		// Deleting.
		if n := count(client.Post.Delete().Where(post.Slug("draft")).Exec(other)); n != 0 {
			t.Errorf("%d drafts of others were deleted", n)
		}
		if err := client.Post.DeleteOneID(draft.ID).Exec(other); !ent.IsNotFound(err) {
			t.Errorf("deleting another's draft: %v", err)
		}
		if err := client.Post.DeleteOneID(draft.ID).Exec(author); err != nil {
			t.Errorf("deleting one's own draft: %v", err)
		}
	})
}
