package entity

import "context"

// Mutator writes rows of one entity through the application's ORM, so that its validators, defaults and hooks run.
// It is generated. Keys are int64 or string. All functions run inside the transaction that ctx carries; rules were checked
// before. Errors about the input are *apierr.Error with one Field for each offending value.
type Mutator struct {
	Create func(ctx context.Context, in Input) (key any, err error)
	Update func(ctx context.Context, key any, in Input) error
	Delete func(ctx context.Context, key any) error
	// UpdateMany and DeleteMany write all rows with the keys, each by one statement. They are nil for entities with
	// composite keys, and where the entity has no such mutation.
	UpdateMany func(ctx context.Context, keys []any, in Input) error
	DeleteMany func(ctx context.Context, keys []any) error
}

// Input is a coerced GraphQL input object: values are nil, bool, int64, float64, json.Number, string, []any and
// map[string]any. An absent key leaves the column as it is, a nil value clears it.
type Input map[string]any
