package rules

import "testing"

func TestDropColumn(t *testing.T) {
	expect(t, dropColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts DROP COLUMN title, ALTER COLUMN score DROP NOT NULL`, "drops the column posts.title")
	expect(t, dropColumn, postgres, ``, `ALTER TABLE IF EXISTS ONLY elsewhere DROP "Title" CASCADE`, "drops the column elsewhere.Title")
	expect(t, dropColumn, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE new_posts (id bigint PRIMARY KEY, title text NOT NULL, score integer); INSERT INTO new_posts SELECT id, title, score FROM posts; DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`, "drops the column posts.text")
	expect(t, dropColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN passing int; ALTER TABLE posts DROP COLUMN passing`)
	expect(t, dropColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts DROP CONSTRAINT posts_pkey`)
	expect(t, dropColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE tags (id int, name text); ALTER TABLE tags DROP COLUMN name`)
	expect(t, dropColumn, postgres, ``, `ALTER TABLE posts DROP COLUMN "entwine_search"`)
}
