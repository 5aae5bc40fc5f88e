package scenarios

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// side sends operations at the same time and returns the answers in their order.
func side(t *testing.T, app *testapp.App, viewer access.Viewer, operations ...string) []gatewaytest.Response {
	t.Helper()
	answers := make([]gatewaytest.Response, len(operations))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, op := range operations {
		wg.Go(func() {
			<-start
			answers[i] = app.Do(t, viewer, op, nil)
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// Rows with one unique key that are created side by side: one of them is there, and the others are told which of their values
// is taken, wherever in the input it stands.
func TestUniqueKeysRace(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		for round := range 10 {
			name := fmt.Sprint("race", round)
			var operations []string
			paths := []string{"[input name]", "[input tags 1 name]", "[input tags create 1 name]", "[input tags create 0 name]"}
			for i := range 8 {
				operations = append(operations, [...]string{
					`mutation { createTag(input: { name: "` + name + `" }) { tag { id } } }`,
					fmt.Sprintf(`mutation { createTags(input: { tags: [{ name: "%s-%d" }, { name: "%[1]s" }] }) { affectedCount } }`, name, i),
					fmt.Sprintf(`mutation { createPost(input: { title: "t", slug: "%s-%d", body: "b", tags: { create: [{ name: "%[1]s-%[2]d" }, { name: "%[1]s" }] } }) { post { id } } }`, name, i),
					`mutation { updatePost(input: { id: "` + gid("Post", 1) + `", tags: { create: [{ name: "` + name + `" }] } }) { post { id } } }`,
				}[i%4])
			}
			won := 0
			for i, r := range side(t, app, testapp.Admin, operations...) {
				if len(r.Errors) == 0 {
					won++
					continue
				}
				f := r.Errors[0].Extensions.Fields
				if r.Code() != "BAD_USER_INPUT" || len(f) != 1 || fmt.Sprint(f[0].Path) != paths[i%4] || f[0].Code != "NOT_UNIQUE" {
					t.Errorf("%s\n%s", operations[i], r.Raw)
				}
			}
			// What lost has left nothing behind.
			tags := app.Rows(t, "SELECT count(*) FROM tags WHERE name LIKE '"+name+"-%'")[0][0].(int64)
			posts := app.Rows(t, "SELECT count(*) FROM posts WHERE slug LIKE '"+name+"-%'")[0][0].(int64)
			if n := app.Rows(t, "SELECT count(*) FROM tags WHERE name = '"+name+"'")[0][0]; n != int64(1) || won != 1 || tags > 1 || posts > tags {
				t.Errorf("round %d: %v rows, %d won, %d tags and %d posts beside", round, n, won, tags, posts)
			}
		}
	})
}

// Of changes of one version one is made, and the others hear of the version that there is now.
func TestVersionsRace(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		ada := testapp.User("1")
		grid, version := gid("Grid", 1), 1
		for round := range 10 {
			var operations []string
			for i := range 8 {
				operations = append(operations, [...]string{
					fmt.Sprintf(`mutation { updateGrid(input: { id: "%s", version: %d, title: "%d-%d" }) { grid { version } } }`, grid, version, round, i),
					fmt.Sprintf(`mutation { upsertGrid(input: { by: SLUG, create: { title: "t", slug: "grid", userId: "%s" }, update: { version: %d, title: "%d-%d" } }) { grid { version } } }`, gid("User", 1), version, round, i),
					fmt.Sprintf(`mutation { updateUser(input: { id: "%s", grids: { update: [{ id: "%s", version: %d, title: "%d-%d" }] } }) { user { grids { nodes { version } } } } }`, gid("User", 1), grid, version, round, i),
				}[i%3])
			}
			won := -1
			for i, r := range side(t, app, ada, operations...) {
				if len(r.Errors) == 0 {
					if won >= 0 {
						t.Errorf("two won:\n%s\n%s", operations[won], operations[i])
					}
					won = i
					continue
				}
				f := r.Errors[0].Extensions.Fields
				if r.Code() != "CONFLICT" || len(f) != 1 || f[0].Code != "STALE" || !strings.Contains(r.Raw, fmt.Sprintf(`"current":%d`, version+1)) {
					t.Errorf("%s\n%s", operations[i], r.Raw)
				}
			}
			version++
			if got := app.Rows(t, "SELECT title, version FROM grids"); won < 0 || fmt.Sprint(got) != fmt.Sprintf("[[%d-%d %d]]", round, won, version) {
				t.Errorf("round %d: %v, won %d", round, got, won)
			}
		}
		// A deletion is a change, too.
		for round := range 5 {
			operations := []string{fmt.Sprintf(`mutation { deleteGrid(input: { id: "%s", version: %d }) { deletedId } }`, grid, version)}
			for range 5 {
				operations = append(operations, fmt.Sprintf(`mutation { updateGrid(input: { id: "%s", version: %d, title: "x" }) { grid { version } } }`, grid, version))
			}
			answers := side(t, app, ada, operations...)
			won := 0
			deleted := len(answers[0].Errors) == 0
			for i, r := range answers {
				switch {
				case len(r.Errors) == 0:
					won++
				case deleted && r.Code() != "NOT_FOUND", !deleted && r.Code() != "CONFLICT":
					t.Errorf("%s\n%s", operations[i], r.Raw)
				}
			}
			if won != 1 {
				t.Errorf("round %d: %d won", round, won)
			}
			if deleted {
				app.Must(t, ada, `mutation { restoreGrid(input: { id: "`+grid+`" }) { grid { id } } }`, nil)
			}
			version = int(app.Rows(t, "SELECT version FROM grids")[0][0].(int64))
		}
	})
}

