package rules

import "testing"

func TestForeignKeyAtOnce(t *testing.T) {
	expect(t, foreignKeyAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT post_author FOREIGN KEY (score) REFERENCES users (id) ON DELETE SET NULL`, "adds the foreign key post_author and compares all rows")
	expect(t, foreignKeyAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT post_author FOREIGN KEY (score) REFERENCES users (id) NOT VALID`)
	expect(t, foreignKeyAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN author_id bigint NULL, ADD CONSTRAINT post_author FOREIGN KEY (author_id) REFERENCES users (id)`)
	expect(t, foreignKeyAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN author_id bigint REFERENCES users (id) ON DELETE SET NULL`)
	expect(t, foreignKeyAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD COLUMN author_id bigint DEFAULT 1 REFERENCES users (id)`, "adds posts.author_id with a foreign key and a value")
	expect(t, foreignKeyAtOnce, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); ALTER TABLE a ADD CONSTRAINT b FOREIGN KEY (id) REFERENCES posts (id)`)
}
