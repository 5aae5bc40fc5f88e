// A program with Apollo Client: lists through relayStylePagination, one cache for what it reads and writes.
// node apollo.js ENDPOINT KEY EXPECTED
import assert from "node:assert/strict";
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, NetworkStatus, type ObservableQuery, type OperationVariables } from "@apollo/client";
import { filter, firstValueFrom } from "rxjs";
import { relayStylePagination } from "@apollo/client/utilities";
import {
  AddCommentDocument, CommentListDocument, HalfDocument, PostListDocument, RemoveCommentDocument, type CommentListQuery,
} from "./gql/graphql.js";
import { commented, commentOrder, endpoint, expected, headers, ids, more, newest, pageSize, postOrder, type List } from "./test.js";

function connect(): ApolloClient {
  return new ApolloClient({
    link: new HttpLink({ uri: endpoint, headers }),
    cache: new InMemoryCache({
      typePolicies: {
        // What makes another list, and not another page of the same one, goes into the key.
        Query: { fields: { posts: relayStylePagination(["where", "orderBy"]) } },
        Post: { fields: { comments: relayStylePagination(["where", "orderBy"]) } },
      },
    }),
  });
}

/** Fetches page after page until the cache holds the whole list, as a "load more" button does. */
async function toTheEnd<Data, V extends OperationVariables>(
  query: ObservableQuery<Data, V>, list: (data: Data) => List, forward: boolean,
): Promise<List> {
  // A query is kept up to date while somebody looks at it.
  const subscription = query.subscribe({});
  const shown = async () => {
    const { data } = await firstValueFrom(query.pipe(filter(({ networkStatus }) => networkStatus === NetworkStatus.ready)));
    return list(data as Data);
  };
  let whole = await shown();
  assert.deepEqual(more(whole), { before: !forward, after: forward });
  for (let pages = 1; forward ? whole.pageInfo.hasNextPage : whole.pageInfo.hasPreviousPage; pages++) {
    assert.ok(pages < 10, "the list does not end");
    const { startCursor, endCursor } = whole.pageInfo;
    const { data } = await query.fetchMore({
      variables: (forward ? { after: endCursor } : { before: startCursor }) as unknown as Partial<V>,
    });
    const page = list(data as Data);
    const last = pages === 6;
    assert.equal(page.edges.length, last ? 10 : pageSize);
    assert.deepEqual(more(page), { before: forward || !last, after: !forward || !last });
    whole = await shown();
  }
  assert.deepEqual(more(whole), { before: false, after: false });
  // The first page again: the list is as long as that.
  await query.refetch();
  const again = await shown();
  assert.equal(again.edges.length, pageSize);
  assert.deepEqual(more(again), { before: !forward, after: forward });
  subscription.unsubscribe();
  return whole;
}

const comments = ({ node }: CommentListQuery) => {
  assert.ok(node?.__typename === "Post");
  return node.comments;
};

for (const forward of [true, false]) {
  const size = forward ? { first: pageSize } : { last: pageSize };
  const client = connect();
  const posts = client.watchQuery({ query: PostListDocument, variables: { ...size, orderBy: postOrder } });
  assert.deepEqual(ids(await toTheEnd(posts, (data) => data.posts, forward)), expected.Post);
  const nested = client.watchQuery({ query: CommentListDocument, variables: { ...size, post: commented, orderBy: commentOrder } });
  assert.deepEqual(ids(await toTheEnd(nested, comments, forward)), expected.Comment);
}

// A list inside a list goes on where the outer one left off.
{
  const client = connect();
  const { data } = await client.query({ query: PostListDocument, variables: { first: 100 } });
  const post = data?.posts.edges[41]?.node;
  assert.ok(post);
  assert.deepEqual(more(post.comments), { before: false, after: true });
  await client.query({
    query: CommentListDocument, variables: { post: post.id, first: 2, after: post.comments.pageInfo.endCursor }, fetchPolicy: "network-only",
  });
  const cached = client.readQuery({ query: PostListDocument, variables: { first: 100 } });
  const list = cached?.posts.edges[41]?.node.comments;
  assert.ok(list);
  assert.equal(new Set(ids(list)).size, 3);
  assert.deepEqual(more(list), { before: false, after: false });
}

// A new comment goes to the top of the list, and a deleted one leaves it.
{
  const client = connect();
  const read = () => ids(comments(client.readQuery({ query: CommentListDocument, variables: newest })!));
  await client.query({ query: CommentListDocument, variables: newest });
  const before = read();
  const { data } = await client.mutate({
    mutation: AddCommentDocument,
    variables: { input: { postId: commented, message: "From Apollo Client" } },
    update(cache, { data }) {
      const edge = data?.createComment.commentEdge;
      cache.updateQuery({ query: CommentListDocument, variables: newest }, (old) => {
        if (!edge || old?.node?.__typename !== "Post") return old;
        return { node: { ...old.node, comments: { ...old.node.comments, edges: [edge, ...old.node.comments.edges] } } };
      });
    },
  });
  const added = data?.createComment.commentEdge?.node.id;
  assert.ok(added);
  assert.deepEqual(read(), [added, ...before]);
  await client.refetchQueries({ include: "all" });
  await client.mutate({
    mutation: RemoveCommentDocument,
    variables: { input: { id: added } },
    update(cache, { data }) {
      cache.evict({ id: cache.identify({ __typename: "Comment", id: data?.deleteComment.deletedId ?? null }) ?? "" });
    },
  });
  assert.deepEqual(read(), before);
}

// Errors: thrown, or beside what could be read.
{
  const client = connect();
  await assert.rejects(client.query({ query: PostListDocument, variables: { first: 101 } }), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error));
    assert.equal(error.message, "first must be at most 100, not 101.");
    assert.equal(error.errors[0]?.extensions?.code, "BAD_USER_INPUT");
    return true;
  });
  const { data, error } = await client.query({ query: HalfDocument, variables: { id: "nonsense" }, errorPolicy: "all" });
  assert.ok(CombinedGraphQLErrors.is(error));
  assert.deepEqual(error.errors.map(({ path, extensions }) => [path, extensions?.code]), [[["post"], "BAD_USER_INPUT"]]);
  assert.equal(data?.post, null);
  assert.equal(data?.users?.edges?.length, 1);
}
