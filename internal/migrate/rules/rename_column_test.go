package rules

import "testing"

func TestRenameColumn(t *testing.T) {
	expect(t, renameColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts RENAME COLUMN "text" TO body`, "renames the column posts.text to body")
	expect(t, renameColumn, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts RENAME title TO headline`, "renames the column posts.title to headline")
	expect(t, renameColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); ALTER TABLE a RENAME COLUMN id TO key`)
}
