package rules

import "testing"

func TestUniqueOnRows(t *testing.T) {
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE UNIQUE INDEX CONCURRENTLY post_title ON posts (title)`, "makes posts (title) unique")
	expect(t, uniqueOnRows, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE UNIQUE INDEX post_title ON posts (title, score)`, "makes posts (title, score) unique")
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT post_title UNIQUE (title)`, "makes posts (title) unique")
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT post_title UNIQUE USING INDEX post_title`)
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN slug text NOT NULL DEFAULT '' UNIQUE`, "makes posts (slug) unique")
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN slug text; CREATE UNIQUE INDEX post_slug ON posts (slug)`)
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN slug text DEFAULT 'a'; ALTER TABLE posts ALTER COLUMN slug DROP DEFAULT; CREATE UNIQUE INDEX post_slug ON posts (slug)`, "makes posts (slug) unique")
	expect(t, uniqueOnRows, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX post_title ON posts (title); CREATE TABLE a (id int); CREATE UNIQUE INDEX a_id ON a (id)`)
	expect(t, uniqueOnRows, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer); CREATE UNIQUE INDEX post_title ON posts (title)`, `CREATE TABLE new_posts (id bigint PRIMARY KEY, title text); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts; CREATE UNIQUE INDEX post_title ON posts (title)`)
}
