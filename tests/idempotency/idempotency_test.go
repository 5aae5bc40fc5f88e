// Package idempotency proves that a mutation with an Idempotency-Key happens once, however often it is sent, by whom and to
// which node.
package idempotency

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

const createTag = `mutation($name: String!) { createTag(input: {name: $name}) { tag { id name } } }`

// request is a mutation with a key.
type request struct {
	key, query string
	vars       map[string]any
	viewer     access.Viewer
	header     map[string]string
}

// tag creates one.
func tag(key, name string) request {
	return request{key: key, query: createTag, vars: map[string]any{"name": name}, viewer: testapp.Admin}
}

func (r request) send(app *testapp.App) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]any{"query": r.query, "variables": r.vars})
	req := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return app.Request(r.viewer, req)
}

// is checks an answer: its status, a part of its body, and whether it says that it is a replay.
func is(t *testing.T, w *httptest.ResponseRecorder, status int, part string, replayed bool) string {
	t.Helper()
	body := w.Body.String()
	if w.Code != status || !strings.Contains(body, part) || (w.Header().Get("Idempotent-Replayed") == "true") != replayed {
		t.Errorf("status %d, want %d; replayed %q, want %v; want %s in\n%s", w.Code, status, w.Header().Get("Idempotent-Replayed"), replayed, part, body)
	}
	return body
}

func count(t *testing.T, app *testapp.App, query string) string {
	t.Helper()
	return fmt.Sprint(app.Rows(t, query)[0][0])
}

