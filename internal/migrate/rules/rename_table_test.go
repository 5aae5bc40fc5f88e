package rules

import "testing"

func TestRenameTable(t *testing.T) {
	expect(t, renameTable, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts RENAME TO articles`, "renames the table posts to articles")
	expect(t, renameTable, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts RENAME TO articles`, "renames the table posts to articles")
	expect(t, renameTable, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); ALTER TABLE a RENAME TO b; ALTER TABLE b RENAME TO c`)
	expect(t, renameTable, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts RENAME CONSTRAINT a TO b; ALTER INDEX a RENAME TO b`)
	expect(t, renameTable, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE new_posts (id int); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`)
}
