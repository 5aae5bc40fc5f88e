package rules

import "testing"

func TestBlockingIndex(t *testing.T) {
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX post_title ON posts USING gin (title)`, "makes an index on posts while writers wait")
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE UNIQUE INDEX IF NOT EXISTS post_title ON public.posts (lower(title)) WHERE score > 0`, "makes an index on posts while writers wait")
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT post_title UNIQUE (title)`, "makes an index on posts while writers wait")
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX CONCURRENTLY post_title ON posts (title); ALTER TABLE posts ADD CONSTRAINT a UNIQUE USING INDEX b`)
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); CREATE INDEX a_id ON a (id)`)
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `REINDEX TABLE posts; REINDEX INDEX CONCURRENTLY post_title`, "makes posts anew while writers wait")
	expect(t, blockingIndex, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX post_title ON posts (title)`)
}
