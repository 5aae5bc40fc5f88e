-- entwine:loses table comments: SELECT 1 FROM "comments"
-- entwine:loses table grids: SELECT 1 FROM "grids"
-- entwine:loses table posts: SELECT 1 FROM "posts"
-- entwine:loses table post_links: SELECT 1 FROM "post_links"
-- entwine:loses table tags: SELECT 1 FROM "tags"
-- entwine:loses table users: SELECT 1 FROM "users"
-- entwine:loses table votes: SELECT 1 FROM "votes"
-- entwine:loses table post_tags: SELECT 1 FROM "post_tags"
ALTER TABLE "comments" DROP CONSTRAINT "comments_posts_comments", DROP CONSTRAINT "comments_users_comments";
ALTER TABLE "grids" DROP CONSTRAINT "grids_users_grids";
ALTER TABLE "posts" DROP CONSTRAINT "posts_comments_accepted_comment", DROP CONSTRAINT "posts_users_posts";
ALTER TABLE "post_links" DROP CONSTRAINT "post_links_posts_links", DROP CONSTRAINT "post_links_posts_linked_from";
ALTER TABLE "votes" DROP CONSTRAINT "votes_comments_votes", DROP CONSTRAINT "votes_posts_votes", DROP CONSTRAINT "votes_users_votes";
ALTER TABLE "post_tags" DROP CONSTRAINT "post_tags_post_id", DROP CONSTRAINT "post_tags_tag_id";
DROP TABLE "comments";
DROP TABLE "grids";
DROP TABLE "posts";
DROP TABLE "post_links";
DROP TABLE "tags";
DROP TABLE "users";
DROP TABLE "votes";
DROP TABLE "post_tags";
