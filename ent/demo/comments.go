package demo

import (
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

// maxDepth is the longest chain of comments that answer each other.
const maxDepth = 32

// earlier is what a comment needs to know about another one on the same post.
type earlier struct {
	id, depth int
	created   time.Time
}

func (c Config) comments() entity.Rows {
	return entity.Rows{
		Table: "comments",
		Columns: []string{
			"id", "kind", "post_id", "parent_id", "author_id", "message", "score", "created_at",
		},
		Count: c.Comments,
		Values: func(yield func([]any) bool) {
			row := make([]any, 8)
			latest := make([][2]earlier, c.Posts+1) // by post: the latest comment and the one before
			for i := range c.Comments {
				id, s := i+1, c.source(comments, i)
				post := c.commentPost(i)
				before := &latest[post]

				var parent earlier
				if s.once(7, 3) {
					parent = before[0]
					if s.once(8, 7) {
						parent = before[1]
					}
					if parent.depth == maxDepth {
						parent = earlier{}
					}
				}
				created := postCreated(post)
				if parent.created.After(created) {
					created = parent.created
				}
				created = created.Add(seconds(1 + s.below(9, 32<<s.below(10, 18))))
				before[0], before[1] = earlier{id, parent.depth + 1, created}, before[0]

				row[0], row[1], row[2] = int64(id), "comment", int64(post)
				row[3] = nil
				if parent.id > 0 {
					row[3] = int64(parent.id)
				} else if s.once(12, 2) {
					row[1] = "answer"
				}
				row[4] = nil
				if !s.once(6, 100) {
					row[4] = int64(spread(s.rank(4, c.commenters()), c.commenters(), userStep))
				}
				message := s.prose(1 << s.below(11, 7))
				if id%500 == 0 {
					message += " \U0001F37A שלום cafe\u0301"
				}
				row[5], row[6], row[7] = message, int64(c.commentVotes(i)), created
				if !yield(row) {
					return
				}
			}
		},
	}
}

// commentPost returns the post of a comment: in one of four cases one of the most popular.
func (c Config) commentPost(i int) int {
	s := c.source(comments, i)
	if s.once(2, 4) {
		return spread(s.rank(0, c.Posts), c.Posts, postStep)
	}
	return 1 + s.below(3, c.Posts)
}
