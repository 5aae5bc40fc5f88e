-- entwine:loses nothing
-- Drop the index of the words of "comments".
ALTER TABLE "comments" DROP COLUMN IF EXISTS "entwine_search";

-- Drop the index of the words of "posts".
ALTER TABLE "posts" DROP COLUMN IF EXISTS "entwine_search";
