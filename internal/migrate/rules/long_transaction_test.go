package rules

import "testing"

func TestLongTransaction(t *testing.T) {
	expect(t, longTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN slug text; UPDATE posts SET slug = lower(title) WHERE slug IS NULL`, "changes rows of posts after posts was locked")
	expect(t, longTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `UPDATE posts SET score = 0 WHERE score IS NULL; ALTER TABLE posts ALTER COLUMN score SET NOT NULL`)
	expect(t, longTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN slug text; INSERT INTO users (name) VALUES ('nobody')`)
	expect(t, longTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `-- atlas:txmode none
ALTER TABLE posts ADD COLUMN slug text; UPDATE posts SET slug = title WHERE slug IS NULL`)
	expect(t, longTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); INSERT INTO a SELECT id FROM posts`)
}
