package rules

import "testing"

func TestSetNotNull(t *testing.T) {
	expect(t, setNotNull, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER COLUMN score SET NOT NULL`, "requires posts.score")
	expect(t, setNotNull, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ALTER COLUMN title SET NOT NULL`)
	expect(t, setNotNull, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer); ALTER TABLE posts ADD CONSTRAINT set CHECK (score IS NOT NULL) NOT VALID`, `ALTER TABLE posts ALTER COLUMN score SET NOT NULL`, "requires posts.score")
	expect(t, setNotNull, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer); ALTER TABLE posts ADD CONSTRAINT set CHECK (score IS NOT NULL) NOT VALID; ALTER TABLE posts VALIDATE CONSTRAINT set`, `ALTER TABLE posts ALTER COLUMN score SET NOT NULL`)
	expect(t, setNotNull, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE new_posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, text text, score integer NOT NULL); DROP TABLE posts; ALTER TABLE new_posts RENAME TO posts`, "requires posts.score")
}
