// Package store owns the connections to the database: pools, transactions, prepared statements, and the meaning of the
// drivers' errors. It exists so that nothing above it needs to know which of the two databases it talks to, except for the
// SQL that it writes.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"entgo.io/ent/dialect"
)

// Options are the settings of a [DB]. The zero value works.
type Options struct {
	// MaxConns limits the connections that are open at once. Defaults to 10 on Postgres. On SQLite it counts the
	// connections for reading, beside the one for writing, and defaults to twice the number of processors, at least 4.
	MaxConns int
	// Statements is the number of prepared statements that each connection keeps. Defaults to 256. A negative number
	// switches the cache off.
	Statements int
	// Pooler says that the URL leads to a pooler which hands connections of Postgres from one transaction to another, such as
	// PgBouncer in transaction mode. Statements are then sent whole, in one message, and none is kept prepared.
	Pooler bool
	// StatementTimeout ends statements on Postgres that run longer. Defaults to what the server says.
	StatementTimeout time.Duration
	// Trace is called with every statement just before it goes to the driver, BEGIN, COMMIT and ROLLBACK included. It is
	// called from many goroutines.
	Trace func(ctx context.Context, statement string)
	// Logger receives what goes wrong after a COMMIT, see [AfterCommit]. Defaults to slog.Default().
	Logger *slog.Logger
}

// DB is an open database. It may be used from many goroutines.
type DB struct {
	dialect        string
	reader, writer *pool      // the same on Postgres and in memory
	readers        *connector // of SQLite's reader, nil in memory
	log            *slog.Logger
	group          *group       // of writers that go together, nil where each has a transaction of its own
	batches        *batches     // of INSERTs that go together, nil where each is a transaction of its own
	checkpoints    *checkpoints // of a file of SQLite, nil elsewhere
	pooler         bool         // connections belong to nobody for longer than a transaction
}

// Open opens the database with the given URL: "sqlite:path/to/file.db", whose folder is created if necessary,
// "sqlite::memory:", which has a single connection, or "postgres://user:password@host:port/name". It does not connect to a Postgres server yet, so that a server that is down for
// a while does not keep the gateway from starting: see [DB.Ping]. No error contains a password.
func Open(ctx context.Context, url string, opts Options) (*DB, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest, opts)
	case "postgres", "postgresql":
		return openPostgres(url, opts)
	case "":
		return nil, errors.New(`open database: the URL is empty; use "sqlite:./data/entwine.db" or "postgres://user@host/name"`)
	default:
		// What is no URL may be anything, a password included, so that it is not repeated here.
		return nil, errors.New(`open database: the URL must begin with "sqlite:" or "postgres://"`)
	}
}

// Dialect returns dialect.SQLite or dialect.Postgres.
func (db *DB) Dialect() string { return db.dialect }

// Ping checks that the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.writer.PingContext(ctx); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	return nil
}

// Close closes all connections: those that are in use when they are given back.
func (db *DB) Close() error {
	if db.reader == db.writer {
		return db.writer.Close()
	}
	db.group.close()
	return errors.Join(db.reader.Close(), db.writer.Close(), db.checkpoints.close())
}

