package demo

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
)

// The check values of the recipe.
func TestRandomNumbers(t *testing.T) {
	if got := mix(0); got != 0xe220a8397b1dcdaf {
		t.Errorf("mix(0) = %#x", got)
	}
	for _, c := range []struct{ seed, stream, row, draw, want uint64 }{
		{1, 1, 0, 0, 14512240895448352642},
		{1, 2, 99999, 3, 8168928126348564494},
		{42, 3, 999999, 7, 15668638603049782197},
	} {
		if got := newSource(c.seed, c.stream, c.row).draw(c.draw); got != c.want {
			t.Errorf("h(%d, %d, %d, %d) = %d; want %d", c.seed, c.stream, c.row, c.draw, got, c.want)
		}
	}
	var ranks []int
	for i := range 8 {
		ranks = append(ranks, Config{Seed: 1}.source(comments, i).rank(0, 1645))
	}
	if want := []int{2, 6, 361, 1032, 12, 7, 11, 13}; !slices.Equal(ranks, want) {
		t.Errorf("ranks: %v; want %v", ranks, want)
	}
}

func TestSpreadIsAPermutation(t *testing.T) {
	for _, n := range []int{1, 2, 500, 7919, 2 * 61803} {
		for _, step := range []int{userStep, postStep, tagStep} {
			seen := make([]bool, n+1)
			for rank := 1; rank <= n; rank++ {
				seen[spread(rank, n, step)] = true
			}
			if slices.Contains(seen[1:], false) {
				t.Errorf("n = %d, step = %d: not all ids", n, step)
			}
		}
	}
}

func TestWords(t *testing.T) {
	sorted := slices.Clone(words)
	slices.Sort(sorted)
	if n := len(slices.Compact(sorted)); n != 1000 || len(words) != 1000 {
		t.Errorf("%d words, %d different; want 1000", len(words), n)
	}
}

// table is what a test keeps of a table.
type table struct {
	count    int
	min, max int64 // of the first column
	sum      string
	rows     map[int64][]any
}

func collect(t *testing.T, c Config) map[string]table {
	t.Helper()
	tables := map[string]table{}
	for rows := range Data(c)(context.Background()) {
		hash := sha256.New()
		w := csv.NewWriter(hash)
		write := func(cells []string) {
			if err := w.Write(cells); err != nil {
				t.Fatal(err)
			}
		}
		write(rows.Columns)
		tab := table{min: 1 << 62, rows: map[int64][]any{}}
		for row := range rows.Values {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = cell(t, v)
			}
			write(cells)
			id := row[0].(int64)
			tab.count, tab.min, tab.max = tab.count+1, min(tab.min, id), max(tab.max, id)
			tab.rows[id] = slices.Clone(row)
		}
		w.Flush()
		if rows.Count > 0 && rows.Count != tab.count {
			t.Errorf("%s: announced %d rows, made %d", rows.Table, rows.Count, tab.count)
		}
		tab.sum = hex.EncodeToString(hash.Sum(nil))
		tables[rows.Table] = tab
	}
	return tables
}

func cell(t *testing.T, value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	t.Fatalf("value of type %T", value)
	return ""
}

