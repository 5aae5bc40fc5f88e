package rules

import "testing"

func TestValidateAtOnce(t *testing.T) {
	expect(t, validateAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT a CHECK (score > 0) NOT VALID; ALTER TABLE posts VALIDATE CONSTRAINT a`, "validates a in the transaction that adds it")
	expect(t, validateAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer); ALTER TABLE posts ADD CONSTRAINT a CHECK (score > 0) NOT VALID`, `ALTER TABLE posts VALIDATE CONSTRAINT a`)
	expect(t, validateAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `-- atlas:txmode none
ALTER TABLE posts ADD CONSTRAINT a CHECK (score > 0) NOT VALID; ALTER TABLE posts VALIDATE CONSTRAINT a`)
}
