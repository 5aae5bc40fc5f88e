package idempotency

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/tests/testapp"
)

// open opens a database that has the table, and its keys.
func open(t *testing.T, url string) (*testapp.App, *store.DB, func(retention time.Duration) *idempotency.Keys) {
	t.Helper()
	app := testapp.Open(t, url)
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return app, db, func(retention time.Duration) *idempotency.Keys { return idempotency.New(db, retention) }
}

func begin(t *testing.T, k *idempotency.Keys, key string) (*idempotency.Attempt, error) {
	t.Helper()
	ctx := access.NewContext(t.Context(), testapp.User("1"))
	return k.Begin(ctx, []string{key}, idempotency.Request{Query: "mutation { x }"}, func(context.Context, []byte, gqlerror.List) []byte { return []byte("answer") })
}

// execute is what the engine does with an attempt.
func execute(t *testing.T, db *store.DB, a *idempotency.Attempt) error {
	t.Helper()
	return db.Update(t.Context(), func(ctx context.Context) error {
		if err := a.Claim(ctx); err != nil {
			return err
		}
		return a.Keep(ctx, []byte("{}"), nil)
	})
}

// Whoever repeats a request that does not end is told so in time: by the process that executes it, and by others.
func TestRunning(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		app, db, keys := open(t, url)
		here, elsewhere := keys(time.Hour), keys(time.Hour)
		first, err := begin(t, here, "k")
		if err != nil {
			t.Fatal(err)
		}
		refused := func(err error, start time.Time) {
			t.Helper()
			if took := time.Since(start); !errors.Is(err, idempotency.ErrRunning) || took < 4*time.Second || took > 8*time.Second {
				t.Errorf("%v after %s", err, took)
			}
		}
		start := time.Now()
		_, err = begin(t, here, "k")
		refused(err, start)
		if app.Dialect() == "postgres" { // SQLite has one writer at a time, which others wait for before they can claim anything
			err := db.Update(t.Context(), func(ctx context.Context) error {
				if err := first.Claim(ctx); err != nil {
					return err
				}
				other, err := begin(t, elsewhere, "k")
				if err != nil {
					return err
				}
				defer other.End()
				start := time.Now()
				refused(execute(t, db, other), start)
				return first.Keep(ctx, []byte("{}"), nil)
			})
			if err != nil {
				t.Error(err)
			}
		} else if err := execute(t, db, first); err != nil {
			t.Error(err)
		}
		first.End()
		again, err := begin(t, elsewhere, "k")
		if err != nil {
			t.Fatal(err)
		}
		defer again.End()
		_ = execute(t, db, again)
		if answer, replayed, refusal := again.Outcome(); string(answer) != "answer" || !replayed || refusal != nil {
			t.Errorf("%q, %v, %v", answer, replayed, refusal)
		}
	})
}

func TestPurge(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app, db, keys := open(t, url)
		brief, long := keys(time.Microsecond), keys(time.Hour)
		const expired = 1100 // more than two batches
		err := db.Update(t.Context(), func(ctx context.Context) error {
			for i := range expired {
				a, err := begin(t, brief, fmt.Sprintf("brief-%d", i))
				if err != nil {
					return err
				}
				defer a.End()
				if err := errors.Join(a.Claim(ctx), a.Keep(ctx, []byte("{}"), nil)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := begin(t, long, "long")
		if err != nil {
			t.Fatal(err)
		}
		defer kept.End()
		if err := execute(t, db, kept); err != nil {
			t.Fatal(err)
		}
		if n := count(t, app, `SELECT count(*) FROM entwine_idempotency`); n != fmt.Sprint(expired+1) {
			t.Fatal(n)
		}
		if err := long.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, app, `SELECT count(*) FROM entwine_idempotency`); n != "1" {
			t.Errorf("%s are left", n)
		}
	})
}

// A mutation without a key does not pay for keys.
func TestWithoutKey(t *testing.T) {
	ctx := access.NewContext(t.Context(), testapp.User("1"))
	allocations := testing.AllocsPerRun(100, func() {
		a := idempotency.FromContext(ctx)
		if err := errors.Join(a.Claim(ctx), a.Keep(ctx, nil, nil)); err != nil {
			t.Error(err)
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
