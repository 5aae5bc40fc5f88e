// Package oracle compares the gateway with graphql-js: random operations over the reference schema must give the same
// responses as graphql-js gives over the same rows in memory, on both databases, errors, paths and key order included.
package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/testenv"
	"github.com/entwine-data/entwine/tests/testapp"
)

// operations is how many are compared, seed where they start; both can be set to replay or to look further.
func setting(t *testing.T, name string, value int) int {
	if s := os.Getenv(name); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("%s=%q is not a number", name, s)
		}
		return n
	}
	return value
}

// least is how often each construct must have occurred.
const least = 50

var viewers = []access.Viewer{{}, {UserID: "3"}, {UserID: "1"}, {UserID: "2", Roles: []string{"moderator"}}, {Roles: []string{"admin"}}}

func TestSameAsGraphQLJS(t *testing.T) {
	js := startOracle(t)
	gateways := map[string]*instance{
		"sqlite":   open(t, "sqlite:"+filepath.Join(t.TempDir(), "oracle.db"), unsettle),
		"postgres": open(t, pgtest.New(t), unsettle),
	}
	one := gateways["sqlite"]
	tables := one.dump(t)
	js.ask(t, map[string]any{"load": map[string]any{"sdl": one.Handle.SDL, "tables": tables}})

	n, seed := setting(t, "ENTWINE_TEST_OPERATIONS", 2000), setting(t, "ENTWINE_TEST_SEED", 1)
	if os.Getenv("ENTWINE_TEST_LONG") != "" {
		n *= 20
	}
	g := &generator{rare: true, catalog: one.Handle.Catalog, tables: tables, cursors: make(map[string][]seenCursor)}
	used := make(map[string]int)
	failures, made := 0, 0
	for i := seed; made < n; i++ {
		g.r = rand.New(rand.NewPCG(uint64(i), 0))
		op := g.operation()
		viewer := viewers[g.r.IntN(len(viewers))]
		want := js.run(t, op, viewer)
		if want.Failed != "" {
			t.Fatalf("seed %d: the oracle failed: %s\n%s", i, want.Failed, show(op))
		}
		if len(want.Invalid) > 0 {
			t.Fatalf("seed %d: the generator made an invalid operation: %v\n%s", i, want.Invalid, show(op))
		}
		got := one.run(t, op, viewer)
		if strings.Contains(got.raw, "GRAPHQL_VALIDATION_FAILED") {
			continue // beyond the document limits
		}
		if strings.Contains(got.raw, "COST_LIMIT_EXCEEDED") {
			continue // pages that multiply, which graphql-js would serve
		}
		made++
		for _, c := range want.Cursors {
			e, _, _ := strings.Cut(c[0], " ")
			g.cursors[e] = append(g.cursors[e], seenCursor{c[0], c[1]})
			if len(g.cursors[e]) > 400 {
				g.cursors[e] = g.cursors[e][200:]
			}
		}
		for _, construct := range op.used {
			used[construct]++
		}
		if len(want.Errors) > 0 {
			used["error with a path"]++
			if propagated(want) {
				used["null propagated upwards"]++
			}
		}
		for name, gw := range gateways {
			if name != "sqlite" {
				got = gw.run(t, op, viewer)
			}
			// The second time finds the plan, the memory of the first and what it has learnt of the data.
			for range 2 {
				if diff := difference(want, got); diff != "" {
					failures++
					// Operations use cursors of earlier ones, so that the way there belongs to it.
					t.Errorf("seed %d (again with ENTWINE_TEST_SEED=%d ENTWINE_TEST_OPERATIONS=%d), %s, viewer %+v: %s\n%s\nwant %s\ngot  %s",
						i, seed, made, name, viewer, diff, show(op), want.show(), got.raw)
					if failures > 5 {
						t.Fatal("too many differences")
					}
				}
				got = gw.run(t, op, viewer)
			}
		}
	}
	report(t, used, n)
}

func report(t *testing.T, used map[string]int, n int) {
	names := make([]string, 0, len(used))
	for name := range used {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%8d %s\n", used[name], name)
		if used[name] < least && n >= 2000 {
			t.Errorf("%s occurred %d times only", name, used[name])
		}
	}
	t.Logf("%d operations, each on SQLite and Postgres, with these constructs:\n%s", n, b.String())
}

// propagated says whether some error made a place above its own null.
func propagated(a *answer) bool {
	var data any
	if json.Unmarshal(a.Data, &data) != nil {
		return false
	}
	for _, e := range a.Errors {
		at, depth := data, 0
		for _, step := range e.Path {
			if at == nil {
				break
			}
			depth++
			switch s := step.(type) {
			case string:
				at = at.(map[string]any)[s]
			case float64:
				at = at.([]any)[int(s)]
			}
		}
		if at == nil && depth < len(e.Path) {
			return true
		}
	}
	return false
}

