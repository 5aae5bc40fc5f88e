package loader

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Refs collects the entities that hand-written operations return. What the client selected of them is read by the engine
// afterwards, under the viewer's rules.
type Refs struct {
	Items []Ref

	mu sync.Mutex
}

// Ref is one returned entity.
type Ref struct {
	Entity string // its GraphQL type
	Key    any    // int64 or string; the text of a JSON array for composite keys
	// Field is the field that returned it, with the client's selections.
	Field graphql.CollectedField
}

type refsKey struct{}

// WithRefs returns a context in which [WriteRef] adds to refs.
func WithRefs(ctx context.Context, refs *Refs) context.Context {
	return context.WithValue(ctx, refsKey{}, refs)
}

// WriteRef leaves a mark in the response in the place of an entity: the index of its item in Refs between two NUL bytes,
// which JSON cannot contain. Generated marshalers call it.
func WriteRef(ctx context.Context, w io.Writer, entity string, key any) error {
	refs, ok := ctx.Value(refsKey{}).(*Refs)
	if !ok {
		return errors.New("entity returned outside of the engine")
	}
	// Elements of a list have contexts of their own, which name no field.
	fc := graphql.GetFieldContext(ctx)
	for fc != nil && fc.Field.Field == nil {
		fc = fc.Parent
	}
	if fc == nil {
		return errors.New("entity returned outside of a field")
	}
	refs.mu.Lock()
	i := len(refs.Items)
	refs.Items = append(refs.Items, Ref{Entity: entity, Key: key, Field: fc.Field})
	refs.mu.Unlock()
	var buf [24]byte
	mark := append(strconv.AppendInt(append(buf[:0], 0), int64(i), 10), 0)
	_, err := w.Write(mark)
	return err
}
