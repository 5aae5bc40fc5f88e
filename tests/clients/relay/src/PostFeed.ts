// A list of posts with the first comments of each: a connection on Query, and one inside it.
import { graphql } from "relay-runtime";

export const feed = graphql`
  query PostFeedQuery($first: Int, $last: Int, $orderBy: [PostOrder!]) {
    ...PostFeed_posts @arguments(first: $first, last: $last, orderBy: $orderBy)
  }
`;

export const posts = graphql`
  fragment PostFeed_posts on Query
  @refetchable(queryName: "PostFeedPageQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
    orderBy: { type: "[PostOrder!]" }
  ) {
    posts(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy)
    @connection(key: "PostFeed_posts", filters: ["orderBy"]) {
      edges { node { id title ...PostPage_comments @arguments(first: 2) } }
    }
  }
`;

// One part that cannot be had beside one that can.
export const half = graphql`
  query PostFeedHalfQuery($id: ID!) {
    post(id: $id) @catch(to: RESULT) { id title }
    users(first: 1) { edges { node { id name } } }
  }
`;
