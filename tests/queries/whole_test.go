package queries

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// Lists behind a join table are read whole on Postgres once no parent had more rows than a page, which must not change an answer: not
// when there are as many as a page has, not when there are more, and not when there are many more than there were before.
func TestWholeLists(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url)
		for i := 1; i <= 700; i++ {
			app.Exec(t, fmt.Sprintf("INSERT INTO tags (id, name, source_count) VALUES (%d, 'tag %03d', 0)", i, 701-i))
		}
		app.Exec(t, "INSERT INTO users (id, username, name, credits, up_votes, down_votes, profile_views, is_system, created_at) VALUES (1, 'u', 'U', 0, 0, 0, 0, false, '2026-01-01 00:00:00+00:00')")
		have := make(map[int]int) // tags by post
		give := func(post, upTo int) {
			for have[post] < upTo {
				have[post]++
				app.Exec(t, fmt.Sprintf("INSERT INTO post_tags (post_id, tag_id) VALUES (%d, %d)", post, have[post]))
			}
		}
		const posts = 30
		for i := 1; i <= posts; i++ {
			app.Exec(t, fmt.Sprintf("INSERT INTO posts (id, author_id, title, slug, body, status, score, view_count, created_at) VALUES (%d, 1, 'Post', 'p%d', 'Text', 'published', 0, 0, '2026-01-01 00:00:00+00:00')", i, i))
			give(i, i%4)
		}
		// reading is how many statements have read tags since it was asked last.
		reading := func() (n int) {
			statements, _ := app.Statements()
			for _, s := range statements {
				if strings.Contains(s, "tags") && strings.Contains(s, "name") {
					n++
				}
			}
			return n
		}
		// check compares the pages of five tags of each post, in four orders, and says how many statements read tags.
		check := func() int {
			read := 0
			for _, args := range []string{"first: 5", "last: 5", "first: 5, orderBy: [{field: NAME}]", "last: 5, orderBy: [{field: NAME, direction: DESC}]"} {
				reading()
				answer := app.Send(t, testapp.Admin, "{ posts(first: 100) { nodes { slug tags("+args+") { totalCount pageInfo { hasNextPage hasPreviousPage } nodes { id name } } } } }", nil)
				read += reading()
				var r struct {
					Data struct {
						Posts struct {
							Nodes []struct {
								Slug string
								Tags struct {
									TotalCount int
									PageInfo   struct{ HasNextPage, HasPreviousPage bool }
									Nodes      []struct{ Name string }
								}
							}
						}
					}
				}
				if err := json.Unmarshal(answer, &r); err != nil || len(r.Data.Posts.Nodes) != posts {
					t.Fatal(err, string(answer))
				}
				for _, p := range r.Data.Posts.Nodes {
					var post int
					fmt.Sscanf(p.Slug, "p%d", &post)
					var want, got []string
					for i := 1; i <= have[post]; i++ { // in the order of ids, or of names descending
						want = append(want, fmt.Sprintf("tag %03d", 701-i))
					}
					n := min(5, len(want))
					if first := strings.HasPrefix(args, "first"); first != strings.HasSuffix(args, "NAME}]") {
						want = want[:n]
					} else {
						want = want[len(want)-n:]
					}
					if strings.HasSuffix(args, "NAME}]") {
						slices.Reverse(want)
					}
					for _, tag := range p.Tags.Nodes {
						got = append(got, tag.Name)
					}
					more := have[post] > 5
					if fmt.Sprint(got) != fmt.Sprint(want) || p.Tags.TotalCount != have[post] ||
						p.Tags.PageInfo.HasNextPage != (more && strings.HasPrefix(args, "first")) ||
						p.Tags.PageInfo.HasPreviousPage != (more && strings.HasPrefix(args, "last")) {
						t.Fatalf("tags(%s) of post %d: %+v, not %v of %d", args, post, p.Tags, want, have[post])
					}
				}
			}
			return read
		}
		for _, step := range []struct {
			name string
			give map[int]int
		}{
			{"at first", nil},
			{"again", nil},
			{"as many as a page", map[int]int{3: 5}},
			{"one more", map[int]int{3: 6}},
			{"with pages again", nil},
			{"far more", map[int]int{7: 700, 8: 300}},
		} {
			for post, n := range step.give {
				give(post, n)
			}
			if n := check(); n != 4 {
				t.Errorf("%s: %d statements read tags, not 4", step.name, n)
			}
		}

		// A last page is short however long the lists are.
		const pages = "query($after: String) { posts(first: 100) { nodes { tags(first: 5, after: $after) { nodes { name } pageInfo { endCursor } } } } }"
		last := app.Must(t, testapp.Admin, `{ postBySlug(slug: "p7") { tags(last: 1) { pageInfo { endCursor } } } }`, nil)
		end := last.Data["postBySlug"].(map[string]any)["tags"].(map[string]any)["pageInfo"].(map[string]any)["endCursor"]
		for _, after := range []any{nil, end, nil} {
			reading()
			app.Must(t, testapp.Admin, pages, map[string]any{"after": after})
			if n := reading(); n != 1 {
				t.Errorf("after %v: %d statements read tags, not 1", after, n)
			}
		}

		for post := 1; post <= posts; post++ {
			app.Exec(t, fmt.Sprintf("DELETE FROM post_tags WHERE post_id = %d AND tag_id > 2", post))
			have[post] = min(have[post], 2)
		}
		check() // learns that lists are short again
		check()
		give(11, 700)
		want := 4
		if app.Dialect() == "postgres" {
			want = 8 // each is read whole first, in vain
		}
		if n := check(); n != want {
			t.Errorf("lists that grew: %d statements read tags, not %d", n, want)
		}
	})
}
