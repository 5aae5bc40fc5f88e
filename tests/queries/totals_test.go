package queries

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestTotalsUpTo: a total that is counted up to a bound is the exact one or the bound, whatever is less, with and without a page, for
// every viewer, at the root, below one row and below many, and through edges of all kinds.
func TestTotalsUpTo(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		for _, v := range []access.Viewer{testapp.Anonymous, testapp.User("3"), testapp.Admin} {
			for _, list := range []string{
				`users`, `posts`, `comments`, `tags`, `votes(where: { type: { eq: UP } })`, `grids`, `posts(search: "e*")`,
				`comments(where: { post: { comments: { count: { gt: 3 } } } }, orderBy: [{ post: { field: TITLE } }])`,
			} {
				for _, page := range []string{"", " nodes { id } pageInfo { hasPreviousPage }", " nodes { id } aggregate { count countDistinct { id } }"} {
					ask := func(variables map[string]any) {
						r := app.Must(t, v, `query($n: Int) { list: `+list+` { exact: totalCount bounded: totalCount(atMost: $n)`+page+` } }`, variables)
						bounded(t, v, r, variables, r.At("list"))
						r = app.Must(t, v, `query($n: Int) { list: `+list+` { bounded: totalCount(atMost: $n)`+page+` } all: `+list+` { exact: totalCount } }`, variables)
						list := r.At("list").(map[string]any)
						list["exact"] = r.At("all", "exact")
						bounded(t, v, r, variables, list)
					}
					all := int(app.Must(t, v, `{ list: `+list+` { totalCount } }`, nil).At("list", "totalCount").(float64))
					for _, n := range []int{0, 7, all, 1<<31 - 1} {
						ask(map[string]any{"n": n})
					}
					ask(map[string]any{"n": nil})
				}
			}
			for _, edge := range []string{
				`users(first: 20) { nodes { list: posts`, `users(first: 20) { nodes { list: comments(where: { score: { gt: 0 } }, search: "a* OR e*")`, `users(first: 1) { nodes { list: votes`,
				`posts(first: 20) { nodes { list: tags`, `tags(first: 20) { nodes { list: posts(first: 2)`, `comments(first: 20) { nodes { list: replies`, `users(first: 20) { nodes { list: grids`,
			} {
				for _, page := range []string{"", " nodes { id } pageInfo { hasPreviousPage }", " nodes { id } aggregate { count countDistinct { id } }"} {
					for _, variables := range []map[string]any{{"n": 0}, {"n": 3}, {"n": 1000}, {}} {
						r := app.Must(t, v, `query($n: Int) { of: `+edge+` { exact: totalCount bounded: totalCount(atMost: $n)`+page+` } } } }`, variables)
						for _, parent := range r.At("of", "nodes").([]any) {
							bounded(t, v, r, variables, parent.(map[string]any)["list"])
						}
						alone := app.Must(t, v, `query($n: Int) { of: `+edge+` { bounded: totalCount(atMost: $n)`+page+` } } } }`, variables)
						for i, parent := range alone.At("of", "nodes").([]any) {
							list := parent.(map[string]any)["list"].(map[string]any)
							list["exact"] = r.At("of", "nodes", i, "list", "exact")
							bounded(t, v, alone, variables, list)
						}
					}
				}
			}
		}
	})
}

func bounded(t *testing.T, v access.Viewer, r gatewaytest.Response, variables map[string]any, list any) {
	t.Helper()
	totals := list.(map[string]any)
	want := totals["exact"].(float64)
	if n, ok := variables["n"].(int); ok {
		want = min(want, float64(n))
	}
	if totals["bounded"] != want {
		t.Errorf("%+v, %v: %v, not %v: %.300s", v, variables, totals["bounded"], want, r.Raw)
	}
}

