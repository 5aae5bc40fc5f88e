package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// copyDatabase makes a copy with all rows: of a SQLite file in the folder for temporary files, of a Postgres database on the
// server. drop removes it.
func (r *Runner) copyDatabase(ctx context.Context, scratch string) (db *store.DB, drop func() error, err error) {
	start := time.Now()
	folder, err := os.MkdirTemp("", "entwine-rehearse-")
	if err != nil {
		return nil, nil, fmt.Errorf("copy the database: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("copy the database: %w", err), os.RemoveAll(folder))
		}
	}()
	path := filepath.Join(folder, "copy")
	remove := func() error { return os.RemoveAll(folder) }
	if r.DB.Dialect() == dialect.SQLite {
		if err = withConn(ctx, r.DB, func(conn *sql.Conn) error { return store.CopySQLite(ctx, conn, path) }); err != nil {
			return nil, nil, err
		}
		db, err = store.Open(ctx, "sqlite:"+path, store.Options{})
	} else {
		db, remove, err = r.copyPostgres(ctx, scratch, path, remove)
	}
	if err != nil {
		return nil, nil, err
	}
	r.say("copy  of all tables and rows  %s", duration(time.Since(start)))
	return db, func() error { return errors.Join(db.Close(), remove()) }, nil
}

func (r *Runner) copyPostgres(ctx context.Context, scratch, path string, remove func() error) (*store.DB, func() error, error) {
	var found programs
	var like string
	err := withConn(ctx, r.DB, func(conn *sql.Conn) (err error) {
		if found, err = findPrograms(ctx, conn); err != nil {
			return err
		}
		const query = `SELECT format(' ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database WHERE datname = current_database()`
		if err := conn.QueryRowContext(ctx, query).Scan(&like); err != nil {
			return fmt.Errorf("ask for the encoding: %w", err)
		}
		_, err = dumpPostgres(ctx, conn, r.URL, path)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	target, database, drop, err := createScratch(ctx, scratch, like)
	if err != nil {
		return nil, nil, err
	}
	_, err = found.run(ctx, target, "pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password", "--dbname="+database, path)
	var db *store.DB
	if err == nil {
		db, err = store.Open(ctx, target, store.Options{})
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("restore the dump: %w", err), drop())
	}
	return db, func() error { return errors.Join(drop(), remove()) }, nil
}

// countRows counts the rows of all tables.
func countRows(ctx context.Context, db *store.DB) (map[string]int64, error) {
	out := make(map[string]int64)
	err := withConn(ctx, db, func(conn *sql.Conn) error {
		is, _, err := inspect(ctx, conn, db.Dialect(), applications)
		if err != nil {
			return err
		}
		for _, t := range is.Tables {
			var n int64
			if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+store.Quote(t.Name)).Scan(&n); err != nil {
				return fmt.Errorf("count the rows of %s: %w", t.Name, err)
			}
			out[t.Name] = n
		}
		return nil
	})
	return out, err
}

// lockWatch sees which locks a migration holds before it commits. SQLite has one for all.
type lockWatch struct {
	tables map[string]string // by oid, as they are called before
	modes  map[string]string // by table
}

func (w *lockWatch) begin(ctx context.Context, db *store.DB) error {
	w.tables, w.modes = make(map[string]string), make(map[string]string)
	if db.Dialect() != dialect.Postgres {
		return nil
	}
	return db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		return eachPair(ctx, q, `SELECT oid::text, relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(oid)`,
			func(oid, name string) {
				if applications(name) && !strings.HasPrefix(name, "pg_") {
					w.tables[oid] = name
				}
			})
	})
}

// lockModes are in the order of their strength. From ShareLock on they keep writers out, the last one readers, too.
var lockModes = []string{
	"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
}

// read notes the strongest lock on each table that was there before.
func (w *lockWatch) read(ctx context.Context, tx *sql.Tx, name string) error {
	if name != dialect.Postgres {
		return nil
	}
	return eachPair(ctx, tx, `SELECT relation::text, mode FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted`,
		func(oid, mode string) {
			table, known := w.tables[oid]
			if known && slices.Index(lockModes, mode) >= slices.Index(lockModes, w.modes[table]) {
				w.modes[table] = mode
			}
		})
}

func eachPair(ctx context.Context, q reader, query string, fn func(a, b string)) error {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("look at the locks: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return fmt.Errorf("look at the locks: %w", err)
		}
		fn(a, b)
	}
	return errors.Join(rows.Err(), rows.Close())
}

// held is a line for each kind of lock, the strongest first.
func (w *lockWatch) held() []string {
	var out []string
	for i, mode := range slices.Backward(lockModes) {
		var tables []string
		for table, m := range w.modes {
			if m == mode {
				tables = append(tables, table)
			}
		}
		if len(tables) == 0 {
			continue
		}
		slices.Sort(tables)
		line := lockName(mode) + " on " + strings.Join(tables, ", ")
		switch {
		case i == len(lockModes)-1:
			line += ": nobody else reads or writes it meanwhile"
		case i >= slices.Index(lockModes, "ShareLock"):
			line += ": nobody else writes it meanwhile"
		}
		out = append(out, line)
	}
	if len(out) == 0 {
		out = append(out, "none on tables that were there before")
	}
	return out
}

// lockName is as the manual spells it: ACCESS EXCLUSIVE.
func lockName(mode string) string {
	var b strings.Builder
	for i, r := range strings.TrimSuffix(mode, "Lock") {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}
