package vdbe

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A statement ends with its context: SQLite asks after every so many instructions whether it is to go on. To be told of the end instead
// costs each statement, however small, a place among those whom its context tells, and such news may come late and hit the next one.

// lookEvery is the number of instructions between two looks, which take less than a millisecond.
const lookEvery = 5000

// watched are all connections, by their stack of C, which is what SQLite tells of the one that it works for.
var watched sync.Map // of *Conn by *libc.TLS

// watch has SQLite look at the context of what runs on the connection.
func (c *Conn) watch() {
	watched.Store(c.tls, c)
	sqlite3.Xsqlite3_progress_handler(c.tls, c.db, lookEvery, look, 0)
}

// look is ended as C calls functions.
var look = *(*uintptr)(unsafe.Pointer(&struct {
	f func(*libc.TLS, uintptr) int32
}{ended}))

// ended says whether nobody waits for the statement any more. It is 0 for statements of the driver.
func ended(tls *libc.TLS, _ uintptr) int32 {
	if c, ok := watched.Load(tls); ok && c.(*Conn).running != nil && c.(*Conn).running.Err() != nil {
		return 1
	}
	return 0
}

// step goes to the next row.
func (r *Rows) step() int32 {
	c := r.stmt.conn
	c.running = r.ctx
	rc := sqlite3.Xsqlite3_step(c.tls, r.stmt.handle)
	c.running = nil
	return rc
}
