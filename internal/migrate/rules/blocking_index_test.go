package rules

import (
	"slices"
	"strings"
	"testing"
)

func TestBlockingIndex(t *testing.T) {
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX post_title ON posts USING gin (title)`, "makes an index on posts while writers wait")
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE UNIQUE INDEX IF NOT EXISTS post_title ON public.posts (lower(title)) WHERE score > 0`, "makes an index on posts while writers wait")
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `ALTER TABLE posts ADD CONSTRAINT post_title UNIQUE (title)`, "makes an index on posts while writers wait")
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX CONCURRENTLY post_title ON posts (title); ALTER TABLE posts ADD CONSTRAINT a UNIQUE USING INDEX b`)
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE TABLE a (id int); CREATE INDEX a_id ON a (id)`)
	expect(t, blockingIndex, postgres, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `REINDEX TABLE posts; REINDEX INDEX CONCURRENTLY post_title`, "makes posts anew while writers wait")
	expect(t, blockingIndex, sqlite, `CREATE TABLE posts (id bigint PRIMARY KEY, title varchar(20) NOT NULL, "text" text, score integer)`, `CREATE INDEX post_title ON posts (title)`)
}

// The way out makes the same index.
func TestBlockingIndexSafer(t *testing.T) {
	for text, want := range map[string]string{
		`CREATE INDEX by_title ON posts (title, id)`:       "CREATE INDEX CONCURRENTLY by_title ON posts (title, id);",
		`CREATE UNIQUE INDEX by_title ON posts (title)`:    "CREATE UNIQUE INDEX CONCURRENTLY by_title ON posts (title);",
		`CREATE INDEX by_title ON posts USING gin (title)`: "CREATE INDEX CONCURRENTLY by_title ON posts USING gin (title);",
	} {
		found := Lint(postgres, []File{{Statements: split(`CREATE TABLE posts (id bigint, title text)`), Known: true}, {Statements: split(text)}})
		if i := slices.IndexFunc(found, func(f Finding) bool { return f.Rule == blockingIndex.Name }); i < 0 || !strings.Contains(found[i].Safer, want) {
			t.Errorf("%s: %+v", text, found)
		}
	}
}
