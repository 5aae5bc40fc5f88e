package oracle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestNothingLeaks serves two databases to a viewer under random rules: one with rows and values that the viewer may not read,
// and one where those rows are gone and those values are others. The viewer must not be able to tell them apart: every
// answer, errors included, is the same byte for byte. NOT_UNIQUE and a refused delete are exempt, as the contract says.
func TestNothingLeaks(t *testing.T) {
	cases := map[string]int{"sqlite": setting(t, "ENTWINE_TEST_LEAKS", 40), "postgres": setting(t, "ENTWINE_TEST_LEAKS", 40) / 4}
	if os.Getenv("ENTWINE_TEST_LONG") != "" {
		cases = map[string]int{"sqlite": 800, "postgres": 200}
	}
	seed := setting(t, "ENTWINE_TEST_SEED", 1)
	plain := filepath.Join(t.TempDir(), "plain.db")
	prepare(t, "sqlite:"+plain)
	for name, n := range cases {
		t.Run(name, func(t *testing.T) {
			total := tally{}
			for i := 0; i-total.useless < n; i++ {
				l := &leak{seed: seed + i, r: rand.New(rand.NewPCG(uint64(seed+i), 7)), tally: &total}
				for j := range l.urls {
					if name == "postgres" {
						l.urls[j] = pgtest.New(t)
						prepare(t, l.urls[j])
						continue
					}
					path := filepath.Join(t.TempDir(), "leak.db")
					b, err := os.ReadFile(plain)
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, b, 0o600); err != nil {
						t.Fatal(err)
					}
					l.urls[j] = "sqlite:" + path
				}
				l.run(t)
				if t.Failed() {
					t.Fatalf("replay it with ENTWINE_TEST_SEED=%d", l.seed)
				}
			}
			t.Logf("%d cases, %+v", n, total)
			if total.hidden < 20*n || total.changed < n || total.queries < 20*n || total.mutations < 5*n || total.tenants < n/8 || total.many < n/4 || total.useless > 3*n {
				t.Errorf("%d cases hide too little: %+v", n, total)
			}
		})
	}
}

// prepare fills a database and leaves it to others.
func prepare(t *testing.T, url string) {
	t.Helper()
	app := testapp.Open(t, url).Fill(t, demo.Config{Users: 20, Tags: 30})
	unevenness(t, app)
	app.Exec(t, `UPDATE votes SET user_id = 1 + id % 12 WHERE id % 3 = 0`)
	app.Exec(t, `UPDATE users SET bio = 'bio ' || id WHERE id % 2 = 0`)
	app.Exec(t, `UPDATE grids SET deleted_at = '2026-01-01 00:00:00+00:00' WHERE id % 3 = 0`)
	app.Close(t)
}

type tally struct{ hidden, changed, queries, mutations, many, tenants, useless int }

// leak is one pair of databases.
type leak struct {
	seed   int
	r      *rand.Rand
	urls   [2]string
	apps   [2]*instance
	viewer access.Viewer
	tally  *tally
}

func (l *leak) chance(percent int) bool { return l.r.IntN(100) < percent }

