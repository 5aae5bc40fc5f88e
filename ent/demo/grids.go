package demo

import (
	"strconv"
	"strings"
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

func (c Config) grids() entity.Rows {
	return entity.Rows{
		Table:   "grids",
		Columns: []string{"id", "slug", "title", "cells", "created_at", "modified_at", "deleted_at", "user_id"},
		Count:   c.Grids,
		Values: func(yield func([]any) bool) {
			row := make([]any, 8)
			for i := range c.Grids {
				id, s := i+1, c.source(grids, i)
				created := day(2016, time.January, 1).Add(seconds(id * 1800))
				modified := created.Add(seconds(s.below(3, 1<<s.below(4, 22))))
				row[0], row[1], row[2] = int64(id), "g"+strconv.Itoa(id), capital(s.phrase(16, 2+s.below(5, 5)))
				row[3], row[4], row[5] = cells(s), created, modified
				row[6] = nil
				if s.once(2, 10) {
					row[6] = modified.Add(seconds(1 + s.below(6, 86_400)))
				}
				row[7] = int64(spread(s.rank(0, c.Users), c.Users, userStep))
				if !yield(row) {
					return
				}
			}
		},
	}
}

// cells returns a square of letters and empty cells, row by row, as JSON.
func cells(s source) string {
	size := 3 + s.below(7, 4)
	var b strings.Builder
	for y := range size {
		b.WriteString([]string{"[[", ",["}[min(y, 1)])
		for x := range size {
			if x > 0 {
				b.WriteByte(',')
			}
			letter := s.below(uint64(64+y*size+x), 40)
			if letter < 26 {
				b.WriteString(`"` + string(rune('A'+letter)) + `"`)
			} else {
				b.WriteString("null")
			}
		}
		b.WriteByte(']')
	}
	return b.String() + "]"
}
