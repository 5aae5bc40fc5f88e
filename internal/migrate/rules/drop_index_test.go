package rules

import "testing"

func TestDropIndex(t *testing.T) {
	const before = `CREATE TABLE posts (id bigint PRIMARY KEY, title text); CREATE INDEX post_title ON posts (title)`
	expect(t, dropIndexRule, postgres, before, `DROP INDEX IF EXISTS "post_title"`, "drops the index post_title")
	expect(t, dropIndexRule, postgres, before, `DROP INDEX public.elsewhere`, "drops the index elsewhere")
	expect(t, dropIndexRule, postgres, before, `DROP INDEX CONCURRENTLY post_title`)
	expect(t, dropIndexRule, postgres, before, `CREATE TABLE a (id int); CREATE INDEX a_id ON a (id); DROP INDEX a_id`)
	expect(t, dropIndexRule, sqlite, before, `DROP INDEX post_title`)
}
