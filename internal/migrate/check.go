package migrate

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"

	"ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	ent "entgo.io/ent/dialect/sql/schema"

	"github.com/entwine-data/entwine/internal/search"
	"github.com/entwine-data/entwine/internal/store"
)

// CheckLine verifies a line without a database: the checksums, that both dialects have the same migrations, and that these
// lead to the tables.
func CheckLine(ctx context.Context, l Line, tables []*ent.Table) error {
	if _, err := l.last(); err != nil {
		return err
	}
	for _, name := range dialects {
		changes, err := l.ahead(ctx, name, tables)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			return &DriftError{What: "the schema is ahead of the migrations", Changes: headlines(changes)}
		}
	}
	return nil
}

func headlines(changes []planned) []string {
	var out []string
	for _, c := range changes {
		out = append(out, statement{text: c.sql}.head())
	}
	return out
}

// CheckReplay applies the line to an empty database, compares the result with that of making the tables directly, and undoes
// everything again, as far as there is a way back. For SQLite both are in memory. For Postgres, scratch is the URL of a server on which databases can
// be made; they are dropped at the end.
func CheckReplay(ctx context.Context, l Line, tables []*ent.Table, name, scratch string) error {
	replayed, drop, err := scratchDB(ctx, name, scratch)
	if err != nil {
		return err
	}
	defer drop()
	direct, drop, err := scratchDB(ctx, name, scratch)
	if err != nil {
		return err
	}
	defer drop()
	r := &Runner{DB: replayed, Line: l, scratch: true}
	if _, err := r.Up(ctx, 0); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if _, err := Push(ctx, direct, tables); err != nil {
		return err
	}
	d, err := compareDatabases(ctx, replayed, direct, l)
	if err != nil {
		return err
	}
	if changes := d.all(); len(changes) > 0 {
		return &DriftError{What: "the migrations do not lead to the schema", Changes: changes}
	}
	_, err = r.Down(ctx, math.MaxInt, true)
	if oneWay := (*NoWayBackError)(nil); err != nil && !errors.As(err, &oneWay) {
		return fmt.Errorf("replay down: %w", err)
	}
	return nil
}

// CheckDrift compares a database with what the migrations make that its history says were applied. For scratch see
// [CheckReplay].
func CheckDrift(ctx context.Context, r *Runner, scratch string) error {
	st, err := r.Status(ctx)
	if err != nil {
		return err
	}
	if list := st.In(Changed, Unknown); len(list) > 0 {
		return &HistoryError{list[0].State, list}
	}
	replayed, drop, err := scratchDB(ctx, r.DB.Dialect(), scratch)
	if err != nil {
		return err
	}
	defer drop()
	applied := st.In(Applied)
	if len(applied) > 0 {
		if _, err := (&Runner{DB: replayed, Line: r.Line, scratch: true}).Up(ctx, len(applied)); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	d, err := compareDatabases(ctx, r.DB, replayed, r.Line)
	if err != nil {
		return err
	}
	if changes := d.all(); len(changes) > 0 {
		return &DriftError{What: "the database is not what its history says", Changes: changes, Live: true}
	}
	return nil
}

// compareDatabases returns what would make a line's tables in one database those of another.
func compareDatabases(ctx context.Context, is, want *store.DB, l Line) (*difference, error) {
	var schemas [2]*schema.Schema
	var searches [2]map[string]string
	for i, db := range []*store.DB{want, is} {
		var out *difference
		err := withConn(ctx, db, func(conn *sql.Conn) error {
			s, drv, err := inspect(ctx, conn, db.Dialect(), l.owns)
			if err != nil {
				return err
			}
			schemas[i] = s
			if searches[i], err = search.Find(ctx, entsql.Conn{ExecQuerier: conn}, db.Dialect()); err != nil || i == 0 {
				return err
			}
			if out, err = compareSchemas(drv, s, schemas[0]); err == nil && l.Owns == nil { // what is searched is the application's
				out.addSearches(searches[1], searches[0])
			}
			return err
		})
		if err != nil || out != nil {
			return out, err
		}
	}
	return nil, errors.New("nothing was compared")
}

func withConn(ctx context.Context, db *store.DB, fn func(*sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return errors.Join(fn(conn), conn.Close())
}

// ScratchError says that a database to try things in could not be made.
type ScratchError struct{ Err error }

func (e *ScratchError) Error() string {
	return "make a database to try the migrations in: " + e.Err.Error()
}

func (e *ScratchError) Unwrap() error { return e.Err }

// scratchDB makes an empty database: in memory, or on the server. drop removes it.
func scratchDB(ctx context.Context, name, server string) (db *store.DB, drop func(), err error) {
	if name == dialect.SQLite {
		db, err := store.Open(ctx, "sqlite::memory:", store.Options{})
		if err != nil {
			return nil, nil, &ScratchError{err}
		}
		return db, func() { _ = db.Close() }, nil
	}
	target, _, remove, err := createScratch(ctx, server, "")
	if err != nil {
		return nil, nil, err
	}
	if db, err = store.Open(ctx, target, store.Options{}); err != nil {
		return nil, nil, &ScratchError{errors.Join(err, remove())}
	}
	return db, func() { _ = errors.Join(db.Close(), remove()) }, nil
}

// createScratch makes an empty database on a Postgres server, with further options of CREATE DATABASE, and returns its URL and
// its name. drop removes it, also when ctx has ended.
func createScratch(ctx context.Context, server, options string) (databaseURL, database string, drop func() error, err error) {
	admin, err := store.Open(ctx, server, store.Options{MaxConns: 1})
	if err != nil {
		return "", "", nil, &ScratchError{err}
	}
	exec := func(ctx context.Context, query string) error {
		return withConn(ctx, admin, func(conn *sql.Conn) error { _, err := conn.ExecContext(ctx, query); return err })
	}
	database = "entwine_scratch_" + strings.ToLower(rand.Text())
	if databaseURL, err = inDatabase(server, database); err == nil {
		err = exec(ctx, "CREATE DATABASE "+database+" TEMPLATE template0"+options)
	}
	if err != nil {
		return "", "", nil, &ScratchError{errors.Join(err, admin.Close())}
	}
	return databaseURL, database, func() error {
		err := exec(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+database)
		if err != nil {
			err = fmt.Errorf("drop %s: %w", database, err)
		}
		return errors.Join(err, admin.Close())
	}, nil
}

// inDatabase is the URL of another database on the same server.
func inDatabase(server, database string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("the postgres URL is malformed")
	}
	u.Path = "/" + database
	q := u.Query()
	q.Del("dbname")
	u.RawQuery = q.Encode()
	return u.String(), nil
}
