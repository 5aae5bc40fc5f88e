-- entwine:loses nothing
-- Drop the index of the words of "comments".
DROP TRIGGER IF EXISTS "entwine_comments_search_insert";
DROP TRIGGER IF EXISTS "entwine_comments_search_update";
DROP TRIGGER IF EXISTS "entwine_comments_search_delete";
DROP TABLE IF EXISTS "entwine_comments_search";

-- Drop the index of the words of "posts".
DROP TRIGGER IF EXISTS "entwine_posts_search_insert";
DROP TRIGGER IF EXISTS "entwine_posts_search_update";
DROP TRIGGER IF EXISTS "entwine_posts_search_delete";
DROP TABLE IF EXISTS "entwine_posts_search";