func (l *leak) run(t *testing.T) {
	l.viewer = pick2(l.r, []access.Viewer{{}, {UserID: "3"}, {UserID: "5"}, {UserID: "2", Roles: []string{"moderator"}}, {Roles: []string{"guest"}}})
	rules, fields := l.rules()
	tenants := l.chance(25)
	if tenants {
		l.tally.tenants++
		l.viewer.Tenant = pick2(l.r, []string{"ﬀ", "😀", "nobody's", ""})
		delete(fields, "Post.license")
		posts := rules["Post"]
		posts.Create = nil // no code was generated that gives new posts their tenant
		rules["Post"] = posts
	}
	var deleted *access.Rule // who sees deleted grids
	if apart := (&leak{r: rand.New(rand.NewPCG(uint64(l.seed), 9))}); apart.chance(70) {
		deleted = apart.own("Grid")
	}
	for j := range l.apps {
		l.apps[j] = &instance{&testapp.App{Gateway: gatewaytest.Open(t, gateway.App{Name: "Leak", Open: under(rules, deleted, fields, tenants)}, l.urls[j])}}
		defer l.apps[j].Close(t)
	}
	full, less := l.apps[0], l.apps[1]
	before := l.visible(t, full)
	tables := full.dump(t)
	cursors := l.cursors(t, full)
	hidden, changed := l.hide(t, full, less, before)
	if full.Dialect() == dialect.Postgres { // whose planner knows of the difference then
		full.Exec(t, "ANALYZE")
		less.Exec(t, "ANALYZE")
	}
	// A rule about related rows may have decided by a row that is gone: then the viewer may see the difference.
	if !slices.Equal(before.all, l.visible(t, less).all) {
		l.tally.useless++
		return
	}
	l.tally.hidden += hidden
	l.tally.changed += changed
	g := &generator{r: l.r, catalog: full.Handle.Catalog, tables: tables, cursors: cursors, generated: true, viewer: &l.viewer}
	for _, op := range l.lookUps(full, tables) {
		if !l.same(t, op) {
			return
		}
	}
	for range 40 {
		l.tally.queries++
		if !l.same(t, g.operation()) {
			return
		}
	}
	for range 6 {
		if !l.same(t, g.estimates()) {
			return
		}
	}
	for i := range 12 {
		l.tally.mutations++
		if !l.same(t, l.mutation(g, i)) {
			return
		}
	}
	for range 3 {
		if !l.same(t, l.withDeleted(g)) {
			return
		}
	}
	for i := range 8 {
		l.tally.mutations++
		if !l.same(t, l.nested(g, i)) {
			return
		}
	}
	// A key that a hidden row has is told by NOT_UNIQUE, after which the two databases differ.
	for i := range 3 {
		l.tally.mutations++
		if !l.same(t, l.upsert(g, i)) {
			return
		}
	}
}

// same sends an operation to both, and says whether they can still be compared.
func (l *leak) same(t *testing.T, op operation) bool {
	t.Helper()
	a, b := l.apps[0].run(t, op, l.viewer), l.apps[1].run(t, op, l.viewer)
	if strings.Contains(a.raw, "INTERNAL_SERVER_ERROR") {
		t.Errorf("seed %d: a fault of the server, as viewer %+v: %s\n%s", l.seed, l.viewer, a.raw, show(op))
	}
	if a.raw == b.raw {
		if strings.Contains(a.raw, `"affectedCount":`) && !strings.Contains(a.raw, `"affectedCount":0`) {
			l.tally.many++
		}
		return true
	}
	for _, raw := range []string{a.raw, b.raw} {
		if strings.Contains(raw, `"NOT_UNIQUE"`) || strings.Contains(raw, `"CONFLICT"`) && !strings.Contains(raw, `"STALE"`) {
			return false
		}
	}
	at := 0
	for at < len(a.raw) && at < len(b.raw) && a.raw[at] == b.raw[at] {
		at++
	}
	from := max(0, at-200)
	t.Errorf("seed %d: viewer %+v can tell:\n…%s\n…%s\n%s", l.seed, l.viewer, a.raw[from:min(len(a.raw), at+200)], b.raw[from:min(len(b.raw), at+200)], show(op))
	for _, e := range l.apps[0].Handle.Catalog.Entities {
		t.Logf("%s: read %v, update %v, delete %v", e.Name, e.Rules.Read, e.Rules.Update, e.Rules.Delete)
		for _, f := range e.Fields {
			if f.Read != nil {
				t.Logf("%s.%s: %v", e.Name, f.Name, f.Read)
			}
		}
	}
	return false
}

// ---------- rules

// owners are the paths by which rows belong to users, and related the edges and rules about what is behind them.
var owners = map[string][][]string{
	"User": {{}}, "Post": {{"author"}, {"accepted_comment", "author"}}, "Comment": {{"author"}, {"post", "author"}},
	"Vote": {{"user"}, {"post", "author"}}, "PostLink": {{"post", "author"}}, "Grid": {{"user"}},
}

