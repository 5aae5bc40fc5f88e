package vdbe

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Checkpoint is what is done with the log of a database in WAL mode, see https://www.sqlite.org/c3ref/wal_checkpoint_v2.html.
type Checkpoint int

const (
	Leave Checkpoint = iota
	// Copy copies what nobody reads any more into the database. It waits for nobody.
	Copy
	// Renew copies all, and waits until the next transaction can begin the log anew: until nobody reads from it any more, for
	// 100 ms at most.
	Renew
)

// renewWithin is in milliseconds.
const renewWithin = 100

// telling are the connections that tell of each COMMIT, by their handles.
var telling sync.Map // of *Conn by uintptr

// tell has SQLite say how long the log is after each COMMIT, instead of copying it by its own rule.
// See https://www.sqlite.org/c3ref/wal_hook.html.
func (c *Conn) tell(committed func(frames int) Checkpoint) {
	if committed == nil {
		return
	}
	c.committed = committed
	telling.Store(c.db, c)
	sqlite3.Xsqlite3_wal_hook(c.tls, c.db, written, 0)
}

// written is committed as C calls functions.
var written = *(*uintptr)(unsafe.Pointer(&struct {
	f func(*libc.TLS, uintptr, uintptr, uintptr, int32) int32
}{committed}))

// committed is called with the lock of the connection, if it has one. Whatever it returns but 0 would be the result of the statement that
// committed, although that cannot be undone any more.
func committed(tls *libc.TLS, _, db, name uintptr, frames int32) int32 {
	if c, ok := telling.Load(db); ok {
		c.(*Conn).checkpoint(tls, name, c.(*Conn).committed(int(frames)))
	}
	return 0
}

// checkpoint makes one. Like that of SQLite itself, one that fails is left to the next one.
func (c *Conn) checkpoint(tls *libc.TLS, name uintptr, what Checkpoint) {
	switch what {
	case Copy:
		sqlite3.Xsqlite3_wal_checkpoint_v2(tls, c.db, name, sqlite3.SQLITE_CHECKPOINT_PASSIVE, 0, 0)
	case Renew:
		before := c.inner().FbusyTimeout
		sqlite3.Xsqlite3_busy_timeout(tls, c.db, renewWithin)
		sqlite3.Xsqlite3_wal_checkpoint_v2(tls, c.db, name, sqlite3.SQLITE_CHECKPOINT_RESTART, 0, 0)
		sqlite3.Xsqlite3_busy_timeout(tls, c.db, before)
	}
}
