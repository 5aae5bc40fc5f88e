package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/entwine-data/entwine/internal/vdbe"
)

// CopySQLite copies the file that a connection has open to another path, page by page, as it is at one moment: others may read and
// write meanwhile. The copy is on the disk when it returns, and whole: it takes its name at the end. It was read through once
// to prove that it is sound. The connection must not be in a transaction.
func CopySQLite(ctx context.Context, conn *sql.Conn, path string) (err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	partial := path + ".partial"
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(partial), remove(partial+"-journal"))
		}
	}()
	if err := remove(partial); err != nil {
		return err
	}
	// Within a transaction that reads, the backup need not begin anew whenever somebody writes.
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	err = conn.Raw(func(c any) error { return backup(ctx, c, partial) })
	if _, e := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err != nil || e != nil {
		return errors.Join(err, e)
	}
	if err := CheckSQLite(ctx, partial); err != nil {
		return err
	}
	if err := SyncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return SyncFile(filepath.Dir(path))
}

func backup(ctx context.Context, c any, path string) error {
	ours, ok := c.(*conn)
	if !ok {
		return fmt.Errorf("unexpected connection %T", c)
	}
	direct, ok := ours.driverConn.(*vdbe.Conn)
	if !ok {
		return fmt.Errorf("unexpected connection %T", ours.driverConn)
	}
	source, ok := direct.Driven().(interface {
		NewBackup(uri string) (*sqlite.Backup, error)
	})
	if !ok {
		return fmt.Errorf("unexpected connection %T", direct.Driven())
	}
	// The copy is of no use before it is complete: it needs no journal.
	b, err := source.NewBackup((&url.URL{Scheme: "file", Path: path}).String() + "?_pragma=synchronous(0)")
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if more, err = b.Step(4096); err == nil {
			err = ctx.Err()
		}
	}
	// Finish returns what Step has returned once more.
	if e := b.Finish(); err == nil {
		err = e
	}
	return err
}

// CheckSQLite reads a file through, without changing it, and returns what is wrong with it.
func CheckSQLite(ctx context.Context, path string) error {
	pool, _, err := sqlitePool((&url.URL{Scheme: "file", Path: path}).String()+"?immutable=1&_pragma=query_only(1)", Options{}, 1, nil)
	if err != nil {
		return err
	}
	defer pool.Close()
	var result string
	if err := pool.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	if result != "ok" {
		return fmt.Errorf("check %s: %s", path, result)
	}
	return nil
}

// SyncFile has the system write a file, or a folder's list of files, to the disk.
func SyncFile(path string) error {
	f, err := os.Open(path) //nolint:gosec // beside the database
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
