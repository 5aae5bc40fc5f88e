package queries

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestSearch compares searches with a model in memory, while posts are written, changed and deleted, by the API and behind its
// back.
func TestSearch(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url)
		for i := range 3 {
			app.Must(t, testapp.Admin, `mutation($name: String!) { createUser(input: {username: $name, name: $name}) { clientMutationId } }`,
				map[string]any{"name": fmt.Sprint("u", i+1)})
		}
		w := &searched{t: t, app: app}
		rapid.Check(t, func(r *rapid.T) {
			for range rapid.IntRange(0, 5).Draw(r, "edits") {
				w.edit(r)
			}
			for range 3 {
				w.look(r)
			}
		})
		t.Logf("%d of %d searches found something, %d took several pages", w.found, w.looks, w.paged)
		if w.found < w.looks/5 || w.paged == 0 {
			t.Error("the test hardly finds anything")
		}
	})
}

// spellings are words by what they are searched as.
var spellings = map[string][]string{
	"cat": {"cat", "Cat", "CAT"}, "cats": {"cats", "CATS"}, "category": {"category", "Catégory"}, "ete": {"été", "Ete", "ÉTÉ", "e\u0301te\u0301"},
	"c": {"c", "C", "ç"}, "1e5": {"1e5", "1E5"}, "42": {"42"}, "мир": {"мир", "МИР"}, "мировой": {"мировой", "МИРОВОЙ"}, "σοφοσ": {"σοφος", "ΣΟΦΟΣ"}, "straße": {"straße", "STRAßE"},
	"東京": {"東京"}, "naive": {"naïve", "NAÏVE"}, "x": {"x", "X"}, "łodz": {"łódź", "ŁÓDŹ"},
}

var (
	wordList = slices.Sorted(func(yield func(string) bool) {
		for w := range spellings {
			if !yield(w) {
				return
			}
		}
	})
	separators = []string{" ", ", ", "-", "'", " <>", "\n", "…", "_", " *", "/", "😀"}
)

// spelled writes words as somebody would.
func spelled(r *rapid.T, words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(rapid.SampledFrom(separators).Draw(r, "separator"))
		}
		b.WriteString(rapid.SampledFrom(spellings[w]).Draw(r, "spelling"))
	}
	return b.String()
}

func drawWords(r *rapid.T, least, most int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(wordList), least, most).Draw(r, "words")
}

// searchedPost is a post of the model.
type searchedPost struct {
	id          int
	author      string
	title, body []string
	public      bool
	score       int
}

type searched struct {
	t                   *testing.T
	app                 *testapp.App
	posts               []*searchedPost
	last                int
	looks, found, paged int
}

