package vdbe

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Rows is a result. It must be closed before its statement is executed again, and not be used after that.
type Rows struct {
	stmt    *Stmt
	ctx     context.Context //nolint:containedctx // of QueryContext, as long as there may be rows
	args    []uintptr
	columns int
	ahead   int32  // what the step that nobody has looked at has returned, 0 without one
	times   []bool // which columns hold times
}

var _ driver.RowsColumnTypeDatabaseTypeName = (*Rows)(nil)

// NextRow goes to the next row. It returns io.EOF after the last one.
func (r *Rows) NextRow() error {
	rc := r.ahead
	r.ahead = 0
	if rc == 0 {
		rc = r.step()
	}
	switch rc {
	case sqlite3.SQLITE_ROW:
		return nil
	case sqlite3.SQLITE_DONE:
		r.ahead = rc // a step more would begin anew
		return io.EOF
	}
	return r.stmt.conn.failure(rc)
}

// Count is the number of columns.
func (r *Rows) Count() int { return r.columns }

// Value is a value of the present row, see [Rows.Column].
type Value struct {
	tls *libc.TLS
	at  uintptr
}

// Column returns a value of the present row, which is gone when the next one is read.
func (r *Rows) Column(i int) Value {
	return Value{r.stmt.conn.tls, sqlite3.Xsqlite3_column_value(r.stmt.conn.tls, r.stmt.handle, int32(i))}
}

// Type is one of SQLite's: sqlite3.SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL.
func (v Value) Type() int32 { return sqlite3.Xsqlite3_value_type(v.tls, v.at) }

// Int is the value of an integer.
func (v Value) Int() int64 { return sqlite3.Xsqlite3_value_int64(v.tls, v.at) }

// Float is the value of a float.
func (v Value) Float() float64 { return sqlite3.Xsqlite3_value_double(v.tls, v.at) }

// Bytes are those of a text or blob, as SQLite holds them. They are gone with the row.
func (v Value) Bytes() []byte {
	// Of a text in UTF-8, the bytes as a blob are the text without a copy that ends in a NUL.
	if v.Type() == sqlite3.SQLITE_TEXT && sqlite3.Xsqlite3_value_encoding(v.tls, v.at) != sqlite3.SQLITE_UTF8 {
		p := sqlite3.Xsqlite3_value_text(v.tls, v.at)
		return memory(p, int(sqlite3.Xsqlite3_value_bytes(v.tls, v.at)))
	}
	p := sqlite3.Xsqlite3_value_blob(v.tls, v.at)
	n := int(sqlite3.Xsqlite3_value_bytes(v.tls, v.at))
	if n == 0 {
		return nil
	}
	return memory(p, n)
}

// Columns implements driver.Rows.
func (r *Rows) Columns() []string {
	names := make([]string, r.columns)
	for i := range names {
		names[i] = libc.GoString(sqlite3.Xsqlite3_column_name(r.stmt.conn.tls, r.stmt.handle, int32(i)))
	}
	return names
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (r *Rows) ColumnTypeDatabaseTypeName(i int) string {
	return strings.ToUpper(libc.GoString(sqlite3.Xsqlite3_column_decltype(r.stmt.conn.tls, r.stmt.handle, int32(i))))
}

// HoldsTimes says whether texts in a column are times, by its declared type.
func (r *Rows) HoldsTimes(i int) bool { return r.times[i] }

// timesOf says which columns hold times. The statement remembers it until SQLite has compiled it anew, for another schema.
func (s *Stmt) timesOf(r *Rows) []bool {
	compiled := s.Status(sqlite3.SQLITE_STMTSTATUS_REPREPARE)
	if s.times != nil && s.compiled == compiled {
		return s.times
	}
	s.times, s.compiled = make([]bool, r.columns), compiled
	for i := range s.times {
		switch r.ColumnTypeDatabaseTypeName(i) {
		case "DATE", "DATETIME", "TIMESTAMP":
			s.times[i] = true
		}
	}
	return s.times
}

// Next implements driver.Rows. Like the driver it makes times of texts in columns of times.
func (r *Rows) Next(dest []driver.Value) error {
	if err := r.NextRow(); err != nil {
		return err
	}
	for i := range dest {
		dest[i] = r.Column(i).any(r.times[i])
	}
	return nil
}

// any is the value as drivers give it.
func (v Value) any(isTime bool) driver.Value {
	switch v.Type() {
	case sqlite3.SQLITE_INTEGER:
		return v.Int()
	case sqlite3.SQLITE_FLOAT:
		return v.Float()
	case sqlite3.SQLITE_BLOB:
		return slices.Clone(v.Bytes())
	case sqlite3.SQLITE_TEXT:
		text := string(v.Bytes())
		if isTime {
			if t, ok := ParseTime(text); ok {
				return t
			}
		}
		return text
	}
	return nil
}

// timeLayouts are those that the driver knows.
var timeLayouts = []string{
	timeLayout, "2006-01-02T15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "2006-01-02 15:04:05.999999999 -0700 MST",
}

// ParseTime makes a time of a text as the driver would.
func ParseTime(text string) (time.Time, bool) {
	text, _, _ = strings.Cut(text, " m=")
	text = strings.TrimSuffix(text, "Z")
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Close implements driver.Rows.
func (r *Rows) Close() error { return r.end(nil) }

// end makes the statement ready to be executed again, after an error.
func (r *Rows) end(err error) error {
	c, stmt := r.stmt.conn, r.stmt.handle
	if rc := sqlite3.Xsqlite3_reset(c.tls, stmt); rc != sqlite3.SQLITE_OK && err == nil {
		err = c.failure(rc)
	}
	if rc := sqlite3.Xsqlite3_clear_bindings(c.tls, stmt); rc != sqlite3.SQLITE_OK {
		err = errors.Join(err, c.failure(rc))
	}
	for _, p := range r.args {
		libc.Xfree(c.tls, p)
	}
	r.args, r.ctx = r.args[:0], nil
	return err
}
