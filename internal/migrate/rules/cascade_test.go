package rules

import "testing"

func TestCascade(t *testing.T) {
	expect(t, cascade, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `DROP TABLE posts CASCADE`, "drops what depends on posts along with it")
	expect(t, cascade, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts DROP COLUMN title CASCADE, DROP CONSTRAINT a CASCADE`, "drops what depends on posts along with it", "drops what depends on posts along with it")
	expect(t, cascade, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts DROP COLUMN title; ALTER TABLE posts ADD CONSTRAINT a FOREIGN KEY (id) REFERENCES b (id) ON DELETE CASCADE`)
}
