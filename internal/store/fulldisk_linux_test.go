package store

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/internal/testenv"
)

// Where the disk of a SQLite database is full, writers are told so, alone, in the transactions of others and in their own; readers read;
// and what was acknowledged stays. When there is room again, writing goes on, without a restart.
func TestFullDisk(t *testing.T) {
	dir := testenv.SmallDisk(t, 20)
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 14<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "full.db")
	db, err := Open(t.Context(), "sqlite:"+path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var result entsql.Result
	exec := func(ctx context.Context, query string, args ...any) error {
		return db.Driver().Exec(ctx, query, args, &result)
	}
	if err := exec(t.Context(), "CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)"); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 10<<10)
	var acknowledged atomic.Int64
	kinds := map[string]func() error{
		"single statements": func() error {
			return db.InsertOne(t.Context(), &Insert{Table: "t", ID: "id", Columns: []string{"data"}, Values: []any{data}}, nil, nil, func([]Value) {})
		},
		"transactions": func() error {
			return db.Update(t.Context(), func(ctx context.Context) error { return exec(ctx, "INSERT INTO t (data) VALUES (?)", data) })
		},
	}
	// write has several writers of each kind write n times in all. Each of them stops when it fails, and one failure of each kind is returned.
	write := func(n int64) (failed map[string]error) {
		failed = make(map[string]error)
		var mu sync.Mutex
		var wg sync.WaitGroup
		var left atomic.Int64
		left.Store(n)
		for name, one := range kinds {
			for range 4 {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if err := one(); err != nil {
							mu.Lock()
							failed[name] = err
							mu.Unlock()
							return
						}
						acknowledged.Add(1)
					}
				})
			}
		}
		wg.Wait()
		return failed
	}
	check := func() {
		t.Helper()
		var rows int64
		err := db.View(t.Context(), false, func(ctx context.Context, q Querier) error {
			return q.Read(ctx, "SELECT count(*) FROM t", nil, func(values []Value) error { rows = values[0].Int(); return nil })
		})
		if err != nil || rows != acknowledged.Load() {
			t.Errorf("%d rows, %v; %d were acknowledged", rows, err, acknowledged.Load())
		}
	}

	for round := range 3 {
		failed := write(10_000)
		for name := range kinds {
			if v := Classify(failed[name]); v == nil || v.Kind != DiskFull {
				t.Errorf("round %d: %s: %v; want %s", round, name, failed[name], DiskFull)
			}
		}
		check()
		// Room for some rows, and for a copy of what is in the log only.
		if err := os.Truncate(filler, int64(11-round*3)<<20); err != nil {
			t.Fatal(err)
		}
		if failed := write(20); len(failed) > 0 {
			t.Errorf("round %d: with room again: %v", round, failed)
		}
		check()
		t.Logf("round %d: %d rows", round, acknowledged.Load())
	}
	// Where there is no room to copy the log when the database is closed, it stays until there is.
	write(10_000)
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(t.Context(), "sqlite:"+path, Options{}); err != nil {
		t.Fatal(err)
	}
	check()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := CheckSQLite(t.Context(), path); err != nil {
		t.Error(err)
	}
}
