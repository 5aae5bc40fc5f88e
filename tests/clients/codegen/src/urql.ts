// A program with urql and Graphcache, which knows the schema and puts pages together with relayPagination.
// node urql.js ENDPOINT KEY EXPECTED
import assert from "node:assert/strict";
import { Client, fetchExchange, type AnyVariables, type OperationResult } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { getIntrospectionQuery, type IntrospectionQuery } from "graphql";
import {
  AddCommentDocument, CommentListDocument, HalfDocument, PostListDocument, RemoveCommentDocument, type AddCommentMutation,
  type CommentListQuery, type RemoveCommentMutationVariables,
} from "./gql/graphql.js";
import { commented, commentOrder, endpoint, expected, headers, ids, more, newest, pageSize, postOrder, type List } from "./test.js";

const response = await fetch(endpoint, {
  method: "POST",
  headers: { ...headers, "Content-Type": "application/json" },
  body: JSON.stringify({ query: getIntrospectionQuery() }),
});
const schema = ((await response.json()) as { data: IntrospectionQuery }).data;

function connect(): Client {
  return new Client({
    url: endpoint,
    fetchOptions: { headers },
    exchanges: [
      cacheExchange({
        schema,
        // The schema and the configuration fit, and every object can be cached: anything else would be said here.
        logger: (severity, message) => assert.equal(severity, "debug", message),
        resolvers: { Query: { posts: relayPagination() }, Post: { comments: relayPagination() } },
        updates: {
          Mutation: {
            createComment({ createComment }: AddCommentMutation, _args, cache) {
              const edge = createComment.commentEdge;
              cache.updateQuery({ query: CommentListDocument, variables: newest }, (old) => {
                if (!edge || old?.node?.__typename !== "Post") return old;
                return { ...old, node: { ...old.node, comments: { ...old.node.comments, edges: [edge, ...old.node.comments.edges] } } };
              });
            },
            deleteComment(_result, { input }: RemoveCommentMutationVariables, cache) {
              cache.invalidate({ __typename: "Comment", id: input.id });
            },
          },
        },
      }),
      fetchExchange,
    ],
  });
}

function got<Data, V extends AnyVariables>({ data, error }: OperationResult<Data, V>): Data {
  assert.equal(error, undefined);
  assert.ok(data);
  return data;
}

/** Asks for page after page; each answer holds all that were read until then. */
async function toTheEnd(
  page: (cursor: { first?: number; after?: string | null; last?: number; before?: string | null }, fresh?: boolean) => Promise<List>, forward: boolean,
): Promise<List> {
  const size = forward ? { first: pageSize } : { last: pageSize };
  let list = await page(size);
  assert.deepEqual(more(list), { before: !forward, after: forward });
  for (let pages = 1; forward ? list.pageInfo.hasNextPage : list.pageInfo.hasPreviousPage; pages++) {
    assert.ok(pages < 10, "the list does not end");
    const { startCursor, endCursor } = list.pageInfo;
    list = await page({ ...size, ...(forward ? { after: endCursor } : { before: startCursor }) });
    assert.equal(list.edges.length, Math.min((pages + 1) * pageSize, 250));
  }
  assert.deepEqual(more(list), { before: false, after: false });
  const again = await page(size, true);
  assert.deepEqual(ids(again), ids(list));
  return list;
}

for (const forward of [true, false]) {
  const client = connect();
  const posts = await toTheEnd(async (cursor, fresh) => {
    const requestPolicy = fresh ? "network-only" : "cache-first";
    return got(await client.query(PostListDocument, { ...cursor, orderBy: postOrder }, { requestPolicy })).posts;
  }, forward);
  assert.deepEqual(ids(posts), expected.Post);
  const nested = await toTheEnd(async (cursor, fresh) => {
    const requestPolicy = fresh ? "network-only" : "cache-first";
    return comments(got(await client.query(CommentListDocument, { ...cursor, post: commented, orderBy: commentOrder }, { requestPolicy })));
  }, forward);
  assert.deepEqual(ids(nested), expected.Comment);
}

function comments({ node }: CommentListQuery) {
  assert.ok(node?.__typename === "Post");
  return node.comments;
}

// A list inside a list goes on where the outer one left off.
{
  const client = connect();
  const post = got(await client.query(PostListDocument, { first: 100 })).posts.edges[41]?.node;
  assert.ok(post);
  assert.deepEqual(more(post.comments), { before: false, after: true });
  got(await client.query(CommentListDocument, { post: post.id, first: 2, after: post.comments.pageInfo.endCursor ?? null }));
  const list = got(await client.query(PostListDocument, { first: 100 }, { requestPolicy: "cache-only" })).posts.edges[41]?.node.comments;
  assert.ok(list);
  assert.equal(new Set(ids(list)).size, 3);
  assert.deepEqual(more(list), { before: false, after: false });
}

// A new comment goes to the top of the list, and a deleted one leaves it.
{
  const client = connect();
  const read = async () => ids(comments(got(await client.query(CommentListDocument, newest))));
  const before = await read();
  const added = got(await client.mutation(AddCommentDocument, { input: { postId: commented, message: "From urql" } }))
    .createComment.commentEdge?.node.id;
  assert.ok(added);
  assert.deepEqual(await read(), [added, ...before]);
  got(await client.mutation(RemoveCommentDocument, { input: { id: added } }));
  assert.deepEqual(await read(), before);
}

// Errors come beside the data.
{
  const client = connect();
  const { data, error } = await client.query(PostListDocument, { first: 101 });
  assert.equal(data ?? null, null);
  assert.equal(error?.message, "[GraphQL] first must be at most 100, not 101.");
  assert.equal(error?.graphQLErrors[0]?.extensions.code, "BAD_USER_INPUT");
  const half = await client.query(HalfDocument, { id: "nonsense" });
  assert.deepEqual(half.error?.graphQLErrors.map(({ path, extensions }) => [path, extensions.code]), [[["post"], "BAD_USER_INPUT"]]);
  assert.equal(half.data?.post, null);
  assert.equal(half.data?.users.edges.length, 1);
}
