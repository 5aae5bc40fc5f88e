// A page as a Relay application writes it. Only the documents matter here; relay-compiler reads nothing else.
import { graphql } from "relay-runtime";

export const page = graphql`
  query PostPageQuery($slug: String!) {
    postBySlug(slug: $slug) { id title ...PostPage_comments }
    trendingPosts(first: 3) { id title related(first: 2) { id title } }
  }
`;

// Refetched through node(id:), page by page.
export const comments = graphql`
  fragment PostPage_comments on Post
  @refetchable(queryName: "PostPageCommentsQuery")
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 10 }
    after: { type: "String" }
    orderBy: { type: "[CommentOrder!]", defaultValue: [{ field: CREATED_AT, direction: DESC }] }
  ) {
    comments(first: $first, after: $after, orderBy: $orderBy) @connection(key: "PostPage_comments", filters: ["orderBy"]) {
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
