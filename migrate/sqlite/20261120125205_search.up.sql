-- Make the words of "comments" searchable.
CREATE VIRTUAL TABLE "entwine_comments_search" USING fts5(d1, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2 categories 'L* Nd'");
CREATE TRIGGER "entwine_comments_search_insert" AFTER INSERT ON "comments" BEGIN
  INSERT OR REPLACE INTO "entwine_comments_search" (rowid, d1) VALUES (new."id", substr(new."message", 1, 200000));
END;
CREATE TRIGGER "entwine_comments_search_update" AFTER UPDATE OF "id", "message" ON "comments" BEGIN
  DELETE FROM "entwine_comments_search" WHERE rowid = old."id";
  INSERT OR REPLACE INTO "entwine_comments_search" (rowid, d1) VALUES (new."id", substr(new."message", 1, 200000));
END;
CREATE TRIGGER "entwine_comments_search_delete" AFTER DELETE ON "comments" BEGIN
  DELETE FROM "entwine_comments_search" WHERE rowid = old."id";
END;

-- Read the rows of "comments" that are there.
INSERT INTO "entwine_comments_search" (rowid, d1) SELECT "id", substr("message", 1, 200000) FROM "comments";

-- Make the words of "posts" searchable.
CREATE VIRTUAL TABLE "entwine_posts_search" USING fts5(a1, d2, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2 categories 'L* Nd'");
CREATE TRIGGER "entwine_posts_search_insert" AFTER INSERT ON "posts" BEGIN
  INSERT OR REPLACE INTO "entwine_posts_search" (rowid, a1, d2) VALUES (new."id", substr(new."title", 1, 100000), substr(new."body", 1, 100000));
END;
CREATE TRIGGER "entwine_posts_search_update" AFTER UPDATE OF "id", "title", "body" ON "posts" BEGIN
  DELETE FROM "entwine_posts_search" WHERE rowid = old."id";
  INSERT OR REPLACE INTO "entwine_posts_search" (rowid, a1, d2) VALUES (new."id", substr(new."title", 1, 100000), substr(new."body", 1, 100000));
END;
CREATE TRIGGER "entwine_posts_search_delete" AFTER DELETE ON "posts" BEGIN
  DELETE FROM "entwine_posts_search" WHERE rowid = old."id";
END;

-- Read the rows of "posts" that are there.
INSERT INTO "entwine_posts_search" (rowid, a1, d2) SELECT "id", substr("title", 1, 100000), substr("body", 1, 100000) FROM "posts";
