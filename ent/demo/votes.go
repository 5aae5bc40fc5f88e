package demo

import (
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

// votesPerPost is more than any post has: the ids of a post's votes are found without counting those of the others.
const votesPerPost = 16

// postVotes returns how many votes a post has for it and against it.
func (c Config) postVotes(id int) (up, down int) {
	s := c.source(votes, id-1)
	return min(c.Users, s.below(0, 1<<s.below(1, 4))), min(c.Users, s.below(2, 4)/3*s.below(3, 5))
}

// commentVotes returns how many votes a comment has, all of them for it.
func (c Config) commentVotes(i int) int {
	if c.source(votes, c.Posts+i).once(0, 8) {
		return 1
	}
	return 0
}

func (c Config) votes() entity.Rows {
	return entity.Rows{
		Table:   "votes",
		Columns: []string{"id", "post_id", "comment_id", "user_id", "type", "created_on"},
		Values: func(yield func([]any) bool) {
			row := make([]any, 6)
			for id := 1; id <= c.Posts; id++ {
				s := c.source(votes, id-1)
				up, down := c.postVotes(id)
				for k := range up + down {
					row[0], row[1], row[2] = int64((id-1)*votesPerPost+k+1), int64(id), nil
					// The users follow each other, so that nobody votes twice on one side.
					row[3] = int64(1 + (s.below(4, c.Users)+k)%c.Users)
					row[4] = "up"
					if k >= up {
						row[4] = "down"
					}
					row[5] = voteDay(id, s, k)
					if !yield(row) {
						return
					}
				}
			}
			for i := range c.Comments {
				if c.commentVotes(i) == 0 {
					continue
				}
				s, post := c.source(votes, c.Posts+i), c.commentPost(i)
				row[0], row[1], row[2] = int64(c.Posts*votesPerPost+i+1), int64(post), int64(i+1)
				row[3], row[4], row[5] = int64(1+s.below(4, c.Users)), "up", voteDay(post, s, 0)
				if !yield(row) {
					return
				}
			}
		},
	}
}

// voteDay is some day of the month after the post.
func voteDay(post int, s source, k int) time.Time {
	return postCreated(post).Truncate(24*time.Hour).AddDate(0, 0, s.below(uint64(16+k), 30))
}