// Operations that wait for each other's rows: Postgres ends one of them, which is told so and has done nothing.
func TestDeadlocks(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		change := func(title string, posts ...int) string {
			var b strings.Builder
			for i, n := range posts {
				fmt.Fprintf(&b, ` f%d: updatePost(input: { id: "%s", title: "%s", comments: { create: [{ message: "%[3]s", authorId: "%s" }] } }) { post { title } }`, i, gid("Post", n), title, gid("User", 1))
			}
			return "mutation {" + b.String() + " }"
		}
		var met int
		for round := range 4 {
			one, two := fmt.Sprint("one", round), fmt.Sprint("two", round)
			var last string
			for i, r := range side(t, app, testapp.Admin, change(one, 1, 2), change(two, 2, 1)) {
				title := [...]string{one, two}[i]
				comments := app.Rows(t, "SELECT count(*) FROM comments WHERE message = '"+title+"'")[0][0]
				if len(r.Errors) == 0 {
					last = title
					if comments != int64(2) {
						t.Errorf("%v comments of an operation that was committed", comments)
					}
					continue
				}
				met++
				if r.Code() != "CONFLICT" || !strings.Contains(r.Raw, "met a concurrent change. Please try again.") || !strings.Contains(r.Raw, `"data":null`) || comments != int64(0) {
					t.Errorf("%v comments, %s", comments, r.Raw)
				}
			}
			titles := app.Rows(t, "SELECT title FROM posts WHERE id IN (1, 2)")
			if fmt.Sprint(titles[0]) != fmt.Sprint(titles[1]) || last == "" {
				t.Errorf("round %d: %v", round, titles)
			}
		}
		if met > 0 && app.Dialect() != "postgres" {
			t.Errorf("%d conflicts where operations run one after the other", met)
		}
		t.Logf("%d of 4 rounds met a deadlock", met)
	})
}

// Nested writes from many sides to the same few rows end well or in an error that says what to do.
func TestNestedWritesRace(t *testing.T) {
	const clients, rounds = 8, 10
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := small(t, url)
		var mu sync.Mutex
		codes := make(map[string]int)
		var wg sync.WaitGroup
		for client := range clients {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(client), 7))
				for round := range rounds {
					a, b := gid("Post", 1+r.IntN(2)), gid("Post", 1+r.IntN(2))
					tag, user := gid("Tag", 1+r.IntN(3)), gid("User", 1+r.IntN(3))
					name := fmt.Sprintf("n%d", r.IntN(30))
					fields := []string{
						`updatePost(input: { id: "` + a + `", tags: { set: ["` + tag + `"] }, comments: { create: [{ message: "m", authorId: "` + user + `" }] } }) { post { tags { totalCount } comments { totalCount } } }`,
						`updatePost(input: { id: "` + a + `", title: "` + name + `", author: { update: { name: "` + name + `" } } }) { post { author { name } } }`,
						`updateTag(input: { id: "` + tag + `", posts: { connect: ["` + a + `", "` + b + `"] } }) { tag { posts { totalCount } } }`,
						`upsertTag(input: { by: NAME, create: { name: "` + name + `", posts: { connect: ["` + a + `"] } }, update: { excerpt: "e" } }) { created tag { name } }`,
						`createPost(input: { title: "t", slug: "` + name + `", body: "b", author: { create: { name: "n", username: "` + name + `" } }, tags: { connect: ["` + tag + `"], create: [{ name: "t` + name + `" }] } }) { post { id } }`,
						`updatePosts(input: { where: { slug: { startsWith: "n" } }, max: 100, set: { title: "` + name + `" } }) { affectedCount }`,
						`deletePosts(input: { where: { slug: { eq: "` + name + `" } }, max: 1 }) { affectedCount }`,
						`deleteTags(input: { where: { name: { eq: "t` + name + `" } }, max: 1 }) { affectedCount }`,
					}
					query := fmt.Sprintf(`mutation { a: %s b: %s }`, fields[r.IntN(len(fields))], fields[r.IntN(len(fields))])
					answer := app.Do(t, testapp.Admin, query, nil)
					code := answer.Code()
					mu.Lock()
					codes[code]++
					mu.Unlock()
					if !slices.Contains([]string{"", "BAD_USER_INPUT", "NOT_FOUND", "CONFLICT", "UNAVAILABLE"}, code) {
						t.Errorf("client %d, round %d: %s\n%s", client, round, query, answer.Raw)
					}
					if code == "BAD_USER_INPUT" && !strings.Contains(answer.Raw, "NOT_UNIQUE") {
						t.Errorf("%s\n%s", query, answer.Raw)
					}
				}
			})
		}
		wg.Wait()
		if codes[""] < clients*rounds/4 {
			t.Error("hardly anything was committed")
		}
		t.Logf("codes of %d operations: %v", clients*rounds, codes)
	})
}
