package gatewaytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/gateway/access"
)

// updateVariable makes Snapshots write its files instead of comparing with them.
const updateVariable = "ENTWINE_TEST_UPDATE"

// Snapshots runs each operation NAME.graphql of a folder, as a subtest, and compares what comes of it with files beside it:
//
//	NAME.json             its variables, if it has any
//	NAME.result.json      the response, which is the same on both databases
//	NAME.sqlite.sql       the SQL of its statements, in order
//	NAME.postgres.sql
//
// The first line may say who sends it: "# as user 2", "# as role admin", "# as user 2, role moderator". It is anonymous
// otherwise. Set ENTWINE_TEST_UPDATE=1 to write the files, and look at the difference before you commit it.
//
// The data must be the same at each run: use it for reads of rows whose times are fixed.
func (g *Gateway) Snapshots(t *testing.T, dir string) {
	t.Helper()
	operations, err := filepath.Glob(filepath.Join(dir, "*.graphql"))
	if err != nil || len(operations) == 0 {
		t.Fatalf("no operations (*.graphql) in %s", dir)
	}
	for _, path := range operations {
		base := strings.TrimSuffix(path, ".graphql")
		t.Run(filepath.Base(base), func(t *testing.T) { g.snapshot(t, base) })
	}
	results, err := filepath.Glob(filepath.Join(dir, "*.result.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range results {
		if _, err := os.Stat(strings.TrimSuffix(path, ".result.json") + ".graphql"); err != nil {
			t.Errorf("%s belongs to no operation: remove it, and its .sql files", path)
		}
	}
}

func (g *Gateway) snapshot(t *testing.T, base string) {
	query, err := os.ReadFile(base + ".graphql")
	if err != nil {
		t.Fatal(err)
	}
	viewer, err := viewerOf(string(query))
	if err != nil {
		t.Fatalf("%s.graphql: %v", base, err)
	}
	var variables map[string]any
	if b, err := os.ReadFile(base + ".json"); err == nil {
		if err := json.Unmarshal(b, &variables); err != nil {
			t.Fatalf("%s.json: %v", base, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	g.Statements()
	body := g.Send(t, viewer, string(query), variables)
	statements, _ := g.Statements()

	var result bytes.Buffer
	if err := json.Indent(&result, body, "", "  "); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	result.WriteByte('\n')
	var sql strings.Builder
	for _, s := range statements {
		sql.WriteString(clauses(s) + ";\n\n")
	}
	same(t, base+".result.json", result.String())
	same(t, base+"."+strings.TrimSuffix(g.Dialect(), "3")+".sql", strings.TrimSuffix(sql.String(), "\n"))
}

// viewerOf reads the viewer from an operation's first line.
func viewerOf(query string) (v access.Viewer, err error) {
	first, _, _ := strings.Cut(query, "\n")
	who, ok := strings.CutPrefix(first, "# as ")
	if !ok || who == "anonymous" {
		return v, nil
	}
	for part := range strings.SplitSeq(who, ",") {
		switch kind, name, _ := strings.Cut(strings.TrimSpace(part), " "); kind {
		case "user":
			v.UserID = name
		case "role":
			v.Roles = append(v.Roles, name)
		default:
			return v, fmt.Errorf("%q does not name a viewer; write for example: # as user 2, role moderator", first)
		}
	}
	return v, nil
}

// same compares text with a file, or writes the file.
func same(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv(updateVariable) != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is not there; write it with: %s=1 go test", path, updateVariable)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-file +now); if that is right: %s=1 go test\n%s", path, updateVariable, diff)
	}
}

// clauses puts each clause of a statement on a line of its own, so that a difference shows where it is.
func clauses(statement string) string {
	var b strings.Builder
	depth, quote := 0, byte(0)
	for i := range len(statement) {
		switch c := statement[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ' ' && depth == 0 && startsClause(statement[:i], statement[i+1:]):
			b.WriteString("\n")
			continue
		}
		b.WriteByte(statement[i])
	}
	return b.String()
}

var (
	clause = regexp.MustCompile(`^(FROM|WHERE|GROUP BY|ORDER BY|LIMIT|UNION|VALUES|SET|RETURNING|((LEFT|CROSS) )?JOIN) `)
	// halfJoin is what a JOIN belongs to.
	halfJoin = regexp.MustCompile(` ?(LEFT|CROSS)$`)
)

func startsClause(before, rest string) bool {
	return clause.MatchString(rest) && !halfJoin.MatchString(before)
}
