package gql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
)

const testSDL = `
type Query {
  hello(name: String): String
  echo(in: Box): String
  int(n: Int!): Int
  big(n: BigInt): String
  number(f: Float): Float
  pick(color: Color): String
  ids(list: [ID!]): [ID!]
  fail(how: String!): String
  posts(first: Int): PostConnection!
}
type Mutation { touch(title: String): Int! }
type Subscription { ticks: Int! }
type PostConnection { edges: [PostEdge!]! nodes: [Post!]! pageInfo: PageInfo! }
type PostEdge { node: Post! }
type PageInfo { hasNextPage: Boolean! }
type Post { id: ID! title: String author: User }
type User { id: ID! name: String posts: PostConnection! }
input Box { text: String, size: Int = 3, inner: Box, list: [Int!] }
enum Color { RED GREEN }
scalar BigInt
scalar Any
`

// testSchema is a real executable schema: every root field is a function, and objects are maps.
type testSchema struct {
	schema *ast.Schema
	calls  int
}

func newTestSchema() *testSchema {
	return &testSchema{schema: gqlparser.MustLoadSchema(&ast.Source{Name: "test.graphql", Input: testSDL})}
}

func (s *testSchema) Schema() *ast.Schema { return s.schema }

func (s *testSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

const secret = "pq: relation \"secret_table\" does not exist"

func (s *testSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	return func(ctx context.Context) *graphql.Response {
		s.calls++
		resp := &graphql.Response{}
		out := []byte{'{'}
		for i, f := range graphql.CollectFields(op, op.Operation.SelectionSet, nil) {
			value, err := s.root(f.Name, f.ArgumentMap(op.Variables))
			if err != nil {
				resp.Errors = append(resp.Errors, &gqlerror.Error{
					Err: err, Message: err.Error(), Path: ast.Path{ast.PathName(f.Alias)},
					Locations: []gqlerror.Location{{Line: f.Position.Line, Column: f.Position.Column}},
				})
			}
			if i > 0 {
				out = append(out, ',')
			}
			b, _ := json.Marshal(value)
			out = fmt.Appendf(out, "%q:%s", f.Alias, b)
		}
		out = append(out, '}')
		resp.Data = out
		if string(resp.Data) == `{"gone":null}` {
			resp.Data = nil
		}
		return resp
	}
}

func (s *testSchema) root(name string, args map[string]any) (any, error) {
	switch name {
	case "hello":
		if args["name"] == nil {
			return "hello <world>", nil
		}
		return args["name"], nil
	case "echo":
		b, err := json.Marshal(args["in"])
		return string(b), err
	case "int", "number":
		for _, v := range args {
			return v, nil
		}
		return nil, nil
	case "big":
		return fmt.Sprintf("%T %v", args["n"], args["n"]), nil
	case "pick":
		return args["color"], nil
	case "ids":
		return args["list"], nil
	case "touch":
		return 1, nil
	case "__typename":
		return "Query", nil
	case "fail":
		switch args["how"] {
		case "plain":
			return nil, errors.New(secret)
		case "coded":
			return nil, apierr.Wrap(errors.New(secret), apierr.Conflict, "The slug is taken.")
		case "wrapped":
			return nil, fmt.Errorf("create post: %w", apierr.Input("The input is not valid.", apierr.Field{
				Path: []any{"input", "title"}, Code: apierr.TooLong, Message: "is too long", Limit: 128,
			}))
		case "gqlerror":
			return nil, &gqlerror.Error{Message: secret, Extensions: map[string]any{"sql": secret}}
		case "panic":
			panic(secret)
		}
	}
	return map[string]any{}, nil
}
