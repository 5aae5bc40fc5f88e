package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
)

// Writers that wait for each other share a COMMIT; what one of them does wrong is its own affair.
func TestWritersGoTogether(t *testing.T) {
	var commits, begins atomic.Int64
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "group.db"), Options{Trace: func(_ context.Context, statement string) {
		switch statement {
		case "COMMIT":
			commits.Add(1)
		case "BEGIN":
			begins.Add(1)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	drv := db.Driver()
	exec := func(ctx context.Context, query string, args ...any) error {
		var result entsql.Result
		return drv.Exec(ctx, query, args, &result)
	}
	if err := exec(t.Context(), "CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT UNIQUE)"); err != nil {
		t.Fatal(err)
	}
	commits.Store(0)
	const writers, rounds = 16, 40
	errWrong := errors.New("changed its mind")
	var kept, lost atomic.Int64
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range rounds {
				who := fmt.Sprintf("%d-%d", i, n)
				err := func() (err error) {
					defer func() {
						if r := recover(); r != nil {
							err = errWrong
						}
					}()
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					return db.Update(ctx, func(ctx context.Context) error {
						if err := exec(ctx, "INSERT INTO t (who) VALUES (?)", who); err != nil {
							return err
						}
						switch n % 8 {
						case 3:
							return errWrong
						case 5:
							panic("no")
						case 6:
							// A violation undoes the statement, not the others.
							return exec(ctx, "INSERT INTO t (who) VALUES (?)", who)
						case 7:
							cancel() // the client has gone away
						}
						return nil
					})
				}()
				if err == nil {
					kept.Add(1)
				} else {
					lost.Add(1)
				}
				if wrong := n%8 == 3 || n%8 == 5 || n%8 == 6; wrong != (err != nil) && n%8 != 7 {
					t.Errorf("%s: %v", who, err)
				}
			}
		})
	}
	wg.Wait()
	var rows entsql.Rows
	if err := drv.Query(t.Context(), "SELECT count(*) FROM t", []any{}, &rows); err != nil {
		t.Fatal(err)
	}
	n, err := entsql.ScanInt64(&rows)
	if err != nil || n != kept.Load() || kept.Load() < writers*rounds/2 {
		t.Errorf("%d rows, %d writers were told that theirs is kept, %d that it is not (%v)", n, kept.Load(), lost.Load(), err)
	}
	if c := commits.Load(); c >= kept.Load()/2 {
		t.Errorf("%d commits for %d writers", c, kept.Load())
	}
	t.Logf("%d writers, %d commits, %d transactions", kept.Load(), commits.Load(), begins.Load())
}

// Who gives up while waiting writes nothing, and is not waited for.
func TestWaitingWritersCanLeave(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "leave.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	inside, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.Update(t.Context(), func(context.Context) error { close(inside); <-release; return nil })
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() {
		waiting <- db.Update(ctx, func(context.Context) error { t.Error("it wrote"); return nil })
	}()
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := <-waiting; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "wait to write") {
		t.Error(err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := db.Update(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
}

// A single statement that fails in the transaction of others undoes itself, and all of them only if SQLite does.
func TestFailuresAmongOthers(t *testing.T) {
	for name, test := range map[string]struct {
		value any
		kept  bool
	}{
		"an argument":   {uint64(1 << 63), true},
		"in a check":    {"overflow", true},
		"a constraint":  {"short", true},
		"a whole abort": {"abort", false},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "failures.db"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			for _, statement := range []string{
				"CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT CHECK (who <> 'short' AND (who <> 'overflow' OR abs(-9223372036854775808) > 0)))",
				"CREATE TRIGGER abort BEFORE INSERT ON t WHEN new.who = 'abort' BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
			} {
				var result entsql.Result
				if err := db.Driver().Exec(t.Context(), statement, []any{}, &result); err != nil {
					t.Fatal(err)
				}
			}
			inside, release := make(chan struct{}), make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				_ = db.Update(t.Context(), func(context.Context) error { close(inside); <-release; return nil })
			})
			<-inside
			errs := make([]error, 3)
			for i, value := range []any{"first", test.value, "last"} {
				wg.Go(func() {
					ins := &Insert{Table: "t", ID: "id", Columns: []string{"who"}, Values: []any{value}}
					errs[i] = db.InsertOne(t.Context(), ins, nil, nil, func([]Value) {})
				})
				for waiting := 0; waiting <= i; {
					db.group.mu.Lock()
					waiting = len(db.group.waiting)
					db.group.mu.Unlock()
				}
			}
			close(release)
			wg.Wait()
			if kept := errs[0] == nil; kept != test.kept || errs[1] == nil || errs[2] != nil {
				t.Errorf("the errors are %v", errs)
			}
			var names []string
			err = db.reader.Read(t.Context(), "SELECT who FROM t ORDER BY id", nil, func(values []Value) error {
				names = append(names, string(values[0].Data))
				return nil
			})
			want := []string{"first", "last"}
			if !test.kept {
				want = want[1:]
			}
			if err != nil || !slices.Equal(names, want) {
				t.Errorf("%q are there (%v), not %q", names, err, want)
			}
		})
	}
}

