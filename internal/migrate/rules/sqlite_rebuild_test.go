package rules

import "testing"

func TestSqliteRebuild(t *testing.T) {
	expect(t, sqliteRebuild, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `-- atlas:txmode none
CREATE TABLE new_posts (id int); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`, "makes posts anew with foreign keys on")
	expect(t, sqliteRebuild, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `-- atlas:txmode none
PRAGMA foreign_keys = off; CREATE TABLE new_posts (id int); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`)
	expect(t, sqliteRebuild, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE new_posts (id int); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`)
	expect(t, sqliteRebuild, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts RENAME TO old_posts; CREATE TABLE posts (id int); INSERT INTO posts SELECT id FROM old_posts`, "makes posts anew after it was renamed away")
}
