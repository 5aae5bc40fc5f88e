package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"modernc.org/sqlite"

	"github.com/entwine-data/entwine/internal/vdbe"
)

// SQLite appends what is written to a log, and copies it into the database file when the log has 1000 frames (pages), in the COMMIT that
// makes it so long. With many writers that is one COMMIT in ten, which takes many times as long as the others, and all writers wait for it.
// Here a connection of its own copies while the writer goes on.
//
// The log begins anew only when all of it is copied and nobody reads from it. While it grows meanwhile, that never happens by itself. So
// when it is long, what is left to be copied, which is little then, is copied in a COMMIT after all. So is whatever is left if writers
// are faster than the copies. And when the log is very long, because there is always somebody who reads, that COMMIT waits for those who
// do: who comes meanwhile reads from the database file.

const (
	// copyAfter is how many frames are written before they are copied. With more at a time writers gain 5 % and wait longer for a disk
	// that is busy with them.
	copyAfter = 250
	// copyInCommit is how many frames a COMMIT copies. It waits for the disk to have the copies of all frames before it: copies that writers
	// overtake do not.
	copyInCommit = 100
	// renewAfter is the length at which the log is to begin anew, and waitAfter that at which it is waited for: 16 and 64 MB. As long as
	// it does not, that is tried again each time it has grown by retryAfter and waitAfter.
	renewAfter = 4000
	retryAfter = 1000
	waitAfter  = 16000
)

// checkpoints copies the log of a database.
type checkpoints struct {
	pool *sql.DB // of one connection

	mu      sync.Mutex
	closed  bool
	busy    bool // a copy runs
	ended   sync.Cond
	frames  int // in the log after the last COMMIT
	copied  int // frames that were copied, or cannot be for now
	renewAt int // when the log is to begin anew
	waitAt  int // when that is waited for
}

func newCheckpoints(dsn string) (*checkpoints, error) {
	inner, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	c := &checkpoints{pool: sql.OpenDB(inner), renewAt: renewAfter, waitAt: waitAfter}
	c.pool.SetMaxOpenConns(1)
	c.ended.L = &c.mu
	return c, nil
}

// committed is told how long the log is after each COMMIT. It says what the COMMIT does about it.
func (c *checkpoints) committed(frames int) vdbe.Checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	if frames < c.frames { // it began anew
		c.copied, c.renewAt, c.waitAt = 0, renewAfter, waitAfter
	}
	c.frames = frames
	behind := frames >= c.renewAt+renewAfter
	for behind && c.busy {
		c.ended.Wait()
	}
	rest := frames - c.copied
	switch {
	case c.busy, c.closed:
	case frames >= c.waitAt && (behind || rest <= copyAfter):
		c.copied, c.renewAt, c.waitAt = frames, frames+retryAfter, frames+waitAfter
		return vdbe.Renew
	case frames >= c.renewAt && (behind || rest <= copyInCommit):
		c.copied, c.renewAt = frames, frames+retryAfter
		return vdbe.Copy
	case rest >= copyAfter, frames >= c.renewAt:
		c.busy = true
		go c.copy()
	}
	return vdbe.Leave
}

// copy copies what nobody reads any more.
func (c *checkpoints) copy() {
	var busy bool
	var frames, copied int
	err := c.pool.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &copied)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	c.ended.Broadcast()
	if err == nil && c.frames >= frames {
		c.copied = frames
	}
}

// close waits for the end of a copy. What is written until the writer is closed, too, is copied by SQLite when the last connection is.
func (c *checkpoints) close() error {
	c.mu.Lock()
	c.closed = true
	for c.busy {
		c.ended.Wait()
	}
	c.mu.Unlock()
	return c.pool.Close()
}
