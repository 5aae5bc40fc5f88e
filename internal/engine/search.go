package engine

import (
	"errors"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/search"
)

// wanted is a search argument, checked.
type wanted struct {
	*search.Query
	in search.Definition
}

// searchArg reads the argument, nil if it is not given.
func searchArg(e *entity.Entity, args map[string]any, viewer access.Viewer) (*wanted, error) {
	v := args["search"]
	if v == nil || len(e.Search) == 0 {
		return nil, nil
	}
	text, _ := v.(string)
	q, err := search.Parse(text)
	if long := (*search.TooLongError)(nil); errors.As(err, &long) {
		return nil, badArg("search", apierr.OutOfRange, long.Limit, long.Error())
	} else if err != nil {
		return nil, err
	}
	w := &wanted{Query: q, in: search.Definition{Table: e.Table, Key: e.ID[0].Column, Integer: e.ID[0].Key == entity.IntKey}}
	for _, s := range e.Search {
		// The generator refuses fields that not everybody may read; this does not rely on it.
		if err := use(e, s.Field, viewer, []any{"search"}); err != nil {
			return nil, err
		}
		w.in.Fields = append(w.in.Fields, search.Field{Column: s.Field.Column, Weight: s.Weight})
	}
	return w, nil
}

// rankValue stands for how well a row matches where a step of an order has a field.
var rankValue = &entity.Field{Name: entity.OrderByRank, Type: entity.Int}

// byRank is the step that sorts by how well rows match, the best first.
func (w *wanted) byRank() step { return step{field: rankValue, rank: w} }
