package queries

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/tests/testapp"
)

// cursorOrders are orders of posts whose cursors hold values of every form: numbers, texts, times, nulls, those of relations.
var cursorOrders = map[string]string{
	"default":       ``,
	"id":            `{ field: ID }`,
	"text":          `{ field: TITLE, direction: DESC }`,
	"nulls first":   `{ field: FAVORITE_COUNT, nulls: FIRST }, { field: STATUS }`,
	"time and null": `{ field: UPDATED_AT, nulls: FIRST }, { field: SCORE, direction: DESC }`,
	"relations":     `{ author: { field: NAME } }, { comments: { count: DESC } }`,
}

// after reads the posts behind a cursor, or all, to the end. It returns their ids and cursors.
func after(t *testing.T, app *testapp.App, order string, cursor any) (ids, cursors []string) {
	t.Helper()
	for {
		r := app.Must(t, testapp.Admin, `query($after: String) { posts(first: 100, after: $after, orderBy: [`+order+`]) {
			edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }`, map[string]any{"after": cursor})
		for i := range r.At("posts", "edges").([]any) {
			ids = append(ids, r.At("posts", "edges", i, "node", "id").(string))
			cursors = append(cursors, r.At("posts", "edges", i, "cursor").(string))
		}
		if r.At("posts", "pageInfo", "hasNextPage") != true {
			return ids, cursors
		}
		cursor = r.At("posts", "pageInfo", "endCursor")
	}
}

// TestCursorsOutlive: what comes after a cursor is the same after the server was started again, after the cursor's row has
// moved to another place of the order, and after it was deleted.
func TestCursorsOutlive(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 10)
		app.Exec(t, `UPDATE posts SET favorite_count = NULL, updated_at = NULL WHERE id % 2 = 0`)
		for name, order := range cursorOrders {
			t.Run(name, func(t *testing.T) {
				ids, cursors := after(t, app, order, nil)
				at := len(ids) / 3
				row, cursor, want := ids[at], cursors[at], ids[at+1:]
				same := func(when string, app *testapp.App) {
					t.Helper()
					got, _ := after(t, app, order, cursor)
					got = slices.DeleteFunc(got, func(id string) bool { return id == row })
					if !slices.Equal(got, want) {
						t.Errorf("%s: %v, not %v", when, got, want)
					}
				}
				same("started again", testapp.Open(t, url))
				_, key, _ := relay.ParseID(row)
				app.Exec(t, `UPDATE posts SET title = '', score = -9999, status = 'archived', favorite_count = 0, updated_at = created_at, author_id = NULL WHERE id = `+key)
				same("moved", app)
				app.Exec(t, `DELETE FROM posts WHERE id = `+key)
				same("deleted", app)
			})
		}
	})
}

// TestWrongCursors: a cursor of another list or order, of another version or of another program is an input error that names
// the argument, and so is one with any character changed.
func TestWrongCursors(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 10)
		refused := func(what, order, argument, cursor string) {
			t.Helper()
			limit := map[string]string{"after": "first", "before": "last"}[argument]
			r := app.Do(t, testapp.Admin, `query($c: String) { posts(`+limit+`: 2, `+argument+`: $c, orderBy: [`+order+`]) { nodes { id } } }`, map[string]any{"c": cursor})
			if r.Code() != "BAD_USER_INPUT" || len(r.Errors[0].Extensions.Fields) != 1 || r.Errors[0].Extensions.Fields[0].Path[0] != argument {
				t.Fatalf("%s, %s: %q is not refused: %s", what, order, cursor, r.Raw)
			}
		}
		for name, order := range cursorOrders {
			_, cursors := after(t, app, order, nil)
			for other, otherOrder := range cursorOrders {
				if other != name {
					refused("of the order "+name, otherOrder, "after", cursors[3])
					refused("of the order "+name, otherOrder, "before", cursors[3])
				}
			}
			raw, err := base64.RawURLEncoding.DecodeString(cursors[3])
			if err != nil || string(raw[:5]) != `["1",` {
				t.Fatalf("no cursor of version 1: %q, %v", raw, err)
			}
			for _, version := range []string{`["0",`, `["2",`, `[1,`, `["",`} {
				refused("of another version", order, "after", base64.RawURLEncoding.EncodeToString(append([]byte(version), raw[5:]...)))
			}
		}
		for order, otherwise := range map[string]string{
			`{ field: ID }`:                           `{ field: ID, direction: DESC }`,
			`{ field: TITLE }`:                        `{ field: TITLE, direction: DESC }`,
			`{ field: CLOSED_AT }`:                    `{ field: CLOSED_AT, nulls: FIRST }`,
			`{ field: SCORE }`:                        `{ field: SCORE }, { field: ID, direction: DESC }`,
			`{ field: SCORE }, { field: STATUS }`:     `{ field: STATUS }, { field: SCORE }`,
			`{ comments: { count: ASC } }`:            `{ tags: { count: ASC } }`,
			`{ author: { field: NAME } }`:             `{ author: { field: USERNAME } }`,
			`{ acceptedComment: { field: ID } }`:      `{ field: ID }`,
			`{ author: { posts: { count: DESC } } }`:  `{ votes: { count: DESC } }`,
			`{ field: SCORE }, { field: CREATED_AT }`: `{ field: SCORE }`,
		} {
			_, cursors := after(t, app, order, nil)
			refused("of "+order, otherwise, "after", cursors[0])
		}
		r := app.Must(t, testapp.Admin, `{ comments { edges { cursor } } tags { edges { cursor } } }`, nil)
		refused("of comments", "", "after", r.At("comments", "edges", 0, "cursor").(string))
		refused("of tags", `{ field: ID }`, "after", r.At("tags", "edges", 0, "cursor").(string))
		for _, foreign := range []string{
			"", "0", "null", "[]", "W10", "YXJyYXljb25uZWN0aW9uOjQ", "Y3Vyc29yOnYyOpHOAA", "gqFp0wAAAAAAAAABoXbA", "WzEsMl0", "UG9zdDox", strings.Repeat("A", 400_000),
		} {
			refused("foreign", "", "before", foreign)
		}
	})
}

// TestChangedCursors puts every ASCII character into every place of a cursor.
func TestChangedCursors(t *testing.T) {
	app := testapp.Open(t, gatewaytest.SQLite(t)).Demo(t, 10)
	for name, order := range cursorOrders {
		t.Run(name, func(t *testing.T) {
			_, cursors := after(t, app, order, nil)
			query := `query($c: String) { posts(first: 2, after: $c, orderBy: [` + order + `]) { nodes { id } } }`
			for at := range cursors[3] {
				for c := range byte(128) {
					changed := []byte(cursors[3])
					changed[at] = c
					r := app.Do(t, testapp.Admin, query, map[string]any{"c": string(changed)})
					if same := string(changed) == cursors[3]; same != (len(r.Errors) == 0) || !same && r.Code() != "BAD_USER_INPUT" {
						t.Fatalf("%q in place %d of %s: %s", c, at, cursors[3], r.Raw)
					}
				}
			}
		})
	}
}
