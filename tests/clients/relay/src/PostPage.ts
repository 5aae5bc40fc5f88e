// A page as a Relay application writes it: one post with its comments, and a feed of posts.
import { graphql } from "relay-runtime";

export const page = graphql`
  query PostPageQuery($slug: String!, $first: Int, $last: Int, $orderBy: [CommentOrder!]) {
    postBySlug(slug: $slug) { id title ...PostPage_comments @arguments(first: $first, last: $last, orderBy: $orderBy) }
    trendingPosts(first: 3) { id title related(first: 2) { id title } }
  }
`;

// Refetched through node(id:), page by page, in either direction.
export const comments = graphql`
  fragment PostPage_comments on Post
  @refetchable(queryName: "PostPageCommentsQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
    orderBy: { type: "[CommentOrder!]", defaultValue: [{ field: CREATED_AT, direction: DESC }] }
  ) {
    comments(first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy)
    @connection(key: "PostPage_comments", filters: ["orderBy"]) {
      totalCount
      edges { node { id message createdAt author { id name } ...PostPage_comment } }
    }
  }
`;

export const comment = graphql`
  fragment PostPage_comment on Comment @refetchable(queryName: "PostPageCommentQuery") {
    score
    replies(first: 5) { nodes { message } }
  }
`;

// The payload's edge goes to the top of the list, and what is deleted leaves it.
export const write = graphql`
  mutation PostPageWriteMutation($input: CreateCommentInput!, $connections: [ID!]!) {
    createComment(input: $input) {
      commentEdge @prependEdge(connections: $connections) { cursor node { id message author { name } } }
    }
  }
`;

export const remove = graphql`
  mutation PostPageRemoveMutation($input: DeleteCommentInput!, $connections: [ID!]!) {
    deleteComment(input: $input) { deletedId @deleteEdge(connections: $connections) }
  }
`;
