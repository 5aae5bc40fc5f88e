package loader_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/entwine-data/entwine/gateway/loader"
)

// operation runs a function as the only resolver of an operation.
type operation struct {
	graphql.ExecutableSchema
	resolve func(context.Context)
}

func (o operation) Exec(context.Context) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response {
		o.resolve(ctx)
		return nil
	}
}

func run(ctx context.Context, resolve func(context.Context)) {
	loader.Scoped(operation{resolve: resolve}).Exec(ctx)(ctx)
}

func TestLoadsOfAnOperationAreOneBatch(t *testing.T) {
	var batches [][]int
	squares := loader.New(func(_ context.Context, keys []int) (map[int]int, error) {
		batches = append(batches, keys)
		m := map[int]int{}
		for _, k := range keys {
			if k < 10 {
				m[k] = k * k
			}
		}
		return m, nil
	})
	run(t.Context(), func(ctx context.Context) {
		var wg sync.WaitGroup
		for _, key := range []int{2, 3, 2, 3, 10} {
			wg.Go(func() {
				v, err := squares.Load(ctx, key)
				if want := map[int]int{2: 4, 3: 9}[key]; v != want || err != nil {
					t.Errorf("load %d: %d, %v", key, v, err)
				}
			})
		}
		wg.Wait()
		if _, err := squares.Load(ctx, 2); err != nil {
			t.Error(err)
		}
	})
	if len(batches) != 1 || len(batches[0]) != 3 {
		t.Errorf("batches %v", batches)
	}
	run(t.Context(), func(ctx context.Context) { _, _ = squares.Load(ctx, 2) })
	if len(batches) != 2 {
		t.Error("two operations shared a row")
	}
	if v, err := squares.Load(t.Context(), 3); v != 9 || err != nil || len(batches) != 3 {
		t.Errorf("outside of an operation: %d, %v, %d batches", v, err, len(batches))
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	broken := errors.New("connection lost")
	calls := 0
	l := loader.New(func(context.Context, []int) (map[int]int, error) {
		calls++
		if calls == 1 {
			return nil, broken
		}
		return map[int]int{1: 1}, nil
	})
	run(t.Context(), func(ctx context.Context) {
		if _, err := l.Load(ctx, 1); !errors.Is(err, broken) {
			t.Errorf("first load: %v", err)
		}
		if v, err := l.Load(ctx, 1); v != 1 || err != nil {
			t.Errorf("second load: %d, %v", v, err)
		}
	})
}

func TestBatchesRunOnTheOperationsContext(t *testing.T) {
	l := loader.New(func(ctx context.Context, _ []int) (map[int]int, error) { return nil, ctx.Err() })
	run(t.Context(), func(ctx context.Context) {
		first, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := l.Load(first, 1); err != nil {
			t.Errorf("a caller that gave up took the batch with it: %v", err)
		}
	})
}
