package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
)

// operation is one of those that are measured.
type operation struct {
	name, query string
	// variables are those of one request; random chooses.
	variables func(random *rand.Rand, d *database) map[string]any
	// cursor, if it is there, finds the value of the variable after. Its path leads to the cursor in the answer.
	cursor *cursor
	// least is the smallest number of comments for which it makes sense.
	least int
	// writes says that it creates comments, which are taken away afterwards.
	writes bool
}

type cursor struct {
	query     string
	variables func(d *database) map[string]any
}

// anchor reads where a cursor of a page stands: `anchor` is always aliased so.
type anchor struct {
	Anchor struct {
		PageInfo struct{ EndCursor, StartCursor string }
	}
	Parent struct {
		Anchor struct {
			PageInfo struct{ EndCursor, StartCursor string }
		}
	}
}

func (a anchor) cursor() string {
	for _, p := range []string{a.Anchor.PageInfo.EndCursor, a.Anchor.PageInfo.StartCursor, a.Parent.Anchor.PageInfo.EndCursor} {
		if p != "" {
			return p
		}
	}
	return ""
}

func gid(kind string, id int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s:%d", kind, id))
}

// crowded is the post that has a tenth of all comments.
var crowded = gid("Post", 1)

const (
	newest  = `orderBy: [{field: CREATED_AT, direction: DESC}]`
	page    = `{ nodes { id message createdAt } pageInfo { hasNextPage endCursor } }`
	message = "A comment of a benchmark, which says something in some words"
)

func anyPost(random *rand.Rand, d *database) map[string]any {
	return map[string]any{"id": gid("Post", 2+random.IntN(posts(d.size)-1))}
}

func anyComment(random *rand.Rand, d *database) map[string]any {
	return map[string]any{"id": gid("Comment", 1+random.IntN(d.size))}
}

func newComment(random *rand.Rand, d *database) map[string]any {
	return map[string]any{"i": map[string]any{
		"postId": gid("Post", 2+random.IntN(posts(d.size)-1)), "authorId": gid("User", 1+random.IntN(users(d.size))), "message": message,
	}}
}

// growing are the operations whose cost is measured against the number of rows. Those that a build does not know are left out.
var growing = []operation{
	{name: "first page of 50", query: `query First { comments(first: 50, ` + newest + `) ` + page + ` }`},
	{
		name: "page 2,001", least: 200_000,
		query:  `query Deep($after: String!) { comments(first: 50, after: $after, ` + newest + `) ` + page + ` }`,
		cursor: &cursor{query: `{ anchor: comments(first: 1, offset: 99999, ` + newest + `) { pageInfo { endCursor } } }`},
	},
	{
		name:   "last page",
		query:  `query End($after: String!) { comments(first: 50, after: $after, ` + newest + `) ` + page + ` }`,
		cursor: &cursor{query: `{ anchor: comments(last: 51, ` + newest + `) { pageInfo { startCursor } } }`},
	},
	{name: "by id, with author", query: `query ByID($id: ID!) { comment(id: $id) { id message createdAt author { id name } } }`, variables: anyComment},
	{
		name:  "filtered and ordered",
		query: `query Drafts { posts(first: 20, where: {status: {eq: "draft"}}, ` + newest + `) { nodes { id title slug status createdAt } } }`,
	},
	{
		name:      "children, about 10",
		query:     `query Few($id: ID!) { post(id: $id) { id title comments(first: 50, ` + newest + `) ` + page + ` } }`,
		variables: anyPost,
	},
	{
		name:      "children, 1/10 of all",
		query:     `query Many($id: ID!) { post(id: $id) { id title comments(first: 50, ` + newest + `) ` + page + ` } }`,
		variables: func(*rand.Rand, *database) map[string]any { return map[string]any{"id": crowded} },
	},
	{
		name:      "children, 1/10 of all, middle",
		query:     `query Middle($id: ID!, $after: String!) { post(id: $id) { id title comments(first: 50, after: $after, ` + newest + `) ` + page + ` } }`,
		variables: func(*rand.Rand, *database) map[string]any { return map[string]any{"id": crowded} },
		cursor: &cursor{
			query:     `query($id: ID!, $skip: Int!) { parent: post(id: $id) { anchor: comments(first: 1, offset: $skip, ` + newest + `) { pageInfo { endCursor } } } }`,
			variables: func(d *database) map[string]any { return map[string]any{"id": crowded, "skip": d.size / 20} },
		},
	},
	{
		name: "50 posts with 10 comments",
		query: `query Nested { posts(first: 50, orderBy: [{field: ID, direction: ASC}]) { nodes { id title author { id name }
			comments(first: 10, ` + newest + `) { nodes { id message author { id name } } } } } }`,
	},
	{name: "create", query: `mutation Create($i: CreateCommentInput!) { createComment(input: $i) { comment { id message createdAt } } }`, variables: newComment, writes: true},
	{
		name:  "update by id",
		query: `mutation Update($i: UpdateCommentInput!) { updateComment(input: $i) { comment { id message } } }`,
		variables: func(random *rand.Rand, d *database) map[string]any {
			return map[string]any{"i": map[string]any{"id": gid("Comment", 1+random.IntN(d.size)), "message": fmt.Sprintf("Changed by a benchmark, the %d", random.IntN(1e6))}}
		},
	},
	{name: "totalCount", query: `query Total { comments(first: 1) { totalCount } }`},
	{name: "totalCount, at most 1,000", query: `query AtMost { comments(first: 1) { totalCount(atMost: 1000) } }`},
	{name: "totalCount, estimate", query: `query Estimate { comments(first: 1) { totalCount(estimate: true) } }`},
}

