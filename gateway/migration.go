package gateway

import (
	"context"
	"database/sql"
)

// DataMigration is a migration that is written in Go, for changes of data that SQL alone cannot make. It takes its place
// among the files by its version:
//
//	var Data = []gateway.DataMigration{{
//		Version: "20260102150405", Name: "tidy_slugs",
//		Up: func(ctx context.Context, tx gateway.MigrationTx) error {
//			_, err := tx.ExecContext(ctx, `UPDATE posts SET slug = lower(slug)`)
//			return err
//		},
//	}}
//
// It must work with the tables as they are at that point: name columns in SQL rather than use the generated ORM, which knows
// those of today.
type DataMigration struct {
	// Version has 14 digits, the time when it was written, and no file has the same.
	Version string
	// Name says what it does: letters, digits and underscores.
	Name string
	// Up runs in the transaction that records it.
	Up func(ctx context.Context, tx MigrationTx) error
	// Down undoes it. Without it, `migrate down` stops here.
	Down func(ctx context.Context, tx MigrationTx) error
}

// MigrationTx is the transaction of a [DataMigration]. The runner ends it: do not call Commit or Rollback.
type MigrationTx struct {
	*sql.Tx
	// Dialect is "sqlite3" or "postgres": the first writes parameters as ?, the second as $1, $2.
	Dialect string
}

func (m DataMigration) step(fn func(context.Context, MigrationTx) error) func(context.Context, *sql.Tx, string) error {
	if fn == nil {
		return nil
	}
	return func(ctx context.Context, tx *sql.Tx, dialect string) error { return fn(ctx, MigrationTx{tx, dialect}) }
}
