package rules

import "testing"

func TestDropTable(t *testing.T) {
	expect(t, dropTable, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `DROP TABLE posts`, "drops the table posts")
	expect(t, dropTable, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `DROP TABLE IF EXISTS `+"`posts`"+``, "drops the table posts")
	expect(t, dropTable, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `DROP TABLE public.posts, "comments" CASCADE`, "drops the table posts", "drops the table comments")
	expect(t, dropTable, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE tmp (id int); DROP TABLE tmp`)
	expect(t, dropTable, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE new_posts (id int); INSERT INTO new_posts SELECT id FROM posts; DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`)
	expect(t, dropTable, sqlite, ``, `DROP TABLE IF EXISTS "entwine_posts_search"`)
}
