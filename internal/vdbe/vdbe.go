// Package vdbe executes prepared statements on connections that the driver of SQLite has opened.
//
// The driver opens files, keeps settings and functions, and does what is rare: scripts, backups. What a gateway does
// all day goes past it, through the same C interface and on the same handles, because the driver starts a goroutine for each
// statement whose context can end, reads the names and types of all columns anew, asks SQLite three times for each value, and makes
// a string and a box of it. Here SQLite looks at the context itself, once in a while, and a row is a view of what SQLite holds.
//
// The C interface: https://www.sqlite.org/c3ref/intro.html. The name is that of SQLite's virtual machine, which a prepared statement
// is a program for.
package vdbe

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Connector opens connections with the driver's. It may be used from many goroutines.
type Connector struct {
	driver.Connector
	// Committed, if it is there, is called after each COMMIT of one of the connections in WAL mode, with the number of frames in
	// the log, and says what this connection is to do with them before the COMMIT returns. SQLite's own rule is Copy for 1000 frames
	// or more.
	Committed func(frames int) Checkpoint
}

// Connect implements driver.Connector. The result is a [*Conn].
func (c Connector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn := &Conn{driverConn: inner.(driverConn), tls: libc.NewTLS(), commands: make(map[string]driver.Stmt)}
	if conn.db, err = handle(inner, "db"); err == nil {
		conn.lock, conn.inner().Fmutex = conn.inner().Fmutex, 0
		conn.watch()
		conn.tell(c.Committed)
		err = conn.planOnce()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// driverConn is what a connection of the driver can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// Conn is a connection of the driver whose prepared statements are executed here. One goroutine may use it at a time.
type Conn struct {
	driverConn
	tls *libc.TLS // the stack of C, which belongs to a goroutine at a time
	db  uintptr
	// lock is what SQLite would take for each value and each argument, and nobody else wants: SQLITE_OPEN_NOMUTEX, which the driver
	// does not offer.
	lock uintptr

	commands map[string]driver.Stmt // that begin and end transactions, by their text

	running context.Context //nolint:containedctx // of the statement that runs

	committed func(frames int) Checkpoint // of the connector
}

// handle reads a pointer of SQLite that the driver keeps to itself: no function of it tells one.
func handle(of any, name string) (uintptr, error) {
	if v := reflect.ValueOf(of); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		if f := v.Elem().FieldByName(name); f.IsValid() && f.Kind() == reflect.Uintptr {
			return uintptr(f.Uint()), nil
		}
	}
	return 0, fmt.Errorf("the driver's %T has no %s", of, name)
}

// inner is the connection as SQLite sees it.
func (c *Conn) inner() *sqlite3.Tsqlite3 { return *(**sqlite3.Tsqlite3)(unsafe.Pointer(&c.db)) }

// planOnce has SQLite plan a statement once. Built with STAT4, as the driver is, it would otherwise plan a prepared statement anew
// for each value that is compared with a column of an index, which costs more than a small read.
func (c *Conn) planOnce() error {
	args := c.tls.Alloc(16)
	defer c.tls.Free(16)
	rc := sqlite3.Xsqlite3_db_config(c.tls, c.db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, libc.VaList(args, int32(1), uintptr(0)))
	if rc != sqlite3.SQLITE_OK {
		return c.failure(rc)
	}
	return nil
}

// Driven returns the driver's own connection.
func (c *Conn) Driven() driver.Conn { return c.driverConn }

// IsValid implements driver.Validator. For the driver a connection that was interrupted is lost, since its interruptions may come late.
func (c *Conn) IsValid() bool { return true }

// ResetSession implements driver.SessionResetter.
func (c *Conn) ResetSession(context.Context) error { return nil }

// PrepareContext implements driver.ConnPrepareContext. The result is a [*Stmt], unless the text holds several statements or none.
func (c *Conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	inner, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &Stmt{driverStmt: inner.(driverStmt), conn: c}
	if s.handle, err = handle(inner, "pstmt"); err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	if s.handle == 0 {
		return inner, nil
	}
	return s, nil
}

// Close implements driver.Conn.
func (c *Conn) Close() error {
	var err error
	for _, stmt := range c.commands {
		err = errors.Join(err, stmt.Close())
	}
	watched.Delete(c.tls)
	telling.Delete(c.db)
	c.tls.Close()
	if c.db != 0 {
		c.inner().Fmutex = c.lock // which SQLite frees
	}
	return errors.Join(err, c.driverConn.Close())
}

// Error is an error of SQLite with the words of the driver's.
type Error struct {
	code    int32
	message string
}

// Code returns the extended result code.
func (e *Error) Code() int { return int(e.code) }

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.message, e.code) }

func (c *Conn) failure(code int32) error {
	message := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, code))
	if detail := libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)); detail != message {
		message += ": " + detail
	}
	return &Error{code, message}
}
