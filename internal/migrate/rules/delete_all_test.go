package rules

import "testing"

func TestDeleteAll(t *testing.T) {
	expect(t, deleteAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `DELETE FROM posts; TRUNCATE comments, only votes`, "deletes all rows of posts", "deletes all rows of comments", "deletes all rows of votes")
	expect(t, deleteAll, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `DELETE FROM posts WHERE id IN (SELECT id FROM posts WHERE score < 0)`)
	expect(t, deleteAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `WITH bad AS (SELECT id FROM posts WHERE score < 0) DELETE FROM posts`, "deletes all rows of posts")
	expect(t, deleteAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `WITH bad AS (DELETE FROM other) DELETE FROM posts USING bad WHERE posts.id = bad.id`)
	expect(t, deleteAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); DELETE FROM a`)
}
