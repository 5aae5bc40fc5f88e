package graph

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/post"
)

// trendWindow is how many of the newest posts can trend.
const trendWindow = 500

func (r *queryResolver) TrendingPosts(ctx context.Context, first *int) ([]*ent.Post, error) {
	n, err := limit(first, 10)
	if err != nil {
		return nil, err
	}
	posts, err := r.client.Post.Query().
		Order(post.ByCreatedAt(sql.OrderDesc()), post.ByID(sql.OrderDesc())).
		Limit(trendWindow).
		Select(post.FieldID, post.FieldScore, post.FieldViewCount, post.FieldCreatedAt).
		All(ctx)
	if err != nil || len(posts) == 0 {
		return posts, err
	}
	// Age counts from the newest post, so that a quiet community has trends too, and the same ones tomorrow.
	newest := posts[0].CreatedAt
	heat := func(p *ent.Post) float64 {
		days := newest.Sub(p.CreatedAt).Hours() / 24
		return (float64(p.Score) + math.Log1p(float64(p.ViewCount))) / math.Pow(days+2, 1.2)
	}
	slices.SortStableFunc(posts, func(a, b *ent.Post) int { return cmp.Compare(heat(b), heat(a)) })
	return posts[:min(n, len(posts))], nil
}

const wordsPerMinute = 220

func (r *postFieldsResolver) ReadingMinutes(_ context.Context, posts []*ent.Post) ([]int, error) {
	minutes := make([]int, len(posts))
	for i, p := range posts {
		minutes[i] = 1 + len(strings.Fields(p.Body))/wordsPerMinute
	}
	return minutes, nil
}

func (r *postFieldsResolver) Related(ctx context.Context, posts []*ent.Post, first *int) ([][]*ent.Post, error) {
	n, err := limit(first, 5)
	if err != nil {
		return nil, err
	}
	related := make([][]*ent.Post, len(posts))
	if n == 0 {
		return related, nil
	}
	at := make(map[int]int, len(posts))
	ids := make([]any, len(posts))
	for i, p := range posts {
		at[p.ID], ids[i] = i, p.ID
	}
	var rows []struct {
		Parent int `json:"parent"`
		ID     int `json:"id"`
		Place  int `json:"place"`
	}
	err = r.client.Post.Query().
		Modify(func(s *sql.Selector) {
			theirs, ours := sql.Table(post.TagsTable).As("theirs"), sql.Table(post.TagsTable).As("ours")
			postID, tagID := post.TagsPrimaryKey[0], post.TagsPrimaryKey[1]
			id, parent := s.C(post.FieldID), ours.C(postID)
			s.Join(theirs).On(id, theirs.C(postID)).
				Join(ours).On(theirs.C(tagID), ours.C(tagID)).
				Where(sql.In(parent, ids...)).
				Where(sql.ColumnsNEQ(parent, theirs.C(postID))).
				GroupBy(parent, id)
			// The best n of each parent come before its others, and all parents together have at most that many.
			rank := sql.RowNumber().PartitionBy(parent).OrderBy(sql.Desc(sql.Count("*")), sql.Desc(id))
			s.Select(sql.As(parent, "parent"), id).AppendSelectExprAs(rank, "place").
				OrderBy("place", parent).
				Limit(n * len(posts))
		}).
		Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if i := at[row.Parent]; row.Place <= n {
			related[i] = append(related[i], &ent.Post{ID: row.ID})
		}
	}
	return related, nil
}
