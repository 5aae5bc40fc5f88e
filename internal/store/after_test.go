package store_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/store"
)

func TestAfterCommit(t *testing.T) {
	var log bytes.Buffer
	opts := store.Options{MaxConns: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	both(t, opts, func(t *testing.T, db *bundle) {
		log.Reset()
		ctx, cancel := context.WithCancel(t.Context())
		if err := db.exec(ctx, "CREATE TABLE notes (text text)"); err != nil {
			t.Fatal(err)
		}
		var called []string
		note := func(name string) func(context.Context) error {
			return func(ctx context.Context) error {
				called = append(called, name)
				cancel() // the request is over, and this one goes on
				if ctx.Err() != nil {
					t.Error(ctx.Err())
				}
				// With one connection, this waits for ever unless the transaction has given it back.
				return db.exec(ctx, "INSERT INTO notes VALUES ('"+name+"')")
			}
		}
		failure := errors.New("undone")
		err := db.Update(ctx, func(ctx context.Context) error {
			store.AfterCommit(ctx, note("of a rollback"))
			return failure
		})
		if !errors.Is(err, failure) || len(called) > 0 {
			t.Errorf("%v, %q", err, called)
		}
		err = db.Update(ctx, func(ctx context.Context) error {
			store.AfterCommit(ctx, note("first"))
			store.AfterCommit(ctx, func(context.Context) error { panic("secret cause") })
			store.AfterCommit(ctx, func(context.Context) error { return errors.New("mail is down") })
			err := db.Update(ctx, func(ctx context.Context) error {
				store.AfterCommit(ctx, note("nested"))
				return nil
			})
			if len(called) > 0 {
				t.Errorf("called before the commit: %q", called)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		store.AfterCommit(t.Context(), note("at once"))
		if want := []string{"first", "nested", "at once"}; !slices.Equal(called, want) {
			t.Errorf("%q, not %q", called, want)
		}
		for _, part := range []string{"secret cause", "after_test.go", "mail is down"} {
			if !strings.Contains(log.String(), part) {
				t.Errorf("%q is not in the log: %s", part, &log)
			}
		}
		// A nested transaction that fails keeps all of it from committing.
		called = nil
		_ = db.Update(t.Context(), func(ctx context.Context) error {
			_ = db.Update(ctx, func(ctx context.Context) error {
				store.AfterCommit(ctx, note("failed"))
				return failure
			})
			return nil
		})
		if len(called) > 0 {
			t.Errorf("%q", called)
		}
	})
}
