package store

import (
	"context"
	"errors"
	"strings"

	"entgo.io/ent/dialect"
)

// Update is an UPDATE of one row that ent has made, with its validators and defaults, and that was not executed: it is to be the whole
// of a write.
type Update struct {
	table, set, where string
	args              []any
}

// ErrNotSingle says that a write is not one statement about one row, so that it must go another way. Nothing has happened.
var ErrNotSingle = errors.New("the write is more than one statement")

// errCaptured ends a write of ent whose statement was kept.
var errCaptured = errors.New("the statement was not executed")

type captureKey struct{}

// CaptureUpdate returns the UPDATE with which a change of one row by ent begins. Nothing of what fn does with its context, and ent's
// driver, reaches the database. The caller knows that nothing follows it but a look at the row: no edges whose links are elsewhere. An
// error that fn returns for a reason of its own is returned.
func CaptureUpdate(ctx context.Context, fn func(ctx context.Context) error) (*Update, error) {
	upd := &Update{}
	switch err := fn(context.WithValue(ctx, captureKey{}, upd)); {
	case err == nil:
		return nil, ErrNotSingle
	case !errors.Is(err, errCaptured):
		return nil, err
	}
	return upd, nil
}

// capturing is the UPDATE that is to be kept of what is done with ctx, nil if it is executed.
func capturing(ctx context.Context) *Update {
	upd, _ := ctx.Value(captureKey{}).(*Update)
	return upd
}

// captureTx is the transaction that ent begins for the change.
type captureTx struct{ update *Update }

func (t captureTx) Exec(_ context.Context, query string, args, _ any) error {
	table, rest, ok := strings.Cut(query, " SET ")
	set, where, filtered := strings.Cut(rest, " WHERE ")
	given, list := args.([]any)
	if !ok || !filtered || !list || !strings.HasPrefix(table, "UPDATE ") || strings.Contains(where, " WHERE ") {
		return ErrNotSingle
	}
	*t.update = Update{strings.TrimPrefix(table, "UPDATE "), set, where, given}
	return errCaptured
}

func (captureTx) Query(context.Context, string, any, any) error { return ErrNotSingle }
func (captureTx) Commit() error                                 { return nil }
func (captureTx) Rollback() error                               { return nil }

// UpdateOne changes the row, if the condition holds, and calls row with the id and the given columns of the row as it is then. Otherwise
// the error is sql.ErrNoRows. All else is as with [DB.InsertOne]; on Postgres updates do not go together, since they could wait for
// one another's rows.
func (db *DB) UpdateOne(
	ctx context.Context, upd *Update, condition Condition, id string, key any, columns []string, row func(values []Value),
) error {
	w := newLone(row)
	defer w.release()
	text := w.buf
	text = append(text, "UPDATE "...)
	text = append(text, upd.table...)
	text = append(text, " SET "...)
	text = append(text, upd.set...)
	text = append(text, " WHERE ("...)
	text = append(text, upd.where...)
	text = append(text, ") AND "...)
	text, w.args = condition(text, append(w.args, upd.args...))
	if db.dialect == dialect.Postgres {
		w.buf = appendReturned(append(text, " RETURNING "...), id, columns)
		w.text = string(w.buf) // drivers keep it in errors
		return db.alone(ctx, w)
	}
	at := len(text)
	text = append(text, "SELECT "...)
	text = appendReturned(text, id, columns)
	text = append(text, " FROM "...)
	text = append(text, upd.table...)
	text = append(text, " WHERE "...)
	text = appendQuoted(text, id)
	text = append(text, " = ? AND changes() > 0"...)
	w.texts(text, at)
	w.key = append(w.key, key)
	return db.alone(ctx, w)
}
