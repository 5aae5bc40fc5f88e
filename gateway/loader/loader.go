package loader

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"
)

const (
	// wait is how long the first of several Loads waits for others. Resolvers of one list start within microseconds.
	wait = 500 * time.Microsecond
	// capacity bounds the keys of one statement; a full batch does not wait.
	capacity = 100
)

// Loader loads rows one at a time for hand-written code: calls that come together within a request become one statement.
// For many keys at hand, query for them yourself.
type Loader[K comparable, V any] struct {
	batch func(context.Context, []K) (map[K]V, error)
}

// New returns a loader over a function that reads the rows of several keys. Keys without a row are left out of its result.
func New[K comparable, V any](batch func(context.Context, []K) (map[K]V, error)) *Loader[K, V] {
	return &Loader[K, V]{batch: batch}
}

// Load returns the row with the given key, the zero value if there is none that the viewer may read. Within an
// operation a row is read once; errors are not kept.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	s, ok := ctx.Value(scopeKey{}).(*scope)
	if !ok {
		rows, err := l.batch(ctx, []K{key})
		return rows[key], err
	}
	return s.loader(l, func(ctx context.Context) any {
		return dataloader.NewBatchedLoader(
			// The context that dataloader passes is the first caller's, which may end before the others'.
			func(_ context.Context, keys []K) []*dataloader.Result[V] {
				rows, err := l.batch(ctx, keys)
				results := make([]*dataloader.Result[V], len(keys))
				for i, key := range keys {
					results[i] = &dataloader.Result[V]{Data: rows[key]}
					if err != nil {
						results[i].Error = dataloader.NewSkipCacheError(err)
					}
				}
				return results
			},
			dataloader.WithWait[K, V](wait),
			dataloader.WithBatchCapacity[K, V](capacity),
		)
	}).(*dataloader.Loader[K, V]).Load(ctx, key)()
}

// ByKey arranges rows as [New] wants them.
func ByKey[K comparable, V any](rows []V, key func(V) K) map[K]V {
	m := make(map[K]V, len(rows))
	for _, row := range rows {
		m[key(row)] = row
	}
	return m
}

type scopeKey struct{}

// scope holds the dataloaders of one operation.
type scope struct {
	ctx     context.Context // of the operation: batches of all its callers run on it
	mu      sync.Mutex
	loaders map[any]any
}

func (s *scope) loader(of any, create func(context.Context) any) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.loaders[of]
	if !ok {
		l = create(s.ctx)
		s.loaders[of] = l
	}
	return l
}

// Scoped wraps a schema so that each operation has loaders of its own: nothing is shared between viewers.
func Scoped(schema graphql.ExecutableSchema) graphql.ExecutableSchema {
	return scoped{schema}
}

type scoped struct{ graphql.ExecutableSchema }

func (s scoped) Exec(ctx context.Context) graphql.ResponseHandler {
	handler := s.ExecutableSchema.Exec(ctx)
	return func(ctx context.Context) *graphql.Response {
		return handler(context.WithValue(ctx, scopeKey{}, &scope{ctx: ctx, loaders: make(map[any]any)}))
	}
}
