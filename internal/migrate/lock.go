package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"time"

	"entgo.io/ent/dialect"
)

// errLocked says that somebody else has the lock.
var errLocked = errors.New("locked")

// BusyError says that another process had the lock for as long as this one was ready to wait.
type BusyError struct{ Waited time.Duration }

func (e *BusyError) Error() string {
	return fmt.Sprintf("another process is migrating this database; it was still at it after %s", e.Waited)
}

// lock takes the lock of a line on the database, for which it waits, and returns what gives it back.
func (s *session) lock(ctx context.Context) (unlock func(), err error) {
	deadline := time.Now().Add(s.Wait)
	told := false
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		unlock, err := s.tryLock(ctx)
		if !errors.Is(err, errLocked) {
			if err != nil {
				return nil, fmt.Errorf("take the lock: %w", err)
			}
			return unlock, nil
		}
		if time.Now().After(deadline) {
			return nil, &BusyError{s.Wait}
		}
		if !told {
			s.say("another process is migrating this database; waiting for it, up to %s", s.Wait)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the lock: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

func (s *session) tryLock(ctx context.Context) (unlock func(), err error) {
	if s.dialect == dialect.Postgres {
		return s.tryAdvisory(ctx)
	}
	var path string
	if err := s.conn.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		return nil, err
	}
	if path == "" {
		return func() {}, nil // in memory, where there is nobody else
	}
	return lockFile(path + "-migrate.lock")
}

// tryAdvisory takes an advisory lock in the session that does the work, so that one cannot be lost without the other. It never
// waits in the server: whoever waits there holds a snapshot, for which CREATE INDEX CONCURRENTLY in turn would wait for ever.
func (s *session) tryAdvisory(ctx context.Context) (unlock func(), err error) {
	h := fnv.New64a()
	_, _ = h.Write([]byte("entwine migrate " + s.table()))
	key := int64(h.Sum64()) //nolint:gosec // any number will do
	var ok bool
	if err := s.conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, key).Scan(&ok); err != nil {
		return nil, err
	}
	if !ok {
		return nil, errLocked
	}
	// The connection is closed afterwards, which gives the lock back too, but some time later.
	return func() { _, _ = s.conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, key) }, nil
}

// lockFile takes a lock on a file beside the database, which the system gives back when the process ends, however it ends.
// The file stays: who removes it could remove one that another process has just locked.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the database
	if err != nil {
		return nil, err
	}
	if err := lockHandle(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

var _ querier = (*sql.Conn)(nil)
