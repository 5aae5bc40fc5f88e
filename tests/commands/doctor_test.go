package commands

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
)

// The doctor finds nothing wrong with the reference application, and each thing that is broken on purpose.
func TestDoctor(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		env := map[string]string{"DATABASE_URL": url}
		if code, _, log := run(t, env, "doctor"); code == 0 {
			t.Errorf("of an empty database: %s", log)
		}
		if code, _, log := run(t, env, "migrate", "up"); code != 0 {
			t.Fatal(log)
		}
		code, out, log := run(t, env, "doctor")
		if code != 0 || strings.Contains(out, "wrong  ") || strings.Contains(out, "slow  ") {
			t.Fatalf("%d %s %s", code, out, log)
		}
		driver, source := "sqlite", strings.TrimPrefix(url, "sqlite:")
		if strings.HasPrefix(url, "postgres") {
			driver, source = "postgres", url
		}
		db, err := sql.Open(driver, source)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, statement := range []string{"DROP INDEX comment_author_id_created_at_id", "DROP INDEX post_created_at_id", "DROP INDEX comment_post_id_created_at_id", "CREATE INDEX comments_of ON comments (post_id)"} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		code, out, log = run(t, env, "doctor")
		if code != 1 || !strings.Contains(log, "something is wrong") {
			t.Errorf("%d %s", code, log)
		}
		expect(t, out,
			"has no index that begins with author_id: it refers to users", `Indexes of Comment: index.Fields("author_id", "id"); then migrate new`,
			"has no index that begins with created_at: lists of Post are sorted by it", `Indexes of Post: index.Fields("created_at", "id")`,
			"has no index that begins with post_id, created_at: the list Post.comments is sorted by it", "wrong, 1 slow")
		if strings.Index(out, "wrong") > strings.Index(out, "slow") {
			t.Errorf("the worst does not come first: %s", out)
		}
		env["ENTWINE_MIGRATIONS"] = "external"
		if _, out, _ = run(t, env, "doctor"); !strings.Contains(out, "CREATE INDEX") || strings.Contains(out, "index.Fields") {
			t.Errorf("of a database that somebody else migrates: %s", out)
		}
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE votes RENAME TO ballots"); err != nil {
			t.Fatal(err)
		}
		if code, out, _ = run(t, env, "doctor"); code != 1 || !strings.Contains(out, "table votes is not there") {
			t.Errorf("%d %s", code, out)
		}
	})
}
