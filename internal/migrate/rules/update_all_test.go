package rules

import "testing"

func TestUpdateAll(t *testing.T) {
	expect(t, updateAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `UPDATE posts SET score = (SELECT count(*) FROM votes WHERE votes.post_id = posts.id)`, "writes all rows of posts")
	expect(t, updateAll, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `UPDATE OR IGNORE posts SET score = 0`, "writes all rows of posts")
	expect(t, updateAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `UPDATE posts SET score = 0 WHERE score IS NULL`)
	expect(t, updateAll, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); UPDATE a SET id = 1`)
}
