package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"

	"github.com/entwine-data/entwine/internal/vdbe"
)

// What every connection to a SQLite file needs. busy_timeout stands first, because the others may meet a lock already. Only
// with both _time_format and _timezone are times stored so that they compare and sort as text.
const sqliteParams = "?_pragma=busy_timeout(5000)&_time_format=sqlite&_timezone=UTC"

// synchronous is FULL: with NORMAL a commit in WAL mode survives a crash of the process but not of the machine. temp_store is
// memory because a statement that writes several rows keeps the old pages to undo it: in a file that is a third of a load.
// journal_size_limit is where the log is cut when it begins anew after having been longer.
const (
	sqliteWriter = sqliteParams + "&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(memory)" +
		"&_pragma=journal_size_limit(16777216)"
	sqliteReader = sqliteParams + "&_pragma=query_only(1)"
)

// registerFunctions gives SQLite what it lacks beside Postgres. The driver knows functions for all connections only.
var registerFunctions = sync.OnceValue(func() error {
	return errors.Join(registerLower(), registerJSON(), registerPeriod(), registerExact(), registerAbsent())
})

func openSQLite(ctx context.Context, path string, opts Options) (*DB, error) {
	if err := registerFunctions(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	path = strings.TrimPrefix(path, "//")
	if path == ":memory:" {
		return openMemory(opts)
	}
	if path == "" {
		return nil, errors.New("open database: sqlite: needs the path of a file, for example sqlite:./data/entwine.db")
	}
	if strings.ContainsAny(path, "?#") {
		return nil, errors.New("open database: sqlite: takes a path and no parameters")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open database: create its folder: %w", err)
	}
	name := (&url.URL{Scheme: "file", Path: path}).String()

	db := &DB{dialect: dialect.SQLite, log: opts.Logger}
	// One writer at a time is all that SQLite allows: waiting for the connection is fair, waiting for the lock is not.
	if db.checkpoints, err = newCheckpoints(name + sqliteParams); err != nil {
		return nil, err
	}
	if db.writer, _, err = sqlitePool(name+sqliteWriter, opts, 1, db.checkpoints.committed); err != nil {
		return nil, errors.Join(err, db.checkpoints.close())
	}
	if db.reader, db.readers, err = sqlitePool(name+sqliteReader, opts, or(opts.MaxConns, max(4, 2*runtime.GOMAXPROCS(0))), nil); err != nil {
		return nil, errors.Join(err, db.writer.Close(), db.checkpoints.close())
	}
	db.group = newGroup(db.writer)
	// The writer makes the file and switches it to WAL, which a reader could not.
	if err := db.writer.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database %s: %w", path, err), db.Close())
	}
	return db, nil
}

// openMemory opens a database that is gone when it is closed. It consists of its one connection.
func openMemory(opts Options) (*DB, error) {
	pool, _, err := sqlitePool("file::memory:"+sqliteWriter, opts, 1, nil)
	if err != nil {
		return nil, err
	}
	return &DB{dialect: dialect.SQLite, reader: pool, writer: pool, log: opts.Logger}, nil
}

func sqlitePool(dsn string, opts Options, conns int, committed func(frames int) vdbe.Checkpoint) (*pool, *connector, error) {
	inner, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, nil, fmt.Errorf("open database: %w", err)
	}
	c := newConnector(vdbe.Connector{Connector: inner, Committed: committed}, opts)
	return newPool(sql.OpenDB(c), conns), c, nil
}

func or(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}
