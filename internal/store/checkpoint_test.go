package store

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
)

// The log is copied and begins anew while writers never stop. Beside readers of which there is always one it does so later, and perhaps
// not at the first attempt.
func TestLogBeginsAnew(t *testing.T) {
	const writers, size, frame = 4, 256 << 10, 4096 + 24
	for name, test := range map[string]struct {
		readers    int
		most, long int64 // bytes: that are written, and that the log is to have had before it begins anew
	}{
		"writers alone":  {0, 200 << 20, renewAfter * frame},
		"beside readers": {3, 1 << 30, waitAfter * frame},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log.db")
			db, err := Open(t.Context(), "sqlite:"+path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var result entsql.Result
			if err := db.Driver().Exec(t.Context(), "CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)", []any{}, &result); err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			var reading, writing sync.WaitGroup
			for i := range test.readers {
				reading.Go(func() {
					time.Sleep(time.Duration(i) * 7 * time.Millisecond) // so that they overlap
					for ctx.Err() == nil {
						readFor(t, db, 20*time.Millisecond)
					}
				})
			}
			var written, longest atomic.Int64
			var anew atomic.Bool
			for range writers {
				writing.Go(func() {
					data := make([]byte, size)
					for written.Add(size) < test.most && (test.readers == 0 || !anew.Load()) {
						ins := &Insert{Table: "t", ID: "id", Columns: []string{"data"}, Values: []any{data}}
						if err := db.InsertOne(t.Context(), ins, nil, nil, func([]Value) {}); err != nil {
							t.Error(err)
							return
						}
						length := db.checkpoints.length() * frame
						longest.Store(max(longest.Load(), length))
						if longest.Load() >= test.long && length < test.long/2 {
							anew.Store(true)
						}
					}
				})
			}
			writing.Wait()
			stop()
			reading.Wait()
			if !anew.Load() {
				t.Errorf("the log never began anew: it has %d MB", longest.Load()>>20)
			}
			// Writers that are faster than the copies have them made in a COMMIT.
			if most := int64(2*renewAfter*frame + 2*writers*size); test.readers == 0 && longest.Load() > most {
				t.Errorf("the log had %d MB, not at most %d", longest.Load()>>20, most>>20)
			}
			t.Logf("%d MB were written, the log had %d at most", written.Load()>>20, longest.Load()>>20)
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			if err := CheckSQLite(t.Context(), path); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
				t.Errorf("the log is there after Close: %v", err)
			}
		})
	}
}

func (c *checkpoints) length() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(c.frames)
}

// readFor holds a snapshot for some time.
func readFor(t *testing.T, db *DB, during time.Duration) {
	t.Helper()
	err := db.View(t.Context(), true, func(ctx context.Context, q Querier) error {
		count := func() (n int64, err error) {
			err = q.Read(ctx, "SELECT count(*) FROM t", nil, func(values []Value) error { n = values[0].Int(); return nil })
			return n, err
		}
		before, err := count()
		if err != nil {
			return err
		}
		time.Sleep(during)
		after, err := count()
		if before != after {
			t.Errorf("a snapshot had %d rows, and then %d", before, after)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
