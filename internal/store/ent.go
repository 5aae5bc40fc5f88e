package store

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// Driver returns the driver for ent. A statement whose context belongs to a running [DB.Update] takes part in it, and a
// transaction that is begun with such a context does too: its Commit does nothing, and its Rollback keeps the Update
// from committing. Otherwise reads and writes use the pools, and each write is a transaction of its own.
func (db *DB) Driver() dialect.Driver { return entDriver{db} }

type entDriver struct{ db *DB }

var _ dialect.Driver = entDriver{}

func (d entDriver) Dialect() string { return d.db.dialect }

// Close does nothing: the connections belong to the DB.
func (d entDriver) Close() error { return nil }

func (d entDriver) Exec(ctx context.Context, query string, args, v any) error {
	return d.conn(ctx, d.db.writer).Exec(ctx, query, args, v)
}

func (d entDriver) Query(ctx context.Context, query string, args, v any) error {
	return d.conn(ctx, d.pool(query)).Query(ctx, query, args, v)
}

// ExecContext is for ent's feature sql/execquery.
func (d entDriver) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return d.conn(ctx, d.db.writer).ExecContext(ctx, query, args...)
}

// QueryContext is for ent's feature sql/execquery.
func (d entDriver) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.conn(ctx, d.pool(query)).QueryContext(ctx, query, args...)
}

func (d entDriver) Tx(ctx context.Context) (dialect.Tx, error) { return d.BeginTx(ctx, nil) }

// BeginTx is what ent's client uses for transactions with options.
func (d entDriver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if u := d.db.running(ctx); u != nil {
		return &nestedTx{Conn: entsql.Conn{ExecQuerier: u.tx}, update: u}, nil
	}
	tx, err := d.db.writer.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &entsql.Tx{Conn: entsql.Conn{ExecQuerier: tx}, Tx: tx}, nil
}

// conn returns the transaction that runs in ctx, or else the pool.
func (d entDriver) conn(ctx context.Context, pool *sql.DB) entsql.Conn {
	if u := d.db.running(ctx); u != nil {
		return entsql.Conn{ExecQuerier: u.tx}
	}
	return entsql.OpenDB(d.db.dialect, pool).Conn
}

// pool chooses by the statement: ent reads with SELECT, and inserts with a query that returns the id.
func (d entDriver) pool(query string) *sql.DB {
	if reads(query) {
		return d.db.reader
	}
	return d.db.writer
}

// nestedTx is a transaction inside of a running Update.
type nestedTx struct {
	entsql.Conn
	update *update
	done   bool
}

func (t *nestedTx) Commit() error {
	if t.done {
		return sql.ErrTxDone
	}
	t.done = true
	return nil
}

func (t *nestedTx) Rollback() error {
	if t.done {
		return sql.ErrTxDone
	}
	t.done = true
	t.update.failed = true
	return nil
}
