// What the programs share: where the gateway is, and what they must find there.
import { readFileSync } from "node:fs";
import type { CommentListQueryVariables, CommentOrder, PageEndsFragment, PostOrder } from "./gql/graphql.js";

const [endpoint, key, file] = process.argv.slice(2) as [string, string, string];

export { endpoint };
export const headers = { Authorization: `Bearer ${key}` };

/** The ids of each list, in the order below. */
export const expected = JSON.parse(readFileSync(file, "utf8")) as { Post: string[]; Comment: string[] };
export const postOrder: PostOrder[] = [{ field: "FAVORITE_COUNT", direction: "DESC", nulls: "FIRST" }, { field: "SCORE" }];
export const commentOrder: CommentOrder[] = [{ field: "UPDATED_AT", nulls: "LAST" }, { field: "SCORE", direction: "DESC" }];

/** 250 rows are six pages of this size and ten rows. */
export const pageSize = 40;

/** The first post has 250 comments. */
export const commented = btoa("Post:1");

/** Its newest comments: the order in which a new one comes first. */
export const newest: CommentListQueryVariables = { post: commented, first: 5, orderBy: [{ field: "CREATED_AT", direction: "DESC" }] };

export interface List {
  edges: readonly { node: { id: string } }[];
  pageInfo: PageEndsFragment;
}

export const ids = (list: List): string[] => list.edges.map(({ node }) => node.id);

/** Which ends a list says that it has not reached. */
export const more = ({ pageInfo }: List) => ({ before: pageInfo.hasPreviousPage, after: pageInfo.hasNextPage });