// share is an operation and its part of the mixed load, in percent.
type share struct {
	percent int
	operation
}

// mixed are the operations of the peer benchmark, and an update.
var mixed = []share{
	{30, operation{name: "a", query: `query A($id: ID!) { post(id: $id) { id title body status createdAt author { id name } } }`, variables: anyPost}},
	{20, operation{name: "b", query: `query B { posts(first: 50, ` + newest + `) { nodes { id title slug status createdAt } } }`}},
	{4, operation{
		name: "c", query: `query C { posts(first: 50, ` + newest + `) { nodes { id title author { id name }
			comments(first: 10, orderBy: [{field: CREATED_AT, direction: ASC}]) { nodes { id message author { id name } } } } } }`,
	}},
	{6, operation{
		name: "d", query: `query D($c: Int!) { users(where: {cohort: {eq: $c}}, first: 20, orderBy: [{field: ID, direction: ASC}]) { nodes { id name
			posts(first: 10, ` + newest + `) { nodes { id title tags(first: 10, orderBy: [{field: ID, direction: ASC}]) { nodes { id name } } } } } } }`,
		variables: func(random *rand.Rand, d *database) map[string]any {
			return map[string]any{"c": 1 + random.IntN(users(d.size)/20)}
		},
	}},
	{14, operation{
		name: "e", query: `query E($after: String!) { comments(first: 50, after: $after, ` + newest + `) ` + page + ` }`,
		cursor: &cursor{
			query:     `query($skip: Int!) { anchor: comments(first: 1, offset: $skip, ` + newest + `) { pageInfo { endCursor } } }`,
			variables: func(d *database) map[string]any { return map[string]any{"skip": min(99_999, d.size/2)} },
		},
	}},
	{4, operation{
		name: "f", query: `query F($s: String!) { posts(first: 20, where: {status: {eq: $s}}, ` + newest + `) { totalCount nodes { id title slug status createdAt } } }`,
		variables: func(*rand.Rand, *database) map[string]any { return map[string]any{"s": "archived"} },
	}},
	{14, operation{name: "g", query: `mutation G($i: CreateCommentInput!) { createComment(input: $i) { comment { id message createdAt } } }`, variables: newComment, writes: true}},
	{2, operation{name: "h", query: `query H { posts(first: 1000, ` + newest + `) { nodes { id title slug status createdAt } } }`}},
	{6, operation{
		name: "update", query: `mutation Update($i: UpdateCommentInput!) { updateComment(input: $i) { comment { id message } } }`,
		// Of the same thousand, so that what is dead of them is bounded.
		variables: func(random *rand.Rand, _ *database) map[string]any {
			return map[string]any{"i": map[string]any{"id": gid("Comment", 1+random.IntN(1000)), "message": fmt.Sprintf("Changed by a benchmark, the %d", random.IntN(1e6))}}
		},
	}},
}

var errEmpty = errors.New("the answer is empty")

// requests makes n requests of an operation, and tries the first one.
func (g *gateway) requests(o operation, n int) ([][]byte, error) {
	after := ""
	if o.cursor != nil {
		var variables map[string]any
		if o.cursor.variables != nil {
			variables = o.cursor.variables(g.db)
		}
		var a anchor
		if err := g.ask(o.cursor.query, variables, &a); err != nil {
			return nil, fmt.Errorf("%s, its cursor: %w", o.name, err)
		}
		if after = a.cursor(); after == "" {
			return nil, fmt.Errorf("%s, its cursor: %w", o.name, errEmpty)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	var out [][]byte
	for i := range n {
		variables := map[string]any{}
		if o.variables != nil {
			variables = o.variables(random, g.db)
		}
		if after != "" {
			variables["after"] = after
		}
		if i == 0 {
			var data map[string]any
			if err := g.ask(o.query, variables, &data); err != nil {
				return nil, fmt.Errorf("%s: %w", o.name, err)
			}
			if hollow(data) {
				return nil, fmt.Errorf("%s: %w", o.name, errEmpty)
			}
		}
		request, err := g.encode(o.query, variables)
		if err != nil {
			return nil, err
		}
		out = append(out, request)
		if o.variables == nil {
			break // all are alike
		}
	}
	return out, nil
}

// hollow says that an answer holds null, or a list without rows, at its top: then nothing is measured.
func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, below := range v {
			if _, list := below.([]any); (list || below == nil) && hollow(below) {
				return true
			}
			if m, ok := below.(map[string]any); ok && hollow(m) {
				return true
			}
		}
	}
	return false
}
