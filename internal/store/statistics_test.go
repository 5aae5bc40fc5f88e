package store_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/store"
)

// Connections that are open plan by the statistics that a server takes, and take others when the tables have grown.
func TestStatisticsChangePlans(t *testing.T) {
	db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "a.db"), store.Options{MaxConns: 1})
	db.mustExec(t, `CREATE TABLE posts (id integer PRIMARY KEY, status text, made integer)`)
	db.mustExec(t, `CREATE INDEX posts_status ON posts (status)`)
	db.mustExec(t, `CREATE INDEX posts_made ON posts (made)`)
	const newest = `SELECT id FROM posts WHERE status IN ('draft', 'published') ORDER BY made DESC LIMIT 10`
	analyze := func(rows string) (plan string, analyzed int) {
		t.Helper()
		db.mustExec(t, `INSERT INTO posts (status, made) `+rows)
		db.column(t, newest) // has the reader open, with the statement prepared
		db.traced()
		if err := db.Analyze(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, statement := range db.traced() {
			if strings.HasPrefix(statement, "ANALYZE") {
				analyzed++
			}
		}
		db.column(t, newest)
		return queryPlan(t, db, newest), analyzed
	}
	const numbers = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100) `
	if plan, n := analyze(numbers + `SELECT n, n FROM n`); !strings.Contains(plan, "posts_status") || n != 1 {
		t.Errorf("where few rows have a status: %d tables analyzed, plan\n%s", n, plan)
	}
	if plan, n := analyze(`SELECT 'draft', 101`); !strings.Contains(plan, "posts_status") || n != 0 {
		t.Errorf("with a row more: %d tables analyzed, plan\n%s", n, plan)
	}
	db.mustExec(t, `UPDATE posts SET status = 'published'`)
	if plan, n := analyze(numbers + `SELECT 'published', a.n FROM n a, n b`); !strings.Contains(plan, "posts_made") || n != 1 {
		t.Errorf("where all rows have the status: %d tables analyzed, plan\n%s", n, plan)
	}
}

// queryPlan is how a reader finds the rows of a query.
func queryPlan(t *testing.T, db *bundle, query string) string {
	t.Helper()
	var plan strings.Builder
	err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			plan.WriteString(detail + "\n")
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