// answer is a response in the form in which both sides are compared.
type answer struct {
	Data    json.RawMessage `json:"data"`
	Errors  []problem       `json:"errors"`
	Cursors [][2]string     `json:"cursors"`
	Invalid []string        `json:"invalid"`
	Failed  string          `json:"failed"`
	raw     string
}

type problem struct {
	Path      []any  `json:"path"`
	Locations any    `json:"locations"`
	Code      string `json:"code"`
}

func (a *answer) show() string {
	b, _ := json.Marshal(a.Errors)
	return string(a.Data) + " " + string(b)
}

// difference says how two answers differ, "" if they do not.
func difference(want, got *answer) string {
	for i := range want.Errors {
		if want.Errors[i].Code == "" {
			want.Errors[i].Code = "INTERNAL_SERVER_ERROR"
		}
	}
	if w, g := canonical(want.Data), canonical(got.Data); w != g {
		at := 0
		for at < len(w) && at < len(g) && w[at] == g[at] {
			at++
		}
		from := max(0, at-80)
		return fmt.Sprintf("data differs: want …%s… got …%s…", w[from:min(len(w), at+80)], g[from:min(len(g), at+80)])
	}
	// No more than 20 errors are shown.
	expected := want.Errors[:min(20, len(want.Errors))]
	w, _ := json.Marshal(expected)
	g, _ := json.Marshal(got.Errors)
	if !bytes.Equal(w, g) && !(len(expected) == 0 && len(got.Errors) == 0) {
		return fmt.Sprintf("errors differ:\n%s\n%s", w, g)
	}
	return ""
}

// canonical is JSON with its keys in their order, whatever the spelling of strings.
func canonical(data []byte) string {
	if len(data) == 0 {
		return "absent"
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var b strings.Builder
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			return "malformed: " + err.Error()
		}
		if delim, ok := token.(json.Delim); ok {
			b.WriteString(delim.String())
			continue
		}
		text, _ := json.Marshal(token)
		b.Write(text)
		b.WriteByte(' ')
	}
}

func show(op operation) string {
	vars, _ := json.Marshal(op.Variables)
	return op.Query + "\nvariables " + string(vars)
}

// ---------- the oracle

type process struct {
	in  io.WriteCloser
	out *bufio.Reader
}

func startOracle(t *testing.T) *process {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		testenv.Lacking(t, testenv.Node, "install Node.js")
	}
	if _, err := os.Stat("node_modules/graphql"); err != nil {
		testenv.Lacking(t, testenv.Node, "run: npm ci --prefix tests/oracle")
	}
	cmd := exec.CommandContext(t.Context(), node, "oracle.mjs")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &process{in, bufio.NewReaderSize(out, 1<<20)}
}

func (p *process) ask(t *testing.T, message any) *answer {
	t.Helper()
	b, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{raw: string(line)}
	if err := json.Unmarshal(line, a); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return a
}

func (p *process) run(t *testing.T, op operation, viewer access.Viewer) *answer {
	roles := viewer.Roles
	if roles == nil {
		roles = []string{}
	}
	return p.ask(t, map[string]any{"query": op.Query, "variables": op.Variables, "viewer": map[string]any{"user": viewer.UserID, "roles": roles}})
}

// ---------- the gateway

type instance struct{ *testapp.App }

// open serves made-up rows, which change may change.
func open(t *testing.T, url string, change func(*testing.T, *testapp.App)) *instance {
	t.Helper()
	app := testapp.Open(t, url).Fill(t, demo.Config{Users: 20, Tags: 30})
	change(t, app)
	return &instance{app}
}

// unsettle adds to unevenness values that cannot be shown.
func unsettle(t *testing.T, app *testapp.App) {
	t.Helper()
	for _, text := range []string{
		`UPDATE posts SET view_count = 3000000000 + id WHERE id % 29 = 0`, // more than an Int
		`UPDATE posts SET status = 'unheard-of' WHERE id % 23 = 0`,        // none of the enum's values
		`UPDATE comments SET score = 5000000000 WHERE id % 211 = 0`,
	} {
		app.Exec(t, text)
	}
	unevenness(t, app)
}

