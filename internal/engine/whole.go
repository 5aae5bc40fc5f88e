package engine

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// A page for each of many parents is a statement within the statement on Postgres, executed once for each. That is right where
// parents have more rows than a page: no more than the pages are read. Where they have fewer, as posts have tags, one join
// that reads all rows of all parents is a third faster. So a list that is behind a join table is read whole if the last time no
// parent had more than a page, and never more rows than twice what those parents had by then. If there turn out to be more,
// the pages are read after all, and the next time at once.

// perParents is the number of parents that read.sparse counts rows for: the mean alone would be rounded too much.
const perParents = 64

// maybeWhole says whether a page for each of so many parents costs a join for each, and begins where their lists do.
func (r *rows) maybeWhole(req request, parents int) bool {
	ed, a := r.read.edge, r.args
	return req.postgres && parents > 1 && ed != nil && ed.Kind == entity.ManyToMany && a.after == nil && a.before == nil && a.offset == 0
}

// learn remembers how many rows parents have, if none of them has more than a page.
func (r *rows) learn(parents int) {
	seen := int64(0)
	if !r.more() {
		seen = int64(r.n*perParents/parents) + 1
	}
	if r.read.sparse.Load() != seen {
		r.read.sparse.Store(seen)
	}
}

func (r *rows) more() bool {
	for _, g := range r.groups {
		if g.more {
			return true
		}
	}
	return false
}

// whole reads the rows of all parents of a connection at once, if they seem to be few. It says whether it has.
func (x *execution) whole(ctx context.Context, q store.Querier, out *rows, req request, parts []part, keys []any) (bool, error) {
	r, a := out.read, out.args
	seen := r.sparse.Load()
	if seen == 0 {
		return false, nil
	}
	// The limit is a part of the text, which tells Postgres how to join, so that there must be few of them.
	most := 1 << bits.Len(uint(2*int(seen)*len(keys)/perParents)|perParents)
	left := *x.left
	n, err := scan(ctx, q, req.whole(r, parts[0].names, a, keys, most), parts, true, a.limit, x.left)
	switch {
	case err == nil && n < most:
		return true, nil
	case err != nil && !errors.Is(err, errTooLarge): // which pages may not be
		return false, fmt.Errorf("read %s: %w", r.entity.Name, err)
	}
	*x.left = left
	return false, nil
}

// whole writes the rows of all parents, most of them at most, sorted by parent. Which are left out then is up to Postgres.
func (q request) whole(r *read, columns []string, a *listArgs, keys []any, most int) *statement {
	s, walk := q.statement(), a.walk()
	s.order = a.order.steps
	s.WriteSQL("SELECT u.k")
	for i := range columns {
		s.WriteSQL(", u.c")
		s.int(i)
	}
	s.WriteSQL(" FROM (SELECT ")
	q.parentColumn(s, r)
	s.WriteSQL(" AS k")
	q.numbered(s, r, columns, walk)
	q.source(s, r, a, a.order, func() { s.writeIn(keys, ownKeyType(r)) })
	s.WriteSQL(" LIMIT ")
	s.int(most)
	s.WriteSQL(") u ORDER BY u.k")
	walk.writeNumbered(s)
	return s
}