// A write that panics, or ends its goroutine as a failing test does, does so where it was called. Later ones go on.
func TestWritesThatDoNotReturn(t *testing.T) {
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ends.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	insert := func(ctx context.Context, id int) error {
		var result entsql.Result
		return db.Driver().Exec(ctx, "INSERT INTO t (id) VALUES (?)", []any{id}, &result)
	}
	var result entsql.Result
	if err := db.Driver().Exec(t.Context(), "CREATE TABLE t (id INTEGER PRIMARY KEY)", []any{}, &result); err != nil {
		t.Fatal(err)
	}
	errValue := errors.New("a value")
	var kept atomic.Int64
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			returned := false
			defer func() {
				v := recover()
				switch err, _ := v.(error); {
				case i%3 == 1 && (v != nil || returned):
					t.Errorf("%d: %v after the end of the goroutine", i, v)
				case i%3 == 0 && !returned:
					t.Errorf("%d: its goroutine was ended by another's write", i)
				case i%3 == 2 && (!errors.Is(err, errValue) || !strings.Contains(err.Error(), "TestWritesThatDoNotReturn")):
					t.Errorf("%d: the panic is %v", i, v)
				}
			}()
			err := db.Update(t.Context(), func(ctx context.Context) error {
				if err := insert(ctx, i); err != nil {
					return err
				}
				switch i % 3 {
				case 1:
					runtime.Goexit()
				case 2:
					panic(errValue)
				}
				return nil
			})
			returned = true
			if err == nil {
				kept.Add(1)
			} else if i%3 != 0 {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if err := db.Update(t.Context(), func(ctx context.Context) error { return insert(ctx, 100) }); err != nil {
		t.Fatal(err)
	}
	var rows entsql.Rows
	if err := db.Driver().Query(t.Context(), "SELECT count(*) FROM t", []any{}, &rows); err != nil {
		t.Fatal(err)
	}
	if n, err := entsql.ScanInt64(&rows); err != nil || n != kept.Load()+1 {
		t.Errorf("%d rows after %d writes that returned (%v)", n, kept.Load()+1, err)
	}
}

// BenchmarkWriters measures 16 writers of single rows: each with a transaction of its own, as they go together, and beside them
// a loop by hand that takes rows from a channel and commits what has come meanwhile.
func BenchmarkWriters(b *testing.B) {
	const writers, insert = 16, "INSERT INTO t (who) VALUES (?)"
	open := func(b *testing.B) *DB {
		b.Helper()
		db, err := Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "bench.db"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		var result entsql.Result
		if err := db.Driver().Exec(b.Context(), "CREATE TABLE t (id INTEGER PRIMARY KEY, who TEXT)", []any{}, &result); err != nil {
			b.Fatal(err)
		}
		return db
	}
	all := func(b *testing.B, write func(i int) error) {
		b.Helper()
		b.SetParallelism(writers / 2)
		var n atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := write(int(n.Add(1))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	update := func(db *DB, update func(context.Context, func(context.Context) error) error) func(int) error {
		drv := db.Driver()
		return func(i int) error {
			return update(b.Context(), func(ctx context.Context) error {
				var result entsql.Result
				return drv.Exec(ctx, insert, []any{i}, &result)
			})
		}
	}
	b.Run("each", func(b *testing.B) {
		db := open(b)
		group := db.group
		db.group = nil
		all(b, update(db, db.Update))
		db.group = group
	})
	b.Run("together", func(b *testing.B) { db := open(b); all(b, update(db, db.Update)) })
	b.Run("single statements together", func(b *testing.B) {
		db := open(b)
		all(b, func(i int) error {
			return db.InsertOne(b.Context(), &Insert{Table: "t", ID: "id", Columns: []string{"who"}, Values: []any{i}}, nil, nil, func([]Value) {})
		})
	})
	b.Run("by hand", func(b *testing.B) {
		db := open(b)
		type row struct {
			value int
			done  chan error
		}
		rows := make(chan row, writers)
		var wg sync.WaitGroup
		wg.Go(func() {
			for first := range rows {
				group := []row{first}
				err := func() error {
					tx, err := db.writer.BeginTx(b.Context(), nil)
					if err != nil {
						return err
					}
					defer tx.Rollback()
					for i := 0; i < len(group); i++ {
						if _, err := tx.ExecContext(b.Context(), insert, group[i].value); err != nil {
							return err
						}
						select {
						case next, ok := <-rows:
							if ok {
								group = append(group, next)
							}
						default:
						}
					}
					return tx.Commit()
				}()
				for _, r := range group {
					r.done <- err
				}
			}
		})
		all(b, func(i int) error {
			r := row{i, make(chan error, 1)}
			rows <- r
			return <-r.done
		})
		close(rows)
		wg.Wait()
	})
}
