package rules

import "testing"

func TestRequiredColumn(t *testing.T) {
	expect(t, requiredColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN kind text NOT NULL`, "adds posts.kind, which is required and has no default")
	expect(t, requiredColumn, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD kind text NOT NULL`, "adds posts.kind, which is required and has no default")
	expect(t, requiredColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN kind text NOT NULL DEFAULT NULL`, "adds posts.kind, which is required and has no default")
	expect(t, requiredColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN kind text NOT NULL DEFAULT 'note', ADD COLUMN more text, ADD COLUMN n bigint NOT NULL GENERATED ALWAYS AS IDENTITY`)
	expect(t, requiredColumn, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); ALTER TABLE a ADD COLUMN kind text NOT NULL`)
}