func TestRepeats(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url)

		t.Run("a repeat gets the first answer", func(t *testing.T) {
			r := tag("a-1", "one")
			first := is(t, r.send(app), 200, `"name":"one"`, false)
			app.Must(t, testapp.Admin, `mutation { updateTag(input: {id: "`+id(t, first)+`", name: "uno"}) { tag { id } } }`, nil)
			again := r.send(app)
			if got := is(t, again, 200, `"name":"one"`, true); got != first {
				t.Errorf("%s\nis not\n%s", got, first)
			}
			if got := again.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/graphql-response+json") {
				t.Error(got)
			}
			r.header = map[string]string{"Accept": "application/json"}
			other := r.send(app)
			is(t, other, 200, first, true)
			if got := other.Header().Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
				t.Error(got)
			}
		})
		t.Run("quotes do not belong to the key", func(t *testing.T) {
			first := is(t, tag(`q"`, "refused").send(app), 400, "BAD_USER_INPUT", false)
			if strings.Contains(first, `"data"`) {
				t.Error(first)
			}
			first = is(t, tag(`a-2`, "two").send(app), 200, "two", false)
			is(t, tag(`"a-2"`, "two").send(app), 200, first, true)
		})
		t.Run("another request", func(t *testing.T) {
			is(t, tag("a-3", "three").send(app), 200, "three", false)
			body := is(t, tag("a-3", "four").send(app), 422, "BAD_USER_INPUT", false)
			if strings.Contains(body, `"data"`) {
				t.Error(body)
			}
			r := tag("a-3", "three")
			r.query = strings.Replace(createTag, "name }", "}", 1)
			is(t, r.send(app), 422, "BAD_USER_INPUT", false)
			r.header = map[string]string{"Accept": "application/json"}
			is(t, r.send(app), 200, "BAD_USER_INPUT", false)
			if n := count(t, app, `SELECT count(*) FROM tags WHERE name IN ('three', 'four')`); n != "1" {
				t.Error(n)
			}
		})
		t.Run("other viewers", func(t *testing.T) {
			viewers := []access.Viewer{
				testapp.Admin,
				{Roles: []string{"admin", "moderator"}},
				{Roles: []string{"admin"}, Tenant: "1"},
				{UserID: "7", Roles: []string{"admin"}},
				{UserID: "7", Roles: []string{"admin"}, Tenant: "1"},
			}
			for i, v := range viewers {
				r := tag("shared", fmt.Sprintf("tag of %d", i))
				r.viewer = v
				is(t, r.send(app), 200, fmt.Sprintf("tag of %d", i), false)
			}
			r := tag("shared", "tag of 3")
			r.viewer = access.Viewer{UserID: "7", Roles: []string{"moderator", "admin"}} // roles change, users stay
			is(t, r.send(app), 200, "tag of 3", true)
			r.viewer = testapp.Anonymous
			is(t, r.send(app), 401, "UNAUTHENTICATED", false)
		})
		t.Run("an expired key", func(t *testing.T) {
			is(t, tag("a-4", "five").send(app), 200, "five", false)
			app.Exec(t, `UPDATE entwine_idempotency SET expires_at = '2020-01-01 00:00:00+00:00'`)
			is(t, tag("a-4", "six").send(app), 200, "six", false)
			is(t, tag("a-4", "six").send(app), 200, "six", true)
		})
		t.Run("what was undone can be tried again", func(t *testing.T) {
			is(t, tag("a-5", "seven").send(app), 200, "seven", false)
			is(t, tag("a-6", "seven").send(app), 200, "NOT_UNIQUE", false)
			is(t, tag("a-6", "eight").send(app), 200, "eight", false)
			is(t, tag("a-6", "eight").send(app), 200, "eight", true)
			dangling := tag("a-7", "")
			dangling.query = `mutation { createGrid(input: {title: "Nobody's", userId: "VXNlcjo5OTk5"}) { grid { id } } }`
			dangling.vars = nil
			is(t, dangling.send(app), 200, "NOT_FOUND", false)
			half := tag("a-7", "nine")
			half.query = `mutation($name: String!) { a: createTag(input: {name: $name}) { tag { id } } b: createTag(input: {name: $name}) { tag { id } } }`
			is(t, half.send(app), 200, "NOT_UNIQUE", false)
			is(t, tag("a-7", "nine").send(app), 200, "nine", false)
		})
		t.Run("errors below a payload are part of the answer", func(t *testing.T) {
			r := tag("a-8", "ten")
			r.query = `mutation($name: String!) { createTag(input: {name: $name}) { tag { name posts(first: 100000) { nodes { id } } } } }`
			first := is(t, r.send(app), 200, `"errors"`, false)
			if !strings.Contains(first, `"data":{"createTag":`) {
				t.Error(first)
			}
			is(t, r.send(app), 200, first, true)
		})
		t.Run("queries have no keys", func(t *testing.T) {
			r := request{key: strings.Repeat("x", 1000), query: `{ tagByName(name: "one") { id } }`, viewer: testapp.Anonymous}
			is(t, r.send(app), 200, `{"data":{"tagByName":null}}`, false)
		})
		t.Run("an operation that is not valid does not use the key", func(t *testing.T) {
			r := tag("a-9", "eleven")
			r.query = `mutation { nope }`
			is(t, r.send(app), 400, "GRAPHQL_VALIDATION_FAILED", false)
			is(t, tag("a-9", "eleven").send(app), 200, "eleven", false)
		})
		t.Run("two statements more", func(t *testing.T) {
			// A mutation that is a single statement without a key is none with one.
			two := func(key, name string) request {
				r := tag(key, name)
				r.query = `mutation($name: String!) { createTag(input: {name: $name}) { tag { name posts { totalCount } } } }`
				return r
			}
			app.Statements()
			is(t, two("", "twelve").send(app), 200, "twelve", false)
			plain, _ := app.Statements()
			is(t, two("a-10", "thirteen").send(app), 200, "thirteen", false)
			keyed, transactions := app.Statements()
			if len(keyed) != len(plain)+2 || transactions != 2 || strings.Contains(strings.Join(plain, ";"), "entwine_") {
				t.Errorf("%q\n%q", plain, keyed)
			}
		})
		t.Run("a database without the table", func(t *testing.T) {
			app.Exec(t, `DROP TABLE entwine_idempotency`)
			is(t, tag("a-11", "fourteen").send(app), 400, "lacks the table", false)
			is(t, tag("", "fourteen").send(app), 200, "fourteen", false)
		})
	})
}

