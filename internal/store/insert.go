package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"
)

// Insert is an INSERT of one row that is the whole of a write.
type Insert struct {
	Table   string
	ID      string   // the column of the key, which the database gives if it is none of Columns
	Columns []string // at least one
	Values  []any    // of Columns
}

// Condition appends to a statement that has arguments already under which condition it is executed.
type Condition func(text []byte, args []any) ([]byte, []any)

// InsertOne inserts the row, if the condition holds or is nil, and calls row with the id and the given columns of the new row. Without
// an error the row is committed, unless ctx belongs to a running [DB.Update], of which it is a part then. If the condition does not hold
// the error is sql.ErrNoRows.
//
// On both databases writers share a COMMIT where they would wait for one another's. Row may be called from another goroutine, before
// InsertOne returns, and not for the last time: if the transaction of several is undone, the statement is executed once more.
func (db *DB) InsertOne(ctx context.Context, ins *Insert, condition Condition, columns []string, row func(values []Value)) error {
	names := returned(ins.ID, columns)
	w := &lone{row: row, args: ins.Values}
	if db.dialect == dialect.Postgres {
		w.returning(ins, condition, names)
	} else {
		w.onSQLite(ins, condition, names)
	}
	if db.batches != nil && db.running(ctx) == nil {
		return db.batches.do(ctx, w)
	}
	return db.alone(ctx, w)
}

// returned lists what is wanted of the row: its id and columns.
func returned(id string, columns []string) []byte {
	names := appendQuoted(make([]byte, 0, 256), id)
	for _, name := range columns {
		names = append(names, ", "...)
		names = appendQuoted(names, name)
	}
	return names
}

// head writes an INSERT up to its values.
func (ins *Insert) head() []byte {
	text := append(make([]byte, 0, 512), "INSERT INTO "...)
	text = appendQuoted(text, ins.Table)
	for i, name := range ins.Columns {
		text = append(text, ", "...)
		if i == 0 {
			text = append(text[:len(text)-2], " ("...)
		}
		text = appendQuoted(text, name)
	}
	return append(text, ')')
}

// alone executes a write that is a single statement: in the transaction that runs, or as one of its own, which on SQLite it may share.
func (db *DB) alone(ctx context.Context, w *lone) error {
	switch u := db.running(ctx); {
	case u != nil:
		return w.read(ctx, u.session())
	case db.dialect == dialect.Postgres:
		return w.read(ctx, db.writer)
	}
	return db.UpdateOnce(ctx, func(ctx context.Context) error { return w.read(ctx, db.running(ctx).session()) })
}

// lone is an INSERT or UPDATE that is the whole of a write.
type lone struct {
	text string
	args []any
	row  func(values []Value)
	// back reads the row that the statement does not return, by its key, or as the last one without it.
	back string
	key  []any
}

// returning has the INSERT return the row.
func (w *lone) returning(ins *Insert, condition Condition, names []byte) {
	text := ins.head()
	if condition == nil {
		text = append(text, " VALUES ("...)
	} else {
		text = append(text, " SELECT "...)
	}
	for i := range ins.Columns {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(append(text, '$'), int64(i+1), 10)
	}
	if condition == nil {
		text = append(text, ')')
	} else {
		text = append(text, " WHERE "...)
		text, w.args = condition(text, w.args)
	}
	text = append(text, " RETURNING "...)
	w.text = string(append(text, names...))
}

// onSQLite has the row read by a statement of its own: for RETURNING, and for rows that come from a SELECT, SQLite makes a table and
// keeps what would undo the statement, which costs more than the INSERT and the look-up together. The condition is a part of the last
// value therefore.
func (w *lone) onSQLite(ins *Insert, condition Condition, names []byte) {
	back := append(make([]byte, 0, len(names)+128), "SELECT "...)
	back = append(back, names...)
	back = append(back, " FROM "...)
	back = appendQuoted(back, ins.Table)
	back = append(back, " WHERE "...)
	back = appendQuoted(back, ins.ID)
	if at := slices.Index(ins.Columns, ins.ID); at >= 0 {
		back, w.key = append(back, " = ?"...), []any{ins.Values[at]}
	} else {
		back = append(back, " = last_insert_rowid()"...)
	}
	w.back = string(append(back, " AND changes() > 0"...)) // a trigger may have ignored the row

	last := len(ins.Values) - 1
	text := append(ins.head(), " VALUES ("...)
	for range last {
		text = append(text, "?, "...)
	}
	if condition == nil {
		w.text = string(append(text, "?)"...))
		return
	}
	text = append(text, "CASE WHEN "...)
	text, w.args = condition(text, slices.Clip(ins.Values[:last]))
	w.text, w.args = string(append(text, " THEN ? ELSE entwine_absent() END)"...)), append(w.args, ins.Values[last])
}

// read executes it.
func (w *lone) read(ctx context.Context, q Querier) error {
	found := false
	each := func(values []Value) error {
		found = true
		w.row(values)
		return nil
	}
	err := q.Read(ctx, w.text, w.args, each)
	if err == nil && w.back != "" {
		err = q.Read(context.WithoutCancel(ctx), w.back, w.key, each) // by its key, which takes no time
	}
	switch {
	case err != nil && w.back != "" && strings.Contains(err.Error(), absent):
		return sql.ErrNoRows
	case err != nil:
		return fmt.Errorf("write a row: %w", err)
	case !found:
		return sql.ErrNoRows
	}
	return nil
}

// absent is the error of entwine_absent.
const absent = "a row that this one refers to is absent"

// registerAbsent gives SQLite the function entwine_absent, which ends a statement.
func registerAbsent() error {
	return sqlite.RegisterScalarFunction("entwine_absent", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return nil, errors.New(absent)
	})
}
