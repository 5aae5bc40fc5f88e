package queries

import (
	"cmp"
	"fmt"
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