// The data must not change by accident: others have computed answers from it.
func TestDataIsTheSameEverywhere(t *testing.T) {
	tables := collect(t, Config{Users: 100})
	for name, want := range map[string]string{
		"comments":  "10000 rows 1-10000 c12e3f97be61ac97fdac0257eb145facb1ca2c74bcd0a56d482248ce3e37aa57",
		"grids":     "200 rows 1-200 d7ab5e15ea19004a6168947ff12b49a841a2028084005f014ae12f2f2a2af16c",
		"post_tags": "1959 rows 1-1000 59a4f053e03e6fbea1efdebf05eeb3b753f62496920fb7d9ae40f5c1ec899692",
		"posts":     "1000 rows 1-1000 f2ecd175bb9e5c8c779531de25e297faa9a68d5340deb484b648ced2c40f4c3b",
		"tags":      "500 rows 1-500 591f2162ef973756aa5c315eb32c43367addd8727de1701440f93d24be7788e7",
		"users":     "100 rows 1-100 76bc4aed90c17a3cc64a5a961d3149738b434aaabc52039accff9ffcdbf2a5be",
		"votes":     "2912 rows 33-26000 00eb427ee71cfdd310136f029ba9c7df5f8c921a3ac4ce5a1722039211e4357d",
	} {
		tab := tables[name]
		if got := fmt.Sprintf("%d rows %d-%d %s", tab.count, tab.min, tab.max, tab.sum); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}

func TestRowsFitTogether(t *testing.T) {
	tables := collect(t, Config{Users: 300})
	at := func(row []any, column int) time.Time { return row[column].(time.Time) }
	refers := func(name string, column int, target string) {
		t.Helper()
		for id, row := range tables[name].rows {
			if row[column] == nil {
				continue
			}
			if _, ok := tables[target].rows[row[column].(int64)]; !ok {
				t.Errorf("%s %d: column %d refers to %v, which is not there", name, id, column, row[column])
			}
		}
	}
	refers("posts", 5, "users")
	refers("post_tags", 0, "posts")
	refers("post_tags", 1, "tags")
	refers("comments", 2, "posts")
	refers("comments", 3, "comments")
	refers("comments", 4, "users")
	refers("grids", 7, "users")
	refers("votes", 1, "posts")
	refers("votes", 2, "comments")
	refers("votes", 3, "users")

	unique := func(name string, columns ...int) {
		t.Helper()
		seen := map[string]bool{}
		for _, row := range tables[name].rows {
			key := ""
			for _, c := range columns {
				key += cell(t, row[c]) + "|"
			}
			if seen[key] {
				t.Errorf("%s: %s twice", name, key)
			}
			seen[key] = true
		}
	}
	unique("users", 2)
	unique("tags", 1)
	unique("posts", 2)
	unique("grids", 1)
	unique("votes", 0)
	unique("votes", 1, 2, 3, 4)

	depth := func(row []any) (n int) {
		for row[3] != nil {
			row = tables["comments"].rows[row[3].(int64)]
			n++
		}
		return n
	}
	deepest, replies := 0, 0
	for id, row := range tables["comments"].rows {
		post := tables["posts"].rows[row[2].(int64)]
		if !at(row, 7).After(at(post, 8)) {
			t.Errorf("comment %d is older than its post", id)
		}
		if row[3] != nil {
			replies++
			parent := tables["comments"].rows[row[3].(int64)]
			if parent[2] != row[2] || parent[0].(int64) >= id || !at(row, 7).After(at(parent, 7)) {
				t.Errorf("comment %d cannot answer %v", id, row[3])
			}
		}
		deepest = max(deepest, depth(row))
	}
	if deepest >= maxDepth || deepest < 5 {
		t.Errorf("deepest comment: %d", deepest)
	}
	if share := replies * 100 / len(tables["comments"].rows); share < 25 || share > 34 {
		t.Errorf("%d %% of comments are answers; want about a third", share)
	}
	for id, row := range tables["grids"].rows {
		if at(row, 5).Before(at(row, 4)) || row[6] != nil && !at(row, 6).After(at(row, 5)) {
			t.Errorf("grid %d: times out of order", id)
		}
	}
	ties := 0
	for id, row := range tables["posts"].rows {
		if before, ok := tables["posts"].rows[id-1]; ok && at(before, 8).Equal(at(row, 8)) {
			ties++
		}
	}
	if ties != len(tables["posts"].rows)/50 {
		t.Errorf("%d ties", ties)
	}
}

func TestAnyRowAloneIsTheSame(t *testing.T) {
	all, few := collect(t, Config{Users: 100}), collect(t, Config{Users: 100, Posts: 1000, Comments: 50, Grids: 7})
	for _, name := range []string{"users", "posts", "comments", "grids"} {
		for id, row := range few[name].rows {
			want := all[name].rows[id]
			if name == "comments" || name == "posts" {
				// The scores count votes, whose draws follow those of the posts.
				row, want = slices.Delete(row, 6, 7), slices.Delete(slices.Clone(want), 6, 7)
			}
			if !slices.Equal(row, want) {
				t.Errorf("%s %d: %v; want %v", name, id, row, want)
			}
		}
	}
}
