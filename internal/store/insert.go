package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Insert is an INSERT of one row that ent has made, with its validators and defaults, and that was not executed: it is to be the whole
// of a write.
type Insert struct {
	into, values, id string
	args             []any
}

// ErrNotSingle says that a write is not one INSERT of one row, so that it must go another way. Nothing has happened.
var ErrNotSingle = errors.New("the write is more than one statement")

// errCaptured ends a write of ent whose INSERT was kept.
var errCaptured = errors.New("the statement was not executed")

type captureKey struct{}

// Capture returns the INSERT to which a write of ent comes down. Nothing of what fn does with its context, and ent's driver, reaches the
// database. An error that fn returns for a reason of its own is returned.
func Capture(ctx context.Context, fn func(ctx context.Context) error) (*Insert, error) {
	ins := &Insert{}
	switch err := fn(context.WithValue(ctx, captureKey{}, ins)); {
	case err == nil:
		return nil, ErrNotSingle
	case !errors.Is(err, errCaptured):
		return nil, err
	}
	return ins, nil
}

func capturing(ctx context.Context) *Insert {
	ins, _ := ctx.Value(captureKey{}).(*Insert)
	return ins
}

// capture keeps the statement, if it is one of those that can be kept.
func (ins *Insert) capture(query string, args any) error {
	into, rest, ok := strings.Cut(query, " VALUES (")
	values, id, returns := strings.Cut(rest, ") RETURNING ")
	given, list := args.([]any)
	if !ok || !returns || !list || ins.into != "" || strings.Contains(values, "(") || !strings.HasPrefix(into, "INSERT INTO ") {
		return ErrNotSingle
	}
	ins.into, ins.values, ins.id, ins.args = into, values, id, given
	return errCaptured
}

// Condition appends to a statement that has arguments already under which condition the row is inserted.
type Condition func(text []byte, args []any) ([]byte, []any)

// InsertOne inserts the row, if the condition holds or is nil, and calls row with the id and the given columns of the new row. Without
// an error the row is committed, unless ctx belongs to a running [DB.Update], of which it is a part then. If the condition does not hold
// the error is sql.ErrNoRows.
//
// On both databases writers share a COMMIT where they would wait for one another's. Row may be called from another goroutine, before
// InsertOne returns, and not for the last time: if the transaction of several is undone, the statement is executed once more.
func (db *DB) InsertOne(ctx context.Context, ins *Insert, condition Condition, columns []string, row func(values []Value)) error {
	text := make([]byte, 0, len(ins.into)+len(ins.values)+len(ins.id)+512)
	text = append(text, ins.into...)
	args := ins.args
	if condition == nil {
		text = append(text, " VALUES ("...)
		text = append(text, ins.values...)
		text = append(text, ')')
	} else {
		text = append(text, " SELECT "...)
		text = append(text, ins.values...)
		text = append(text, " WHERE "...)
		text, args = condition(text, args)
	}
	text = append(text, " RETURNING "...)
	text = append(text, ins.id...)
	for _, name := range columns {
		text = append(text, ", "...)
		text = append(text, Quote(name)...)
	}
	w := &lone{text: string(text), args: args, row: row}
	u := db.running(ctx)
	switch {
	case u != nil:
		return w.read(ctx, u.session())
	case db.batches != nil:
		return db.batches.do(ctx, w)
	case db.group == nil:
		return w.read(ctx, pool{db.writer})
	}
	return db.UpdateOnce(ctx, func(ctx context.Context) error { return w.read(ctx, db.running(ctx).session()) })
}

// lone is an INSERT that is the whole of a write.
type lone struct {
	text string
	args []any
	row  func(values []Value)
}

// read executes it.
func (w *lone) read(ctx context.Context, q Querier) error {
	found := false
	err := q.Read(ctx, w.text, w.args, func(values []Value) error {
		found = true
		w.row(values)
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("insert: %w", err)
	case !found:
		return sql.ErrNoRows
	}
	return nil
}