// TestTotalsSideBySide: totals of one list with other arguments do not mix, in fragments either, below what a mutation returns and in
// a history, and the arguments are those of each request although its operation is compiled once.
func TestTotalsSideBySide(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		all := int(app.Must(t, testapp.Admin, `{ tags { totalCount } }`, nil).At("tags", "totalCount").(float64))
		for n := range 4 {
			app.Run(t, gatewaytest.Scenario{
				Name: fmt.Sprint("up to ", n), As: testapp.Admin, Variables: map[string]any{"n": n, "m": n + 1, "guess": n%2 == 0},
				Query: `query($n: Int, $m: Int = 9, $guess: Boolean) {
					tags { totalCount a: totalCount(atMost: $n) b: totalCount(atMost: $m) ...More c: totalCount(atMost: 2) nodes { name } d: totalCount(estimate: $guess) aggregate { count } }
					also: tags(first: 0) { ...More }
				}
				fragment More on TagConnection { a: totalCount(atMost: $n) e: totalCount(atMost: 2) f: totalCount(estimate: null, atMost: null) }`,
				Has: []string{
					fmt.Sprintf(`{"tags":{"totalCount":%d,"a":%d,"b":%d,"e":2,"f":%d,"c":2,"nodes"`, all, n, n+1, all), fmt.Sprintf(`"d":%d,"aggregate":{"count":%d}}`, all, all),
					fmt.Sprintf(`"also":{"a":%d,"e":2,"f":%d}`, n, all),
				},
			})
		}
		post := app.Must(t, testapp.Admin, `{ posts(first: 1, orderBy: [{ comments: { count: DESC } }]) { nodes { id } } }`, nil).At("posts", "nodes", 0, "id")
		r := app.Must(t, testapp.Admin, `mutation($id: ID!) { updatePost(input: { id: $id, title: "Counted" }) {
			post { comments(first: 1) { totalCount(atMost: 2) nodes { id } } history { totalCount(atMost: 1) all: totalCount } } } }`, map[string]any{"id": post})
		if n := r.At("updatePost", "post", "comments", "totalCount"); n != 2.0 {
			t.Errorf("%v comments: %s", n, r.Raw)
		}
		app.Must(t, testapp.Admin, `mutation($id: ID!) { updatePost(input: { id: $id, title: "Twice" }) { post { id } } }`, map[string]any{"id": post})
		r = app.Must(t, testapp.Admin, `query($id: ID!) { post(id: $id) { history(first: 1) { nodes { operation } a: totalCount(atMost: 1) b: totalCount(atMost: 9) totalCount } } }`, map[string]any{"id": post})
		if a, b, all := r.At("post", "history", "a"), r.At("post", "history", "b"), r.At("post", "history", "totalCount"); a != 1.0 || b != 2.0 || all != 2.0 {
			t.Error(r.Raw)
		}
		for arguments, want := range map[string]string{
			`atMost: -1`:                          `{"path":["atMost"],"code":"OUT_OF_RANGE","message":"atMost must not be negative.","limit":0}`,
			`atMost: -2147483648, estimate: true`: `"message":"atMost must not be negative."`,
			`atMost: 2147483648`:                  `"GRAPHQL_VALIDATION_FAILED"`,
			`atMost: 1.0`:                         `"GRAPHQL_VALIDATION_FAILED"`,
			`estimate: 1`:                         `"GRAPHQL_VALIDATION_FAILED"`,
		} {
			for _, query := range []string{`{ posts(first: 1) { totalCount(%s) nodes { id } } }`, `{ posts(first: 1) { nodes { tags { totalCount totalCount2: totalCount(%s) } } } }`} {
				r := app.Do(t, testapp.Admin, fmt.Sprintf(query, arguments), nil)
				if !strings.Contains(r.Raw, want) || strings.Contains(r.Raw, "INTERNAL") || strings.HasPrefix(want, "{") && !strings.Contains(r.Raw, `"path":["posts",`) {
					t.Errorf("%s: %s", arguments, r.Raw)
				}
			}
		}
	})
}

