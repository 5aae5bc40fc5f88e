package input

import (
	"context"
	"fmt"

	"github.com/entwine-data/entwine/gateway/entity"
)

// What one INSERT may hold: its rows keep the ORM's chain of hooks short, its values stay below the databases' limits for
// parameters, of which SQLite's is the lower.
const (
	maxInsertRows   = 1000
	maxInsertValues = 30_000
)

// Create implements [entity.Mutator.Create]: one writes a single row by its builder of type B, many write several by one
// statement. Columns are how many a row has at most. The database gives defaults to the columns of these fields, by their
// names in the ent schema; rows that leave such a column out do not go together with rows that do not.
func Create[B, R any](
	ctx context.Context, drafts []*entity.Draft, columns int, defaults []string,
	one func(context.Context, B) (R, error), many func(context.Context, []B) ([]R, error), key func(R) any,
) ([]any, error) {
	single := func(d *entity.Draft) (any, error) {
		b, ok := d.Builder.(B)
		if !ok {
			return nil, fmt.Errorf("a draft of %T is not one of %T", d.Builder, b)
		}
		row, err := one(entity.Checked(ctx, d), b)
		if err != nil {
			return nil, err
		}
		return key(row), nil
	}
	if len(drafts) == 1 {
		k, err := single(drafts[0])
		if err != nil {
			return nil, err
		}
		return []any{k}, nil
	}
	keys := make([]any, len(drafts))
	var shapes []string
	byShape := make(map[string][]int)
	for i, d := range drafts {
		s := shape(d, defaults)
		if byShape[s] == nil {
			shapes = append(shapes, s)
		}
		byShape[s] = append(byShape[s], i)
	}
	most := min(maxInsertRows, max(1, maxInsertValues/max(1, columns)))
	for _, s := range shapes {
		for rest := byShape[s]; len(rest) > 0; {
			n := min(most, len(rest))
			if n == 1 {
				k, err := single(drafts[rest[0]])
				if err != nil {
					return nil, err
				}
				keys[rest[0]], rest = k, rest[1:]
				continue
			}
			builders := make([]B, n)
			batch := make([]*entity.Draft, n)
			for i, at := range rest[:n] {
				b, ok := drafts[at].Builder.(B)
				if !ok {
					return nil, fmt.Errorf("a draft of %T is not one of %T", drafts[at].Builder, b)
				}
				builders[i], batch[i] = b, drafts[at]
			}
			rows, err := many(entity.Checked(ctx, batch...), builders)
			if err != nil {
				return nil, err
			}
			for i, row := range rows {
				keys[rest[i]] = key(row)
			}
			rest = rest[n:]
		}
	}
	return keys, nil
}

// shape says which of the fields the draft sets.
func shape(d *entity.Draft, fields []string) string {
	b := make([]byte, len(fields))
	for i, name := range fields {
		b[i] = '0'
		if _, set := d.Mutation.Field(name); set {
			b[i] = '1'
		}
	}
	return string(b)
}
