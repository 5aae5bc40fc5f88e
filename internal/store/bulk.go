package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"
)

// RowError is the error of one row of a bulk insert.
type RowError struct {
	Row int // counted from 1
	err error
}

func (e *RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, e.err) }

func (e *RowError) Unwrap() error { return e.err }

// Insert writes many rows to a table, by COPY where there is one, and returns their number. ctx must belong to a running
// [DB.Update], which has to fail if Insert does. The error contains a [RowError] if the row is known. Foreign keys may refer
// to later rows of the same call; on SQLite also to those of later ones if the transaction defers them.
func (db *DB) Insert(ctx context.Context, table string, columns []string, rows iter.Seq[[]any]) (int, error) {
	u := db.running(ctx)
	if u == nil {
		return 0, errors.New("bulk insert outside of a transaction")
	}
	insert := insertMany
	if db.dialect == dialect.Postgres {
		insert = copyIn
	}
	n, err := insert(ctx, u.tx, table, columns, rows)
	if err != nil {
		return n, fmt.Errorf("insert into %s: %w", table, err)
	}
	return n, nil
}

// insertMany inserts as many rows with one statement as have this many values.
const insertValues = 512

func insertMany(ctx context.Context, tx *sql.Tx, table string, columns []string, rows iter.Seq[[]any]) (int, error) {
	head := "INSERT INTO " + Quote(table) + " (" + quoteAll(columns) + ") VALUES "
	one := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	batch := max(1, insertValues/len(columns))
	full := head + one + strings.Repeat(", "+one, batch-1)

	inserted, args := 0, make([]any, 0, batch*len(columns))
	flush := func() error {
		waiting := len(args) / len(columns)
		if waiting == 0 {
			return nil
		}
		query := full
		if waiting < batch {
			query = head + one + strings.Repeat(", "+one, waiting-1)
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			// The statement has changed nothing. One row of it will fail again.
			for row := range waiting {
				if _, err := tx.ExecContext(ctx, head+one, args[row*len(columns):(row+1)*len(columns)]...); err != nil {
					return &RowError{Row: inserted + row + 1, err: err}
				}
			}
			return err
		}
		inserted += waiting
		args = args[:0]
		return nil
	}
	for row := range rows {
		args = append(args, row...)
		if len(args) == cap(args) {
			if err := flush(); err != nil {
				return inserted, err
			}
		}
	}
	return inserted, flush()
}

func copyIn(ctx context.Context, tx *sql.Tx, table string, columns []string, rows iter.Seq[[]any]) (n int, err error) {
	stmt, err := tx.PrepareContext(ctx, "COPY "+Quote(table)+" ("+quoteAll(columns)+") FROM STDIN")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	for row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			var v *Violation
			if errors.As(err, &v) { // refused before it was sent
				return n, &RowError{Row: n + 1, err: err}
			}
			return n, copyError(err)
		}
		n++
	}
	if _, err := stmt.ExecContext(ctx); err != nil {
		return n, copyError(err)
	}
	return n, nil
}

var copyLine = regexp.MustCompile(`^COPY .*? (\d+)(,|$)`)

// copyError finds the row in "COPY users, line 3, column n: …". Its words may be in any language.
func copyError(err error) error {
	var e *pq.Error
	if !errors.As(err, &e) {
		return err
	}
	first, _, _ := strings.Cut(e.Where, "\n")
	m := copyLine.FindStringSubmatch(first)
	if m == nil {
		return err
	}
	row, _ := strconv.Atoi(m[1])
	return &RowError{Row: row, err: err}
}

// Quote quotes the name of a table or column for either database.
func Quote(name string) string { return string(appendQuoted(nil, name)) }

func appendQuoted(text []byte, name string) []byte {
	text = append(text, '"')
	for i := range len(name) {
		if name[i] == '"' {
			text = append(text, '"')
		}
		text = append(text, name[i])
	}
	return append(text, '"')
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Quote(name)
	}
	return strings.Join(quoted, ", ")
}
