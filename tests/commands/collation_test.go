package commands

import (
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// TestForeignCollations: texts sort by code point, and enums by their spelling, in a database of somebody else, too, whose columns have
// the order of a language, none between upper and lower case, or that of a declaration.
func TestForeignCollations(t *testing.T) {
	queries := []string{
		`{ posts(first: 100, orderBy: [{ field: AUTHOR_NAME }]) { edges { cursor node { authorName } } } }`,
		`{ posts(first: 100, orderBy: [{ field: LICENSE, direction: DESC, nulls: FIRST }, { field: AUTHOR_NAME, direction: DESC }]) { edges { cursor node { license authorName } } } }`,
		`{ posts(first: 100, orderBy: [{ author: { field: NAME, direction: DESC } }, { field: STATUS }, { field: AUTHOR_NAME }]) { nodes { authorName status author { name } } } }`,
		`{ users(orderBy: [{ field: NAME }]) { nodes { name posts(first: 3, orderBy: [{ field: AUTHOR_NAME, direction: DESC }]) { nodes { authorName } pageInfo { hasNextPage } } } } }`,
		`{ posts(where: { authorName: { gte: "Z", lt: "é" } }, orderBy: [{ field: AUTHOR_NAME }]) { nodes { authorName } totalCount } }`,
		`{ posts(where: { authorName: { startsWith: "a" } }) { totalCount } }`,
		`{ posts(where: { authorName: { startsWithFold: "a" }, status: { in: [PUBLISHED, WIKI] } }) { totalCount aggregate { min { authorName } max { authorName license } } } }`,
		`{ posts(where: { status: { eq: PUBLISHED } }) { totalCount } }`,
		`{ postGroups(by: [{ field: STATUS }], having: { max: { authorName: { gt: "a" } } }, orderBy: [{ min: { authorName: ASC } }]) { key { status } aggregate { min { authorName } max { authorName } } } }`,
		`{ postGroups(by: [{ field: STATUS }, { author: { field: NAME } }], orderBy: [{ key: { field: STATUS }, direction: DESC }]) { key { status author { name } } } }`,
		`{ postGroups(by: [{ field: AUTHOR_NAME }]) { key { authorName } } }`,
	}
	changes := map[string][]string{
		"sqlite": {
			"PRAGMA writable_schema = ON",
			"UPDATE sqlite_master SET sql = replace(replace(sql, '`author_name` text', '`author_name` text COLLATE NOCASE'), '`license` text', '`license` text COLLATE nocase') WHERE name = 'posts'",
			"UPDATE sqlite_master SET sql = replace(sql, '`name` text NOT NULL', '`name` text NOT NULL COLLATE NOCASE') WHERE name = 'users'",
		},
		"postgres": {
			`ALTER TABLE posts ALTER author_name TYPE text COLLATE "en-US-x-icu", ALTER license TYPE varchar COLLATE "en-US-x-icu", ALTER status DROP DEFAULT`,
			`CREATE TYPE status_enum AS ENUM ('wiki', 'published', 'closed', 'draft', 'archived')`,
			`ALTER TABLE posts ALTER status TYPE status_enum USING status::status_enum`,
			`ALTER TABLE users ALTER name TYPE text COLLATE "de-x-icu"`,
		},
	}
	for database, statements := range changes {
		t.Run(database, func(t *testing.T) {
			t.Chdir(t.TempDir())
			env := map[string]string{"DATABASE_URL": "sqlite:./theirs.db"}
			if database == "postgres" {
				env["DATABASE_URL"] = pgtest.New(t)
			}
			if code, _, log := run(t, env, "migrate", "push"); code != 0 {
				t.Fatal(log)
			}
			exec := func(statements ...string) {
				t.Helper()
				db, err := store.Open(t.Context(), env["DATABASE_URL"], store.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				for _, text := range statements {
					if err := db.Driver().Exec(t.Context(), text, []any{}, nil); err != nil {
						t.Fatalf("%s: %v", text, err)
					}
				}
			}
			exec(`INSERT INTO users (id, name, username, credits, up_votes, down_votes, profile_views, is_system, created_at)
				VALUES (1, 'bob', 'b', 0, 0, 0, 0, false, '2020-01-01 00:00:00+00:00'), (2, 'Zoe', 'z', 0, 0, 0, 0, false, '2020-01-01 00:00:00+00:00'),
				(3, 'Äda', 'a', 0, 0, 0, 0, false, '2020-01-01 00:00:00+00:00')`)
			for i, name := range strings.Fields("a B b A Z z É é e ab Ab aB _x 😀 ﬀ ß ss Zoo zoo -a") {
				status := []string{"published", "wiki", "closed"}[i%3]
				license := []string{"'MIT'", "'mit'", "'Ö'", "NULL"}[i%4]
				exec(`INSERT INTO posts (author_name, title, slug, body, status, author_id, score, view_count, created_at, license) VALUES ('` +
					name + `', 't', 's` + string(rune('a'+i)) + `', '', '` + status + `', ` + string(rune('1'+i%3)) + `, 0, 0, '2020-01-01 00:00:00+00:00', ` + license + `)`)
			}
			env["ENTWINE_MIGRATIONS"] = "external"
			ask := func() (answers []string) {
				s := start(t, env, "serve")
				defer s.stop()
				for _, query := range queries {
					_, answer := s.post(t, "", query)
					answers = append(answers, answer)
				}
				// Page by page.
				after := "null"
				for range 20 {
					_, answer := s.post(t, "", `{ posts(first: 3, after: `+after+`, orderBy: [{ field: LICENSE, nulls: FIRST }, { field: AUTHOR_NAME, direction: DESC }]) { nodes { authorName } pageInfo { endCursor } } }`)
					answers = append(answers, answer)
					if after = answer[strings.LastIndex(answer, `:`)+1 : strings.Index(answer, `}}}}`)]; after == "null" {
						break
					}
				}
				return answers
			}
			want := ask()
			if strings.Contains(strings.Join(want, ""), `"errors"`) {
				t.Fatal(want)
			}
			exec(statements...)
			for i, got := range ask() {
				if got != want[i] {
					t.Errorf("answer %d:\n%s\nwant %s", i, got, want[i])
				}
			}
		})
	}
}

// TestForeignHistory: a database of somebody else that lacks the table for the history of rows is not served, and it is said why.
func TestForeignHistory(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Chdir(t.TempDir())
			env := map[string]string{"DATABASE_URL": "sqlite:./theirs.db"}
			if database == "postgres" {
				env["DATABASE_URL"] = pgtest.New(t)
			}
			if code, _, log := run(t, env, "migrate", "push"); code != 0 {
				t.Fatal(log)
			}
			db, err := store.Open(t.Context(), env["DATABASE_URL"], store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Driver().Exec(t.Context(), "DROP TABLE entwine_history", []any{}, nil); err != nil {
				t.Fatal(err)
			}
			env["ENTWINE_MIGRATIONS"] = "external"
			code, _, log := run(t, env, "serve", "--addr", "127.0.0.1:0")
			expect(t, log, "table entwine_history does not exist", "entity.History")
			if code != 1 {
				t.Errorf("code %d", code)
			}
		})
	}
}
