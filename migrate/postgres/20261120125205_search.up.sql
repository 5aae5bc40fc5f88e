-- Make the words of "comments" searchable, those of the rows that are there too.
ALTER TABLE "comments" ADD COLUMN "entwine_search" tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('pg_catalog.simple', COALESCE(regexp_replace(CASE WHEN octet_length("message") = length("message") THEN lower("left"("message", 200000) COLLATE "und-x-icu") ELSE normalize(regexp_replace(normalize(translate(lower("left"("message", 200000) COLLATE "und-x-icu"), 'µſςϐϑϕϖϰϱϵẛ', 'μsσβθφπκρεṡ'), NFD), '([a-z])[\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331]+', '\1', 'g'), NFC) END, '[^[:alnum:]]+', ' ', 'g'), '')), 'D')
  ) STORED;
CREATE INDEX "entwine_comments_search" ON "comments" USING gin ("entwine_search");
COMMENT ON COLUMN "comments"."entwine_search" IS 'words 1, message D';

-- Make the words of "posts" searchable, those of the rows that are there too.
ALTER TABLE "posts" ADD COLUMN "entwine_search" tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('pg_catalog.simple', COALESCE(regexp_replace(CASE WHEN octet_length("title") = length("title") THEN lower("left"("title", 100000) COLLATE "und-x-icu") ELSE normalize(regexp_replace(normalize(translate(lower("left"("title", 100000) COLLATE "und-x-icu"), 'µſςϐϑϕϖϰϱϵẛ', 'μsσβθφπκρεṡ'), NFD), '([a-z])[\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331]+', '\1', 'g'), NFC) END, '[^[:alnum:]]+', ' ', 'g'), '')), 'A')
    || '''|'':1'::tsvector || setweight(to_tsvector('pg_catalog.simple', COALESCE(regexp_replace(CASE WHEN octet_length("body") = length("body") THEN lower("left"("body", 100000) COLLATE "und-x-icu") ELSE normalize(regexp_replace(normalize(translate(lower("left"("body", 100000) COLLATE "und-x-icu"), 'µſςϐϑϕϖϰϱϵẛ', 'μsσβθφπκρεṡ'), NFD), '([a-z])[\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331]+', '\1', 'g'), NFC) END, '[^[:alnum:]]+', ' ', 'g'), '')), 'D')
  ) STORED;
CREATE INDEX "entwine_posts_search" ON "posts" USING gin ("entwine_search");
COMMENT ON COLUMN "posts"."entwine_search" IS 'words 1, title A, body D';
