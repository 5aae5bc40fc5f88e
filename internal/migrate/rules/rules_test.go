package rules

import (
	"slices"
	"strings"
	"testing"
)

const (
	postgres = "postgres"
	sqlite   = "sqlite3"
)

// expect compares what a rule says about a file that comes after another one.
func expect(t *testing.T, rule Rule, dialect, before, text string, want ...string) {
	t.Helper()
	found := Lint(dialect, []File{{Statements: split(before), Known: true}, {Text: text, Statements: split(text), NoTransaction: strings.HasPrefix(text, "-- atlas:txmode none\n")}})
	var got []string
	for _, f := range found {
		if f.Rule == rule.Name {
			got = append(got, f.What)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s on %s: %q; want %q", text, dialect, got, want)
	}
}

// split is enough for statements without a semicolon inside.
func split(text string) []Statement {
	var out []Statement
	for part := range strings.SplitSeq(text, ";") {
		out = append(out, Statement{Text: part, Line: 1})
	}
	return out
}

func TestRulesAreExplained(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range All() {
		text := r.Explain()
		if r.Name == "" || seen[r.Name] || r.Severity == "" || !strings.HasSuffix(r.Reason, ".") || strings.Contains(text, "{") {
			t.Errorf("%s", text)
		}
		seen[r.Name] = true
	}
}

func TestAFileSilencesARule(t *testing.T) {
	lint := func(text string) []string {
		var out []string
		for _, f := range Lint(postgres, []File{{Path: "a.up.sql", Text: text, Statements: split("DROP TABLE posts")}}) {
			out = append(out, f.Rule+": "+f.What)
		}
		return out
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"-- entwine:allow drop-table nothing reads it since release 7", nil},
		{"-- entwine:allow drop-table", []string{"allow: allows drop-table without a reason", "drop-table: drops the table posts"}},
		{"-- entwine:allow dropping it is old", []string{`allow: there is no rule "dropping" to allow`, "drop-table: drops the table posts"}},
		{"-- entwine:allow drop-column it is old", []string{"drop-table: drops the table posts"}},
	} {
		if got := lint(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q; want %q", c.text, got, c.want)
		}
	}
}

func TestFindingsAreComplete(t *testing.T) {
	found := Lint(postgres, []File{{Path: "migrate/postgres/1_a.up.sql", Statements: []Statement{{Text: `ALTER TABLE "posts" RENAME "text" TO "body"`, Line: 7}}}})
	want := `migrate/postgres/1_a.up.sql:7: error: renames the column posts.text to body (rename-column)
  The version that still runs knows the old name only, and fails from this moment until it is replaced.
  Safer:
    Where servers are stopped for the migration, allow it. Otherwise expand, migrate, contract, a release each:
    ALTER TABLE posts ADD COLUMN body text;`
	if len(found) != 1 || !strings.HasPrefix(found[0].String(), want) {
		t.Errorf("%v\nwant\n%s", found, want)
	}
}

// What is not SQL as we know it must not stop the reading.
func FuzzLint(f *testing.F) {
	f.Add("ALTER TABLE a ADD b int DEFAULT (1", "$$")
	f.Add("CREATE TABLE (", "'")
	f.Fuzz(func(_ *testing.T, a, b string) {
		for _, dialect := range []string{postgres, sqlite} {
			Lint(dialect, []File{{Text: a, Statements: []Statement{{Text: a, Line: 1}, {Text: b, Line: 2}}}})
		}
	})
}
