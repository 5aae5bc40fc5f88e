package gatewaytest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// matrixRows is how many rows of an entity are tried, from the first to the last, beside those of viewers.
const matrixRows = 12

// Matrix tries every operation on every entity, for an anonymous viewer, for each of the users, and for the first of them with
// each role that some rule names. Rows of the database are looked up, listed, changed, deleted and made anew through the API,
// and that has to be allowed exactly where the rules, as SQL, say so. All of it is undone.
//
// What came of it is kept in a file, after what `rules` prints: who may do what with how many of the rows that were tried. A
// change of a rule changes the file, so that it is seen in review. Set ENTWINE_TEST_UPDATE=1 to write it. The rows must be the
// same at each run, with users who exist and, if there are tenants, work for one.
func (g *Gateway) Matrix(t *testing.T, file string, users ...access.Viewer) {
	t.Helper()
	if len(users) == 0 {
		t.Fatal("the matrix needs a user")
	}
	viewers := append([]access.Viewer{{}}, users...)
	for _, role := range g.Handle.Catalog.Roles() {
		v := users[0]
		v.Roles = append(slices.Clone(v.Roles), role)
		viewers = append(viewers, v)
	}
	var out, log bytes.Buffer
	if code := gateway.Run(t.Context(), g.app, []string{"rules"}, os.LookupEnv, &out, &log); code != 0 {
		t.Fatalf("rules: %s", &log)
	}
	out.WriteString("How many rows, of those that were tried:\n")
	for _, e := range g.Handle.Catalog.Entities {
		if e.Hidden {
			continue
		}
		m := &matrix{g: g, entity: e, rows: g.sample(t, e, viewers)}
		fmt.Fprintf(&out, "\n%-28s", e.Name)
		for _, op := range access.Operations() {
			fmt.Fprintf(&out, "%10s", op)
		}
		out.WriteString("\n")
		for _, v := range viewers {
			fmt.Fprintf(&out, "  %-26s", who(v))
			for _, op := range access.Operations() {
				fmt.Fprintf(&out, "%10s", m.cell(t, v, op))
			}
			out.WriteString("\n")
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	same(t, file, out.String())
}

type matrix struct {
	g      *Gateway
	entity *entity.Entity
	rows   []row
}

// cell is how many rows the viewer may do op with, of how many.
func (m *matrix) cell(t *testing.T, v access.Viewer, op access.Operation) string {
	t.Helper()
	allowed, tried := 0, 0
	for _, r := range m.rows {
		got, err := m.g.attempt(t, v, op, r)
		if errors.Is(err, errNotOffered) {
			return "-"
		}
		var want bool
		if err == nil {
			want, err = m.want(t, v, op, r)
		}
		switch {
		case err != nil && op == access.Create: // not every row can be made again
			continue
		case err != nil:
			t.Errorf("%s %s %s: %v", who(v), op, r.id(), err)
		case got != want:
			t.Errorf("%s, %s %s %v: the API says %v, the rules say %v\n%s", who(v), op, m.entity.Name, r.key, got, want, m.g.explain(t, v, op, r))
		}
		tried++
		if got {
			allowed++
		}
	}
	return fmt.Sprintf("%d/%d", allowed, tried)
}

// want is what the rules say, as SQL.
func (m *matrix) want(t *testing.T, v access.Viewer, op access.Operation, r row) (bool, error) {
	t.Helper()
	if op == access.Create {
		return m.g.allowedCreate(t, v, r)
	}
	return m.g.explain(t, v, op, r).Allowed, nil
}

// sample are rows of the entity: some that each viewer may do something with, and others spread over all of them.
func (g *Gateway) sample(t testing.TB, e *entity.Entity, viewers []access.Viewer) (rows []row) {
	t.Helper()
	all := g.keys(t, e, access.Read, access.Viewer{System: true})
	chosen := make(map[any]bool)
	for i := range matrixRows {
		if len(all) > 0 {
			chosen[all[i*(len(all)-1)/(matrixRows-1)]] = true
		}
	}
	for _, v := range viewers {
		for _, op := range access.Operations() {
			if keys := g.keys(t, e, op, v); len(keys) > 0 {
				chosen[keys[0]], chosen[keys[len(keys)-1]] = true, true
			}
		}
	}
	for _, key := range all {
		if chosen[key] {
			rows = append(rows, row{e, key})
		}
	}
	return rows
}

// keys are those of all rows with which the viewer may do op, in an order that is the same on both databases.
func (g *Gateway) keys(t testing.TB, e *entity.Entity, op access.Operation, v access.Viewer) []any {
	t.Helper()
	keys, err := g.engine.Keys(t.Context(), e, op, v)
	if err != nil {
		t.Fatalf("read the keys of %s: %v", e.Name, err)
	}
	slices.SortFunc(keys, func(a, b any) int {
		n, isInt := a.(int64)
		m, _ := b.(int64)
		if isInt {
			return cmp.Compare(n, m)
		}
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}
