// Runs the page and the feed against a gateway: node main.js ENDPOINT KEY EXPECTED
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { commitMutation, ConnectionHandler, type Environment, type MutationParameters, type GraphQLTaggedNode } from "relay-runtime";
import type { PostFeedHalfQuery } from "./__generated__/PostFeedHalfQuery.graphql";
import type { PostFeedQuery } from "./__generated__/PostFeedQuery.graphql";
import type { PostPageQuery } from "./__generated__/PostPageQuery.graphql";
import type { PostPageRemoveMutation } from "./__generated__/PostPageRemoveMutation.graphql";
import type { PostPageWriteMutation } from "./__generated__/PostPageWriteMutation.graphql";
import { createEnvironment } from "./environment";
import { load, Pages } from "./fragment";
import { feed, half, posts } from "./PostFeed";
import { comments, page, remove, write } from "./PostPage";

const [endpoint, key, file] = process.argv.slice(2) as [string, string, string];
const expected = JSON.parse(readFileSync(file, "utf8")) as { Post: string[]; Comment: string[] };
const postOrder: PostFeedQuery["variables"]["orderBy"] = [{ field: "FAVORITE_COUNT", direction: "DESC", nulls: "FIRST" }, { field: "SCORE" }];
const commentOrder: PostPageQuery["variables"]["orderBy"] = [{ field: "UPDATED_AT", nulls: "LAST" }, { field: "SCORE", direction: "DESC" }];
const newest: PostPageQuery["variables"]["orderBy"] = [{ field: "CREATED_AT", direction: "DESC" }];
const pageSize = 40;

interface Problem {
  path: string[];
  extensions: { code: string };
}

const ids = (list: Pages) => list.connection.edges.map(({ node }) => node.id);

async function toTheEnd(list: Pages, forward: boolean, size: object, want: string[]): Promise<void> {
  const atTheStart = () => {
    assert.deepEqual(ids(list), forward ? want.slice(0, pageSize) : want.slice(-pageSize));
    assert.deepEqual([list.hasPrevious, list.hasNext], [!forward, forward]);
  };
  atTheStart();
  for (let pages = 1; forward ? list.hasNext : list.hasPrevious; pages++) {
    assert.equal(list.connection.edges.length, pages * pageSize);
    await (forward ? list.loadNext(pageSize) : list.loadPrevious(pageSize));
  }
  assert.deepEqual(ids(list), want);
  assert.deepEqual([list.hasPrevious, list.hasNext], [false, false]);
  await list.refetch(size);
  atTheStart();
}

function mutate<M extends MutationParameters>(environment: Environment, mutation: GraphQLTaggedNode, variables: M["variables"]) {
  return new Promise<M["response"]>((resolve, reject) => {
    commitMutation<M>(environment, {
      mutation, variables, onError: reject,
      onCompleted: (response, errors) => (errors?.length ? reject(errors) : resolve(response)),
    });
  });
}

async function main(): Promise<void> {
  for (const forward of [true, false]) {
    const environment = createEnvironment(endpoint, key);
    const size = forward ? { first: pageSize } : { last: pageSize };
    const query = await load<PostFeedQuery>(environment, feed, { ...size, orderBy: postOrder });
    await toTheEnd(new Pages(environment, posts, query), forward, { ...size, orderBy: postOrder }, expected.Post);
    const { postBySlug } = await load<PostPageQuery>(environment, page, { ...size, slug: "post-1", orderBy: commentOrder });
    await toTheEnd(new Pages(environment, comments, postBySlug), forward, { ...size, orderBy: commentOrder }, expected.Comment);
  }

  // The feed goes on, and so does a list inside one of its posts.
  {
    const environment = createEnvironment(endpoint, key);
    const list = new Pages(environment, posts, await load<PostFeedQuery>(environment, feed, { first: 10 }));
    await list.loadNext(10);
    const inner = new Pages(environment, comments, list.connection.edges[15]?.node);
    assert.deepEqual([ids(inner).length, inner.hasPrevious, inner.hasNext], [2, false, true]);
    await inner.loadNext(2);
    assert.deepEqual([new Set(ids(inner)).size, inner.hasPrevious, inner.hasNext], [3, false, false]);
  }

  // A new comment goes to the top of the list, and a deleted one leaves it.
  {
    const environment = createEnvironment(endpoint, key);
    const { postBySlug } = await load<PostPageQuery>(environment, page, { slug: "post-1", first: 5, orderBy: newest });
    assert.ok(postBySlug);
    const list = new Pages(environment, comments, postBySlug);
    const before = ids(list);
    const connections = [ConnectionHandler.getConnectionID(postBySlug.id, "PostPage_comments", { orderBy: newest })];
    const { createComment } = await mutate<PostPageWriteMutation>(environment, write, {
      input: { postId: postBySlug.id, message: "From Relay" }, connections,
    });
    const added = createComment.commentEdge?.node.id;
    assert.ok(added);
    assert.deepEqual(ids(list), [added, ...before]);
    await mutate<PostPageRemoveMutation>(environment, remove, { input: { id: added }, connections });
    assert.deepEqual(ids(list), before);
  }

  // Errors: Relay throws where nothing could be read, and gives the part that failed to who asked with @catch.
  {
    const environment = createEnvironment(endpoint, key);
    await assert.rejects(load<PostFeedQuery>(environment, feed, { first: 101 }), (error: Error & { source?: { errors: Problem[] } }) => {
      assert.match(error.message, /first must be at most 100, not 101\./);
      assert.deepEqual(error.source?.errors.map(({ path, extensions }) => [path, extensions.code]), [[["posts"], "BAD_USER_INPUT"]]);
      return true;
    });
    const { post, users } = await load<PostFeedHalfQuery>(environment, half, { id: "nonsense" });
    assert.ok(!post.ok);
    assert.deepEqual(post.errors.map((error) => (error as Partial<Problem>).extensions?.code), ["BAD_USER_INPUT"]);
    assert.equal(users.edges.length, 1);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
