package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/catalog"
	"github.com/entwine-data/entwine/ent/comment"
	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/ent/tag"
	"github.com/entwine-data/entwine/ent/user"
	"github.com/entwine-data/entwine/ent/vote"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/tests/testapp"
)

// Orders of the application's own queries by what is behind an edge depend on what the viewer may read there, and on nothing else.
func TestOrdersOfTheORM(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		app.Exec(t, `UPDATE posts SET status = 'draft' WHERE author_id % 3 = 2 OR id % 4 = 0`)
		app.Exec(t, `UPDATE comments SET parent_id = CASE WHEN id > 20 THEN 1 + id % 20 END`)
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		client := ent.NewClient(ent.Driver(db.Driver()))
		catalog.Restrict(client, catalog.New())
		seen := make(map[string][]string)
		for _, v := range []access.Viewer{testapp.Anonymous, testapp.User("2"), testapp.Moderator, {System: true}} {
			ctx := access.NewContext(t.Context(), v)
			who := fmt.Sprintf("%+v", v)
			// same compares the keys in the order of a query with those in the order of what the viewer can read row by row.
			same := func(what string, got, all []int, value func(id int) (string, bool)) {
				t.Helper()
				seen[what] = append(seen[what], fmt.Sprint(got))
				want := slices.SortedFunc(slices.Values(all), func(a, b int) int {
					x, hasX := value(a)
					y, hasY := value(b)
					switch {
					case hasX != hasY && hasY: // ent has nulls first
						return -1
					case hasX != hasY:
						return 1
					}
					return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
				})
				if !slices.Equal(got, want) {
					t.Errorf("%s orders by %s: %v\nwant %v", who, what, got, want)
				}
			}
			number := func(n int, err error) (string, bool) {
				if err != nil {
					t.Fatal(err)
				}
				return fmt.Sprintf("%9d", n), n > 0
			}
			users := client.User.Query().IDsX(ctx)
			same("a number of posts", client.User.Query().Order(user.ByPostsCount(), user.ByID()).IDsX(ctx), users, func(id int) (string, bool) {
				return number(client.Post.Query().Where(post.AuthorID(id)).Count(ctx))
			})
			same("a sum", client.User.Query().Order(user.ByPosts(sql.OrderBySum(post.FieldViewCount)), user.ByID()).IDsX(ctx), users, func(id int) (string, bool) {
				views := client.Post.Query().Where(post.AuthorID(id)).Select(post.FieldViewCount).IntsX(ctx)
				sum := 0
				for _, n := range views {
					sum += n
				}
				return fmt.Sprintf("%9d", sum), len(views) > 0
			})
			same("a number through a join table", client.Tag.Query().Where(tag.IDLT(60)).Order(tag.ByPostsCount(), tag.ByID()).IDsX(ctx), client.Tag.Query().Where(tag.IDLT(60)).IDsX(ctx), func(id int) (string, bool) {
				return number(client.Post.Query().Where(post.HasTagsWith(tag.ID(id))).Count(ctx))
			})
			same("a title", client.Vote.Query().Where(vote.IDLT(200)).Order(vote.ByPostField(post.FieldTitle), vote.ByID()).IDsX(ctx), client.Vote.Query().Where(vote.IDLT(200)).IDsX(ctx), func(id int) (string, bool) {
				p, err := client.Vote.Query().Where(vote.ID(id)).QueryPost().Only(ctx)
				if ent.IsNotFound(err) {
					return "", false
				}
				return p.Title, true
			})
			some := client.Comment.Query().Where(comment.IDLT(100))
			same("its own kind", some.Clone().Order(comment.ByParentField(comment.FieldMessage), comment.ByID()).IDsX(ctx), some.Clone().IDsX(ctx), func(id int) (string, bool) {
				p, err := client.Comment.Query().Where(comment.ID(id)).QueryParent().Only(ctx)
				if ent.IsNotFound(err) {
					return "", false
				}
				return p.Message, true
			})
			for _, u := range client.User.Query().Order(user.ByPostsCount(sql.OrderDesc(), sql.OrderSelectAs("n"))).Limit(3).AllX(ctx) {
				n, err := u.Value("n")
				if n == nil {
					n = 0
				}
				if want := client.Post.Query().Where(post.AuthorID(u.ID)).CountX(ctx); err != nil || fmt.Sprint(n) != fmt.Sprint(want) {
					t.Errorf("%s: user %d has %v posts, not %d: %v", who, u.ID, n, want, err)
				}
			}
		}
		for what, orders := range seen {
			if orders[0] == orders[3] {
				t.Errorf("nothing is hidden from an order by %s", what)
			}
		}
	})
}