func (w *searched) edit(r *rapid.T) {
	change := rapid.IntRange(0, 6).Draw(r, "change")
	if len(w.posts) < 12 || change < 2 {
		w.create(r)
		return
	}
	i := rapid.IntRange(0, len(w.posts)-1).Draw(r, "post")
	p := w.posts[i]
	id := relay.ID("Post", strconv.Itoa(p.id))
	switch change {
	case 2:
		p.title = drawWords(r, 1, 3)
		w.app.Must(w.t, testapp.Admin, `mutation($id: ID!, $title: String!) { updatePost(input: {id: $id, title: $title}) { clientMutationId } }`,
			map[string]any{"id": id, "title": spelled(r, p.title)})
	case 3:
		p.body = drawWords(r, 0, 6)
		w.app.Exec(w.t, fmt.Sprintf("UPDATE posts SET body = %s WHERE id = %d", quoted(spelled(r, p.body)), p.id))
	case 4:
		p.public, p.score = !p.public, p.score+1
		w.app.Exec(w.t, fmt.Sprintf("UPDATE posts SET status = '%s', score = %d WHERE id = %d", map[bool]string{true: "published", false: "draft"}[p.public], p.score, p.id))
	case 5:
		w.posts = slices.Delete(w.posts, i, i+1)
		w.app.Must(w.t, testapp.Admin, `mutation($id: ID!) { deletePost(input: {id: $id}) { deletedId } }`, map[string]any{"id": id})
	default:
		w.posts = slices.Delete(w.posts, i, i+1)
		w.app.Exec(w.t, fmt.Sprintf("DELETE FROM posts WHERE id = %d", p.id))
	}
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func (w *searched) create(r *rapid.T) {
	w.last++
	p := &searchedPost{
		author: relay.ID("User", strconv.Itoa(1+w.last%3)), title: drawWords(r, 1, 3), body: drawWords(r, 0, 6), public: w.last%4 != 0,
	}
	result := w.app.Must(w.t, testapp.Admin, `mutation($in: CreatePostInput!) { createPost(input: $in) { post { id } } }`, map[string]any{"in": map[string]any{
		"title": spelled(r, p.title), "body": spelled(r, p.body), "slug": fmt.Sprint("p", w.last), "authorId": p.author,
		"status": map[bool]string{true: "PUBLISHED", false: "DRAFT"}[p.public],
	}})
	_, key, _ := relay.ParseID(result.At("createPost", "post", "id").(string))
	p.id, _ = strconv.Atoi(key)
	w.posts = append(w.posts, p)
}

// searchedTerm is a part of a search.
type searchedTerm struct {
	words    []string
	prefix   bool
	excluded bool
}

func drawSearch(r *rapid.T) (text string, terms []searchedTerm) {
	for range rapid.IntRange(0, 3).Draw(r, "terms") {
		term := searchedTerm{prefix: rapid.IntRange(0, 3).Draw(r, "prefix") == 0, excluded: rapid.IntRange(0, 3).Draw(r, "excluded") == 0}
		if len(terms) > 0 {
			text += " "
		}
		if term.excluded {
			text += "-"
		}
		if rapid.IntRange(0, 2).Draw(r, "phrase") == 0 {
			term.words = drawWords(r, 1, 2)
			text += `"` + spelled(r, term.words) + `"`
		} else {
			term.words = drawWords(r, 1, 1)
			text += spelled(r, term.words)
		}
		if term.prefix {
			last := term.words[len(term.words)-1]
			if cut := []rune(last); len(cut) > 1 && !strings.HasSuffix(text, `"`) && last == strings.ToLower(last) && strings.HasSuffix(text, last) {
				term.words[len(term.words)-1] = string(cut[:len(cut)-1])
				text = strings.TrimSuffix(text, last) + string(cut[:len(cut)-1])
			}
			text += "*"
		}
		terms = append(terms, term)
	}
	return text + rapid.SampledFrom([]string{"", "", " ", " ++", " -", ` "`, " * ", " AND NEAR("}).Draw(r, "noise"), terms
}

// in says whether the term stands in words.
func (s searchedTerm) in(words []string) bool {
	for i := 0; i+len(s.words) <= len(words); i++ {
		here := true
		for j, w := range s.words {
			last := s.prefix && j == len(s.words)-1
			here = here && (words[i+j] == w || last && strings.HasPrefix(words[i+j], w))
		}
		if here {
			return true
		}
	}
	return false
}

// rank is how well a post matches, ok whether it does.
func (p *searchedPost) rank(terms []searchedTerm) (rank int, ok bool) {
	for _, s := range terms {
		title, body := s.in(p.title), s.in(p.body)
		if (title || body) == s.excluded {
			return 0, false
		}
		if s.excluded {
			continue
		}
		if title {
			rank += 10
		}
		if body {
			rank++
		}
	}
	return rank, true
}

// look searches and compares.
func (w *searched) look(r *rapid.T) {
	text, terms := drawSearch(r)
	if strings.HasSuffix(text, "AND NEAR(") { // plain words, like all others
		terms = append(terms, searchedTerm{words: []string{"and"}}, searchedTerm{words: []string{"near"}})
	}
	viewer := rapid.SampledFrom([]access.Viewer{testapp.Admin, testapp.Anonymous, testapp.User("1")}).Draw(r, "viewer")
	least := rapid.IntRange(0, 1).Draw(r, "score")
	reader := relay.ID("User", viewer.UserID)
	var want []*searchedPost
	ranks := make(map[int]int)
	for _, p := range w.posts {
		visible := p.public || len(viewer.Roles) > 0 || viewer.UserID != "" && p.author == reader
		if rank, ok := p.rank(terms); ok && visible && p.score >= least {
			want, ranks[p.id] = append(want, p), rank
		}
	}
	orders := map[string]func(a, b *searchedPost) int{
		`null`:                                              func(a, b *searchedPost) int { return cmp.Or(ranks[b.id]-ranks[a.id], b.id-a.id) },
		`[{field: RANK}]`:                                   func(a, b *searchedPost) int { return cmp.Or(ranks[b.id]-ranks[a.id], a.id-b.id) },
		`[{field: RANK, direction: DESC}]`:                  func(a, b *searchedPost) int { return cmp.Or(ranks[a.id]-ranks[b.id], b.id-a.id) },
		`[{field: SCORE}, {field: RANK}]`:                   func(a, b *searchedPost) int { return cmp.Or(a.score-b.score, ranks[b.id]-ranks[a.id], a.id-b.id) },
		`[{field: ID, direction: DESC}]`:                    func(a, b *searchedPost) int { return b.id - a.id },
		`[{field: RANK}, {field: UPDATED_AT}, {field: ID}]`: nil,
	}
	order := rapid.SampledFrom(slices.Sorted(func(yield func(string) bool) {
		for o := range orders {
			if !yield(o) {
				return
			}
		}
	})).Draw(r, "order")
	if orders[order] == nil { // times of changes are not in the model
		order = `null`
	}
	slices.SortFunc(want, orders[order])
	var ids []string
	for _, p := range want {
		ids = append(ids, relay.ID("Post", strconv.Itoa(p.id)))
	}
	w.looks++
	if len(ids) > 0 && len(terms) > 0 {
		w.found++
	}
	vars := map[string]any{"search": text, "least": least}
	w.pages(r, viewer, order, vars, ids)

	rest := fmt.Sprintf(`query($search: String, $least: Int) {
		users(orderBy: [{field: ID}]) { nodes { id posts(search: $search, where: {score: {gte: $least}}, first: 2, orderBy: %s) { totalCount nodes { id } pageInfo { hasNextPage } } } }
		postGroups(search: $search, where: {score: {gte: $least}}, by: [{field: AUTHOR_ID}]) { key { authorId } aggregate { count } } }`, order)
	got := w.app.Must(w.t, viewer, rest, vars)
	for i, u := range got.At("users", "nodes").([]any) {
		var own []string
		for _, p := range want {
			if p.author == u.(map[string]any)["id"] {
				own = append(own, relay.ID("Post", strconv.Itoa(p.id)))
			}
		}
		list := got.At("users", "nodes", i, "posts").(map[string]any)
		if list["totalCount"] != float64(len(own)) || !slices.Equal(idsOf(list), own[:min(2, len(own))]) || list["pageInfo"].(map[string]any)["hasNextPage"] != (len(own) > 2) {
			r.Fatalf("%q in order %s below user %d: %v, not %v", text, order, i+1, list, own)
		}
	}
	sum := 0
	for _, g := range got.At("postGroups").([]any) {
		sum += int(g.(map[string]any)["aggregate"].(map[string]any)["count"].(float64))
	}
	if sum != len(want) {
		r.Fatalf("%q: %d in groups, not %d", text, sum, len(want))
	}
}

func idsOf(list map[string]any) []string {
	var out []string
	for _, n := range list["nodes"].([]any) {
		out = append(out, n.(map[string]any)["id"].(string))
	}
	return out
}

// pages reads a list page by page, forwards or backwards.
func (w *searched) pages(r *rapid.T, viewer access.Viewer, order string, vars map[string]any, want []string) {
	forwards := rapid.Bool().Draw(r, "forwards")
	size := rapid.IntRange(1, 7).Draw(r, "size")
	argument, cursor, more := "first: %d, after: $at", "endCursor", "hasNextPage"
	if !forwards {
		argument, cursor, more = "last: %d, before: $at", "startCursor", "hasPreviousPage"
	}
	query := fmt.Sprintf(`query($search: String, $least: Int, $at: String) { posts(search: $search, where: {score: {gte: $least}}, orderBy: %s, `+argument+`) {
		totalCount aggregate { count } nodes { id } pageInfo { %s %s } } }`, order, size, cursor, more)
	var got []string
	delete(vars, "at")
	for page := 0; ; page++ {
		list := w.app.Must(w.t, viewer, query, vars).At("posts").(map[string]any)
		if n := list["totalCount"]; n != float64(len(want)) {
			r.Fatalf("%q: totalCount %v, not %d", vars["search"], n, len(want))
		}
		if forwards {
			got = append(got, idsOf(list)...)
		} else {
			got = append(idsOf(list), got...)
		}
		info := list["pageInfo"].(map[string]any)
		if info[more] != true {
			break
		}
		w.paged++
		if vars["at"] = info[cursor]; page > len(want) {
			r.Fatalf("%q does not end", vars["search"])
		}
	}
	delete(vars, "at")
	if !slices.Equal(got, want) {
		r.Fatalf("%q in order %s: %v, not %v", vars["search"], order, got, want)
	}
}

// TestSearchArguments: no text is wrong but one that is too long, and ranks and cursors are those of their search.
func TestSearchArguments(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 20)
		app.Exec(t, "UPDATE posts SET title = 'Needle in a haystack' WHERE id = 3")
		all := app.Must(t, testapp.Admin, `{ posts { totalCount } }`, nil).At("posts", "totalCount")
		for text, want := range map[string]any{
			"": all, "  ": all, `+ & | ! () : * ' \ -- "" -"" -`: all, "needle": 1.0, `NEEDLE`: 1.0, `"needle in a"`: 1.0, `"needle haystack"`: 0.0,
			`need*`: 1.0, `need`: 0.0, `"needle in" hay*`: 1.0, `"needle hay"*`: 0.0, `"a hay"*`: 1.0, `needle -haystack`: 0.0, `-needle`: all.(float64) - 1,
			`needle-in`: 1.0, `in-needle`: 0.0, `"needle`: 1.0, strings.Repeat("é", 500): 0.0,
		} {
			r := app.Must(t, testapp.Admin, `query($s: String) { posts(search: $s) { totalCount nodes { id } } }`, map[string]any{"s": text})
			if got := r.At("posts", "totalCount"); got != want {
				t.Errorf("%q finds %v, not %v", text, got, want)
			}
		}
		absent := app.Must(t, testapp.Admin, `query($s: String) { a: posts(search: $s) { totalCount } b: posts(search: null) { totalCount } }`, nil)
		if absent.At("a", "totalCount") != all || absent.At("b", "totalCount") != all {
			t.Errorf("without a search: %s", absent.Raw)
		}
		cursor := app.Must(t, testapp.Admin, `{ posts(search: "a*", first: 1) { pageInfo { endCursor } } }`, nil).At("posts", "pageInfo", "endCursor")
		app.Run(t,
			gatewaytest.Scenario{Name: "rank without a search", As: testapp.Admin, Query: `{ posts(orderBy: [{field: RANK}]) { nodes { id } } }`, Code: "BAD_USER_INPUT", Has: []string{"RANK needs the argument search."}},
			gatewaytest.Scenario{Name: "the rank of related rows", As: testapp.Admin, Query: `{ comments(search: "a", orderBy: [{post: {field: RANK}}]) { nodes { id } } }`, Code: "BAD_USER_INPUT", Has: []string{"RANK is that of the list's own rows."}},
			gatewaytest.Scenario{Name: "long", As: testapp.Admin, Query: `query($s: String) { posts(search: $s) { nodes { id } } }`, Variables: map[string]any{"s": strings.Repeat("é", 501)}, Code: "BAD_USER_INPUT", Has: []string{`"limit":500`}},
			gatewaytest.Scenario{Name: "many words", As: testapp.Admin, Query: `query($s: String) { posts(search: $s) { nodes { id } } }`, Variables: map[string]any{"s": strings.Repeat("a ", 17)}, Code: "BAD_USER_INPUT", Has: []string{`"limit":16`}},
			gatewaytest.Scenario{Name: "the cursor of another search", As: testapp.Admin, Query: `query($c: String) { posts(search: "b*", first: 1, after: $c) { nodes { id } } }`, Variables: map[string]any{"c": cursor}, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "the same search written otherwise", As: testapp.Admin, Query: `query($c: String) { posts(search: "  \"A\"* ++", first: 1, after: $c) { nodes { __typename } } }`, Variables: map[string]any{"c": cursor}, Has: []string{`"Post"`}},
		)
	})
}

