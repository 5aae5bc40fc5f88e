package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/internal/store"
)

// Who asks for a connection first has it first. Those who go away while they wait leave the others' places alone, and no connection is lost.
func TestConnectionsInOrder(t *testing.T) {
	const conns, clients = 2, 30
	both(t, store.Options{MaxConns: conns}, func(t *testing.T, db *bundle) {
		read := func(ctx context.Context) error {
			return db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
				return q.Read(ctx, "SELECT 1", nil, func([]store.Value) error { return nil })
			})
		}
		// hold holds all connections until the function that it returns is called.
		hold := func() (release func()) {
			released, held := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			for range conns {
				wg.Go(func() {
					err := db.View(t.Context(), true, func(context.Context, store.Querier) error {
						held <- struct{}{}
						<-released
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			for range conns {
				<-held
			}
			return func() { close(released); wg.Wait() }
		}
		release := hold()
		var mu sync.Mutex
		var served []int
		var wg sync.WaitGroup
		for client := range clients {
			gone := client%3 == 2
			wg.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if gone {
					time.AfterFunc(2*time.Millisecond, cancel)
				}
				switch err := read(ctx); {
				case gone && !errors.Is(err, context.Canceled), !gone && err != nil:
					t.Errorf("client %d: %v", client, err)
				case !gone:
					mu.Lock()
					served = append(served, client)
					mu.Unlock()
				}
			})
			time.Sleep(4 * time.Millisecond) // until it waits
		}
		release()
		wg.Wait()
		if len(served) != clients*2/3 {
			t.Errorf("%d were served", len(served))
		}
		// One who has a connection may still wait for a processor while all the others are served: as often as there are connections.
		overtakings := 0
		for at, client := range served {
			for _, later := range served[at:] {
				if later < client {
					overtakings++
				}
			}
		}
		if overtakings > conns*len(served) {
			t.Errorf("served in the order %v", served)
		}
		hold()()
		for i := range 2000 { // at any moment
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Duration(i%200)*time.Microsecond, cancel)
			wg.Go(func() { _ = read(ctx); cancel() })
			if i%8 == 0 {
				wg.Wait()
			}
		}
		wg.Wait()
		hold()()
	})
}

// However many read, what the ORM asks by itself has its turn.
func TestConnectionsForTheORM(t *testing.T) {
	both(t, store.Options{MaxConns: 2}, func(t *testing.T, db *bundle) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		defer wg.Wait()
		busy, done := context.WithCancel(ctx)
		defer done()
		for range 16 {
			wg.Go(func() {
				for busy.Err() == nil {
					_ = db.View(busy, false, func(ctx context.Context, q store.Querier) error {
						return q.Read(ctx, "SELECT 1", nil, func([]store.Value) error { return nil })
					})
				}
			})
		}
		for range 20 {
			rows := &entsql.Rows{}
			if err := db.Driver().Query(ctx, "SELECT 1", []any{}, rows); err != nil {
				t.Fatal(err)
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// What was kept for the next read goes back soon if none comes.
func TestKeptConnectionsGoBack(t *testing.T) {
	const conns = 3
	both(t, store.Options{MaxConns: conns}, func(t *testing.T, db *bundle) {
		for range 20 {
			var wg sync.WaitGroup
			var all sync.WaitGroup
			all.Add(conns)
			for range conns {
				wg.Go(func() {
					err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
						return q.Read(ctx, "SELECT 1", nil, func([]store.Value) error {
							all.Done()
							all.Wait() // so that each has a connection
							return nil
						})
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			open := make([]entsql.Rows, conns)
			for i := range open {
				if err := db.Driver().Query(ctx, "SELECT 1", []any{}, &open[i]); err != nil {
					t.Fatal(err)
				}
			}
			for i := range open {
				if err := open[i].Close(); err != nil {
					t.Error(err)
				}
			}
			cancel()
		}
	})
}

// A reader that panics keeps no connection.
func TestPanicKeepsNoConnection(t *testing.T) {
	const conns = 2
	both(t, store.Options{MaxConns: conns}, func(t *testing.T, db *bundle) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		read := func(row func([]store.Value) error) error {
			return db.View(ctx, false, func(ctx context.Context, q store.Querier) error { return q.Read(ctx, "SELECT 1", nil, row) })
		}
		for range 2 * conns {
			func() {
				defer func() { _ = recover() }()
				_ = read(func([]store.Value) error { panic("of a reader") })
				t.Error("there was no panic")
			}()
		}
		if err := read(func([]store.Value) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}
