package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// measured is a database that tells what a statement costs in numbers that are the same each time: SQLite in steps of its
// virtual machine, Postgres in pages that it looked at.
type measured struct {
	name string
	db   *store.DB
	file string // SQLite's
}

func (m measured) postgres() bool { return m.file == "" }

// measuredDatabases opens databases with the statements executed, in Postgres' words. SQLite is there twice, since its
// planner decides otherwise where ANALYZE was run.
func measuredDatabases(t *testing.T, statements []string) []measured {
	t.Helper()
	dbs := []measured{
		{name: "sqlite", file: filepath.Join(t.TempDir(), "new.db")},
		{name: "sqlite after ANALYZE", file: filepath.Join(t.TempDir(), "known.db")},
		{name: "postgres"},
	}
	for i := range dbs {
		m := &dbs[i]
		url := "sqlite:" + m.file
		if m.postgres() {
			url = pgtest.New(t)
		}
		var err error
		if m.db, err = store.Open(t.Context(), url, store.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.db.Close() })
		err = m.db.Update(t.Context(), func(ctx context.Context) error {
			for _, text := range statements {
				if !m.postgres() {
					text = strings.NewReplacer("bigint PRIMARY KEY", "integer PRIMARY KEY AUTOINCREMENT").Replace(text)
				}
				if err := m.db.Driver().Exec(ctx, text, []any{}, nil); err != nil {
					t.Errorf("%s: %s: %v", m.name, text, err)
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.FailNow()
		}
		if m.postgres() {
			m.exec(t.Context(), t, withoutAutovacuum)
			m.exec(t.Context(), t, "VACUUM")
		}
		if m.name != "sqlite" {
			err := m.db.Update(t.Context(), func(ctx context.Context) error {
				if m.postgres() {
					m.exec(ctx, t, "SET LOCAL default_statistics_target = 1000")
				}
				m.exec(ctx, t, "ANALYZE")
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dbs
}

// withoutAutovacuum keeps statistics of every row: plans would depend on the rows that its sample happens to hold.
const withoutAutovacuum = `DO $$ DECLARE t regclass; BEGIN
	FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace LOOP
		EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', t);
	END LOOP;
END $$`

func (m measured) exec(ctx context.Context, t *testing.T, statement string) {
	t.Helper()
	if err := m.db.Driver().Exec(ctx, statement, []any{}, nil); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// rows reads all rows of a statement, as the driver gives their values.
func (m measured) rows(t *testing.T, query string, args []any) (out [][]any) {
	t.Helper()
	err := m.db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, dest := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			out = append(out, values)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v\n%s", m.name, err, query)
	}
	return out
}

// plan is what EXPLAIN says of a statement, without running it.
func (m measured) plan(t *testing.T, s *statement) string {
	t.Helper()
	var b strings.Builder
	prefix, column := "EXPLAIN QUERY PLAN ", 3
	if m.postgres() {
		prefix, column = "EXPLAIN (COSTS OFF) ", 0
	}
	for _, row := range m.rows(t, prefix+string(s.buf), s.args) {
		b.WriteString(text(row[column]) + "\n")
	}
	return b.String()
}

// work is what a statement costs: on Postgres when it has been prepared and used for a while, which is when Postgres may
// stop to look at its arguments.
func (m measured) work(t *testing.T, s *statement) (cost int) {
	t.Helper()
	if !m.postgres() {
		return sqliteSteps(t, m.file, s)
	}
	var args []string
	for _, arg := range s.args {
		literal, ok := arg.(string)
		if literal = "'" + strings.ReplaceAll(literal, "'", "''") + "'"; !ok {
			literal = text(arg)
		}
		args = append(args, literal)
	}
	execute := "EXECUTE measured"
	if len(args) > 0 {
		execute += " (" + strings.Join(args, ", ") + ")"
	}
	err := m.db.Update(t.Context(), func(ctx context.Context) error {
		run := func(text string) error { return m.db.Driver().Exec(ctx, text, []any{}, nil) }
		err := run("PREPARE measured AS " + string(s.buf))
		for range 6 {
			if err == nil {
				err = run(execute)
			}
		}
		if err != nil {
			return err
		}
		err = m.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
			rows, err := q.QueryContext(ctx, "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "+execute)
			if err != nil {
				return err
			}
			defer rows.Close()
			var plan []byte
			for rows.Next() {
				if err := rows.Scan(&plan); err != nil {
					return err
				}
			}
			var explained []struct {
				Plan struct {
					Hit  int `json:"Shared Hit Blocks"`
					Read int `json:"Shared Read Blocks"`
				}
			}
			if err := errors.Join(rows.Err(), json.Unmarshal(plan, &explained)); err != nil {
				return err
			}
			cost = explained[0].Plan.Hit + explained[0].Plan.Read
			return nil
		})
		if err != nil {
			return err
		}
		return run("DEALLOCATE measured")
	})
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, s.buf, execute)
	}
	return cost
}

// sqliteSteps counts the instructions of a statement. Only SQLite's C interface tells them, which is used here directly.
func sqliteSteps(t *testing.T, file string, s *statement) int {
	t.Helper()
	tls := libc.NewTLS()
	defer tls.Close()
	out := tls.Alloc(8) // where SQLite puts a pointer
	defer tls.Free(8)
	pointer := func() uintptr { return uintptr(binary.NativeEndian.Uint64(libc.GoBytes(out, 8))) }
	var c []uintptr
	defer func() {
		for _, p := range c {
			libc.Xfree(tls, p)
		}
	}()
	cString := func(text string) uintptr {
		p, err := libc.CString(text)
		if err != nil {
			t.Fatal(err)
		}
		c = append(c, p)
		return p
	}
	if rc := sqlite3.Xsqlite3_open_v2(tls, cString(file), out, sqlite3.SQLITE_OPEN_READONLY, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("open %s: %d", file, rc)
	}
	db := pointer()
	defer sqlite3.Xsqlite3_close(tls, db)
	// As the store's connections: plans do not depend on arguments.
	config := tls.Alloc(16)
	defer tls.Free(16)
	if rc := sqlite3.Xsqlite3_db_config(tls, db, sqlite3.SQLITE_DBCONFIG_ENABLE_QPSG, libc.VaList(config, int32(1), uintptr(0))); rc != sqlite3.SQLITE_OK {
		t.Fatalf("steady plans: %d", rc)
	}
	if rc := sqlite3.Xsqlite3_prepare_v2(tls, db, cString(string(s.buf)), -1, out, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("%s\n%s", libc.GoString(sqlite3.Xsqlite3_errmsg(tls, db)), s.buf)
	}
	stmt := pointer()
	defer sqlite3.Xsqlite3_finalize(tls, stmt)
	for i, arg := range s.args {
		switch v := arg.(type) {
		case int64:
			sqlite3.Xsqlite3_bind_int64(tls, stmt, int32(i+1), v)
		case string:
			sqlite3.Xsqlite3_bind_text(tls, stmt, int32(i+1), cString(v), -1, 0)
		default:
			t.Fatalf("argument %d is a %T", i, arg)
		}
	}
	for {
		switch rc := sqlite3.Xsqlite3_step(tls, stmt); rc {
		case sqlite3.SQLITE_ROW:
		case sqlite3.SQLITE_DONE:
			return int(sqlite3.Xsqlite3_stmt_status(tls, stmt, sqlite3.SQLITE_STMTSTATUS_VM_STEP, 0))
		default:
			t.Fatalf("%s\n%s", libc.GoString(sqlite3.Xsqlite3_errmsg(tls, db)), s.buf)
		}
	}
}
