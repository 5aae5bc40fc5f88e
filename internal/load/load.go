// Package load fills a database from files, or with made-up rows, fast and all or nothing. It exists apart from mutations
// because it keeps the ids of its source, resolves references in any direction, and asks no rules.
package load

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// Options are the settings of a load. The zero value works.
type Options struct {
	// SkipUnknown leaves out files and columns that the schema does not know, instead of refusing to load anything.
	SkipUnknown bool
	// Progress is called every few thousand rows and at the end of each table.
	Progress func(Progress)
}

// Progress says how far a load has come.
type Progress struct {
	Table string
	Rows  int  // written so far
	Total int  // 0 if not known
	Done  bool // with this table
}

// Result says what was loaded.
type Result struct {
	Tables []Count
	// Skipped holds the files and columns that were left out.
	Skipped []string
}

// Count is the number of rows that were written to a table.
type Count struct {
	Table string
	Rows  int
}

// Rows loads rows that are in memory or made up, and returns their number. Their tables must come in an order in which
// foreign keys are satisfied, except for those inside of one table. progress may be nil.
func Rows(ctx context.Context, db *store.DB, tables []*schema.Table, rows iter.Seq[entity.Rows], progress func(Progress)) (int, error) {
	n := 0
	err := db.Update(ctx, func(ctx context.Context) error {
		w, err := begin(ctx, db, progress)
		if err != nil {
			return err
		}
		for r := range rows {
			table := find(tables, r.Table)
			if table == nil {
				return fmt.Errorf("there is no table %q", r.Table)
			}
			if err := w.write(ctx, step{table: table, columns: r.Columns, total: r.Count, rows: r.Values}); err != nil {
				return err
			}
		}
		for _, c := range w.counts {
			n += c.Rows
		}
		return w.finish(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("load: %w", err)
	}
	return n, nil
}

func find(tables []*schema.Table, name string) *schema.Table {
	for _, t := range tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// step is the part of a load that concerns one table.
type step struct {
	table   *schema.Table
	columns []string
	total   int
	rows    iter.Seq[[]any]
	// later holds the foreign keys that refer to tables that come later.
	later []*schema.ForeignKey
}

// writer writes tables in one transaction.
type writer struct {
	db       *store.DB
	progress func(Progress)
	counts   []Count
	steps    []step
	// later are the foreign keys that were left null.
	later []laterKey
}

type laterKey struct {
	table   *schema.Table
	columns []string // the primary key and then the foreign key
	rows    [][]any
}

func begin(ctx context.Context, db *store.DB, progress func(Progress)) (*writer, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	w := &writer{db: db, progress: progress}
	if db.Dialect() != dialect.SQLite {
		return w, nil
	}
	// Until the end of the transaction.
	if err := w.exec(ctx, `PRAGMA defer_foreign_keys = ON`); err != nil {
		return nil, fmt.Errorf("defer foreign keys: %w", err)
	}
	// The indexes of a million rows do not fit into the cache that a connection has otherwise, which more than doubles the
	// time.
	if err := w.exec(ctx, `PRAGMA cache_size = -262144`); err != nil { // KB
		return nil, fmt.Errorf("enlarge the cache: %w", err)
	}
	return w, nil
}

func (w *writer) exec(ctx context.Context, query string, args ...any) error {
	if args == nil {
		args = []any{}
	}
	return w.db.Driver().Exec(ctx, query, args, nil)
}

// write writes the rows of one table.
func (w *writer) write(ctx context.Context, s step) error {
	const often = 5000 // rows
	rows, err := w.withoutLaterKeys(s)
	if err != nil {
		return err
	}
	n, err := w.db.Insert(ctx, s.table.Name, s.columns, func(yield func([]any) bool) {
		n := 0
		for row := range rows {
			if n++; n%often == 0 {
				w.progress(Progress{Table: s.table.Name, Rows: n, Total: s.total})
			}
			if !yield(row) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	w.progress(Progress{Table: s.table.Name, Rows: n, Total: s.total, Done: true})
	w.counts = append(w.counts, Count{s.table.Name, n})
	w.steps = append(w.steps, s)
	return nil
}

// withoutLaterKeys sets the foreign keys to null that Postgres would refuse yet, and remembers them.
func (w *writer) withoutLaterKeys(s step) (iter.Seq[[]any], error) {
	if w.db.Dialect() == dialect.SQLite {
		return s.rows, nil
	}
	rows := s.rows
	for _, fk := range s.later {
		i := indexOf(s.columns, fk.Columns[0].Name)
		if i < 0 {
			continue
		}
		keys := laterKey{table: s.table}
		var from []int
		for _, c := range s.table.PrimaryKey {
			k := indexOf(s.columns, c.Name)
			if k < 0 {
				return nil, fmt.Errorf("%s: the column %s refers to rows that are loaded later, which needs the column %s too", s.table.Name, s.columns[i], c.Name)
			}
			from = append(from, k)
			keys.columns = append(keys.columns, c.Name)
		}
		from, keys.columns = append(from, i), append(keys.columns, s.columns[i])
		at := len(w.later)
		w.later = append(w.later, keys)
		before := rows
		rows = func(yield func([]any) bool) {
			for row := range before {
				if row[i] != nil {
					kept := make([]any, len(from))
					for n, k := range from {
						kept[n] = row[k]
					}
					w.later[at].rows = append(w.later[at].rows, kept)
					row[i] = nil
				}
				if !yield(row) {
					return
				}
			}
		}
	}
	return rows, nil
}

// finish does what has to wait until all rows are there.
func (w *writer) finish(ctx context.Context) error {
	for _, k := range w.later {
		if err := w.setLaterKeys(ctx, k); err != nil {
			return err
		}
	}
	for _, s := range w.steps {
		var err error
		if w.db.Dialect() == dialect.SQLite {
			err = w.finishSQLite(ctx, s)
		} else {
			err = w.finishPostgres(ctx, s)
		}
		if err != nil {
			return err
		}
	}
	if w.db.Dialect() == dialect.SQLite {
		return w.exec(ctx, `PRAGMA cache_size = -2000`) // as it was
	}
	return nil
}

func (w *writer) setLaterKeys(ctx context.Context, k laterKey) error {
	const temp = "entwine_load"
	names := make([]string, len(k.columns))
	var same []string
	for i, c := range k.columns {
		names[i] = store.Quote(c)
		if i < len(k.columns)-1 {
			same = append(same, "t."+names[i]+" = l."+names[i])
		}
	}
	table, key := store.Quote(k.table.Name), names[len(names)-1]
	if err := w.exec(ctx, "CREATE TEMPORARY TABLE "+temp+" ON COMMIT DROP AS SELECT "+strings.Join(names, ", ")+" FROM "+table+" WITH NO DATA"); err != nil {
		return fmt.Errorf("make a temporary table: %w", err)
	}
	if _, err := w.db.Insert(ctx, temp, k.columns, func(yield func([]any) bool) {
		for _, row := range k.rows {
			if !yield(row) {
				return
			}
		}
	}); err != nil {
		return err
	}
	if err := w.exec(ctx, "UPDATE "+table+" t SET "+key+" = l."+key+" FROM "+temp+" l WHERE "+strings.Join(same, " AND ")); err != nil {
		return fmt.Errorf("%s: %w", k.table.Name, err)
	}
	return w.exec(ctx, "DROP TABLE "+temp)
}

// finishSQLite checks the foreign keys and tells the planner what is in the table.
func (w *writer) finishSQLite(ctx context.Context, s step) error {
	if err := w.checkReferences(ctx, s); err != nil {
		return err
	}
	if err := w.exec(ctx, "ANALYZE "+store.Quote(s.table.Name)); err != nil {
		return fmt.Errorf("%s: analyze: %w", s.table.Name, err)
	}
	return nil
}

// finishPostgres has new rows get ids above those that were loaded, and tells the planner what is in the table. (SQLite
// looks at the ids itself.)
func (w *writer) finishPostgres(ctx context.Context, s step) error {
	table := store.Quote(s.table.Name)
	for _, c := range s.table.PrimaryKey {
		if !c.Increment || indexOf(s.columns, c.Name) < 0 {
			continue
		}
		column := store.Quote(c.Name)
		query := `SELECT setval(s.seq, GREATEST(m.max, COALESCE(pg_sequence_last_value(s.seq), 1)))
			FROM (SELECT pg_get_serial_sequence($1, $2)::regclass AS seq) s, (SELECT max(` + column + `) AS max FROM ` + table + `) m
			WHERE m.max IS NOT NULL`
		if err := w.exec(ctx, query, table, c.Name); err != nil {
			return fmt.Errorf("%s: advance the ids: %w", s.table.Name, err)
		}
	}
	// What was loaded waits in lists beside the indexes of words, which every search reads.
	query := `SELECT gin_clean_pending_list(c.oid) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
		JOIN pg_catalog.pg_am m ON m.oid = c.relam WHERE m.amname = 'gin' AND i.indrelid = $1::regclass AND pg_has_role(c.relowner, 'USAGE')`
	if err := w.exec(ctx, query, table); err != nil {
		return fmt.Errorf("%s: complete its indexes: %w", s.table.Name, err)
	}
	if err := w.exec(ctx, "ANALYZE "+table); err != nil {
		return fmt.Errorf("%s: analyze: %w", s.table.Name, err)
	}
	return nil
}

// referenceError is a foreign key that refers to nothing.
type referenceError struct {
	table, column, value, target string
}

func (e *referenceError) Error() string {
	return fmt.Sprintf("%s: %s = %s refers to a row of %s that does not exist", e.table, e.column, e.value, e.target)
}

// checkReferences finds what would make COMMIT fail on SQLite, which says nothing more than that.
func (w *writer) checkReferences(ctx context.Context, s step) error {
	return w.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		e := &referenceError{table: s.table.Name}
		query := `SELECT c.rowid, c.parent, k."from" FROM pragma_foreign_key_check(?) c JOIN pragma_foreign_key_list(?) k ON k.id = c.fkid LIMIT 1`
		var rowid int64
		found, err := scan(ctx, q, query, []any{s.table.Name, s.table.Name}, &rowid, &e.target, &e.column)
		if err != nil {
			return fmt.Errorf("%s: check references: %w", s.table.Name, err)
		}
		if !found {
			return nil
		}
		query = "SELECT CAST(" + store.Quote(e.column) + " AS TEXT) FROM " + store.Quote(s.table.Name) + " WHERE rowid = ?"
		if _, err := scan(ctx, q, query, []any{rowid}, &e.value); err != nil {
			return fmt.Errorf("%s: check references: %w", s.table.Name, err)
		}
		return e
	})
}

// scan reads the first row of a result.
func scan(ctx context.Context, q store.Querier, query string, args []any, into ...any) (found bool, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if rows.Next() {
		return true, rows.Scan(into...)
	}
	return false, rows.Err()
}

func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
