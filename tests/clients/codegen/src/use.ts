// A client written against the generated types: what it may and may not write is the test.
import { graphql } from "./gql/index.js";
import { ObjectDocument, PostsDocument, WritePostDocument, type PostCardFragment } from "./gql/graphql.js";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";

declare function request<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: NoInfer<Variables>): Promise<Data>;

export function heading(post: PostCardFragment): string {
  const author: string | null | undefined = post.author?.name;
  // @ts-expect-error a post may have no author
  post.author.name;
  // @ts-expect-error the fragment does not select it
  post.body;
  const published: boolean = post.status === "PUBLISHED";
  // @ts-expect-error no such status
  const unknown: boolean = post.status === "VANISHED";
  return `${post.title} (${post.readingMinutes + post.score}) ${author} ${published} ${unknown} ${post.createdAt.slice(0, 10)}`;
}

export async function read(): Promise<string[]> {
  const { posts } = await request(PostsDocument, {
    first: 5,
    where: { title: { eq: "x" }, status: { in: ["PUBLISHED", "WIKI"] }, or: [{ score: { isNull: false } }] },
    orderBy: [{ field: "CREATED_AT", direction: "DESC", nulls: "LAST" }, { field: "ID" }],
  });
  // @ts-expect-error no such operator for text
  await request(PostsDocument, { where: { title: { between: ["a", "b"] } } });
  // @ts-expect-error no such field to sort by
  await request(PostsDocument, { orderBy: [{ field: "ENTROPY" }] });
  const after: string | null | undefined = posts.pageInfo.endCursor;
  if (posts.pageInfo.hasNextPage && after) await request(PostsDocument, { after });
  return posts.edges.flatMap(({ node }) => [heading(node), ...node.tags.nodes.map((tag) => tag.name)]);
}

export async function open(id: string): Promise<unknown> {
  const { node } = await request(ObjectDocument, { id, comments: true });
  switch (node?.__typename) {
    case "Post":
      return node.comments?.nodes.map((comment) => comment.message);
    case "Grid":
      return node.cells;
    case "User":
      return node.newest.nodes[0]?.title ?? node.oldest.nodes.length;
    default:
      return node?.id;
  }
}

export async function write(): Promise<PostCardFragment | null | undefined> {
  // @ts-expect-error the slug is missing
  await request(WritePostDocument, { input: { title: "Hello", body: "" } });
  // @ts-expect-error the score is not the client's to write
  await request(WritePostDocument, { input: { title: "Hello", slug: "hello", body: "", score: 9 } });
  const { createPost } = await request(WritePostDocument, { input: { title: "Hello", slug: "hello", body: "", tags: { connect: ["x"] } } });
  // A mutation field is there whenever there is data; what the viewer may not read is null.
  return createPost.post;
}

export { graphql };