// id is that of the tag in an answer.
func id(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if !ok {
		t.Fatal(body)
	}
	return id
}

func TestKeys(t *testing.T) {
	app := testapp.Open(t, gatewaytest.SQLite(t))
	for key, good := range map[string]bool{
		"0": true, "8e03978e-40d5-43dd-bc93-6894a57f9324": true, `"8e03978e 40d5"`: true, `"a\"b\\c"`: true, strings.Repeat("k", 255): true, " padded ": true,
		`""`: false, `"open`: false, `open"`: false, `"a"b"`: false, `"a\b"`: false, `"a\`: false, "two words": false, "a,b": false, "a;b": false, "é": false,
		`"é"`: false, "a\x01": false, strings.Repeat("k", 256): false, `"` + strings.Repeat("k", 256) + `"`: false,
	} {
		w := tag(key, "tag "+key).send(app)
		if got := w.Code == http.StatusOK; got != good || !good && !strings.Contains(w.Body.String(), "BAD_USER_INPUT") {
			t.Errorf("%q: %d %s", key, w.Code, w.Body)
		}
	}
	twice := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"mutation { createTag(input: {name: \"x\"}) { tag { id } } }"}`))
	twice.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"a", "a"}}
	if w := app.Request(testapp.Admin, twice); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	empty := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"mutation { createTag(input: {name: \"x\"}) { tag { id } } }"}`))
	empty.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {""}}
	if w := app.Request(testapp.Admin, empty); w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestRace sends each of some requests many times at once, to two nodes over one database.
func TestRace(t *testing.T) {
	const requests, repeats = 12, 8
	gatewaytest.Each(t, func(t *testing.T, url string) {
		nodes := []*testapp.App{testapp.Open(t, url), testapp.Open(t, url)}
		for n := range requests {
			r := tag(fmt.Sprintf("race-%d", n), fmt.Sprintf("race %d", n))
			r.query = `mutation($name: String!) { createTag(input: {name: $name}) { tag { id name } } createUser(input: {username: $name, name: $name}) { user { id } } }`
			var mu sync.Mutex
			var bodies []string
			first := 0
			var all sync.WaitGroup
			for i := range repeats {
				all.Go(func() {
					w := r.send(nodes[i%len(nodes)])
					mu.Lock()
					defer mu.Unlock()
					bodies = append(bodies, w.Body.String())
					if w.Header().Get("Idempotent-Replayed") == "" {
						first++
					}
				})
			}
			all.Wait()
			slices.Sort(bodies)
			if bodies = slices.Compact(bodies); len(bodies) != 1 || first != 1 || !strings.Contains(bodies[0], `"createUser":{"user":{"id"`) {
				t.Errorf("%d were executed: %q", first, bodies)
			}
		}
		for _, query := range []string{`SELECT count(*) FROM tags`, `SELECT count(*) FROM users`, `SELECT count(*) FROM entwine_idempotency WHERE response IS NOT NULL`} {
			if got := count(t, nodes[0], query); got != fmt.Sprint(requests) {
				t.Errorf("%s: %s", query, got)
			}
		}
	})
}

// TestRaceOfDifferentRequests: of requests that use one key, one is executed, and the others are refused.
func TestRaceOfDifferentRequests(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		nodes := []*testapp.App{testapp.Open(t, url), testapp.Open(t, url)}
		var mu sync.Mutex
		statuses := make(map[int]int)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				w := tag("one key", fmt.Sprintf("name %d", i))
				w.key = `"one key"`
				code := w.send(nodes[i%len(nodes)]).Code
				mu.Lock()
				defer mu.Unlock()
				statuses[code]++
			})
		}
		all.Wait()
		if statuses[200] != 1 || statuses[422] != 7 || count(t, nodes[0], `SELECT count(*) FROM tags`) != "1" {
			t.Errorf("%v", statuses)
		}
	})
}
