-- entwine:loses table comments: SELECT 1 FROM "comments"
-- entwine:loses table grids: SELECT 1 FROM "grids"
-- entwine:loses table posts: SELECT 1 FROM "posts"
-- entwine:loses table post_links: SELECT 1 FROM "post_links"
-- entwine:loses table tags: SELECT 1 FROM "tags"
-- entwine:loses table users: SELECT 1 FROM "users"
-- entwine:loses table votes: SELECT 1 FROM "votes"
-- entwine:loses table post_tags: SELECT 1 FROM "post_tags"
-- Foreign keys are checked when everything is done.
PRAGMA foreign_keys = off;
DROP TABLE `comments`;
DROP TABLE `grids`;
DROP TABLE `posts`;
DROP TABLE `post_links`;
DROP TABLE `tags`;
DROP TABLE `users`;
DROP TABLE `votes`;
DROP TABLE `post_tags`;
PRAGMA foreign_keys = on;
