package demo

import (
	"strconv"

	"github.com/entwine-data/entwine/gateway/entity"
)

func (c Config) tags() entity.Rows {
	return entity.Rows{
		Table:   "tags",
		Columns: []string{"id", "name", "excerpt"},
		Count:   c.Tags,
		Values: func(yield func([]any) bool) {
			row := make([]any, 3)
			for i := range c.Tags {
				// Every third word has no common divisor with their number, so that no name comes twice.
				name := words[(i*3+1)%len(words)]
				if round := i / len(words); round > 0 {
					name += "-" + strconv.Itoa(round+1)
				}
				row[0], row[1], row[2] = int64(i+1), name, c.source(tags, i).prose(12)
				if !yield(row) {
					return
				}
			}
		},
	}
}
