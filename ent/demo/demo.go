// Package demo makes up data for the community site: any amount of it, the same on every machine, and as unevenly spread as
// that of a real site. `dev` fills an empty database with a little of it; tests and measurements use more.
package demo

import (
	"context"
	"iter"
	"time"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Config says how much data to make. The zero value gives 10,000 users and a million comments.
type Config struct {
	// Users defaults to 10,000.
	Users int
	// Posts defaults to 10 for each user.
	Posts int
	// Comments defaults to 100 for each user.
	Comments int
	// Grids defaults to 2 for each user.
	Grids int
	// Tags defaults to 500.
	Tags int
	// Seed makes other data of the same size. Defaults to 1.
	Seed uint64
}

func (c Config) withDefaults() Config {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	set(&c.Users, 10_000)
	set(&c.Posts, 10*c.Users)
	set(&c.Comments, 100*c.Users)
	set(&c.Grids, 2*c.Users)
	set(&c.Tags, 500)
	if c.Seed == 0 {
		c.Seed = 1
	}
	return c
}

// writers and commenters are the users who write posts and comments at all: those with the lowest ids.
func (c Config) writers() int    { return max(1, c.Users*8/100) }
func (c Config) commenters() int { return max(1, c.Users*16/100) }

func (c Config) source(stream uint64, row int) source { return newSource(c.Seed, stream, uint64(row)) }

// Data returns the tables in an order in which every row refers to earlier ones only.
func Data(c Config) gateway.Demo {
	c = c.withDefaults()
	return func(ctx context.Context) iter.Seq[entity.Rows] {
		return func(yield func(entity.Rows) bool) {
			for _, table := range []entity.Rows{
				c.users(), c.tags(), c.posts(), c.postTags(), c.comments(), c.grids(), c.votes(),
			} {
				rows := table.Values
				table.Values = func(yield func([]any) bool) {
					for row := range rows {
						if ctx.Err() != nil || !yield(row) {
							return
						}
					}
				}
				if ctx.Err() != nil || !yield(table) {
					return
				}
			}
		}
	}
}

// day returns the start of a day.
func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