// TestEstimates: Postgres is asked for its guess at the root, and of those only who may read all that it is made of. For everybody else,
// and on SQLite, an estimate is what was counted. A guess is never less than that.
func TestEstimates(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 30)
		app.Exec(t, "ANALYZE")
		for _, c := range []struct {
			list string
			// open says for whom the database may guess: "all", "staff", "admin" or nobody.
			open string
		}{
			{`tags`, "all"},
			{`users(where: { credits: { gte: 0 }, not: { isSystem: { eq: true } } })`, "all"},
			{`votes`, "all"},
			{`postLinks(where: { kind: { eq: LINKED } })`, "all"},
			// The rule of the rows themselves.
			{`posts`, "staff"},
			{`posts(search: "e*")`, "staff"},
			{`comments(where: { score: { gte: 0 } })`, "staff"},
			{`grids`, ""}, // some may be deleted
			{`grids(withDeleted: true)`, ""},
			// The rules of rows to which a condition leads, wherever it stands.
			{`tags(where: { posts: { some: {} } })`, "staff"},
			{`tags(where: { posts: { count: { gte: 0 } } })`, "staff"},
			{`users(where: { posts: { none: { title: { eq: "hidden" } } } })`, "staff"},
			{`users(where: { or: [{ credits: { gte: 0 } }, { posts: { some: { status: { eq: DRAFT } } } }] })`, "staff"},
			{`users(where: { and: [{ not: { posts: { some: { status: { eq: DRAFT } } } } }] })`, "staff"},
			{`votes(where: { post: { isNull: false } })`, "staff"},
			{`postLinks(where: { post: { author: { credits: { gte: 0 } } } })`, "staff"},
			{`users(where: { grids: { none: { title: { eq: "hidden" } } } })`, ""},
			// An edge that not everybody may follow.
			{`votes(where: { user: { isNull: true } })`, "admin"},
			{`users(where: { votes: { every: { type: { eq: UP } } } })`, "admin"},
		} {
			for _, v := range []access.Viewer{testapp.Anonymous, testapp.User("3"), testapp.Moderator, testapp.Admin} {
				app.Statements()
				r := app.Do(t, v, `{ list: `+c.list+` { all: totalCount estimate: totalCount(estimate: true) least: totalCount(estimate: true, atMost: 0) few: totalCount(estimate: true, atMost: 3) nodes { id } } }`, nil)
				statements, _ := app.Statements()
				if strings.Contains(c.list, "withDeleted") && r.Code() == "FORBIDDEN" {
					continue
				}
				if len(r.Errors) > 0 {
					t.Fatalf("%s: %s", c.list, r.Raw)
				}
				all, least, few := r.At("list", "all").(float64), r.At("list", "least").(float64), r.At("list", "few").(float64)
				if n := r.At("list", "estimate"); n != all {
					t.Errorf("%s, %+v: %v, not %v although there are few", c.list, v, n, all)
				}
				staff, admin := len(v.Roles) > 0, len(v.Roles) > 0 && v.Roles[0] == "admin"
				may := app.Dialect() == dialect.Postgres && (c.open == "all" || c.open == "staff" && staff || c.open == "admin" && admin)
				if asked := slices.ContainsFunc(statements, func(s string) bool { return strings.HasPrefix(s, "EXPLAIN") }); asked != may {
					t.Errorf("%s, %+v: asked for a guess: %v\n%s", c.list, v, asked, strings.Join(statements, "\n"))
				}
				if !may {
					if least != 0 || few != min(all, 3) {
						t.Errorf("%s, %+v: the database guessed: %.200s", c.list, v, r.Raw)
					}
					continue
				}
				if least < 1 || all < 3 && few != all || all >= 3 && few < 3 {
					t.Errorf("%s, %+v: %.200s", c.list, v, r.Raw)
				}
				if !strings.Contains(c.list, "(") && least != all { // Postgres has counted the whole table
					t.Errorf("%s, %+v: a guess of %v, not %v", c.list, v, least, all)
				}
			}
		}
		// What lies beyond 10,000 rows is guessed, and nothing below: the planner does not know yet of rows that are gone.
		app.Exec(t, `INSERT INTO tags (name, source_count) WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 12000) SELECT 'tag ' || i, 0 FROM r`)
		app.Exec(t, "ANALYZE")
		const query = `{ tags { all: totalCount estimate: totalCount(estimate: true) few: totalCount(estimate: true, atMost: 100) } }`
		full := app.Must(t, testapp.Anonymous, query, nil).At("tags").(map[string]any)
		app.Exec(t, `DELETE FROM tags WHERE name LIKE 'tag 1%'`)
		less := app.Must(t, testapp.Anonymous, query, nil).At("tags").(map[string]any)
		if full["all"].(float64) < 12_000 || less["all"].(float64) > 9_900 {
			t.Fatalf("%v tags, %v of them left", full["all"], less["all"])
		}
		few := full["all"] // as the statistics say
		if app.Dialect() != dialect.Postgres {
			few = 100.0
		}
		if full["estimate"] != full["all"] || full["few"] != few || less["estimate"] != less["all"] || less["few"] != few {
			t.Errorf("%v, then %v", full, less)
		}
		// Below parents everything is counted.
		r := app.Must(t, testapp.Admin, `{ users(first: 9, orderBy: [{ posts: { count: DESC } }]) { nodes { posts(first: 0) { all: totalCount estimate: totalCount(estimate: true) few: totalCount(estimate: true, atMost: 1) } } } }`, nil)
		for i := range 9 {
			posts := r.At("users", "nodes", i, "posts").(map[string]any)
			if posts["estimate"] != posts["all"] || posts["few"] != min(posts["all"].(float64), 1) {
				t.Errorf("%v", posts)
			}
		}
	})
}
