package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/ent"
	"github.com/entwine-data/entwine/ent/post"
	"github.com/entwine-data/entwine/gateway/apierr"
)

func (r *queryResolver) CommunityStats(context.Context) (*CommunityStats, error) {
	return &CommunityStats{}, nil
}

func (r *communityStatsResolver) Posts(ctx context.Context, _ *CommunityStats) (int, error) {
	return r.client.Post.Query().Count(ctx)
}

func (r *communityStatsResolver) Comments(ctx context.Context, _ *CommunityStats) (int, error) {
	return r.client.Comment.Query().Count(ctx)
}

func (r *communityStatsResolver) BusiestAuthors(ctx context.Context, _ *CommunityStats, first *int) ([]*AuthorActivity, error) {
	n, err := limit(first, 3)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		AuthorID int `json:"author_id"`
		Posts    int `json:"posts"`
	}
	err = r.client.Post.Query().
		Where(post.AuthorIDNotNil()).
		Modify(func(s *sql.Selector) {
			author := s.C(post.FieldAuthorID)
			s.Select(author, sql.As(sql.Count("*"), "posts")).
				GroupBy(author).
				OrderBy(sql.Desc("posts"), author).
				Limit(n)
		}).
		Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	all := make([]*AuthorActivity, len(rows))
	for i, row := range rows {
		all[i] = &AuthorActivity{AuthorID: row.AuthorID, Posts: row.Posts}
	}
	return all, nil
}

// Author is asked of one activity at a time; the loader makes one query of them.
func (r *authorActivityResolver) Author(ctx context.Context, activity *AuthorActivity) (*ent.User, error) {
	return r.load.User.Load(ctx, activity.AuthorID)
}

const maxFirst = 100

// limit reads an argument `first`.
func limit(first *int, fallback int) (int, error) {
	if first == nil {
		return fallback, nil
	}
	if *first < 0 || *first > maxFirst {
		return 0, apierr.New(apierr.BadUserInput, "first must be between 0 and %d.", maxFirst)
	}
	return *first, nil
}
