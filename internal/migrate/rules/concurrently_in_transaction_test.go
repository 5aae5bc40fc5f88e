package rules

import "testing"

func TestConcurrentlyInTransaction(t *testing.T) {
	expect(t, concurrentlyInTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX CONCURRENTLY post_title ON posts (title); DROP INDEX CONCURRENTLY other; VACUUM posts`, "runs a statement with CONCURRENTLY in a transaction", "runs a statement with CONCURRENTLY in a transaction", "runs VACUUM in a transaction")
	expect(t, concurrentlyInTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `-- atlas:txmode none
CREATE INDEX CONCURRENTLY post_title ON posts (title)`)
	expect(t, concurrentlyInTransaction, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `INSERT INTO posts (title) VALUES ('concurrently')`)
}
