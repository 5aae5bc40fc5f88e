package rules

import "testing"

func TestNarrowType(t *testing.T) {
	expect(t, narrowType, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER COLUMN "text" TYPE integer USING "text"::integer`, "changes posts.text from text to integer")
	expect(t, narrowType, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER title SET DATA TYPE character varying(10)`, "changes posts.title from varchar(20) to character varying(10)")
	expect(t, narrowType, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER COLUMN id TYPE integer`, "changes posts.id from bigint to integer")
	expect(t, narrowType, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER COLUMN title TYPE text, ALTER COLUMN score TYPE bigint`)
	expect(t, narrowType, postgres, `CREATE TABLE a (n numeric(8,2))`, `ALTER TABLE a ALTER COLUMN n TYPE decimal(6, 2)`, "changes a.n from numeric(8,2) to decimal(6,2)")
	expect(t, narrowType, postgres, `CREATE TABLE a (n numeric(8,2))`, `ALTER TABLE a ALTER COLUMN n TYPE decimal(10, 2)`)
	expect(t, narrowType, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE new_posts (id bigint PRIMARY KEY, title varchar(5), "text" integer, score bigint); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`, "changes posts.text from text to integer")
}
