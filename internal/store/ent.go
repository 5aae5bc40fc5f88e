package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

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
	if capturing(ctx) != nil {
		return ErrNotSingle
	}
	if u := d.db.running(ctx); u != nil {
		return u.turns().Exec(ctx, query, args, v)
	}
	return d.conn(ctx, d.db.writer.DB).Exec(ctx, query, args, v)
}

func (d entDriver) Query(ctx context.Context, query string, args, v any) error {
	if capturing(ctx) != nil {
		return ErrNotSingle
	}
	if u := d.db.running(ctx); u != nil {
		return u.turns().Query(ctx, query, args, v)
	}
	return d.conn(ctx, d.pool(query)).Query(ctx, query, args, v)
}

// ExecContext is for ent's feature sql/execquery.
func (d entDriver) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return d.conn(ctx, d.db.writer.DB).ExecContext(ctx, query, args...)
}

// QueryContext is for ent's feature sql/execquery.
func (d entDriver) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return d.conn(ctx, d.pool(query)).QueryContext(ctx, query, args...)
}

func (d entDriver) Tx(ctx context.Context) (dialect.Tx, error) {
	if upd := capturing(ctx); upd != nil {
		return captureTx{upd}, nil
	}
	return d.BeginTx(ctx, nil)
}

// BeginTx is what ent's client uses for transactions with options.
func (d entDriver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if u := d.db.running(ctx); u != nil {
		return &nestedTx{turns: u.turns(), update: u}, nil
	}
	tx, err := d.db.writer.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &ormTx{Tx: entsql.Tx{Conn: entsql.Conn{ExecQuerier: tx}, Tx: tx}, ctx: ctx}, nil
}

// ormTx is a transaction that the ORM has begun outside of any Update.
type ormTx struct {
	entsql.Tx
	ctx context.Context //nolint:containedctx // ent's Commit has none
	collector
}

func (t *ormTx) Commit() error {
	if err := t.flush(t.ctx); err != nil {
		return errors.Join(fmt.Errorf("before commit: %w", err), t.Rollback())
	}
	return t.Tx.Commit()
}

// Update is that of the database, for those who have only the driver.
func (d entDriver) Update(ctx context.Context, fn func(ctx context.Context) error) error {
	return d.db.Update(ctx, fn)
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
		return d.db.reader.DB
	}
	return d.db.writer.DB
}

// nestedTx is a transaction inside of a running Update.
type nestedTx struct {
	turns
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

// turns is the connection of a transaction, for callers that run side by side as hand-written fields below a mutation do:
// each waits until the rows of the others are closed.
type turns struct {
	entsql.Conn
	turn chan struct{} // holds an element while somebody has the connection
}

func (u *update) turns() turns { return turns{Conn: entsql.Conn{ExecQuerier: u.tx}, turn: u.turn} }

func (t turns) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the transaction's connection: %w", ctx.Err())
	}
}

func (t turns) give() { <-t.turn }

func (t turns) Exec(ctx context.Context, query string, args, v any) error {
	if err := t.take(ctx); err != nil {
		return err
	}
	defer t.give()
	return t.Conn.Exec(ctx, query, args, v)
}

func (t turns) Query(ctx context.Context, query string, args, v any) error {
	if err := t.take(ctx); err != nil {
		return err
	}
	if err := t.Conn.Query(ctx, query, args, v); err != nil {
		t.give()
		return err
	}
	rows := v.(*entsql.Rows) // or Query would have failed
	rows.ColumnScanner = turnRows{rows.ColumnScanner, sync.OnceFunc(t.give)}
	return nil
}

// turnRows gives the connection back when they are closed, which reading them to the end does.
type turnRows struct {
	entsql.ColumnScanner
	give func()
}

func (r turnRows) Next() bool {
	ok := r.ColumnScanner.Next()
	if !ok {
		r.give()
	}
	return ok
}

func (r turnRows) Close() error {
	defer r.give()
	return r.ColumnScanner.Close()
}