// unevenness makes many nulls and ties, text that sorts differently by code point and otherwise, references in circles.
func unevenness(t *testing.T, app *testapp.App) {
	t.Helper()
	for _, text := range []string{
		`UPDATE posts SET title = 'Éclair ﬀ 😀 "quoted" \ ' || (id % 4) WHERE id % 7 = 0`,
		`UPDATE posts SET title = 'éclair', license = 'ﬀ' WHERE id % 11 = 0`,
		`UPDATE posts SET title = 'Zebra', license = '😀' WHERE id % 13 = 0`,
		`UPDATE posts SET score = id % 4, favorite_count = CASE WHEN id % 3 = 0 THEN id % 5 END`,
		`UPDATE posts SET updated_at = created_at WHERE id % 5 = 0`,
		`UPDATE posts SET accepted_comment_id = (SELECT min(id) FROM comments WHERE post_id = posts.id) WHERE id % 4 = 0`,
		`UPDATE comments SET source_id = id % 3 WHERE id % 2 = 0`,
		`UPDATE users SET email = NULL, bio = NULL WHERE id % 3 = 0`,
		`UPDATE grids SET cells = '{"a": [1, 2, {"deep": ["É", null, false]}], "n": 0.5, "none": null, "text": "Émile"}' WHERE id % 5 = 0`,
		`UPDATE grids SET cells = '{"a": [2, "A", [1], {}], "deep": {"a": true, "b": 1}, "n": -3, "text": "zebra"}' WHERE id % 5 = 1`,
		`UPDATE grids SET cells = '[{"a": 1, "deep": "x"}, {"a": 1, "deep": "y"}, "x", 7, [1, [2]]]' WHERE id % 7 = 1`,
		`UPDATE users SET roles = '["moderator", "é"]' WHERE id % 5 = 0`,
		`UPDATE tags SET excerpt = 'x' || (id % 3) WHERE id % 2 = 0`,
		`INSERT INTO users (id, name, username, credits, up_votes, down_votes, profile_views, is_system, created_at) SELECT -1, 'Ünïcode', 'system', -5, 0, 0, 0, is_system, created_at FROM users WHERE id = 1`,
		`UPDATE posts SET author_id = -1 WHERE id % 19 = 0`,
		`INSERT INTO post_links (post_id, related_post_id, kind, created_at) SELECT id, 1 + id * 7 % 200, CASE WHEN id % 2 = 0 THEN 'linked' ELSE 'duplicate' END, created_at FROM posts WHERE id % 2 = 0 ORDER BY id`,
	} {
		app.Exec(t, text)
	}
	for i, moment := range calendarEdges {
		for j, f := range edgeFields {
			column := app.Handle.Catalog.Entity("Post").Field(f).Column
			app.Exec(t, fmt.Sprintf(`UPDATE posts SET %s = '%s+00:00' WHERE id %% %d = %d`, column, moment, len(calendarEdges), (i+j)%len(calendarEdges)))
		}
	}
}

func (in *instance) run(t *testing.T, op operation, viewer access.Viewer) *answer {
	t.Helper()
	raw := []byte(in.Do(t, viewer, op.Query, op.Variables).Raw)
	var response struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Path       []any `json:"path"`
			Locations  any   `json:"locations"`
			Extensions struct {
				Code string `json:"code"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(raw, &response); err != nil {
		t.Fatalf("%v: %s\n%s", err, raw, show(op))
	}
	a := &answer{Data: response.Data, raw: string(raw)}
	for _, e := range response.Errors {
		a.Errors = append(a.Errors, problem{e.Path, e.Locations, e.Extensions.Code})
	}
	return a
}

// dump reads all rows, with the values as the oracle takes them.
func (in *instance) dump(t *testing.T) map[string][]map[string]any {
	t.Helper()
	tables := make(map[string][]map[string]any)
	read := func(table, columns string, value func(i int, v any) any) {
		names := strings.Split(columns, ", ")
		for _, values := range in.Rows(t, "SELECT "+columns+" FROM "+table) {
			row := make(map[string]any)
			for i, name := range names {
				row[name] = value(i, values[i])
			}
			tables[table] = append(tables[table], row)
		}
	}
	for _, e := range in.Handle.Catalog.Entities {
		names := make([]string, len(e.Fields))
		for i, f := range e.Fields {
			names[i] = f.Column
		}
		read(e.Table, strings.Join(names, ", "), func(i int, v any) any { return dumped(e.Fields[i], v) })
	}
	read("post_tags", "post_id, tag_id", func(_ int, v any) any { return v })
	return tables
}

func dumped(f *entity.Field, v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	case int64:
		if f.Type == entity.Boolean {
			return v != 0
		}
	case []byte:
		if f.Type == entity.JSON {
			return json.RawMessage(slices.Clone(v))
		}
		return string(v)
	case string:
		if f.Type == entity.JSON {
			return json.RawMessage(v)
		}
	}
	return v
}
