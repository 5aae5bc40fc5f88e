package demo

import (
	"slices"
	"strconv"
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

func (c Config) posts() entity.Rows {
	return entity.Rows{
		Table:   "posts",
		Columns: []string{"id", "title", "slug", "body", "status", "author_id", "score", "view_count", "created_at"},
		Count:   c.Posts,
		Values: func(yield func([]any) bool) {
			row := make([]any, 9)
			for i := range c.Posts {
				id, s := i+1, c.source(posts, i)
				row[0] = int64(id)
				row[1] = capital(s.phrase(16, 3+s.below(4, 12)))
				row[2] = "p" + strconv.Itoa(id) + "-" + s.word(16) + "-" + s.word(17)
				row[3] = "<p>" + s.prose(8<<s.below(5, 6)) + "</p>"
				switch n := s.below(3, 100); {
				case n < 90:
					row[4] = "published"
				case n < 95:
					row[4] = "draft"
				default:
					row[4] = "archived"
				}
				row[5] = nil
				if !s.once(2, 100) {
					row[5] = int64(spread(s.rank(0, c.writers()), c.writers(), userStep))
				}
				up, down := c.postVotes(id)
				row[6] = int64(up - down)
				row[7] = int64(s.below(6, 16<<s.below(7, 10)))
				row[8] = postCreated(id)
				if !yield(row) {
					return
				}
			}
		},
	}
}

// postCreated is when a post was written: every 50th at the same time as the one before it, which makes ties.
func postCreated(id int) time.Time {
	if id%50 == 0 {
		id--
	}
	return day(2015, time.January, 1).Add(seconds(id * 3000))
}

func (c Config) postTags() entity.Rows {
	return entity.Rows{
		Table:   "post_tags",
		Columns: []string{"post_id", "tag_id"},
		Values: func(yield func([]any) bool) {
			row := make([]any, 2)
			for i := range c.Posts {
				s := c.source(postTags, i)
				// The shares of 1, 2, 3, 4 and 5 tags on a real site add up to 101 %.
				count := 1
				for n := s.below(0, 101); count < 5 && n >= []int{39, 74, 94, 99}[count-1]; {
					count++
				}
				var ids []int
				for k := range count {
					id := spread(s.rank(uint64(1+2*k), c.Tags), c.Tags, tagStep)
					if slices.Contains(ids, id) {
						continue
					}
					ids = append(ids, id)
					row[0], row[1] = int64(i+1), int64(id)
					if !yield(row) {
						return
					}
				}
			}
		},
	}
}
