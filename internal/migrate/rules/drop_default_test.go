package rules

import "testing"

func TestDropDefault(t *testing.T) {
	expect(t, dropDefault, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN kind text NOT NULL DEFAULT 'note'; ALTER TABLE posts ALTER COLUMN kind DROP DEFAULT`, "drops the default of posts.kind, which is required")
	expect(t, dropDefault, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN kind text NOT NULL DEFAULT 'note'; CREATE TABLE new_posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, text text, score integer, kind text NOT NULL); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`, "drops the default of posts.kind, which is required")
	expect(t, dropDefault, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER COLUMN score DROP DEFAULT`)
}
