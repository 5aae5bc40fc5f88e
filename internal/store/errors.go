package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/lib/pq"
	sqlite3 "modernc.org/sqlite/lib"
)

// Kind says what an error of the database means, whichever database it was.
type Kind string

// The kinds of errors.
const (
	Unknown       Kind = "unknown"
	Unique        Kind = "unique violation"
	ForeignKey    Kind = "foreign key violation"
	NotNull       Kind = "not null violation"
	Check         Kind = "check violation"
	InvalidText   Kind = "invalid text"   // not valid as text or as the text of a value: NUL bytes, a malformed UUID
	TooLong       Kind = "text too long"  // for the column
	OutOfRange    Kind = "out of range"   // a number or time that the column cannot hold
	Serialization Kind = "serialization"  // the transaction lost against another one and may be tried again
	Busy          Kind = "busy"           // a lock was not to be had in time
	Timeout       Kind = "timeout"        // the statement was cancelled, or ran for too long
	ReadOnly      Kind = "read-only"      // a standby, or a file without write permission
	DiskFull      Kind = "disk full"      // nothing can be written until there is room again
	Unavailable   Kind = "unavailable"    // no connection, or it was lost
	Missing       Kind = "missing schema" // the table or column does not exist
)

// Reference tells the two foreign key violations apart.
type Reference string

// The ways to violate a foreign key. SQLite does not say which it was.
const (
	NoTarget        Reference = "no target"        // the row that was referred to does not exist
	StillReferenced Reference = "still referenced" // other rows refer to the row that was deleted
)

// Violation is an error of the database with its meaning.
type Violation struct {
	Kind Kind
	// Table is the table that the constraint belongs to, and Columns are its columns, as far as the database names them.
	Table   string
	Columns []string
	// Constraint is its name. SQLite names only checks.
	Constraint string
	// Value is the offending value of a unique or foreign key of one column, if the database tells it. Not for clients who
	// did not send it themselves.
	Value string
	// Detail is what Postgres adds to its message, values of rows included. For operators only.
	Detail string
	// Reference is for ForeignKey, empty if unknown.
	Reference Reference

	err error
}

func (v *Violation) Error() string { return string(v.Kind) + ": " + v.err.Error() }

func (v *Violation) Unwrap() error { return v.err }

// Classify says what err means. It sees through wrapping, ent's included, and returns nil only for nil. This is the one
// place that knows the drivers' errors.
func Classify(err error) *Violation {
	if err == nil {
		return nil
	}
	var v *Violation
	if errors.As(err, &v) {
		return v
	}
	v = &Violation{Kind: Unknown, err: err}
	var pqErr *pq.Error
	var liteErr sqliteError
	switch {
	case errors.As(err, &pqErr):
		v.postgres(pqErr)
	case errors.As(err, &liteErr):
		v.sqlite(liteErr)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		v.Kind = Timeout
	case connectionLost(err), errors.Is(err, errLost), errors.Is(err, sql.ErrConnDone):
		v.Kind = Unavailable
	}
	return v
}

// connectionLost says whether the driver could not talk to the server, or not any more.
func connectionLost(err error) bool {
	var netErr *net.OpError
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &netErr)
}

// statementOutdated says whether a prepared statement does not fit the schema any more, or is not there.
func statementOutdated(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && (e.Code == "26000" || e.Code == "0A000" && e.Routine == "RevalidateCachedQuery")
}

func (v *Violation) postgres(e *pq.Error) {
	v.Table, v.Constraint, v.Detail = e.Table, e.Constraint, e.Detail
	if e.Column != "" {
		v.Columns = []string{e.Column}
	}
	switch e.Code {
	case "23505":
		v.Kind = Unique
		v.detail(e.Detail)
	case "23503", "23001":
		v.Kind, v.Reference = ForeignKey, NoTarget
		v.detail(e.Detail)
		// The table is the referring one in both cases. The detail names the other one, and is worth its words only where
		// a table refers to itself.
		if e.Code == "23001" || strings.Contains(e.Detail, `"`+e.Table+`"`) && !strings.Contains(e.Detail, "not present") {
			v.Reference = StillReferenced
		}
	case "23502":
		v.Kind = NotNull
	case "23514", "23P01":
		v.Kind = Check
	case "22021", "22P02", "22P05", "22007", "22023":
		v.Kind = InvalidText
	case "22001":
		v.Kind = TooLong
	case "22003", "22008":
		v.Kind = OutOfRange
	case "40001", "40P01":
		v.Kind = Serialization
	case "55P03", "55006":
		v.Kind = Busy
	case "57014", "25P03", "25P04":
		v.Kind = Timeout
	case "25006":
		v.Kind = ReadOnly
	case "53100":
		v.Kind = DiskFull
	case "42P01", "42703", "3F000":
		v.Kind = Missing
	case "58030":
		v.Kind = Unavailable
	default:
		switch e.Code.Class() {
		case "08", "53", "57":
			v.Kind = Unavailable
		}
		if statementOutdated(e) {
			v.Kind = Serialization
		}
	}
}

// detail reads "Key (author_id, slug)=(1, x) already exists." The words may be in any language.
func (v *Violation) detail(text string) {
	_, rest, _ := strings.Cut(text, "(")
	list, rest, ok := strings.Cut(rest, ")=(")
	if !ok {
		return
	}
	v.Columns = strings.Split(list, ", ")
	for i, c := range v.Columns {
		v.Columns[i] = strings.Trim(c, `"`)
	}
	if end := strings.LastIndexByte(rest, ')'); end >= 0 && len(v.Columns) == 1 {
		v.Value = rest[:end]
	}
}

// sqliteError is an error of SQLite, by the driver or by vdbe.
type sqliteError interface {
	error
	Code() int
}

func (v *Violation) sqlite(e sqliteError) {
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		v.Kind = Unique
		v.columns(e, "UNIQUE constraint failed: ")
	case sqlite3.SQLITE_CONSTRAINT_NOTNULL:
		v.Kind = NotNull
		v.columns(e, "NOT NULL constraint failed: ")
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		v.Kind = Check
		v.Constraint = constraintText(e, "CHECK constraint failed: ")
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER:
		// ON DELETE RESTRICT is reported as a trigger.
		v.Kind = ForeignKey
	case sqlite3.SQLITE_BUSY_SNAPSHOT:
		v.Kind = Serialization
	case sqlite3.SQLITE_ERROR:
		if msg := e.Error(); strings.Contains(msg, "no such table: ") || strings.Contains(msg, "no such column: ") {
			v.Kind = Missing
		}
	default:
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			v.Kind = Busy
		case sqlite3.SQLITE_FULL:
			v.Kind = DiskFull
		case sqlite3.SQLITE_READONLY:
			v.Kind = ReadOnly
		case sqlite3.SQLITE_INTERRUPT:
			v.Kind = Timeout
		case sqlite3.SQLITE_TOOBIG:
			v.Kind = TooLong
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
			v.Kind = Unavailable
		}
	}
}

// columns reads "posts.author_id, posts.slug".
func (v *Violation) columns(e sqliteError, prefix string) {
	for _, name := range strings.Split(constraintText(e, prefix), ", ") {
		if table, column, ok := strings.Cut(name, "."); ok {
			v.Table, v.Columns = table, append(v.Columns, column)
		}
	}
}

// constraintText returns what stands between the prefix and the code, which the driver adds in brackets.
func constraintText(e sqliteError, prefix string) string {
	_, text, _ := strings.Cut(e.Error(), prefix)
	if i := strings.LastIndex(text, " ("); i >= 0 {
		text = text[:i]
	}
	return text
}
