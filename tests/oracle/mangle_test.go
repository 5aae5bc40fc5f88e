package oracle

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/pgtest"
)

// token is what a document is cut into.
var token = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\.\.\.|[$@]?[A-Za-z_][A-Za-z0-9_]*|-?[0-9.]+|[{}()\[\]:!=|&]`)

// wildTokens and wildValues are what stands in a document or among its variables after somebody had a bad idea.
var wildTokens = []string{
	`null`, `true`, `0`, `-1`, `1`, `2147483647`, `2147483648`, `99999999999999999999999`, `1e400`, `-0.0`, `""`, `"x"`, `"\u0000"`, `"\uD800"`, `"😀"`,
	`"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.9999999-12:00"`, `[]`, `{}`, `[null]`, `[[]]`, `{eq: null}`, `{in: [null]}`, `DESC`, `$v1`, `$none`,
	`__typename`, `id`, `...F1`, `... on Node`, `@skip(if: true)`, `@include(if: $v1)`, `@include(if: null)`, `first: 0`, `last: 0`, `first: null`, `offset: 1000000000`,
	`where: {or: [{}, {not: {}}]}`, `orderBy: []`, `after: ""`, `before: "W10"`, `x: id`, `nodes { id }`, `"` + "\xff" + `"`, `"""block"""`,
	`"UG9zdDo="`, `"OjE="`, `"` + relay.ID("Post", "99999999999999999999") + `"`, `"` + relay.ID("User", "-9223372036854775808") + `"`,
}

func wildValues(r *rand.Rand) any {
	values := []any{
		nil, true, 0, -1, 1, 1 << 31, json.Number("99999999999999999999999"), json.Number("1e400"), json.Number("1e308"), 0.5, "", "x", "😀", "\u202e", strings.Repeat("é", 5000),
		[]any{},
		map[string]any{},
		[]any{nil},
		[]any{[]any{}},
		map[string]any{"eq": nil},
		map[string]any{"and": []any{map[string]any{}}, "or": []any{}, "not": map[string]any{}},
		map[string]any{"field": "ID", "direction": "DESC"},
		"0000-01-01", "9999-12-31T23:59:59-12:00", relay.ID("Post", "1"), relay.ID("Tag", "99999999999999999999"),
		string(relay.AppendCursor(nil, "Post createdAt- id-", []byte(`"2015-01-01T00:00:00Z",1e5`))), relay.ID("Post", "\xff\x00"),
	}
	return values[r.IntN(len(values))]
}

// mangle changes a document and its variables in a few places.
func mangle(r *rand.Rand, op, other operation) operation {
	tokens, others := token.FindAllString(op.Query, -1), token.FindAllString(other.Query, -1)
	for range r.IntN(4) {
		i := r.IntN(len(tokens))
		switch r.IntN(7) {
		case 0:
			tokens = slices.Delete(tokens, i, i+1)
		case 1:
			tokens[i] = tokens[r.IntN(len(tokens))]
		case 2:
			j := r.IntN(len(tokens))
			tokens[i], tokens[j] = tokens[j], tokens[i]
		case 3:
			tokens[i] = wildTokens[r.IntN(len(wildTokens))]
		case 4:
			tokens = slices.Insert(tokens, i, wildTokens[r.IntN(len(wildTokens))])
		case 5: // a value where a value stands
			if i > 0 && tokens[i-1] == ":" {
				tokens[i] = wildTokens[r.IntN(24)]
			}
		case 6:
			at := r.IntN(len(others))
			tokens = slices.Insert(tokens, i, others[at:min(at+1+r.IntN(6), len(others))]...)
		}
		if len(tokens) == 0 {
			tokens = []string{"{"}
		}
	}
	var vars map[string]any
	if b, err := json.Marshal(op.Variables); err == nil {
		_ = json.Unmarshal(b, &vars)
	}
	for name := range op.Variables {
		if r.IntN(6) == 0 {
			vars[name] = mangleValue(r, vars[name])
		}
	}
	return operation{Query: strings.Join(tokens, " "), Variables: vars}
}

// mangleValue changes a value, or something in it.
func mangleValue(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case []any:
		if len(v) > 0 && r.IntN(3) > 0 {
			i := r.IntN(len(v))
			v[i] = mangleValue(r, v[i])
			return v
		}
	case map[string]any:
		for key := range v {
			if r.IntN(2) == 0 {
				v[key] = mangleValue(r, v[key])
				return v
			}
		}
	}
	return wildValues(r)
}

var writes = []operation{
	{
		Query:     `mutation($in: CreatePostInput!, $v1: Boolean = true) { createPost(input: $in) { clientMutationId post { id title author { name } tags(first: 2) { nodes { name } } related { id } readingMinutes @include(if: $v1) } postEdge { cursor node { id } } } }`,
		Variables: map[string]any{"in": map[string]any{"title": "T", "slug": "t", "body": "b", "status": "DRAFT", "authorId": relay.ID("User", "1"), "tags": map[string]any{"connect": []any{relay.ID("Tag", "1")}}, "clientMutationId": "c"}},
	},
	{Query: `mutation { createTag(input: {name: "n", excerpt: "e"}) { tag { id name posts(first: 1) { totalCount } } tagEdge { cursor } } }`},
	{Query: `mutation { updatePost(input: {id: "` + relay.ID("Post", "3") + `", title: "x", body: "y", authorId: null, tags: {set: ["` + relay.ID("Tag", "2") + `"]}, comments: {connect: ["` + relay.ID("Comment", "1") + `"]}}) { post { id title body } } }`},
	{
		Query:     `mutation($in: UpdatePostInput!) { a: updatePost(input: $in) { post { ...F1 } } b: updatePost(input: $in) { post { ...F1 related { slug } } } } fragment F1 on Post { id related { id } }`,
		Variables: map[string]any{"in": map[string]any{"id": relay.ID("Post", "4"), "license": "MIT", "tags": map[string]any{"connect": []any{relay.ID("Tag", "1")}, "disconnect": []any{relay.ID("Tag", "2")}}}},
	},
	{Query: `mutation { createComment(input: {message: "m", postId: "` + relay.ID("Post", "5") + `", authorId: "` + relay.ID("User", "2") + `", parentId: "` + relay.ID("Comment", "2") + `"}) { comment { id parent { id } post { id } } } deleteTag(input: {id: "` + relay.ID("Tag", "9") + `"}) { deletedId } }`},
	{
		Query:     `mutation($cells: JSON!) { createGrid(input: {title: "g", cells: $cells, userId: "` + relay.ID("User", "1") + `"}) { grid { id cells createdAt user { id } } } }`,
		Variables: map[string]any{"cells": []any{[]any{1, nil, "x", 2.5, map[string]any{"a": true}}}},
	},
	{Query: `mutation { updateUser(input: {id: "` + relay.ID("User", "3") + `", name: "N", email: "a@example.com", bio: null}) { user { id name } } deleteGrid(input: {id: "` + relay.ID("Grid", "1") + `"}) { deletedId clientMutationId } }`},
	{Query: `mutation { createVote(input: {postId: "` + relay.ID("Post", "1") + `", type: UP}) { vote { id createdOn type } } }`},
	{Query: `mutation { createUser(input: {name: "n", username: "u"}) { user { id createdAt } } deletePost(input: {id: "` + relay.ID("Post", "7") + `"}) { deletedId } }`},
}

// TestMangledOperations changes valid operations at random. Whatever comes of them, valid or not, is never a fault of the
// server.
func TestMangledOperations(t *testing.T) {
	gateways := map[string]*instance{
		"sqlite":   open(t, "sqlite:"+filepath.Join(t.TempDir(), "mangled.db"), unevenness),
		"postgres": open(t, pgtest.New(t), unevenness),
	}
	one := gateways["sqlite"]
	n, seed := setting(t, "ENTWINE_TEST_MANGLED", 4000), setting(t, "ENTWINE_TEST_SEED", 1)
	g := &generator{catalog: one.Handle.Catalog, tables: one.dump(t), cursors: make(map[string][]seenCursor)}
	for _, op := range writes {
		if got := one.run(t, op, viewers[len(viewers)-1]); strings.Contains(got.raw, "VALIDATION") {
			t.Fatalf("not valid to begin with: %s\n%s", show(op), got.raw)
		}
	}
	answered, failures := 0, 0
	var last operation
	for i := seed; i < seed+n; i++ {
		g.r = rand.New(rand.NewPCG(uint64(i), 1))
		op := g.operation()
		if g.chance(30) {
			op = pick(g, writes)
		}
		if last.Query == "" {
			last = op
		}
		mangled := mangle(g.r, op, last)
		last = op
		viewer := viewers[g.r.IntN(len(viewers))]
		for name, gw := range gateways {
			got := gw.run(t, mangled, viewer)
			if strings.Contains(got.raw, "INTERNAL_SERVER_ERROR") {
				failures++
				t.Errorf("seed %d, %s, viewer %+v:\n%s\n%s", i, name, viewer, show(mangled), got.raw)
			}
			if !strings.Contains(got.raw, "GRAPHQL_") {
				answered++
			}
		}
		if failures > 5 {
			t.Fatal("too many failures")
		}
	}
	if answered < n/3 {
		t.Errorf("only %d of %d responses came from the engine", answered, 2*n)
	}
	t.Logf("%d of %d responses came from the engine", answered, 2*n)
}
