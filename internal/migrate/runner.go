package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// Runner brings a database along a line. The zero values of its settings work.
type Runner struct {
	DB   *store.DB
	Line Line
	// Wait is how long to wait for another process that migrates the database. None by default.
	Wait time.Duration
	// LockTimeout is how long a statement on Postgres waits for a lock on a table, during which it makes everybody else wait
	// behind it. After that the file is rolled back and tried again. Defaults to 5 seconds.
	LockTimeout time.Duration
	// Tries is how often a file is tried if locks are not to be had. Defaults to 6.
	Tries int
	// Snapshots is how many copies of a SQLite file are kept, one of which is taken before migrations change it. 0 takes none.
	Snapshots int
	// Dump is the file that a Postgres database is dumped to before migrations change it, by its URL. None by default.
	Dump, URL string
	// Build goes into the history.
	Build string
	// Log is called with each line of progress.
	Log func(line string)

	scratch      bool                                                        // the database is only there to try things
	beforeCommit func(ctx context.Context, tx *sql.Tx, dialect string) error // nothing by default
}

// errCommit is wrapped by what a commit returns.
var errCommit = errors.New("commit")

func (r *Runner) say(format string, args ...any) {
	if r.Log != nil {
		r.Log(fmt.Sprintf(format, args...))
	}
}

func (r *Runner) table() string {
	if r.Line.Table == "" {
		return historyTable
	}
	return r.Line.Table
}

func (r *Runner) history() history { return history{r.DB.Dialect(), r.table()} }

// session is a runner that has the lock, and the one connection that everything happens on.
type session struct {
	*Runner
	dialect string
	conn    *sql.Conn
	history history
	// line for the dialect.
	all []*migration
}

// locked calls fn with the lock.
func (r *Runner) locked(ctx context.Context, fn func(s *session) error) (err error) {
	all, err := r.Line.read(r.DB.Dialect())
	if err != nil {
		return err
	}
	conn, err := r.DB.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	s := &session{Runner: r, dialect: r.DB.Dialect(), conn: conn, history: r.history(), all: all}
	defer func() {
		if s.dialect == dialect.Postgres {
			// Its settings and its lock end with it.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		if e := conn.Close(); e != nil && !errors.Is(e, sql.ErrConnDone) {
			err = errors.Join(err, e)
		}
	}()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return fn(s)
}

// prepare lets statements on Postgres run for as long as they need, and has it notice within a second that this process has
// died, whose lock it would keep otherwise for as long as the statement runs.
func (s *session) prepare(ctx context.Context) error {
	if s.dialect != dialect.Postgres {
		return nil
	}
	if _, err := s.conn.ExecContext(ctx, `SET statement_timeout = 0`); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	const query = `SELECT 1 FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'`
	if known, err := findsRow(ctx, s.conn, query); err != nil || !known { // before Postgres 14
		return err
	}
	if _, err := s.conn.ExecContext(ctx, `SET client_connection_check_interval = '1s'`); err != nil && store.Classify(err).Kind == store.Unavailable {
		return fmt.Errorf("connect: %w", err) // other errors: the server's system cannot do it
	}
	return nil
}

// inTx calls fn in a transaction. Without foreign keys, SQLite does not check them before the end, so that a table can be
// made anew without deleting the rows that refer to it.
func (s *session) inTx(ctx context.Context, withoutForeignKeys bool, fn func(tx *sql.Tx) error) (err error) {
	withoutForeignKeys = withoutForeignKeys && s.dialect == dialect.SQLite
	if withoutForeignKeys {
		// Inside of a transaction it would have no effect.
		if _, err := s.conn.ExecContext(ctx, "PRAGMA foreign_keys = off"); err != nil {
			return fmt.Errorf("switch foreign keys off: %w", err)
		}
		defer func() {
			if _, e := s.conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = on"); e != nil {
				err = errors.Join(err, fmt.Errorf("switch foreign keys on again: %w", e))
			}
		}()
	}
	// The transaction is ended here alone, and not by database/sql when ctx ends.
	tx, err := s.conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	if s.dialect == dialect.Postgres {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", s.lockTimeout().Milliseconds())); err != nil {
			return fmt.Errorf("set the lock timeout: %w", err)
		}
	}
	if err := fn(tx); err != nil {
		return err
	}
	if withoutForeignKeys {
		if err := checkReferences(ctx, tx); err != nil {
			return err
		}
	}
	if s.beforeCommit != nil {
		if err := s.beforeCommit(ctx, tx, s.dialect); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", errCommit, err)
	}
	return nil
}

func (r *Runner) lockTimeout() time.Duration {
	if r.LockTimeout == 0 {
		return 5 * time.Second
	}
	return r.LockTimeout
}

// checkReferences finds a row that refers to nothing.
func checkReferences(ctx context.Context, tx *sql.Tx) error {
	var table, parent string
	var row sql.NullInt64
	err := tx.QueryRowContext(ctx, `SELECT "table", rowid, parent FROM pragma_foreign_key_check LIMIT 1`).Scan(&table, &row, &parent)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("check the foreign keys: %w", err)
	}
	return fmt.Errorf("the row of %s with the rowid %d would refer to a row of %s that does not exist", table, row.Int64, parent)
}
