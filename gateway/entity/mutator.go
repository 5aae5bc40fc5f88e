package entity

import (
	"context"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
)

// Mutator writes rows of one entity through the application's ORM, so that its validators, defaults and hooks run.
// It is generated. Keys are those of package entity. What takes a context runs inside the transaction that it carries; rules
// were checked before.
type Mutator struct {
	// Plain says whether nothing but an INSERT is done when a row is created: no hook of the application takes part, and no history
	// is kept.
	Plain func() bool
	// New reads the input of a new row.
	New func(in Input) *Draft
	// Change reads the input of a change of all rows with the keys, which [Draft.Save] makes.
	Change func(keys []any, in Input) (*Draft, error)
	// Create writes new rows, by as few statements as their number allows, and returns their keys in the order of the drafts.
	Create func(ctx context.Context, drafts []*Draft) (keys []any, err error)
	// Insert returns the INSERT to which Create comes down for one new row, without executing it. It is nil if Create does more than
	// that. Where rows have composite keys there is no such function.
	Insert func(ctx context.Context, d *Draft) (*Insert, error)
	// Delete deletes the rows with the keys, or hides them where deletion is soft, by one statement.
	Delete func(ctx context.Context, keys []any) error
	// Restore brings back rows that were deleted softly. It is nil where deletion is for good.
	Restore func(ctx context.Context, keys []any) error
}

// Input is a coerced GraphQL input object: values are nil, bool, int64, float64, json.Number, string, []any and
// map[string]any. An absent key leaves the column as it is, a nil value clears it.
type Input map[string]any

// Draft is what is about to be written: a mutation of the ORM that holds the values of an input.
type Draft struct {
	Mutation GuardedMutation
	// Builder is the ORM's builder of a new row.
	Builder any
	// Faults are all that is wrong with the values by themselves. Paths begin in the input object.
	Faults []apierr.Field
	// References are the rows to which the input refers by their ids.
	References []Reference
	// Link makes an edge, by its name in the schema, lead to the rows with the keys, of which a to-one edge takes the first. It
	// is for rows that are written along with this one.
	Link func(edge string, keys []any) error
	// Save makes the change; it is nil for new rows.
	Save func(ctx context.Context) error
	// Finish writes what can only be written once the row with the key is there: foreign keys of other rows.
	Finish []func(ctx context.Context, key any) error
}

// Insert is an INSERT of one row.
type Insert struct {
	Table   string
	ID      string   // the column of the key, which the database gives if it is none of Columns
	Columns []string // at least one
	Values  []any    // of Columns, as the ORM gives them to the driver
}

// Reference is an id in an input.
type Reference struct {
	Entity *Entity
	Key    any
	// Operation is what the viewer must be allowed to do with the row.
	Operation access.Operation
	// Path leads to the id from the input object.
	Path []any
}
