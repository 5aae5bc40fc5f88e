// A program with nothing but fetch and the generated types: node fetch.js ENDPOINT KEY EXPECTED
import assert from "node:assert/strict";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { CommentListDocument, HalfDocument, PostListDocument, type CommentListQuery } from "./gql/graphql.js";
import { commented, commentOrder, endpoint, expected, headers, ids, more, pageSize, postOrder, type List } from "./test.js";

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; path?: (string | number)[]; extensions: { code: string } }[];
}

async function send<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: NoInfer<Variables>): Promise<Answer<Data>> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify({ query: print(document), variables }),
  });
  return (await response.json()) as Answer<Data>;
}

async function must<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: NoInfer<Variables>): Promise<Data> {
  const { data, errors } = await send(document, variables);
  assert.equal(errors, undefined);
  assert.ok(data);
  return data;
}

type Cursor = { first: number; after?: string | null } | { last: number; before?: string | null };

/** Reads a list page by page, in one direction, and gives its ids in the list's order. */
async function toTheEnd(page: (cursor: Cursor) => Promise<List>, forward: boolean): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null | undefined;
  for (let pages = 1; ; pages++) {
    const list = await page(forward ? { first: pageSize, after: cursor ?? null } : { last: pageSize, before: cursor ?? null });
    assert.equal(list.edges.length, pages === 7 ? 10 : pageSize);
    assert.deepEqual(more(list), { before: forward ? pages > 1 : pages < 7, after: forward ? pages < 7 : pages > 1 });
    if (forward) found.push(...ids(list));
    else found.unshift(...ids(list));
    if (pages === 7) return found;
    cursor = forward ? list.pageInfo.endCursor : list.pageInfo.startCursor;
    assert.ok(cursor);
  }
}

function comments({ node }: CommentListQuery) {
  assert.ok(node?.__typename === "Post");
  return node.comments;
}

for (const forward of [true, false]) {
  const posts = async (cursor: Cursor) => (await must(PostListDocument, { ...cursor, orderBy: postOrder })).posts;
  assert.deepEqual(await toTheEnd(posts, forward), expected.Post);
  // Asked again, a page is the same.
  const first = forward ? { first: pageSize } : { last: pageSize };
  assert.deepEqual(await posts(first), await posts(first));
  const nested = async (cursor: Cursor) => comments(await must(CommentListDocument, { ...cursor, post: commented, orderBy: commentOrder }));
  assert.deepEqual(await toTheEnd(nested, forward), expected.Comment);
}

// Errors say where and what, beside what could be read.
{
  const { data, errors } = await send(PostListDocument, { first: 101 });
  assert.equal(data, null);
  assert.deepEqual(errors?.map(({ message, path, extensions }) => [message, path, extensions.code]), [
    ["first must be at most 100, not 101.", ["posts"], "BAD_USER_INPUT"],
  ]);
  const half = await send(HalfDocument, { id: "nonsense" });
  assert.deepEqual(half.errors?.map(({ path, extensions }) => [path, extensions.code]), [[["post"], "BAD_USER_INPUT"]]);
  assert.equal(half.data?.post, null);
  assert.equal(half.data?.users.edges.length, 1);
}
