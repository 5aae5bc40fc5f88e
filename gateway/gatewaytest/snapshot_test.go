package gatewaytest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/gateway/access"
)

func TestViewerOf(t *testing.T) {
	for query, want := range map[string]access.Viewer{
		"{ notes { totalCount } }":                    {},
		"# All notes.\n{ notes { totalCount } }":      {},
		"# as anonymous\n{ notes { totalCount } }":    {},
		"# as role admin\n{ notes { totalCount } }":   {Roles: []string{"admin"}},
		"# as user 2, role moderator, role cook\n{ }": {UserID: "2", Roles: []string{"moderator", "cook"}},
	} {
		if got, err := viewerOf(query); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%q: %+v, %v", query, got, err)
		}
	}
	if _, err := viewerOf("# as admin\n{ notes { totalCount } }"); err == nil {
		t.Error("a viewer that cannot be understood was taken for an anonymous one")
	}
}

func TestClauses(t *testing.T) {
	got := clauses(`SELECT p.k, l.* FROM unnest($1) AS p(k) CROSS JOIN LATERAL (SELECT t."id" FROM "a FROM b" t LIMIT 1) l WHERE x = ' WHERE y' ORDER BY p.k`)
	want := `SELECT p.k, l.*
FROM unnest($1) AS p(k)
CROSS JOIN LATERAL (SELECT t."id" FROM "a FROM b" t LIMIT 1) l
WHERE x = ' WHERE y'
ORDER BY p.k`
	if got != want {
		t.Error(cmp.Diff(want, got))
	}
}

func TestWrites(t *testing.T) {
	g := &Gateway{statements: []string{
		"BEGIN", `INSERT INTO "notes" ("title") VALUES ($1) RETURNING "id"`, `SELECT 1 FROM "notes"`, "COMMIT",
		"BEGIN", "UPDATE `users` SET `name` = ?", "ROLLBACK",
		"DELETE FROM votes WHERE id = 1",
		// What finds no row by a single statement is tried in a transaction.
		`UPDATE "notes" SET "title" = $1 WHERE ("id" = $2) AND ("notes"."author_id" = $3) RETURNING "id"`, "BEGIN", `SELECT 1 FROM "notes"`, "ROLLBACK",
		`UPDATE "users" SET "name" = $1 WHERE ("id" = $2) AND ("users"."id" = $3) RETURNING "id"`,
	}}
	if got, want := g.writes(), []string{"insert notes", "delete votes", "update users"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
