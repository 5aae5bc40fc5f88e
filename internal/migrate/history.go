package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
)

// Row is what the history says of a migration.
type Row struct {
	Version, Name string
	// Kind is how it came there: sql, go, baseline, adopted or pushed; or undoing, if it is about to go.
	Kind       string
	AppliedAt  time.Time
	Took       time.Duration
	Build      string
	Compatible bool
	// Done and Statements count the statements of a file without a transaction, of which a part may have been executed: of the
	// down file, if Kind is undoing.
	Done, Statements int

	hash string // of the file, or of the statements that are done as long as some are not
}

func (r Row) partial() bool { return r.Done < r.Statements }

// pushedVersion marks a database that dev has brought ahead of the migrations. It is no version, and sorts after all.
const pushedVersion = "pushed"

// reader is a pool, a connection or a transaction.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// querier is one that also writes.
type querier interface {
	reader
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// history reads and writes the table of a line.
type history struct {
	dialect, table string
}

func (h history) create(ctx context.Context, q querier) error {
	stamp, text := "datetime", "text"
	if h.dialect == dialect.Postgres {
		stamp, text = "timestamptz", `text COLLATE "C"`
	}
	_, err := q.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+h.table+` (
  version `+text+` PRIMARY KEY,
  name text NOT NULL,
  kind text NOT NULL,
  hash text NOT NULL,
  applied_at `+stamp+` NOT NULL,
  took_ms bigint NOT NULL,
  build text NOT NULL,
  compatible boolean NOT NULL,
  done bigint NOT NULL,
  statements bigint NOT NULL
)`)
	if err != nil {
		return fmt.Errorf("make the history: %w", err)
	}
	return nil
}

// read returns the history, the oldest version first, and whether there is one.
func (h history) read(ctx context.Context, q reader) (rows []Row, exists bool, err error) {
	if exists, err = h.exists(ctx, q); err != nil || !exists {
		return nil, exists, err
	}
	result, err := q.QueryContext(ctx, "SELECT version, name, kind, hash, applied_at, took_ms, build, compatible, done, statements FROM "+h.table)
	if err != nil {
		return nil, true, fmt.Errorf("read the history: %w", err)
	}
	defer result.Close()
	for result.Next() {
		var r Row
		var ms int64
		if err := result.Scan(&r.Version, &r.Name, &r.Kind, &r.hash, &r.AppliedAt, &ms, &r.Build, &r.Compatible, &r.Done, &r.Statements); err != nil {
			return nil, true, fmt.Errorf("read the history: %w", err)
		}
		r.Took = time.Duration(ms) * time.Millisecond
		rows = append(rows, r)
	}
	if err := errors.Join(result.Err(), result.Close()); err != nil {
		return nil, true, fmt.Errorf("read the history: %w", err)
	}
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Version, b.Version) })
	return rows, true, nil
}

func (h history) exists(ctx context.Context, q reader) (bool, error) {
	query := `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?`
	if h.dialect == dialect.Postgres {
		query = `SELECT 1 FROM pg_catalog.pg_class WHERE relname = $1 AND relkind = 'r' AND pg_catalog.pg_table_is_visible(oid)`
	}
	found, err := findsRow(ctx, q, query, h.table)
	if err != nil {
		return false, fmt.Errorf("look for the history: %w", err)
	}
	return found, nil
}

// findsRow says whether a query finds a row.
func findsRow(ctx context.Context, q reader, query string, args ...any) (bool, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	found := rows.Next()
	return found, rows.Err()
}

// write inserts a row, or replaces the one that a part of the same migration has left.
func (h history) write(ctx context.Context, q querier, r Row) error {
	_, err := q.ExecContext(ctx, h.bind(`INSERT INTO `+h.table+` (version, name, kind, hash, applied_at, took_ms, build, compatible, done, statements)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (version) DO UPDATE SET hash = excluded.hash, applied_at = excluded.applied_at, took_ms = excluded.took_ms,
			build = excluded.build, compatible = excluded.compatible, done = excluded.done, statements = excluded.statements
		WHERE `+h.table+`.done < `+h.table+`.statements`),
		r.Version, r.Name, r.Kind, r.hash, r.AppliedAt.UTC().Truncate(time.Microsecond), r.Took.Milliseconds(), r.Build, r.Compatible, r.Done, r.Statements)
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// undoing notes how far the down file of a migration is.
func (h history) undoing(ctx context.Context, q querier, r Row) error {
	_, err := q.ExecContext(ctx, h.bind(`UPDATE `+h.table+` SET kind = ?, hash = ?, done = ?, statements = ? WHERE version = ?`),
		string(undoingKind), r.hash, r.Done, r.Statements, r.Version)
	if err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

func (h history) remove(ctx context.Context, q querier, version string) error {
	if _, err := q.ExecContext(ctx, h.bind(`DELETE FROM `+h.table+` WHERE version = ?`), version); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	return nil
}

// bind writes placeholders as the dialect wants them. The statements here hold no other question marks.
func (h history) bind(query string) string {
	if h.dialect != dialect.Postgres {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r == '?' {
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
