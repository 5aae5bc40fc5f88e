package clients

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

// The lists that clients page through have rows, each, and the pages have a size that does not divide it.
const rows = 250

// row is what the order of a post or a comment depends on: both have ties in everything but the id, and missing values.
type row struct {
	id    int
	score int
	extra *int // a post's favorites, or the hour in which a comment was edited
}

// listed returns the rows of a list; one in so many has a value missing.
func listed(missing int) (list []row) {
	for i := range rows {
		r := row{id: i + 1, score: i * 7 % 11}
		if i%missing != 0 {
			extra := i * 5 % 13
			r.extra = &extra
		}
		list = append(list, r)
	}
	return list
}

var (
	posts    = listed(4)
	comments = listed(3) // on the first post; each other post has three, with the next ids
)

// data fills the database: the posts are two users', the comments are the first user's.
func data(context.Context) iter.Seq[entity.Rows] {
	written := time.Date(2020, time.May, 1, 12, 0, 0, 0, time.UTC)
	return slices.Values([]entity.Rows{
		{
			Table: "users", Columns: []string{"id", "name", "username", "created_at"},
			Values: slices.Values([][]any{{int64(1), "Ada", "ada", written}, {int64(2), "Bo", "bo", written}}),
		},
		{
			Table:   "posts",
			Columns: []string{"id", "title", "slug", "body", "status", "author_id", "score", "favorite_count", "created_at"},
			Values: func(yield func([]any) bool) {
				for _, p := range posts {
					var favorites any
					if p.extra != nil {
						favorites = int64(*p.extra)
					}
					name := strconv.Itoa(p.id)
					if !yield([]any{
						int64(p.id), "Post " + name, "post-" + name, "", "published", int64(1 + p.id%2), int64(p.score), favorites, written,
					}) {
						return
					}
				}
			},
		},
		{
			Table:   "comments",
			Columns: []string{"id", "kind", "post_id", "author_id", "message", "score", "created_at", "updated_at"},
			Values: func(yield func([]any) bool) {
				for _, c := range comments {
					var edited any
					if c.extra != nil {
						edited = written.Add(time.Duration(*c.extra) * time.Hour)
					}
					if !yield([]any{int64(c.id), "comment", int64(1), int64(1), "Comment", int64(c.score), written, edited}) {
						return
					}
				}
				for i := range 3 * (rows - 1) {
					if !yield([]any{int64(rows + i + 1), "comment", int64(2 + i/3), int64(1), "Remark", int64(0), written, nil}) {
						return
					}
				}
			},
		},
	})
}

// expected writes the ids that clients must find, in the order that they ask for:
//
//	posts     orderBy: [{ field: FAVORITE_COUNT, direction: DESC, nulls: FIRST }, { field: SCORE }]
//	comments  orderBy: [{ field: UPDATED_AT, nulls: LAST }, { field: SCORE, direction: DESC }]
func expected(t *testing.T) (file string) {
	t.Helper()
	orders := map[string][]string{
		"Post": ordered("Post", posts, func(a, b row) int {
			return cmp.Or(compareExtra(a.extra, b.extra, -1, -1), cmp.Compare(a.score, b.score), cmp.Compare(a.id, b.id))
		}),
		"Comment": ordered("Comment", comments, func(a, b row) int {
			return cmp.Or(compareExtra(a.extra, b.extra, 1, 1), -cmp.Compare(a.score, b.score), -cmp.Compare(a.id, b.id))
		}),
	}
	text, err := json.Marshal(orders)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// compareExtra compares in a direction, 1 or -1; a missing value is before (-1) or after (1) all others.
func compareExtra(a, b *int, direction, nulls int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return nulls
	case b == nil:
		return -nulls
	default:
		return direction * cmp.Compare(*a, *b)
	}
}

// ordered returns the global ids of a list after sorting it.
func ordered(entity string, list []row, by func(a, b row) int) (ids []string) {
	for _, r := range slices.SortedFunc(slices.Values(list), by) {
		ids = append(ids, base64.StdEncoding.EncodeToString([]byte(entity+":"+strconv.Itoa(r.id))))
	}
	return ids
}