// TestSearchCommunity searches the community's data: what is found is what the files hold, and the index finds it.
func TestSearchCommunity(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url)
		s := readSite(t, app.Load(t, "community"))
		for _, word := range []string{"coffee", "espresso", "the", "water", "grinder", "jack"} {
			whole := regexp.MustCompile(`(?i)(^|[^\pL\p{Nd}])` + word + `([^\pL\p{Nd}]|$)`)
			posts := s.where("posts", func(r row) bool { return whole.MatchString(r["title"] + " | " + r["body"]) })
			comments := s.where("comments", func(r row) bool { return whole.MatchString(r["message"]) })
			r := app.Must(t, testapp.Admin, `query($s: String) { posts(search: $s) { totalCount } comments(search: $s, first: 3) { totalCount nodes { id } } }`, map[string]any{"s": word})
			if r.At("posts", "totalCount") != float64(len(posts)) || r.At("comments", "totalCount") != float64(len(comments)) {
				t.Errorf("%s: %s, not %d posts and %d comments", word, r.Raw, len(posts), len(comments))
			}
			for i := range min(3, len(comments)) { // of one weight: the newest first
				if got := r.At("comments", "nodes", i, "id"); got != id("Comment", comments[i]["id"]) {
					t.Errorf("%s: comment %d is %v, not %s", word, i+1, got, comments[i]["id"])
				}
			}
		}
		app.Statements()
		app.Must(t, testapp.Admin, `{ posts(search: "espresso") { nodes { id } } }`, nil)
		statements, _ := app.Statements()
		query, uses := statements[0], "entwine_posts_search"
		arguments := []string{`'"espresso"'`, `'{a1} : "espresso"'`, `'{d2} : "espresso"'`, "21"}
		explain := "EXPLAIN QUERY PLAN "
		if app.Dialect() == "postgres" {
			explain, arguments = "EXPLAIN ", []string{"'espresso'", "'espresso:A'", "'espresso:D'", "21"}
			uses = "Bitmap Index Scan on " + uses
		}
		for i, a := range arguments {
			if app.Dialect() == "postgres" {
				query = strings.Replace(query, fmt.Sprintf("$%d", i+1), a, 1)
			} else {
				query = strings.Replace(query, "?", a, 1)
			}
		}
		plan := fmt.Sprint(app.Rows(t, explain+query))
		if !strings.Contains(plan, uses) && !strings.Contains(plan, "SCAN "+uses+" VIRTUAL TABLE INDEX") || strings.Contains(plan, "SCAN t") {
			t.Errorf("the index does not find the rows:\n%s\n%s", query, plan)
		}
	})
}
