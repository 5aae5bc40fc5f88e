package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/entwine-data/entwine/internal/store"
)

// HeldError says that a database cannot be replaced, because another process has it open.
type HeldError struct{ Database string }

func (e *HeldError) Error() string { return e.Database + " is open in another process" }

// Restore puts a snapshot in the place of a SQLite database: the one with the name, or the newest that was taken before a
// migration. What it replaces is kept as a snapshot too, whose name it returns; there may be nothing to replace.
func Restore(ctx context.Context, database, name string) (restored, replaced string, err error) {
	database, err = realPath(database)
	if err != nil {
		return "", "", err
	}
	chosen, err := choose(database, name)
	if err != nil {
		return "", "", err
	}
	unlock, err := lockFile(database + "-migrate.lock")
	if errors.Is(err, errLocked) {
		return "", "", &HeldError{database}
	}
	if err != nil {
		return "", "", fmt.Errorf("take the lock: %w", err)
	}
	defer unlock()
	if err := store.CheckSQLite(ctx, chosen.Path); err != nil {
		return "", "", err
	}
	temporary := database + ".restoring"
	if err := copyFile(chosen.Path, temporary); err != nil {
		return "", "", errors.Join(fmt.Errorf("copy the snapshot: %w", err), os.RemoveAll(temporary))
	}
	if replaced, err = setAside(ctx, database); err != nil {
		return "", "", errors.Join(err, os.RemoveAll(temporary))
	}
	if err := os.Rename(temporary, database); err != nil {
		return "", replaced, fmt.Errorf("put the snapshot in its place: %w", err)
	}
	return chosen.Name, replaced, store.SyncFile(filepath.Dir(database))
}

func choose(database, name string) (Snapshot, error) {
	list, err := Snapshots(database)
	if err != nil {
		return Snapshot{}, err
	}
	for _, s := range list {
		if s.Name == name || name == "" && !s.Replaced {
			return s, nil
		}
	}
	if name == "" {
		return Snapshot{}, fmt.Errorf("there is no snapshot of %s", database)
	}
	return Snapshot{}, fmt.Errorf("%s has no snapshot %s", database, name)
}

// setAside gives the database a second name among the snapshots, unless there is none. It must not be open anywhere.
func setAside(ctx context.Context, database string) (name string, err error) {
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err := closeLog(ctx, database); err != nil {
		return "", err
	}
	path, err := newSnapshot(database, replacedSuffix)
	if err != nil {
		return "", fmt.Errorf("set the database aside: %w", err)
	}
	// A log that is still there belongs to a database that is broken: it goes along.
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Rename(database+suffix, path+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set the database aside: %w", err)
		}
	}
	// With a second name, there is a database at every moment. Not every file system can do that.
	if os.Link(database, path) != nil {
		if err := os.Rename(database, path); err != nil {
			return "", fmt.Errorf("set the database aside: %w", err)
		}
	}
	return filepath.Base(path[:len(path)-len(snapshotSuffix)]), nil
}

// closeLog writes the log of a database back into its file, which works only if nobody else has it open. A file that is no
// sound database is left as it is.
func closeLog(ctx context.Context, database string) error {
	mode := ""
	db, err := store.Open(ctx, "sqlite:"+database, store.Options{})
	if err == nil {
		err = withConn(ctx, db, func(conn *sql.Conn) error {
			if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 500"); err != nil {
				return err
			}
			return conn.QueryRowContext(ctx, "PRAGMA journal_mode = delete").Scan(&mode)
		})
		err = errors.Join(err, db.Close())
	}
	if mode == "wal" || err != nil && store.Classify(err).Kind == store.Busy {
		return &HeldError{database}
	}
	return ctx.Err()
}

// copyFile copies a file, and returns when the copy is on the disk.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from) //nolint:gosec // one of the snapshots
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // beside the database
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
