package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// Snapshot is a copy of a SQLite file, taken before it was migrated.
type Snapshot struct {
	// Name says when and before what: 20260102-150405-000_before_20260102150300_add_bio.
	Name, Path string
	Taken      time.Time
	Size       int64
	// Replaced says that it is no copy but the database that another one has taken the place of.
	Replaced bool
}

const (
	snapshotTime   = "20060102-150405.000"
	snapshotSuffix = ".db"
	replacedSuffix = "_replaced"
)

var snapshotName = regexp.MustCompile(`^([0-9]{8}-[0-9]{6})-([0-9]{3})_(before|replaced)`)

// snapshotFolder is beside the database.
func snapshotFolder(database string) string { return database + "-snapshots" }

// realPath is the path of a database as SQLite itself knows it, which follows links.
func realPath(database string) (string, error) {
	if path, err := filepath.EvalSymlinks(database); err == nil {
		database = path
	}
	return filepath.Abs(database)
}

// Snapshots lists those of a SQLite file, the newest first.
func Snapshots(database string) ([]Snapshot, error) {
	database, err := realPath(database)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(snapshotFolder(database))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the snapshots: %w", err)
	}
	var out []Snapshot
	for _, e := range entries {
		name, isDB := strings.CutSuffix(e.Name(), snapshotSuffix)
		m := snapshotName.FindStringSubmatch(name)
		if !isDB || m == nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("list the snapshots: %w", err)
		}
		taken, err := time.Parse(snapshotTime, m[1]+"."+m[2])
		if err != nil {
			continue // not one of ours
		}
		out = append(out, Snapshot{name, filepath.Join(snapshotFolder(database), e.Name()), taken, info.Size(), m[3] == "replaced"})
	}
	slices.SortFunc(out, func(a, b Snapshot) int { return strings.Compare(b.Name, a.Name) })
	return out, nil
}

// newSnapshot is the path of a snapshot that is taken now.
func newSnapshot(database, what string) (string, error) {
	if err := os.MkdirAll(snapshotFolder(database), 0o700); err != nil {
		return "", err
	}
	for now := time.Now(); ; now = now.Add(time.Millisecond) {
		name := strings.ReplaceAll(now.UTC().Format(snapshotTime), ".", "-") + what + snapshotSuffix
		path := filepath.Join(snapshotFolder(database), name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
}

// secure puts a copy of the database aside before migrations run, if that is wanted.
func (s *session) secure(ctx context.Context, before string) error {
	if s.Dump != "" {
		if err := s.dump(ctx); err != nil {
			return err
		}
	}
	if s.dialect != dialect.SQLite || s.Snapshots == 0 {
		return nil
	}
	database, err := s.file(ctx)
	if err != nil || database == "" {
		return err
	}
	path, err := newSnapshot(database, "_before_"+before)
	if err == nil {
		start := time.Now()
		if err = store.CopySQLite(ctx, s.conn, path); err == nil {
			s.say("  snapshot %s  %s", strings.TrimSuffix(filepath.Base(path), snapshotSuffix), duration(time.Since(start)))
		}
	}
	if err != nil {
		return &SnapshotError{err}
	}
	return prune(database, s.Snapshots)
}

// SnapshotError says that the database could not be copied, and was not migrated therefore.
type SnapshotError struct{ Err error }

func (e *SnapshotError) Error() string {
	why := e.Err.Error()
	if store.Classify(e.Err).Kind == store.DiskFull {
		why = "the disk is full"
	}
	return "take a snapshot: " + why + "\n  Nothing was migrated."
}

func (e *SnapshotError) Unwrap() error { return e.Err }

// prune removes the oldest copies, and what copies that were interrupted have left. Databases that were replaced stay: nobody
// but the user knows what they hold.
func prune(database string, keep int) error {
	entries, err := os.ReadDir(snapshotFolder(database))
	if err != nil {
		return fmt.Errorf("remove an old snapshot: %w", err)
	}
	for _, e := range entries {
		if !strings.Contains(e.Name(), snapshotSuffix+".partial") {
			continue
		}
		if err := os.Remove(filepath.Join(snapshotFolder(database), e.Name())); err != nil {
			return fmt.Errorf("remove an old snapshot: %w", err)
		}
	}
	list, err := Snapshots(database)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(s Snapshot) bool { return s.Replaced })
	for _, old := range list[min(keep, len(list)):] {
		if err := os.Remove(old.Path); err != nil {
			return fmt.Errorf("remove an old snapshot: %w", err)
		}
	}
	return nil
}

// file is the path of a SQLite database, empty if it is in memory.
func (s *session) file(ctx context.Context) (path string, err error) {
	err = s.conn.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path)
	return path, err
}
