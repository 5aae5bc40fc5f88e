package queries

import (
	"context"
	"sync"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestOneState: while comments are added and removed in pairs, in one transaction each, no response shows half a pair, and
// totals agree with lists that another statement read.
func TestOneState(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 20)
		app.Exec(t, `DELETE FROM comments`)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil {
				for _, statement := range []string{
					`INSERT INTO comments (kind, post_id, message, score, is_accepted, created_at) SELECT 'comment', id, 'pair', 0, is_system, created_at FROM (SELECT p.id, u.is_system, p.created_at FROM posts p, users u WHERE p.id IN (7, 8) AND u.id = 1) x`,
					`DELETE FROM comments`,
				} {
					app.Exec(t, statement)
				}
			}
		})
		const query = `{
			comments { totalCount nodes { id } }
			a: post(id: "UG9zdDo3") { comments { totalCount nodes { id } } }
			b: post(id: "UG9zdDo4") { comments { totalCount nodes { id } } }
		}`
		seen := make(map[float64]int)
		for range 400 {
			r := app.Must(t, testapp.Admin, query, nil)
			total := r.At("comments", "totalCount").(float64)
			seen[total]++
			list := float64(len(r.At("comments", "nodes").([]any)))
			a, b := r.At("a", "comments", "totalCount").(float64), r.At("b", "comments", "totalCount").(float64)
			if list != total || a+b != total || a != b {
				t.Errorf("two states in one response: %s", r.Raw)
				break
			}
		}
		stop()
		wg.Wait()
		if len(seen) < 2 {
			t.Errorf("nothing changed meanwhile: %v", seen)
		}
	})
}
