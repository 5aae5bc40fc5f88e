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
	"sync"
	"unsafe"

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
// InsertOne returns, and on Postgres not for the last time: if the transaction of several is undone, the statement is executed once more.
func (db *DB) InsertOne(ctx context.Context, ins *Insert, condition Condition, columns []string, row func(values []Value)) error {
	if db.dialect != dialect.Postgres {
		w := newLone(row)
		defer w.release()
		w.onSQLite(ins, condition, columns)
		return db.alone(ctx, w)
	}
	w := &lone{row: row, args: ins.Values}
	w.returning(ins, condition, columns)
	if db.batches != nil && db.running(ctx) == nil {
		return db.batches.do(ctx, w)
	}
	return db.alone(ctx, w)
}

// appendReturned appends what is wanted of the row: its id and columns.
func appendReturned(text []byte, id string, columns []string) []byte {
	text = appendQuoted(text, id)
	for _, name := range columns {
		text = append(text, ", "...)
		text = appendQuoted(text, name)
	}
	return text
}

// appendHead appends an INSERT up to its values.
func (ins *Insert) appendHead(text []byte) []byte {
	text = append(text, "INSERT INTO "...)
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
	case db.group != nil:
		return db.group.single(ctx, w)
	}
	return db.Update(ctx, func(ctx context.Context) error { return w.read(ctx, db.running(ctx).session()) })
}

// lone is an INSERT or UPDATE that is the whole of a write.
type lone struct {
	text string
	args []any
	row  func(values []Value)
	// back reads the row that the statement does not return, by its key, or as the last one without it.
	back string
	key  []any

	buf []byte // where text and back lie
}

var spareLones = sync.Pool{New: func() any { return &lone{buf: make([]byte, 0, 1024)} }}

// newLone returns a write whose memory is for the next one after its method release.
func newLone(row func(values []Value)) *lone {
	w := spareLones.Get().(*lone)
	w.row = row
	return w
}

// release lets the next write have the memory of this one, unless it is much.
func (w *lone) release() {
	if cap(w.buf) > maxSpareText {
		return
	}
	clear(w.args)
	clear(w.key)
	*w = lone{buf: w.buf[:0], args: w.args[:0], key: w.key[:0]}
	spareLones.Put(w)
}

// maxSpareText is the longest text whose memory is kept.
const maxSpareText = 16 << 10

// texts takes the statement, and from at on what reads the row.
func (w *lone) texts(buf []byte, at int) {
	text := unsafe.String(unsafe.SliceData(buf), len(buf))
	w.buf, w.text, w.back = buf, text[:at], text[at:]
}

// returning has the INSERT return the row.
func (w *lone) returning(ins *Insert, condition Condition, columns []string) {
	text := ins.appendHead(make([]byte, 0, 512))
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
	w.text = string(appendReturned(text, ins.ID, columns))
}

// onSQLite has the row read by a statement of its own: for RETURNING, and for rows that come from a SELECT, SQLite makes a table and
// keeps what would undo the statement, which costs more than the INSERT and the look-up together. The condition is a part of the last
// value therefore.
func (w *lone) onSQLite(ins *Insert, condition Condition, columns []string) {
	last := len(ins.Values) - 1
	text := append(ins.appendHead(w.buf), " VALUES ("...)
	for range last {
		text = append(text, "?, "...)
	}
	w.args = append(w.args, ins.Values[:last]...)
	if condition == nil {
		text = append(text, "?)"...)
	} else {
		text, w.args = condition(append(text, "CASE WHEN "...), w.args)
		text = append(text, " THEN ? ELSE entwine_absent() END)"...)
	}
	w.args = append(w.args, ins.Values[last])
	at := len(text)

	text = append(text, "SELECT "...)
	text = appendReturned(text, ins.ID, columns)
	text = append(text, " FROM "...)
	text = appendQuoted(text, ins.Table)
	text = append(text, " WHERE "...)
	text = appendQuoted(text, ins.ID)
	if i := slices.Index(ins.Columns, ins.ID); i >= 0 {
		text, w.key = append(text, " = ?"...), append(w.key, ins.Values[i])
	} else {
		text = append(text, " = last_insert_rowid()"...)
	}
	text = append(text, " AND changes() > 0"...) // a trigger may have ignored the row
	w.texts(text, at)
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
		if err = q.Read(context.WithoutCancel(ctx), w.back, w.key, each); err != nil { // by its key, which takes no time
			return errors.Join(errUnread, err)
		}
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

// errUnread says that a row was written and could not be read.
var errUnread = errors.New("the row was not read")

// absent is the error of entwine_absent.
const absent = "a row that this one refers to is absent"

// registerAbsent gives SQLite the function entwine_absent, which ends a statement.
func registerAbsent() error {
	return sqlite.RegisterScalarFunction("entwine_absent", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		return nil, errors.New(absent)
	})
}
