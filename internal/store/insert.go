package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"
)

// Insert is an INSERT of one row that ent has made, with its validators and defaults, and that was not executed: it is to be the whole
// of a write.
type Insert struct {
	into, values, id string
	args             []any
}

// ErrNotSingle says that a write is not one statement about one row, so that it must go another way. Nothing has happened.
var ErrNotSingle = errors.New("the write is more than one statement")

// errCaptured ends a write of ent whose statement was kept.
var errCaptured = errors.New("the statement was not executed")

type captureKey struct{}

// capture is what is kept of a write of ent, one of both.
type capture struct {
	insert *Insert
	update *Update
}

func (c *capture) of(ctx context.Context, fn func(ctx context.Context) error) error {
	switch err := fn(context.WithValue(ctx, captureKey{}, c)); {
	case err == nil:
		return ErrNotSingle
	case !errors.Is(err, errCaptured):
		return err
	}
	return nil
}

func capturing(ctx context.Context) *capture {
	c, _ := ctx.Value(captureKey{}).(*capture)
	return c
}

// Capture returns the INSERT to which a write of ent comes down. Nothing of what fn does with its context, and ent's driver, reaches the
// database. An error that fn returns for a reason of its own is returned.
func Capture(ctx context.Context, fn func(ctx context.Context) error) (*Insert, error) {
	ins := &Insert{}
	return ins, (&capture{insert: ins}).of(ctx, fn)
}

// capture keeps the statement, if it is one of those that can be kept.
func (ins *Insert) capture(query string, args any) error {
	if ins == nil {
		return ErrNotSingle
	}
	into, rest, ok := strings.Cut(query, " VALUES (")
	values, id, returns := strings.Cut(rest, ") RETURNING ")
	given, list := args.([]any)
	if !ok || !returns || !list || ins.into != "" || strings.Contains(values, "(") || !strings.HasPrefix(into, "INSERT INTO ") {
		return ErrNotSingle
	}
	ins.into, ins.values, ins.id, ins.args = into, values, id, given
	return errCaptured
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
	names := returned(ins.id, columns)
	w := &lone{row: row}
	if db.dialect == dialect.Postgres || !w.onSQLite(ins, condition, string(names)) {
		w.returning(ins, condition, names)
	}
	if db.batches != nil && db.running(ctx) == nil {
		return db.batches.do(ctx, w)
	}
	return db.alone(ctx, w)
}

// returned lists what is wanted of the row: its id, which is quoted already, and columns.
func returned(id string, columns []string) []byte {
	names := append(make([]byte, 0, 256), id...)
	for _, name := range columns {
		names = append(names, ", "...)
		names = append(names, Quote(name)...)
	}
	return names
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
	text := make([]byte, 0, len(ins.into)+len(ins.values)+len(names)+512)
	text = append(text, ins.into...)
	w.args = ins.args
	if condition == nil {
		text = append(text, " VALUES ("...)
		text = append(text, ins.values...)
		text = append(text, ')')
	} else {
		text = append(text, " SELECT "...)
		text = append(text, ins.values...)
		text = append(text, " WHERE "...)
		text, w.args = condition(text, w.args)
	}
	text = append(text, " RETURNING "...)
	w.text = string(append(text, names...))
}

// onSQLite has the row read by a statement of its own: for RETURNING, and for rows that come from a SELECT, SQLite makes a table and
// keeps what would undo the statement, which costs more than the INSERT and the look-up together. The condition is a part of the last
// value therefore. It is false if the INSERT gives anything but parameters.
func (w *lone) onSQLite(ins *Insert, condition Condition, names string) bool {
	last := len(ins.args) - 1
	table, into, ok := strings.Cut(strings.TrimPrefix(ins.into, "INSERT INTO "), " (")
	if !ok || last < 0 || ins.values != strings.Repeat("?, ", last)+"?" {
		return false
	}
	where := " = last_insert_rowid() AND changes() > 0" // a trigger may have ignored the row
	if at := slices.Index(strings.Split(strings.TrimSuffix(into, ")"), ", "), ins.id); at >= 0 {
		where, w.key = " = ? AND changes() > 0", []any{ins.args[at]}
	}
	w.back = "SELECT " + names + " FROM " + table + " WHERE " + ins.id + where
	if w.args = ins.args; condition == nil {
		w.text = ins.into + " VALUES (" + ins.values + ")"
		return true
	}
	text := append(make([]byte, 0, len(ins.into)+len(ins.values)+512), ins.into...)
	text = append(text, " VALUES ("...)
	text = append(text, ins.values[:3*last]...)
	text = append(text, "CASE WHEN "...)
	text, w.args = condition(text, slices.Clip(ins.args[:last]))
	w.text, w.args = string(append(text, " THEN ? ELSE entwine_absent() END)"...)), append(w.args, ins.args[last])
	return true
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