// View calls fn with something to read from. With snapshot, that is one read-only transaction, all statements of which see the
// database as it was at the first of them; otherwise each statement takes a connection of the pool. If ctx belongs to a
// running [DB.Update], q is its transaction.
//
// A snapshot holds a connection. What fn reads other than through q takes a second one, and waits for ever if all are held
// by callers who do the same: don't.
func (db *DB) View(ctx context.Context, snapshot bool, fn func(ctx context.Context, q Querier) error) error {
	if u := db.running(ctx); u != nil {
		return fn(ctx, u.session())
	}
	if !snapshot {
		return fn(ctx, db.reader)
	}
	opts := &sql.TxOptions{ReadOnly: true}
	if db.dialect == dialect.Postgres {
		opts.Isolation = sql.LevelRepeatableRead
	}
	conn, tx, err := db.reader.begin(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	s := &session{Tx: tx, conn: conn.Conn}
	end := func() {
		_ = s.Rollback() // does nothing after Commit
		_ = conn.Close()
	}
	defer func() { end() }()
	attempts := db.reader.Stats().MaxOpenConnections
	s.again = func(ctx context.Context) error {
		if attempts--; attempts < 0 {
			s.again = nil
			return driver.ErrBadConn
		}
		end()
		again, tx, err := db.reader.begin(ctx, opts)
		if err != nil {
			end = func() {}
			return fmt.Errorf("begin to read: %w", err)
		}
		conn, s.Tx, s.conn = again, tx, again.Conn
		return nil
	}
	if err := fn(ctx, s); err != nil {
		return err
	}
	if err := s.Commit(); err != nil {
		return fmt.Errorf("end reading: %w", err)
	}
	return nil
}

// Update calls fn with a context that carries a write transaction: what [DB.View] and [DB.Driver] do with that context
// happens in it. The transaction is committed if fn returns nil, and rolled back if it returns an error or panics. It serves
// one statement at a time: ent's callers wait for each other, those of [DB.View] must see to it themselves.
//
// An error of COMMIT is returned and never retried: if the connection was lost meanwhile, nobody can say whether the
// writes were kept. Inside another Update, fn takes part in the outer transaction, which cannot commit if fn fails.
// What [AfterCommit] was given is called before Update returns, if the transaction was committed.
func (db *DB) Update(ctx context.Context, fn func(ctx context.Context) error) error {
	if u := db.running(ctx); u != nil {
		err := fn(ctx)
		if err != nil {
			u.failed = true
		}
		return err
	}
	u := &update{db: db, turn: make(chan struct{}, 1)}
	u.outer, _ = ctx.Value(updateKey{}).(*update)
	run := u.run
	if db.group != nil {
		run = func(ctx context.Context, fn func(ctx context.Context) error) error {
			return db.group.update(ctx, u, fn)
		}
	}
	if err := run(ctx, fn); err != nil {
		return err
	}
	// The connection is free again: what is called now may write, too.
	u.committed(ctx)
	return nil
}

func (u *update) run(ctx context.Context, fn func(ctx context.Context) error) error {
	conn, tx, err := u.db.writer.begin(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	defer conn.Close()
	defer tx.Rollback()
	u.tx, u.conn = tx, conn.Conn
	if err := u.call(ctx, fn); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// call calls fn with the transaction, and says why it cannot be committed.
func (u *update) call(ctx context.Context, fn func(ctx context.Context) error) error {
	within := context.WithValue(ctx, updateKey{}, u)
	if err := fn(within); err != nil {
		return err
	}
	if u.failed {
		return errors.New("a part of the transaction was rolled back, so that the rest cannot be committed")
	}
	if err := u.flush(within); err != nil {
		return fmt.Errorf("before commit: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("before commit: %w", err)
	}
	return nil
}

// Conn takes a connection for writing out of the pool, for those who need one and the same for everything they do: migrations,
// whose locks and settings belong to it. It must be closed. On SQLite nobody else writes meanwhile.
func (db *DB) Conn(ctx context.Context) (*sql.Conn, error) {
	if db.pooler {
		return nil, errors.New("a pooler gives nobody a connection of their own; name the server itself in --database-url, and --pooler=false")
	}
	return db.writer.Conn(ctx)
}

// update is a write transaction on its way through a context.
type update struct {
	db     *DB
	outer  *update // of another database
	tx     *sql.Tx
	conn   *sql.Conn
	turn   chan struct{}
	failed bool // a nested transaction was rolled back

	mu    sync.Mutex
	after []func(context.Context) error

	collector
}

type updateKey struct{}

func (db *DB) running(ctx context.Context) *update {
	u, _ := ctx.Value(updateKey{}).(*update)
	for u != nil && u.db != db {
		u = u.outer
	}
	return u
}
