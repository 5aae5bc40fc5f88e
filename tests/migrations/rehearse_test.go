package migrations

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestRehearseCommunity: the transcript in docs/migrations.md is that of these changes.
func TestRehearseCommunity(t *testing.T) {
	data := testenv.DataSet(t, "community")
	each(t, func(t *testing.T, p *project) {
		t.Chdir(p.dir)
		if err := os.WriteFile("go.mod", []byte("module example.com/community\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &community{project: p}
		c.must(t, "migrate", "new", "init")
		c.must(t, "load", data)
		before := c.digests(t)
		for _, step := range changes[:4] {
			c.n++
			c.must(t, append([]string{"migrate", "new", step.name}, step.answers...)...)
		}
		out := c.must(t, "migrate", "rehearse")
		t.Log("\n" + out)
		expect(t, out, "_a_nullable_column.up.sql", "badges new, 0", "ok    after going down all values of 7892 rows in 2 tables that they name are the same",
			"ok    after going down all values of 25071 rows in 6 tables that no migration names are the same", "ok    after going down the tables are the same",
			"ok    after going up again the tables are the same", "4 migrations rehearsed")
		if p.postgres {
			expect(t, out, "locks  ACCESS EXCLUSIVE on users: nobody else reads or writes it meanwhile", "locks  SHARE ROW EXCLUSIVE on users: nobody else writes it meanwhile")
		}
		if strings.Contains(out, "WRONG") || strings.Contains(out, "note") {
			t.Error(out)
		}
		c.n = 0
		compare(t, "after the rehearsal", before, c.digests(t), change{}, false)
	})
}

// TestLintCommunity: what only adds is not complained about, and everything else is. Posts can be searched, which a table with a new
// name is made for anew.
func TestLintCommunity(t *testing.T) {
	want := map[string][]string{
		"a column with a new name":       {"sqlite rename-column", "postgres rename-column"},
		"a table with a new name":        {"sqlite rename-table", "postgres rename-table", "postgres rewrite-table", "postgres blocking-index"},
		"an index":                       {"postgres blocking-index"},
		"a column that becomes required": {"sqlite set-not-null", "postgres set-not-null"},
		"a number that becomes a text":   {"postgres rewrite-table"},
		"a required column":              {"sqlite drop-default", "postgres drop-default"},
		"a column less":                  {"sqlite drop-column", "postgres drop-column"},
		"a foreign key that restricts":   {"postgres foreign-key-at-once"},
		"an index less":                  {"postgres drop-index"},
		"a check":                        {"postgres check-at-once"},
		"a unique column":                {"postgres blocking-index"},
		"a table less":                   {"sqlite drop-table", "postgres drop-table"},
	}
	c := &community{project: &project{dir: t.TempDir(), url: "sqlite::memory:"}}
	t.Chdir(c.dir)
	if err := os.WriteFile("go.mod", []byte("module example.com/community\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := c.must(t, "migrate", "new", "init"); strings.Contains(out, "Safer") {
		t.Error(out)
	}
	found := regexp.MustCompile(`migrate/(\w+)/.*: (?:error|warning|note): .* \(([a-z-]+)\)`)
	for c.n = 1; c.n <= len(changes); c.n++ {
		step := changes[c.n-1]
		out := c.must(t, append([]string{"migrate", "new", step.name}, step.answers...)...)
		var got []string
		for _, m := range found.FindAllStringSubmatch(out, -1) {
			got = append(got, m[1]+" "+m[2])
		}
		if !slices.Equal(got, want[step.name]) {
			t.Errorf("%s: %q; want %q\n%s", step.name, got, want[step.name], out)
		}
	}
}
