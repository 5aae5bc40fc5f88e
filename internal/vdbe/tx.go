package vdbe

import (
	"context"
	"database/sql/driver"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"
)

// tx is a transaction. Its statements are prepared once for each connection; the driver would compile them each time.
type tx struct{ conn *Conn }

// BeginTx implements driver.ConnBeginTx. Isolation is SQLite's own: a transaction sees the database as it was when it began to read.
// One that may write takes the lock at once: with its first write, after it has read, it could not wait for it.
func (c *Conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	begin := "BEGIN IMMEDIATE"
	if opts.ReadOnly {
		begin = "BEGIN"
	}
	if err := c.command(ctx, begin); err != nil {
		return nil, err
	}
	return tx{c}, nil
}

// Commit implements driver.Tx. If it fails the transaction is undone, as database/sql takes for granted.
func (t tx) Commit() error {
	err := t.conn.command(context.Background(), "COMMIT")
	if err != nil && t.conn.InTransaction() {
		err = errors.Join(err, t.Rollback())
	}
	return err
}

// InTransaction says whether a transaction goes on. Some errors end it: a full disk, an interrupted write, ON CONFLICT ROLLBACK.
func (c *Conn) InTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// Rollback implements driver.Tx.
func (t tx) Rollback() error { return t.conn.command(context.Background(), "ROLLBACK") }

// command executes a statement that has neither arguments nor rows.
func (c *Conn) command(ctx context.Context, text string) error {
	stmt, ok := c.commands[text]
	if !ok {
		var err error
		if stmt, err = c.PrepareContext(ctx, text); err != nil {
			return err
		}
		c.commands[text] = stmt
	}
	rows, err := stmt.(*Stmt).QueryContext(ctx, nil)
	if err != nil {
		return err
	}
	return rows.Close()
}
