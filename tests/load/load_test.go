// Package load_test loads the real and the made-up data into the reference app, on both databases.
package load_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/entwine-data/entwine/ent/catalog"
	"github.com/entwine-data/entwine/ent/demo"
	entmigrate "github.com/entwine-data/entwine/ent/migrate"
	"github.com/entwine-data/entwine/internal/load"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/testenv"
)

// both runs a test on two databases with the tables of the reference app.
func both(t *testing.T, test func(t *testing.T, db *store.DB)) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			url := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
			if name == "postgres" {
				url = pgtest.New(t)
			}
			db, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := migrate.Push(t.Context(), db, entmigrate.Tables); err != nil {
				t.Fatal(err)
			}
			test(t, db)
		})
	}
}

func number(t *testing.T, db *store.DB, query string) (n int) {
	t.Helper()
	err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return sql.ErrNoRows
		}
		return rows.Scan(&n)
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestDataSets(t *testing.T) {
	for _, name := range []string{"community", "community-fr"} {
		t.Run(name, func(t *testing.T) {
			dir := testenv.DataSet(t, name)
			var facts struct {
				Rows                  map[string]int
				PostsByStatus         map[string]int `json:"posts_by_status"`
				CommentsByKind        map[string]int `json:"comments_by_kind"`
				PostsWithoutAuthor    int            `json:"posts_without_author"`
				CommentsWithoutAuthor int            `json:"comments_without_author"`
				CommentsWithParent    int            `json:"comments_with_parent"`
				UsersWithoutBio       int            `json:"users_without_bio"`
				LongestComment        int            `json:"longest_comment_chars"`
				MaxComments           int            `json:"max_comments_on_one_post"`
			}
			text, err := os.ReadFile(filepath.Join(dir, "facts.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &facts); err != nil {
				t.Fatal(err)
			}
			both(t, func(t *testing.T, db *store.DB) {
				start := time.Now()
				result, err := load.Folder(t.Context(), db, entmigrate.Tables, catalog.New(), dir, load.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("loaded in %v", time.Since(start).Round(time.Millisecond))
				loaded := map[string]int{}
				for _, c := range result.Tables {
					loaded[c.Table+".csv"] = c.Rows
				}
				if !maps.Equal(loaded, facts.Rows) || len(result.Skipped) > 0 {
					t.Errorf("loaded %v and skipped %v; want %v", loaded, result.Skipped, facts.Rows)
				}
				want := map[string]int{
					`SELECT count(*) FROM posts WHERE author_id IS NULL`:                                 facts.PostsWithoutAuthor,
					`SELECT count(*) FROM comments WHERE author_id IS NULL`:                              facts.CommentsWithoutAuthor,
					`SELECT count(*) FROM comments WHERE parent_id IS NOT NULL`:                          facts.CommentsWithParent,
					`SELECT count(*) FROM users WHERE bio IS NULL`:                                       facts.UsersWithoutBio,
					`SELECT max(length(message)) FROM comments`:                                          facts.LongestComment,
					`SELECT max(n) FROM (SELECT count(*) AS n FROM comments GROUP BY post_id) AS counts`: facts.MaxComments,
					`SELECT count(*) FROM posts p JOIN comments c ON c.id = p.accepted_comment_id AND c.post_id = p.id AND c.is_accepted`://
					number(t, db, `SELECT count(*) FROM comments WHERE is_accepted`),
				}
				for table := range loaded {
					name := table[:len(table)-len(".csv")]
					want[`SELECT count(*) FROM `+name] = facts.Rows[table]
				}
				for status, n := range facts.PostsByStatus {
					want[`SELECT count(*) FROM posts WHERE status = '`+status+`'`] = n
				}
				for kind, n := range facts.CommentsByKind {
					want[`SELECT count(*) FROM comments WHERE kind = '`+kind+`'`] = n
				}
				for query, n := range want {
					if got := number(t, db, query); got != n {
						t.Errorf("%s = %d; want %d", query, got, n)
					}
				}
				if number(t, db, `SELECT count(*) FROM users WHERE id < 0`) == 0 && name == "community" {
					t.Error("the system account is missing")
				}
			})
		})
	}
}

func TestDemoData(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		empty, err := migrate.Empty(t.Context(), db, entmigrate.Tables)
		if err != nil || !empty {
			t.Fatalf("empty: %t, %v", empty, err)
		}
		start := time.Now()
		n, err := load.Rows(t.Context(), db, entmigrate.Tables, demo.Data(demo.Config{Users: 100})(t.Context()), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("loaded %d rows in %v", n, time.Since(start).Round(time.Millisecond))
		if empty, err := migrate.Empty(t.Context(), db, entmigrate.Tables); err != nil || empty {
			t.Errorf("afterwards empty: %t, %v", empty, err)
		}
		if got := number(t, db, `SELECT count(*) FROM comments`); got != 10_000 {
			t.Errorf("%d comments", got)
		}
		// Every post's score is that of its votes.
		if got := number(t, db, `SELECT count(*) FROM posts WHERE score <> (SELECT coalesce(sum(CASE type WHEN 'up' THEN 1 ELSE -1 END), 0)
			FROM votes WHERE votes.post_id = posts.id AND comment_id IS NULL)`); got != 0 {
			t.Errorf("%d posts have another score than their votes say", got)
		}
	})
}
