package queries

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

// site is a data set as its CSV files say: what answers are computed from, without any database.
type site struct {
	dir   string
	facts struct {
		Rows map[string]int
	}
	tables map[string][]row
	byID   map[string]map[string]row
}

type row map[string]string

func readSite(t *testing.T, dir string) *site {
	t.Helper()
	s := &site{dir: dir, tables: make(map[string][]row), byID: make(map[string]map[string]row)}
	b, err := os.ReadFile(filepath.Join(dir, "facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &s.facts); err != nil {
		t.Fatal(err)
	}
	for file := range s.facts.Rows {
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		table := strings.TrimSuffix(file, ".csv")
		s.byID[table] = make(map[string]row)
		for _, record := range records[1:] {
			r := make(row)
			for i, name := range records[0] {
				r[name] = record[i]
			}
			s.tables[table] = append(s.tables[table], r)
			s.byID[table][r["id"]] = r
		}
	}
	return s
}

// where returns the rows of a table that pass, newest first: the order of lists.
func (s *site) where(table string, pass func(row) bool) []row {
	var out []row
	for _, r := range s.tables[table] {
		if pass(r) {
			out = append(out, r)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a["created_at"] != b["created_at"] {
			return a["created_at"] > b["created_at"]
		}
		x, _ := strconv.Atoi(a["id"])
		y, _ := strconv.Atoi(b["id"])
		return x > y
	})
	return out
}

func any1(row) bool { return true }

func id(typeName, key string) any {
	if key == "" {
		return nil
	}
	return relay.ID(typeName, key)
}

func text(v string) any {
	if v == "" {
		return nil
	}
	return v
}

func number(v string) any {
	if v == "" {
		return nil
	}
	n, _ := strconv.ParseFloat(v, 64)
	return n
}

func moment(v string) any {
	if v == "" {
		return nil
	}
	t, _ := time.Parse(time.RFC3339Nano, v)
	return t.Format("2006-01-02T15:04:05.000000Z")
}

type object = map[string]any

func each(rows []row, n int, show func(row) object) []any {
	out := []any{}
	for _, r := range rows[:min(n, len(rows))] {
		out = append(out, show(r))
	}
	return out
}

func nodes(list []any) object { return object{"nodes": list} }

func (s *site) author(r row, show func(row) object) any {
	u := s.byID["users"][r["author_id"]]
	if u == nil {
		return nil
	}
	return show(u)
}

func name(u row) object { return object{"name": u["name"]} }

// TestCommunity loads real data and compares answers with what its files say.
func TestCommunity(t *testing.T) {
	for _, set := range []string{"community", "community-fr"} {
		t.Run(set, func(t *testing.T) {
			gatewaytest.Each(t, func(t *testing.T, url string) {
				app := testapp.Open(t, url)
				s := readSite(t, app.Load(t, set))
				for _, c := range communityCases(t, s) {
					t.Run(c.name, func(t *testing.T) {
						r := app.Must(t, testapp.Anonymous, c.query, c.variables)
						if !reflect.DeepEqual(r.Data, c.want) {
							got, _ := json.Marshal(r.Data)
							want, _ := json.Marshal(c.want)
							t.Errorf("got  %.2000s\nwant %.2000s", got, want)
						}
					})
				}
			})
		})
	}
}

type communityCase struct {
	name, query string
	variables   object
	want        object
}

func communityCases(t *testing.T, s *site) []communityCase {
	posts := s.where("posts", any1)
	of := func(table, column, value string) []row {
		return s.where(table, func(r row) bool { return r[column] == value })
	}
	count := func(table string) object { return object{"totalCount": float64(s.facts.Rows[table+".csv"])} }

	// The post with the most comments, and the user with the most posts.
	busiest := slices.MaxFunc(posts, func(a, b row) int {
		return len(of("comments", "post_id", a["id"])) - len(of("comments", "post_id", b["id"]))
	})
	writer := slices.MaxFunc(s.tables["users"], func(a, b row) int {
		return len(of("posts", "author_id", a["id"])) - len(of("posts", "author_id", b["id"]))
	})
	orphan := s.where("posts", func(r row) bool { return r["author_id"] == "" })
	accented := s.where("posts", func(r row) bool {
		return strings.ContainsFunc(r["title"], func(c rune) bool { return c > 127 })
	})
	replied := s.where("comments", func(r row) bool { return r["parent_id"] != "" })
	byScore := func(rows []row) []row {
		rows = slices.Clone(rows)
		sort.SliceStable(rows, func(i, j int) bool {
			a, _ := strconv.Atoi(rows[i]["score"])
			b, _ := strconv.Atoi(rows[j]["score"])
			if a != b {
				return a < b
			}
			x, _ := strconv.Atoi(rows[i]["id"])
			y, _ := strconv.Atoi(rows[j]["id"])
			return x < y
		})
		return rows
	}
	tagsOf := func(post string) []row {
		var out []row
		for _, pt := range of("post_tags", "post_id", post) {
			out = append(out, s.byID["tags"][pt["tag_id"]])
		}
		sort.Slice(out, func(i, j int) bool {
			a, _ := strconv.Atoi(out[i]["id"])
			b, _ := strconv.Atoi(out[j]["id"])
			return a < b
		})
		return out
	}
	tagName := func(r row) object { return object{"name": r["name"]} }
	tag := slices.MaxFunc(s.tables["tags"], func(a, b row) int {
		return len(of("post_tags", "tag_id", a["id"])) - len(of("post_tags", "tag_id", b["id"]))
	})
	tagged := s.where("posts", func(r row) bool {
		return slices.ContainsFunc(of("post_tags", "post_id", r["id"]), func(pt row) bool { return pt["tag_id"] == tag["id"] })
	})
	linked := s.tables["post_links"][0]
	accepted := s.where("posts", func(r row) bool { return r["accepted_comment_id"] != "" })

	cases := []communityCase{
		{
			"counts are those of facts.json",
			`{ users { totalCount } posts { totalCount } comments { totalCount } tags { totalCount } votes { totalCount } postLinks { totalCount } }`,
			nil,
			object{"users": count("users"), "posts": count("posts"), "comments": count("comments"), "tags": count("tags"), "votes": count("votes"), "postLinks": count("post_links")},
		},
		{
			"four levels: newest posts, authors, comments, their authors",
			`{ posts(first: 20) { nodes { id title createdAt author { name } comments(first: 3) { nodes { message author { username } parent { id } } } } } }`,
			nil,
			object{"posts": nodes(each(posts, 20, func(p row) object {
				return object{
					"id": id("Post", p["id"]), "title": p["title"], "createdAt": moment(p["created_at"]), "author": s.author(p, name),
					"comments": nodes(each(of("comments", "post_id", p["id"]), 3, func(c row) object {
						var parent any
						if c["parent_id"] != "" {
							parent = object{"id": id("Comment", c["parent_id"])}
						}
						return object{"message": c["message"], "parent": parent, "author": s.author(c, func(u row) object { return object{"username": u["username"]} })}
					})),
				}
			}))},
		},
		{
			"a unique key, and the longest list",
			`query($slug: String!) { postBySlug(slug: $slug) { body viewCount favoriteCount comments(first: 100) { totalCount nodes { id kind } } } }`,
			object{"slug": busiest["slug"]},
			object{"postBySlug": object{
				"body": busiest["body"], "viewCount": number(busiest["view_count"]), "favoriteCount": number(busiest["favorite_count"]),
				"comments": object{
					"totalCount": float64(len(of("comments", "post_id", busiest["id"]))),
					"nodes":      each(of("comments", "post_id", busiest["id"]), 100, func(c row) object { return object{"id": id("Comment", c["id"]), "kind": strings.ToUpper(c["kind"])} }),
				},
			}},
		},
		{
			"many to many, both ways",
			`query($name: String!) { tagByName(name: $name) { sourceCount posts(first: 10) { totalCount nodes { slug tags { nodes { name } } } } } }`,
			object{"name": tag["name"]},
			object{"tagByName": object{"sourceCount": number(tag["source_count"]), "posts": object{
				"totalCount": float64(len(tagged)),
				"nodes": each(tagged, 10, func(p row) object {
					return object{"slug": p["slug"], "tags": nodes(each(tagsOf(p["id"]), 20, tagName))}
				}),
			}}},
		},
		{
			"self reference, both ways",
			`query($id: ID!) { comment(id: $id) { parent { id replies(first: 50) { nodes { id parent { id } } } } } }`,
			object{"id": id("Comment", replied[0]["id"])},
			object{"comment": object{"parent": object{
				"id": id("Comment", replied[0]["parent_id"]),
				"replies": nodes(each(of("comments", "parent_id", replied[0]["parent_id"]), 50, func(c row) object {
					return object{"id": id("Comment", c["id"]), "parent": object{"id": id("Comment", c["parent_id"])}}
				})),
			}}},
		},
		{
			"text that is not ASCII, found by itself",
			`query($t: [String!]) { posts(where: { title: { in: $t } }, first: 30) { nodes { title body } } }`,
			object{"t": titles(accented, 30)},
			object{"posts": nodes(each(s.where("posts", func(r row) bool { return slices.Contains(titles(accented, 30), any(r["title"])) }), 30, func(p row) object {
				return object{"title": p["title"], "body": p["body"]}
			}))},
		},
		{
			"posts without an author keep the name",
			`{ posts(where: { authorId: { isNull: true } }, first: 50) { totalCount nodes { authorId author { name } authorName } } }`,
			nil,
			object{"posts": object{"totalCount": float64(len(orphan)), "nodes": each(orphan, 50, func(p row) object {
				return object{"authorId": nil, "author": nil, "authorName": text(p["author_name"])}
			})}},
		},
		{
			"the user with id -1",
			`query($id: ID!) { user(id: $id) { id username isSystem posts { totalCount } } node(id: $id) { __typename ... on User { name credits } } }`,
			object{"id": id("User", "-1")},
			object{
				"user": object{"id": id("User", "-1"), "username": s.byID["users"]["-1"]["username"], "isSystem": true, "posts": object{"totalCount": float64(len(of("posts", "author_id", "-1")))}},
				"node": object{"__typename": "User", "name": s.byID["users"]["-1"]["name"], "credits": number(s.byID["users"]["-1"]["credits"])},
			},
		},
		{
			"an order with many ties, from its end",
			`{ comments(last: 60, orderBy: [{ field: SCORE }]) { nodes { id score } pageInfo { hasNextPage hasPreviousPage } } }`,
			nil,
			object{"comments": object{
				"nodes": each(byScore(s.tables["comments"])[len(s.tables["comments"])-60:], 60, func(c row) object {
					return object{"id": id("Comment", c["id"]), "score": number(c["score"])}
				}),
				"pageInfo": object{"hasNextPage": false, "hasPreviousPage": true},
			}},
		},
		{
			"the busiest writer, with a filter on each level",
			`query($u: String!) { userByUsername(username: $u) { name posts(first: 100, where: { not: { status: { eq: CLOSED } } }) { totalCount nodes { status comments(where: { kind: { eq: ANSWER } }) { totalCount } } } } }`,
			object{"u": writer["username"]},
			object{"userByUsername": object{"name": writer["name"], "posts": func() object {
				open := s.where("posts", func(r row) bool { return r["author_id"] == writer["id"] && r["status"] != "closed" })
				return object{"totalCount": float64(len(open)), "nodes": each(open, 100, func(p row) object {
					answers := s.where("comments", func(c row) bool { return c["post_id"] == p["id"] && c["kind"] == "answer" })
					return object{"status": strings.ToUpper(p["status"]), "comments": object{"totalCount": float64(len(answers))}}
				})}
			}()}},
		},
		{
			"a link between two posts, from both",
			`query($id: ID!) { postLink(id: $id) { kind post { id links { totalCount } } related { id linkedFrom { totalCount } } } }`,
			object{"id": id("PostLink", linked["id"])},
			object{"postLink": object{
				"kind":    strings.ToUpper(linked["kind"]),
				"post":    object{"id": id("Post", linked["post_id"]), "links": object{"totalCount": float64(len(of("post_links", "post_id", linked["post_id"])))}},
				"related": object{"id": id("Post", linked["related_post_id"]), "linkedFrom": object{"totalCount": float64(len(of("post_links", "related_post_id", linked["related_post_id"])))}},
			}},
		},
		{
			"accepted answers",
			`query($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { acceptedComment { isAccepted kind post { id } } } } }`,
			object{"ids": ids("Post", accepted, 40)},
			object{"nodes": each(accepted, 40, func(p row) object {
				c := s.byID["comments"][p["accepted_comment_id"]]
				return object{"acceptedComment": object{"isAccepted": true, "kind": strings.ToUpper(c["kind"]), "post": object{"id": id("Post", c["post_id"])}}}
			})},
		},
		{
			"votes of a day",
			`query($day: Date!) { votes(where: { createdOn: { eq: $day } }, first: 100) { totalCount nodes { type createdOn } } }`,
			object{"day": s.tables["votes"][0]["created_on"]},
			object{"votes": func() object {
				day := s.tables["votes"][0]["created_on"]
				votes := s.where("votes", func(r row) bool { return r["created_on"] == day })
				return object{"totalCount": float64(len(votes)), "nodes": each(votes, 100, func(v row) object {
					return object{"type": strings.ToUpper(v["type"]), "createdOn": day}
				})}
			}()},
		},
	}
	if len(accented) == 0 || len(orphan) == 0 || len(replied) == 0 || len(accepted) == 0 {
		t.Fatal("the data lacks what the cases are about")
	}
	return cases
}

func titles(rows []row, n int) []any {
	var out []any
	for _, r := range rows[:min(n, len(rows))] {
		out = append(out, r["title"])
	}
	return out
}

func ids(typeName string, rows []row, n int) []any {
	var out []any
	for _, r := range rows[:min(n, len(rows))] {
		out = append(out, id(typeName, r["id"]))
	}
	return out
}

// TestEveryPage walks a list from end to end in both directions, with ties and nulls in its order, and meets every row once.
func TestEveryPage(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url)
		s := readSite(t, app.Load(t, "community-fr"))
		for _, order := range []string{`{field: SCORE}`, `{field: UPDATED_AT, direction: DESC}`, `{field: UPDATED_AT, nulls: FIRST}, {field: KIND, direction: DESC}`, `{field: AUTHOR_NAME}`} {
			var there, back []any
			after := "null"
			for after != "" {
				r := app.Must(t, testapp.Anonymous, fmt.Sprintf(`{ comments(first: 100, after: %s, orderBy: [%s]) { nodes { id } pageInfo { hasNextPage endCursor } } }`, after, order), nil)
				for _, n := range r.At("comments", "nodes").([]any) {
					there = append(there, n.(object)["id"])
				}
				after = ""
				if r.At("comments", "pageInfo", "hasNextPage") == true {
					after = fmt.Sprintf("%q", r.At("comments", "pageInfo", "endCursor"))
				}
			}
			before := "null"
			for before != "" {
				r := app.Must(t, testapp.Anonymous, fmt.Sprintf(`{ comments(last: 77, before: %s, orderBy: [%s]) { nodes { id } pageInfo { hasPreviousPage startCursor } } }`, before, order), nil)
				var page []any
				for _, n := range r.At("comments", "nodes").([]any) {
					page = append(page, n.(object)["id"])
				}
				back = append(page, back...)
				before = ""
				if r.At("comments", "pageInfo", "hasPreviousPage") == true {
					before = fmt.Sprintf("%q", r.At("comments", "pageInfo", "startCursor"))
				}
			}
			seen := make(map[any]bool)
			for _, id := range there {
				seen[id] = true
			}
			if len(there) != s.facts.Rows["comments.csv"] || len(seen) != len(there) {
				t.Errorf("%s: %d rows on all pages, %d of them different, of %d", order, len(there), len(seen), s.facts.Rows["comments.csv"])
			}
			if !slices.Equal(there, back) {
				t.Errorf("%s: backwards the pages hold other rows, or in another order", order)
			}
		}
	})
}
