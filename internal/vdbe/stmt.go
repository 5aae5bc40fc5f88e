package vdbe

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// driverStmt is what a statement of the driver can do.
type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// Stmt is a prepared statement of the driver. It belongs to its connection.
type Stmt struct {
	driverStmt
	conn   *Conn
	handle uintptr
	// times says which columns hold times, as of when SQLite had compiled the statement anew so often.
	times    []bool
	compiled int
	rows     Rows // of the last execution
}

// timeLayout is that of "_time_format=sqlite".
const timeLayout = "2006-01-02 15:04:05.999999999-07:00"

// QueryContext implements driver.StmtQueryContext. The result is a [*Rows]. What SQLite does for it ends with ctx.
func (s *Stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r := &s.rows
	*r = Rows{stmt: s, ctx: ctx, args: r.args[:0]}
	if err := r.bind(args); err != nil {
		return nil, r.end(err)
	}
	r.ahead = r.step()
	if r.ahead != sqlite3.SQLITE_ROW && r.ahead != sqlite3.SQLITE_DONE {
		return nil, r.end(s.conn.failure(r.ahead))
	}
	r.columns = int(sqlite3.Xsqlite3_column_count(s.conn.tls, s.handle))
	r.times = s.timesOf(r)
	return r, nil
}

// Status is a counter of SQLite's for the statement, such as sqlite3.SQLITE_STMTSTATUS_REPREPARE.
func (s *Stmt) Status(counter int32) int {
	return int(sqlite3.Xsqlite3_stmt_status(s.conn.tls, s.handle, counter, 0))
}

func (r *Rows) bind(args []driver.NamedValue) error {
	c, stmt := r.stmt.conn, r.stmt.handle
	if n := int(sqlite3.Xsqlite3_bind_parameter_count(c.tls, stmt)); n != len(args) {
		return fmt.Errorf("%d arguments for %d parameters", len(args), n)
	}
	for i := range args {
		at := int32(i + 1) //nolint:gosec // SQLite allows 32766
		var rc int32
		switch v := args[i].Value.(type) {
		case nil:
			rc = sqlite3.Xsqlite3_bind_null(c.tls, stmt, at)
		case int64:
			rc = sqlite3.Xsqlite3_bind_int64(c.tls, stmt, at, v)
		case float64:
			rc = sqlite3.Xsqlite3_bind_double(c.tls, stmt, at, v)
		case bool:
			rc = sqlite3.Xsqlite3_bind_int(c.tls, stmt, at, libc.Bool32(v))
		case string:
			rc = r.bindText(at, v)
		case time.Time:
			rc = r.bindText(at, v.UTC().Format(timeLayout))
		case []byte:
			rc = r.bindBlob(at, v)
		default:
			return fmt.Errorf("argument %d is a %T", at, v)
		}
		if rc != sqlite3.SQLITE_OK {
			return c.failure(rc)
		}
	}
	return nil
}

func (r *Rows) bindText(at int32, v string) int32 {
	p := r.space(len(v) + 1)
	if p == 0 {
		return sqlite3.SQLITE_NOMEM
	}
	clear(memory(p, len(v)+1)[copy(memory(p, len(v)), v):])
	return sqlite3.Xsqlite3_bind_text(r.stmt.conn.tls, r.stmt.handle, at, p, int32(len(v)), 0) //nolint:gosec // what is longer is refused before
}

func (r *Rows) bindBlob(at int32, v []byte) int32 {
	if v == nil {
		return sqlite3.Xsqlite3_bind_null(r.stmt.conn.tls, r.stmt.handle, at)
	}
	p := r.space(len(v) + 1) // not null, which would be NULL
	if p == 0 {
		return sqlite3.SQLITE_NOMEM
	}
	copy(memory(p, len(v)), v)
	return sqlite3.Xsqlite3_bind_blob(r.stmt.conn.tls, r.stmt.handle, at, p, int32(len(v)), 0) //nolint:gosec // what is longer is refused before
}

// space is memory that SQLite may look at until the rows are closed, 0 if there is none.
func (r *Rows) space(n int) uintptr {
	if n > maxBytes {
		return 0
	}
	p := libc.Xmalloc(r.stmt.conn.tls, libc.Tsize_t(n)) //nolint:gosec // n is positive
	if p != 0 {
		r.args = append(r.args, p)
	}
	return p
}

// maxBytes is more than SQLite's own limit for a value, and fits its int.
const maxBytes = 1 << 30

// memory is n bytes of C.
func memory(p uintptr, n int) []byte { return unsafe.Slice(*(**byte)(unsafe.Pointer(&p)), n) }
