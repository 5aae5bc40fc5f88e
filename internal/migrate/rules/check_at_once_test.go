package rules

import "testing"

func TestCheckAtOnce(t *testing.T) {
	expect(t, checkAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT positive CHECK (score >= 0)`, "adds the check positive and tries it on all rows")
	expect(t, checkAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT positive CHECK (score >= 0) NOT VALID`)
	expect(t, checkAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN rank int CHECK (rank > 0)`, "adds posts.rank with a check and tries it on all rows")
	expect(t, checkAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int CHECK (id > 0)); ALTER TABLE a ADD CHECK (id < 10)`)
}