var matches = map[string][]*access.Rule{
	"User":    {access.Compare("id", ">", 6), access.Null("bio")},
	"Post":    {access.Match("status", "published"), access.Compare("score", ">=", 2), access.Null("favorite_count"), access.Past("created_at")},
	"Comment": {access.Match("kind", "answer"), access.Compare("score", ">", 0)},
	"Tag":     {access.Compare("name", "<", "m"), access.Null("excerpt")},
	"Vote":    {access.Match("type", "up"), access.Null("comment_id")}, "PostLink": {access.Match("kind", "linked")},
	"Grid": {access.Compare("id", "<", 20)},
}

var around = map[string][]string{
	"User": {"posts", "grids"}, "Post": {"author", "tags", "comments"}, "Comment": {"post", "parent"}, "Tag": {"posts"}, "Vote": {"post", "user"}, "PostLink": {"related"}, "Grid": {"user"},
}

var targets = map[string]string{
	"posts": "Post", "grids": "Grid", "author": "User", "tags": "Tag", "comments": "Comment", "post": "Post", "parent": "Comment", "user": "User", "related": "Post",
}

func pick2[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// own is a rule about nothing but the row itself.
func (l *leak) own(e string) *access.Rule {
	if paths := owners[e]; len(paths) > 0 && len(paths[0]) < 2 && l.chance(30) {
		return access.Owner(paths[0]...)
	}
	if l.chance(40) {
		return access.Everyone()
	}
	return pick2(l.r, matches[e])
}

func (l *leak) rule(e string, depth int) *access.Rule {
	switch n := l.r.IntN(12); {
	case n < 4:
		return pick2(l.r, matches[e])
	case n < 6 && owners[e] != nil:
		return access.Owner(pick2(l.r, owners[e])...)
	case n == 6:
		return access.Everyone()
	case n == 7:
		return access.Role(pick2(l.r, []string{"moderator", "guest"}))
	case n == 8 && depth > 0:
		edge := pick2(l.r, around[e])
		return access.Related(edge, l.rule(targets[edge], depth-1))
	case n == 9 && depth > 0:
		return access.Not(l.rule(e, depth-1))
	case depth > 0:
		return access.Any(l.rule(e, depth-1), l.rule(e, depth-1))
	}
	return pick2(l.r, matches[e])
}

// guardable are fields that can have rules of their own, with the SQL of another value.
var guardable = map[string]string{
	"Post.body": `'another body'`, "Comment.message": `'another'`,
	"User.email": `'other' || id || '@example.com'`, "User.bio": `'another ' || id`, "User.credits": `credits + 1000`, "User.name": `'N' || (id % 3)`,
	"Post.license": `'other'`, "Post.favorite_count": `COALESCE(favorite_count, 0) + 7`,
	"Comment.score": `score + 50`, "Tag.wiki": `'another'`, "Vote.bounty": `COALESCE(bounty, 0) + 1`, "Vote.user_id": `1 + COALESCE(user_id, 0) % 12`,
	"Comment.author_id": `1 + COALESCE(author_id, 0) % 12`, "Grid.cells": `'[]'`, "Grid.title": `'another'`,
}

func (l *leak) rules() (rules map[string]access.Rules, fields map[string]*access.Rule) {
	rules, fields = make(map[string]access.Rules), make(map[string]*access.Rule)
	for _, e := range []string{"User", "Post", "Comment", "Tag", "Vote", "PostLink", "Grid"} {
		// A rule for writing that asks other rows tells of them, whoever may read those.
		r := access.Rules{Read: access.Everyone(), Create: access.Everyone(), Update: l.own(e), Delete: l.own(e)}
		if l.chance(70) {
			r.Read = l.rule(e, 2)
		}
		if l.chance(50) {
			r.Create = l.own(e)
		}
		rules[e] = r
	}
	names := make([]string, 0, len(guardable))
	for name := range guardable {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if e, _, _ := strings.Cut(name, "."); l.chance(30) {
			fields[name] = l.rule(e, 1)
		}
	}
	return rules, fields
}

// under opens the reference application with other rules, and if tenants says so with posts that belong to the tenants that
// their licenses name. What may be hidden has to be nullable.
func under(rules map[string]access.Rules, deleted *access.Rule, fields map[string]*access.Rule, tenants bool) gateway.Opener {
	return func(drv dialect.Driver) (*gateway.Handle, error) {
		h, err := graph.Open(drv)
		if err != nil {
			return nil, err
		}
		schema := h.Custom.Schema()
		for _, e := range h.Catalog.Entities {
			e.Rules = rules[e.Name]
			if e.SoftDelete != nil {
				e.Deleted = deleted
			}
			if tenants && e.Name == "Post" {
				e.Tenant = e.Field("license")
			}
			for _, f := range e.Fields {
				if f.Read = fields[e.Name+"."+f.Schema]; f.Read != nil {
					schema.Types[e.Name].Fields.ForName(f.Name).Type.NonNull = false
				}
			}
			for _, ed := range e.Edges {
				ed.Guard, ed.NonNull = nil, false
				if !ed.List() {
					schema.Types[e.Name].Fields.ForName(ed.Name).Type.NonNull = false
				}
			}
		}
		h.Catalog = entity.NewCatalog(h.Catalog.Entities...)
		return h, nil
	}
}

// ---------- what is hidden

// sqlText writes predicates for statements that a test sends by itself.
type sqlText struct {
	strings.Builder
	args     []any
	postgres bool
}

func (w *sqlText) WriteSQL(text string)           { w.WriteString(text) }
func (w *sqlText) WriteColumn(alias, name string) { w.WriteString(alias + `."` + name + `"`) }
func (w *sqlText) WriteTable(name, alias string)  { w.WriteString(`"` + name + `" ` + alias) }
func (w *sqlText) Postgres() bool                 { return w.postgres }
func (w *sqlText) WriteArg(value any) {
	w.args = append(w.args, value)
	if w.postgres {
		w.WriteString("$" + strconv.Itoa(len(w.args)))
		return
	}
	w.WriteString("?")
}

// sight is what a viewer may read: the keys of rows by table, and those with what may be read and done there as a list to
// compare.
type sight struct {
	rows map[string]map[int64]bool
	all  []string
}

func (l *leak) visible(t *testing.T, app *instance) sight {
	t.Helper()
	s := sight{rows: make(map[string]map[int64]bool)}
	for _, e := range app.Handle.Catalog.Entities {
		w := &sqlText{postgres: app.Dialect() == dialect.Postgres}
		w.WriteString("SELECT t.id")
		for _, f := range e.Fields {
			if f.Read == nil {
				continue
			}
			w.WriteString(", CASE WHEN ")
			e.WriteRule(w, f.Read, l.viewer, "t")
			w.WriteString(" THEN 1 ELSE 0 END")
		}
		allows := e.WritePredicate
		if e.Deleted.Reduce(l.viewer) != nil {
			allows = e.WriteWithDeleted
		}
		for _, op := range []access.Operation{access.Create, access.Update, access.Delete} {
			w.WriteString(", CASE WHEN ")
			allows(w, op, l.viewer, "t")
			w.WriteString(" THEN 1 ELSE 0 END")
		}
		w.WriteString(" FROM ")
		w.WriteTable(e.Table, "t")
		w.WriteString(" WHERE ")
		allows(w, access.Read, l.viewer, "t")
		w.WriteString(" ORDER BY 1")
		s.rows[e.Table] = make(map[int64]bool)
		for _, row := range app.Rows(t, w.String(), w.args...) {
			s.rows[e.Table][row[0].(int64)] = true
			s.all = append(s.all, fmt.Sprint(e.Name, row))
		}
	}
	return s
}

// hide makes less of what the viewer does not see: it changes values and deletes rows. A row to which another leads that
// stays has to stay too, for its key can be read there.
func (l *leak) hide(t *testing.T, full, less *instance, sees sight) (hidden, changed int) {
	t.Helper()
	c := full.Handle.Catalog
	for _, e := range c.Entities {
		for _, f := range e.Fields {
			if f.Read == nil {
				continue
			}
			w := &sqlText{postgres: full.Dialect() == dialect.Postgres}
			w.WriteString("SELECT t.id FROM ")
			w.WriteTable(e.Table, "t")
			w.WriteString(" WHERE NOT (")
			e.WriteRule(w, f.Read, l.viewer, "t")
			w.WriteString(")")
			var keys []string
			for _, row := range full.Rows(t, w.String(), w.args...) {
				keys = append(keys, fmt.Sprint(row[0]))
			}
			if len(keys) > 0 {
				changed += len(keys)
				less.Exec(t, fmt.Sprintf("UPDATE %s SET %s = %s WHERE id IN (%s)", e.Table, f.Column, guardable[e.Name+"."+f.Schema], strings.Join(keys, ", ")))
			}
		}
	}
	gone := make(map[string]map[int64]bool)
	for _, e := range c.Entities {
		gone[e.Table] = make(map[int64]bool)
		for _, row := range full.Rows(t, "SELECT id FROM "+e.Table) {
			if key := row[0].(int64); !sees.rows[e.Table][key] {
				gone[e.Table][key] = true
			}
		}
	}
	type reference struct {
		from, to string
		pairs    [][]any
	}
	var references []reference
	for _, e := range c.Entities {
		for _, ed := range e.Edges {
			if ed.Kind == entity.ToOne {
				for _, app := range []*instance{full, less} {
					references = append(references, reference{e.Table, ed.To().Table, app.Rows(t, "SELECT id, "+ed.Column+" FROM "+e.Table+" WHERE "+ed.Column+" IS NOT NULL")})
				}
			}
		}
	}
	for again := true; again; {
		again = false
		for _, ref := range references {
			for _, pair := range ref.pairs {
				from, to := pair[0].(int64), pair[1].(int64)
				if !gone[ref.from][from] && gone[ref.to][to] {
					delete(gone[ref.to], to)
					again = true
				}
			}
		}
	}
	less.Exec(t, "UPDATE posts SET accepted_comment_id = NULL WHERE "+in(gone["posts"]))
	for _, table := range []string{"votes", "post_links", "comments", "posts", "tags", "grids", "users"} {
		if len(gone[table]) > 0 {
			hidden += len(gone[table])
			less.Exec(t, "DELETE FROM "+table+" WHERE "+in(gone[table]))
		}
	}
	// A hidden row that stays is another one at least.
	for _, e := range c.Entities {
		kept := make(map[int64]bool)
		for _, row := range less.Rows(t, "SELECT id FROM "+e.Table) {
			if key := row[0].(int64); !sees.rows[e.Table][key] {
				kept[key] = true
			}
		}
		changed += len(kept)
		less.Exec(t, "UPDATE "+e.Table+" SET "+disguise[e.Table]+" WHERE "+in(kept))
	}
	return hidden, changed
}

// disguise changes a row so that it sorts, filters and counts differently.
var disguise = map[string]string{
	"users": `name = 'hidden', username = 'hidden' || id, credits = credits + 500, created_at = '2001-01-01 00:00:00+00:00'`,
	"posts": `title = 'hidden', slug = 'hidden-' || id, score = score + 9, license = 'hidden'`, "comments": `message = 'hidden', score = score + 9, license = NULL`,
	"tags": `name = 'hidden' || id, source_count = 99`, "votes": `bounty = 99`, "post_links": `created_at = '2001-01-01 00:00:00+00:00'`, "grids": `title = 'hidden', slug = 'hidden' || id, version = 7`,
}

func in(keys map[int64]bool) string {
	if len(keys) == 0 {
		return "1 = 0"
	}
	var texts []string
	for key := range keys {
		texts = append(texts, strconv.FormatInt(key, 10))
	}
	slices.Sort(texts)
	return "id IN (" + strings.Join(texts, ", ") + ")"
}

// cursors are those of all rows, hidden ones too: somebody may have passed them on.
func (l *leak) cursors(t *testing.T, app *instance) map[string][]seenCursor {
	t.Helper()
	out := make(map[string][]seenCursor)
	for _, e := range app.Handle.Catalog.Entities {
		scope := e.Name
		last := ""
		for _, o := range e.DefaultOrder {
			last = map[bool]string{true: "-"}[o.Desc]
			scope += " " + o.Field.Name + last
		}
		scope += " id" + last
		body := app.Send(t, access.Viewer{System: true}, "{ "+e.Names.Many+"(first: 100) { edges { cursor } } }", nil)
		var res struct {
			Data map[string]struct{ Edges []struct{ Cursor string } }
		}
		if err := json.Unmarshal(body, &res); err != nil {
			t.Fatal(err)
		}
		for _, edge := range res.Data[e.Names.Many].Edges {
			out[e.Name] = append(out[e.Name], seenCursor{scope, edge.Cursor})
		}
	}
	return out
}

// lookUps are by values of unique keys that the viewer may not read everywhere, of which random operations hold few.
func (l *leak) lookUps(app *instance, tables map[string][]map[string]any) (all []operation) {
	r := rand.New(rand.NewPCG(uint64(l.seed), 8))
	for _, e := range app.Handle.Catalog.Entities {
		for _, k := range e.Keys {
			for range 3 {
				value, ok := pick2(r, tables[e.Table])[k.Fields[0].Column].(string)
				if f := k.Fields[0]; ok && f.Read != nil {
					all = append(all, operation{Query: fmt.Sprintf("{ %s(%s: %s) { id } }", k.Name, f.Name, literal(value))})
					if !f.Readable(l.viewer) && e.Name == "User" { // the only one with a key that may be guarded
						all = append(all, operation{Query: fmt.Sprintf(`mutation { upsertUser(input: {by: %s, create: {name: "n", username: "key-%d", %s: %s}}) { created user { id } } }`,
							k.Value, r.IntN(1e9), f.Name, literal(value))})
					}
				}
			}
		}
	}
	return all
}

// ---------- mutations

// mutation writes with references to all kinds of rows, hidden ones too.
func (l *leak) mutation(g *generator, i int) operation {
	id := func(e string) string {
		if l.chance(8) {
			return relay.ID(e, "4711")
		}
		return relay.ID(e, fmt.Sprint(pick2(l.r, g.tables[g.catalog.Entity(e).Table])["id"]))
	}
	ids := func(e string) string {
		var list []string
		for range l.r.IntN(3) {
			list = append(list, strconv.Quote(id(e)))
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	const post, comment = "post { id title author { username } comments { totalCount } tags { nodes { name } } }", "comment { id message post { id } author { id } replies { totalCount } }"
	var field string
	switch l.r.IntN(16) {
	case 0:
		field = fmt.Sprintf(`createPost(input: {title: "t", slug: "new-%d-%d", body: "b", status: PUBLISHED, authorId: %q, tags: {connect: %s}}) { %s }`, l.seed, i, id("User"), ids("Tag"), post)
	case 1:
		field = fmt.Sprintf(`createComment(input: {message: "m", postId: %q, parentId: %q, authorId: %q}) { %s }`, id("Post"), id("Comment"), id("User"), comment)
	case 2:
		field = fmt.Sprintf(`createVote(input: {postId: %q, userId: %q, type: UP}) { vote { id user { id } post { id } } }`, id("Post"), id("User"))
	case 3:
		field = fmt.Sprintf(`updatePost(input: {id: %q, title: "changed"}) { %s }`, id("Post"), post)
	case 4:
		action := pick2(l.r, []string{"connect", "disconnect", "set"})
		field = fmt.Sprintf(`updatePost(input: {id: %q, tags: {%s: %s}}) { %s }`, id("Post"), action, ids("Tag"), post)
	case 5:
		field = fmt.Sprintf(`updatePost(input: {id: %q, acceptedCommentId: %q}) { post { id acceptedComment { id message } } }`, id("Post"), id("Comment"))
	case 6:
		field = fmt.Sprintf(`updateComment(input: {id: %q, postId: %q}) { %s }`, id("Comment"), id("Post"), comment)
	case 7:
		field = fmt.Sprintf(`updateUser(input: {id: %q, bio: "b", grids: {connect: %s}}) { user { id name email grids { totalCount } } }`, id("User"), ids("Grid"))
	case 8:
		field = fmt.Sprintf(`updateTag(input: {id: %q, posts: {%s: %s}}) { tag { id posts { totalCount } } }`, id("Tag"), pick2(l.r, []string{"connect", "disconnect"}), ids("Post"))
	case 9:
		field = fmt.Sprintf(`deleteComment(input: {id: %q}) { deletedId }`, id("Comment"))
	case 10:
		field = fmt.Sprintf(`deleteVote(input: {id: %q}) { deletedId }`, id("Vote"))
	case 11:
		field = fmt.Sprintf(`deleteGrid(input: {id: %q}) { deletedId }`, id("Grid"))
	default:
		field = l.bulk(g)
	}
	return operation{Query: "mutation { " + field + " }"}
}

// id is one of any row, hidden ones too, as a literal.
func (l *leak) id(g *generator, e string) string {
	return strconv.Quote(relay.ID(e, fmt.Sprint(pick2(l.r, g.tables[g.catalog.Entity(e).Table])["id"])))
}

// withDeleted asks for deleted rows in all the ways there are.
func (l *leak) withDeleted(g *generator) operation {
	return operation{Query: "{ " + pick2(l.r, []string{
		`grids(first: 50, withDeleted: true) { totalCount nodes { id title version user { id } } }`,
		`grid(id: ` + l.id(g, "Grid") + `, withDeleted: true) { id title }`,
		`gridGroups(withDeleted: true, by: [{ field: USER_ID }]) { aggregate { count } }`,
		`user(id: ` + l.id(g, "User") + `) { id grids(withDeleted: true) { totalCount nodes { id slug } } }`,
		`grids(first: 50, withDeleted: true, where: { user: { grids: { count: { gt: 1 } } } }, orderBy: [{ user: { field: NAME } }]) { nodes { id } }`,
	}) + " }"}
}

// nested writes rows along edges, many rows, versions and restorations, with references to all kinds of rows.
func (l *leak) nested(g *generator, i int) operation {
	id := func(e string) string { return l.id(g, e) }
	post := fmt.Sprintf(`title: "n", slug: "nested-%d-%d", body: "b", status: PUBLISHED, authorId: %s`, l.seed, i, id("User"))
	const selected = `{ post { id author { id name } comments { totalCount nodes { id message author { id } parent { id } } } tags { nodes { name } } } }`
	field := pick2(l.r, []string{
		fmt.Sprintf(`createPost(input: {%s, comments: {create: [{message: "m", authorId: %s, parentId: %s}, {message: "n"}]}, tags: {create: [{name: "t%d"}], connect: [%s]}}) %s`, post, id("User"), id("Comment"), i, id("Tag"), selected),
		fmt.Sprintf(`createComment(input: {message: "m", parentId: %s, post: {create: {%s}}}) { comment { id parent { message } post { id title author { id } comments { totalCount } } } }`, id("Comment"), post),
		fmt.Sprintf(`updatePost(input: {id: %s, author: {update: {bio: "b"}}}) %s`, id("Post"), selected),
		fmt.Sprintf(`updatePost(input: {id: %s, comments: {update: [{id: %s, message: "m"}], create: [{message: "n"}]}}) %s`, id("Post"), id("Comment"), selected),
		fmt.Sprintf(`updatePost(input: {id: %s, tags: {set: [%s], update: [{id: %s, excerpt: "e"}]}}) %s`, id("Post"), id("Tag"), id("Tag"), selected),
		fmt.Sprintf(`updateTag(input: {id: %s, posts: {set: [%s], update: [{id: %s, title: "n", author: {update: {bio: "c"}}}]}}) { tag { id posts { totalCount nodes { id } } } }`, id("Tag"), id("Post"), id("Post")),
		fmt.Sprintf(`updateComment(input: {id: %s, parent: {update: {message: "p"}}, post: {update: {title: "q"}}}) { comment { id parent { message } post { title } } }`, id("Comment")),
		fmt.Sprintf(`updateUser(input: {id: %s, grids: {update: [{id: %s, version: %d, title: "g"}]}}) { user { id grids { nodes { title version } } } }`, id("User"), id("Grid"), 1+l.r.IntN(2)),
		fmt.Sprintf(`createComments(input: {comments: [{message: "a", postId: %s, authorId: %s}, {message: "b", postId: %s}]}) { affectedCount comments { id message post { id } author { id } } }`, id("Post"), id("User"), id("Post")),
		fmt.Sprintf(`updateGrid(input: {id: %s, version: %d, title: "v"}) { grid { id title version } }`, id("Grid"), 1+l.r.IntN(2)),
		fmt.Sprintf(`deleteGrid(input: {id: %s, version: %d}) { deletedId }`, id("Grid"), 1+l.r.IntN(2)),
		fmt.Sprintf(`restoreGrid(input: {id: %s}) { grid { id title deletedAt user { id } } }`, id("Grid")),
		fmt.Sprintf(`restoreGrid(input: {id: %s}) { grid { id title deletedAt user { id } } }`, strconv.Quote(relay.ID("Grid", fmt.Sprint(3*(1+l.r.IntN(8)))))),
	})
	return operation{Query: "mutation { " + field + " }"}
}

// upsert writes a row by any of its unique keys, with the value of any row.
func (l *leak) upsert(g *generator, i int) operation {
	e := g.catalog.Entity(pick2(l.r, []string{"User", "User", "Post", "Tag", "Grid"}))
	k := pick2(l.r, e.Keys)
	values := map[string]string{"User": `name: "n"`, "Post": `title: "t", body: "b", status: PUBLISHED`, "Tag": ``, "Grid": `title: "t", userId: ` + l.id(g, "User")}[e.Name]
	fresh := strconv.Quote(fmt.Sprintf("up-%d-%d", l.seed, i))
	given, ok := pick2(l.r, g.tables[e.Table])[k.Fields[0].Column].(string)
	if name := k.Fields[0].Name; ok && l.chance(80) {
		values += fmt.Sprintf(", %s: %s", name, literal(given))
	} else {
		values += fmt.Sprintf(", %s: %s", name, fresh)
	}
	if e.Name == "User" && k.Fields[0].Name != "username" {
		values += ", username: " + fresh
	}
	update := map[string]string{"User": `bio: "up"`, "Post": `title: "up"`, "Tag": `excerpt: "up"`, "Grid": `title: "up", version: 1`}[e.Name]
	if l.chance(70) {
		update = ", update: {" + update + "}"
	} else {
		update = ""
	}
	one := strings.ToLower(e.Name[:1]) + e.Name[1:]
	return operation{Query: fmt.Sprintf("mutation { upsert%s(input: {by: %s, create: {%s}%s}) { created %s { id } } }", e.Name, k.Value, strings.TrimPrefix(values, ", "), update, one)}
}

// bulk writes many rows, under a condition like those of lists and with a bound that some conditions exceed.
func (l *leak) bulk(g *generator) string {
	e := g.catalog.Entity(pick2(l.r, []string{"User", "Post", "Comment", "Tag", "Vote", "PostLink", "Grid"}))
	where := g.where(e, 1)
	if l.chance(60) { // some rows, hidden ones among them
		ids := make([]any, 1+l.r.IntN(4))
		for i := range ids {
			ids[i] = relay.ID(e.Name, fmt.Sprint(pick2(l.r, g.tables[e.Table])["id"]))
		}
		where = object{{"id", object{{"in", ids}}}}
	}
	input := fmt.Sprintf("where: %s, max: %d", literal(where), pick2(l.r, []int{0, 1, 5, 40, 1000}))
	if l.chance(40) {
		return fmt.Sprintf("%s(input: {%s}) { affectedCount }", e.Names.DeleteMany, input)
	}
	set := pick2(l.r, map[string][]string{
		"User": {`bio: "bulk"`, `name: "bulk"`}, "Post": {`title: "bulk"`, `authorId: ` + strconv.Quote(relay.ID("User", "3"))},
		"Comment": {`message: "bulk"`, `parentId: null`}, "Tag": {`excerpt: "bulk"`, `wiki: null`}, "Vote": {`type: DOWN`},
		"PostLink": {`kind: DUPLICATE`}, "Grid": {`title: "bulk"`, `cells: [1]`},
	}[e.Name])
	return fmt.Sprintf("%s(input: {%s, set: {%s}}) { affectedCount }", e.Names.UpdateMany, input, set)
}
