package idempotency

import (
	"context"
	"log/slog"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// purgeBatch is how many keys one statement removes. It is a transaction of a few milliseconds, between which others write.
const purgeBatch = 500

// Purge removes the keys that have expired.
func (k *Keys) Purge(ctx context.Context) error {
	skip := ""
	if k.db.Dialect() == dialect.Postgres {
		skip = " FOR UPDATE SKIP LOCKED" // those that somebody claims anew, or that another node removes
	}
	query := k.bind(`DELETE FROM entwine_idempotency WHERE id IN (SELECT id FROM entwine_idempotency WHERE expires_at <= ? LIMIT ?` + skip + `) RETURNING 1`)
	for {
		removed := 0
		err := k.db.Update(ctx, func(ctx context.Context) error {
			return k.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
				rows, err := q.QueryContext(ctx, query, time.Now().UTC().Truncate(time.Microsecond), purgeBatch)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					removed++
				}
				return rows.Err()
			})
		})
		if err != nil || removed < purgeBatch {
			return err
		}
	}
}

// Purging removes expired keys from time to time, until the function that it returns is called.
func (k *Keys) Purging(ctx context.Context, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(min(max(k.retention/24, time.Minute), time.Hour))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := k.Purge(ctx)
			if err != nil && ctx.Err() == nil && store.Classify(err).Kind != store.Missing {
				log.WarnContext(ctx, "remove expired idempotency keys", "error", err)
			}
		}
	}()
	return func() { cancel(); <-ended }
}
