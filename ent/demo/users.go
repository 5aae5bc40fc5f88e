package demo

import (
	"strconv"
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

// names are display names that are not ASCII.
var names = []string{"Zoë Ångström", "Мария Иванова", "王小明", "ดวงใจ", "Δημήτρης", "נעמה כהן", "Søren Ærø", "José Nuñez"}

func (c Config) users() entity.Rows {
	return entity.Rows{
		Table:   "users",
		Columns: []string{"id", "name", "username", "email", "bio", "credits", "roles", "created_at"},
		Count:   c.Users,
		Values: func(yield func([]any) bool) {
			row := make([]any, 8)
			for i := range c.Users {
				id, s := i+1, c.source(users, i)
				username := "u" + strconv.Itoa(id)
				row[0], row[1], row[2], row[3] = int64(id), c.userName(id), username, username+"@example.invalid"
				row[4] = nil
				if s.once(0, 4) {
					row[4] = "<p>" + s.prose(8<<s.below(1, 3)) + "</p>"
				}
				row[5] = int64(1)<<s.below(2, 14) - 1
				switch id {
				case 1:
					row[6] = `["admin"]`
				case 2:
					row[6] = `["moderator"]`
				default:
					row[6] = nil
				}
				row[7] = userCreated(id)
				if !yield(row) {
					return
				}
			}
		},
	}
}

func (c Config) userName(id int) string {
	switch {
	case id%101 == 0:
		return c.userName(id - 1)
	case id%97 == 0:
		return names[id/97%len(names)]
	}
	s := c.source(users, id-1)
	return capital(s.word(3)) + " " + capital(s.word(4))
}

func userCreated(id int) time.Time {
	return day(2014, time.January, 1).Add(time.Duration(id) * 6 * time.Hour)
}
