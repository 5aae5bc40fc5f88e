// Package loader connects hand-written Go code with the engine: it hands over the parents of custom fields, takes the
// entities that resolvers return, and loads single rows in batches.
package loader

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Batch is the parents of a custom field: the columns that the field needs, as the driver gave them.
type Batch struct {
	Columns []string // names in the database
	Rows    [][]any
}

type parentsKey struct{}

// WithParents returns a context in which a custom field finds its parents.
func WithParents(ctx context.Context, b *Batch) context.Context {
	return context.WithValue(ctx, parentsKey{}, b)
}

// Parents returns the parents of the custom field that ctx belongs to; none if it belongs to no such field.
func Parents(ctx context.Context) *Batch {
	if b, ok := ctx.Value(parentsKey{}).(*Batch); ok {
		return b
	}
	return &Batch{}
}

// timeLayouts are the forms of times in SQLite, where a driver may hand them over as text.
var timeLayouts = []string{"2006-01-02 15:04:05.999999999-07:00", time.RFC3339Nano, "2006-01-02 15:04:05.999999999", time.DateOnly}

// Scan puts the values of a row into the destinations that generated code made for its columns.
func Scan(destinations, row []any) error {
	if len(destinations) != len(row) {
		return fmt.Errorf("%d values for %d columns", len(row), len(destinations))
	}
	for i, value := range row {
		switch dest := destinations[i].(type) {
		case *[]byte:
			switch value := value.(type) {
			case nil:
			case []byte:
				*dest = value
			case string:
				*dest = []byte(value)
			default:
				return fmt.Errorf("column %d: %T is neither text nor bytes", i, value)
			}
		case *sql.NullTime:
			if b, ok := value.([]byte); ok {
				value = string(b)
			}
			if text, ok := value.(string); ok {
				t, err := parseTime(text)
				if err != nil {
					return fmt.Errorf("column %d: %w", i, err)
				}
				value = t
			}
			if err := dest.Scan(value); err != nil {
				return fmt.Errorf("column %d: %w", i, err)
			}
		case sql.Scanner:
			if err := dest.Scan(value); err != nil {
				return fmt.Errorf("column %d: %w", i, err)
			}
		default:
			return fmt.Errorf("column %d: cannot scan into %T", i, dest)
		}
	}
	return nil
}

func parseTime(text string) (t time.Time, err error) {
	for _, layout := range timeLayouts {
		if t, err = time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return t, err
}
