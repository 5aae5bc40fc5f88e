package pgwire

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/lib/pq"
	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/internal/pgtest"
)

// pools are two pools of one server: ours and lib/pq's.
func pools(t *testing.T) (ours, theirs *sql.DB) {
	t.Helper()
	cfg, err := pq.NewConfig(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.SSLMode = pq.SSLModeDisable
	cfg.Runtime["TimeZone"] = "UTC"
	shared, err := NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs = sql.OpenDB(shared), sql.OpenDB(inner)
	t.Cleanup(func() {
		if err := errors.Join(ours.Close(), theirs.Close()); err != nil {
			t.Error(err)
		}
	})
	return ours, theirs
}

// read returns all rows of a prepared statement.
func read(ctx context.Context, db *sql.DB, query string, args ...any) ([][]any, error) {
	st, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var all [][]any
	for rows.Next() {
		row := make([]any, 0, len(names))
		for i := range names {
			row = append(row, names[i], types[i].DatabaseTypeName(), new(any))
		}
		dest := make([]any, len(names))
		for i := range dest {
			dest[i] = row[3*i+2]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		for i := range dest {
			row[3*i+2] = *row[3*i+2].(*any)
			if at, ok := row[3*i+2].(time.Time); ok {
				row[3*i+2] = at.Format(time.RFC3339Nano) // whatever pointer its zone is
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// Whatever type a value has, it comes out as from lib/pq.
func TestValuesAreThoseOfLibpq(t *testing.T) {
	ours, theirs := pools(t)
	for _, expr := range []string{
		"NULL::int8", "0::int2", "-32768::int2", "2147483647::int4", "-9223372036854775808::int8", "1.5::float4", "0.1::float8", "'NaN'::float8",
		"'-Infinity'::float8", "1e308::float8", "'NaN'::float4", "true", "false", "NULL::bool", "''::text", "'ä€😀'::text", "'x'::varchar(3)", "'x'::char(3)", `'x'::"char"`,
		"'n'::name", "''::bytea", `'\x00ff5c'::bytea`, "'2026-01-31 12:00:00.123456+02'::timestamptz", "'infinity'::timestamptz", "'-infinity'::timestamp",
		"'0044-03-15 12:00:00 BC'::timestamptz", "'2026-01-31 12:00:00.5'::timestamp", "'2026-02-28'::date", "'infinity'::date", "'12:34:56.5'::time", "'24:00'::time", "'12:34:56+02'::timetz",
		"'1 day 2 hours'::interval", "12345.678900::numeric", "'NaN'::numeric", "'5c0c4b57-5a0e-4a0d-8f3f-7a4d1c3d2b1a'::uuid", `'{"a": [1, null]}'::jsonb`, `'{"a":1}'::json`,
		"ARRAY[1,2,NULL]", `ARRAY['a','"b"']`, "'127.0.0.1'::inet", "(1,'a')", "'[1,5)'::int4range", "12::oid", "xmlcomment('x')", "repeat('x', 300000)", "'a'::tsvector",
	} {
		query := "SELECT " + expr + " AS v, 7 AS after"
		want, errTheirs := read(t.Context(), theirs, query)
		got, errOurs := read(t.Context(), ours, query)
		if fmt.Sprint(errTheirs) != fmt.Sprint(errOurs) || fmt.Sprintf("%#v", want) != fmt.Sprintf("%#v", got) {
			t.Errorf("%s\n%#v, %v; lib/pq says\n%#v, %v", expr, got, errOurs, want, errTheirs)
		}
	}
}

// What is sent arrives, and comes back.
func TestArguments(t *testing.T) {
	ours, theirs := pools(t)
	rapid.Check(t, func(t *rapid.T) {
		args := []any{
			rapid.Int64().Draw(t, "int8"), rapid.Float64().Draw(t, "float8"), rapid.Bool().Draw(t, "bool"),
			rapid.StringMatching(`[^\x00]*`).Draw(t, "text"), rapid.SliceOf(rapid.Byte()).Draw(t, "bytea"),
			time.UnixMicro(rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999).Draw(t, "timestamptz")).UTC(), nil,
			rapid.Int64Range(math.MinInt16, math.MaxInt16).Draw(t, "int2"),
		}
		if rapid.Bool().Draw(t, "no bytes") {
			args[4] = []byte(nil)
		}
		const query = "SELECT $1::int8, $2::float8, $3::bool, $4::text, $5::bytea, $6::timestamptz, $7::text, $8::int2, md5($5::bytea), length($4::text)"
		want, err := read(context.Background(), theirs, query, args...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(context.Background(), ours, query, args...)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%#v; lib/pq says\n%#v", got, want)
		}
	})
}

// An error is the server's, wherever it comes up, and the connection goes on.
func TestErrors(t *testing.T) {
	ours, theirs := pools(t)
	ours.SetMaxOpenConns(1)
	pid := func() any {
		rows, err := read(t.Context(), ours, "SELECT pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
		return rows[0][2]
	}
	before := pid()
	for _, query := range []string{
		"SELECT 1/0", "SELECT 10/(n-500) FROM generate_series(1, 1000) n", "SELECT nonsense", "SELEKT", "SELECT 'x'::int", "SELECT repeat('x', n), 1/(n-1) FROM generate_series(2,0,-1) n",
		"DO $$ BEGIN RAISE EXCEPTION 'böse' USING ERRCODE = 'P0042', DETAIL = 'd', HINT = 'h', CONSTRAINT = 'c', TABLE = 't', COLUMN = 'n', SCHEMA = 's'; END $$",
	} {
		_, want := read(t.Context(), theirs, query)
		_, got := read(t.Context(), ours, query)
		var theirError, ourError *pq.Error
		if !errors.As(want, &theirError) || !errors.As(got, &ourError) {
			t.Errorf("%s: %v; lib/pq says %v", query, got, want)
			continue
		}
		a, b := *theirError, *ourError
		if a.Code != b.Code || a.Message != b.Message || a.Detail != b.Detail || a.Hint != b.Hint || a.Constraint != b.Constraint || a.Table != b.Table ||
			a.Column != b.Column || a.Schema != b.Schema || a.Severity != b.Severity || a.Routine != b.Routine || a.Position != b.Position {
			t.Errorf("%s: %#v; lib/pq says %#v", query, b, a)
		}
	}
	if _, err := read(t.Context(), ours, "SELECT $1::int", 1, 2); err == nil {
		t.Error("two arguments for one parameter")
	}
	if after := pid(); after != before {
		t.Errorf("the connection was replaced: %v, %v", before, after)
	}
}

// A result need not be read to its end, rows may be of any size, and lib/pq's own work comes in between.
func TestTurns(t *testing.T) {
	ours, _ := pools(t)
	conn, err := ours.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(conn.ExecContext(t.Context(), "CREATE TABLE wide (id int, body text, raw bytea)"))
	insert, err := conn.PrepareContext(t.Context(), "INSERT INTO wide SELECT n, repeat('x', n * $1), decode(repeat('ab', n), 'hex') FROM generate_series(1, 200) n")
	if err != nil {
		t.Fatal(err)
	}
	result, err := insert.ExecContext(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := result.RowsAffected(); n != 200 {
		t.Errorf("%d rows affected", n)
	}
	choose, err := conn.PrepareContext(t.Context(), "SELECT id, body, raw FROM wide WHERE id >= $1 ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	for from := 1; from <= 200; from += 7 {
		rows, err := choose.QueryContext(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		for n := from; n < from+3 && rows.Next(); n++ {
			var id int
			var body string
			var raw []byte
			must(nil, rows.Scan(&id, &body, &raw))
			if id != n || body != strings.Repeat("x", 1000*n) || !bytes.Equal(raw, bytes.Repeat([]byte{0xab}, n)) {
				t.Fatalf("row %d: %d, %d characters, %d bytes", n, id, len(body), len(raw))
			}
		}
		must(nil, rows.Close())
		must(conn.ExecContext(t.Context(), "SELECT pg_notify('x', 'y')")) // not prepared: lib/pq's
		if from%2 == 0 {
			must(conn.ExecContext(t.Context(), "LISTEN x; SET client_min_messages = debug1")) // what the server says unasked
		}
	}
	tx, err := conn.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	copying, err := tx.PrepareContext(t.Context(), "COPY wide (id, body) FROM STDIN")
	if err != nil {
		t.Fatal(err)
	}
	must(copying.ExecContext(t.Context(), 1000, "copied"))
	must(copying.ExecContext(t.Context()))
	must(nil, copying.Close())
	must(nil, tx.Commit())
	var last string
	must(nil, conn.QueryRowContext(t.Context(), "SELECT body FROM wide ORDER BY id DESC LIMIT 1").Scan(&last))
	if last != "copied" {
		t.Errorf("COPY left %q", last)
	}
	must(nil, insert.Close())
	must(nil, choose.Close())
	st, err := conn.PrepareContext(t.Context(), "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'e%'")
	if err != nil {
		t.Fatal(err)
	}
	var left int
	must(nil, st.QueryRowContext(t.Context()).Scan(&left))
	if left != 1 {
		t.Errorf("%d statements are prepared, not 1", left)
	}
}

// Whoever does not wait any more ends the statement at the server, and no other.
func TestCancel(t *testing.T) {
	ours, theirs := pools(t)
	ours.SetMaxOpenConns(6)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := read(ctx, ours, "SELECT pg_sleep(30), 'cancel me'"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("waited %s", waited)
	}
	for range 100 {
		rows, err := read(t.Context(), theirs, "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%cancel me%' AND pid <> pg_backend_pid() AND state = 'active'")
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	ended, cancelled := 0, 0
	for worker := range 12 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 60 {
				ctx, cancel := t.Context(), func() {}
				if worker%2 == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(rand.IntN(8000))*time.Microsecond)
				}
				rows, err := read(ctx, ours, "SELECT n, pg_sleep(0.0008) FROM generate_series(1, $1::int) n", 5)
				mu.Lock()
				switch {
				case err == nil && len(rows) == 5:
					ended++
				case worker%2 == 0 && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn)):
					cancelled++
				default:
					t.Errorf("worker %d: %d rows, %v", worker, len(rows), err)
				}
				mu.Unlock()
				cancel()
			}
		}()
	}
	all.Wait()
	if t.Logf("%d ended, %d were cancelled", ended, cancelled); cancelled == 0 {
		t.Error("none was cancelled")
	}
}

// A transaction that only reads sees one state, writes nothing, and leaves nothing behind, however it ends and whatever is done in it.
func TestReading(t *testing.T) {
	ours, theirs := pools(t)
	ours.SetMaxOpenConns(1)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(theirs.ExecContext(t.Context(), "CREATE TABLE counters (n int, at time); INSERT INTO counters VALUES (0, '12:00')"))
	conn, err := ours.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	statements := map[string]*sql.Stmt{}
	for name, query := range map[string]string{
		"n": "SELECT n FROM counters", "time": "SELECT at FROM counters", "write": "UPDATE counters SET n = -1", "fail": "SELECT 1/n FROM generate_series(1, 0, -1) n",
		"state": "SELECT current_setting('transaction_read_only') || ' ' || current_setting('transaction_isolation')",
	} {
		if statements[name], err = conn.PrepareContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	for round := range 300 {
		tx, err := conn.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
		if err != nil {
			t.Fatal(err)
		}
		seen, failed := -1, false
		for range rand.IntN(5) {
			var n int
			switch rand.IntN(6) {
			case 0:
				var at time.Time // lib/pq's
				err = tx.StmtContext(t.Context(), statements["time"]).QueryRowContext(t.Context()).Scan(&at)
			case 1:
				err = tx.QueryRowContext(t.Context(), "SELECT n FROM counters").Scan(&n) // not prepared
			case 2:
				_, err = tx.StmtContext(t.Context(), statements["write"]).ExecContext(t.Context())
				if err == nil {
					t.Fatal("it was written")
				}
			case 3:
				err = tx.StmtContext(t.Context(), statements["fail"]).QueryRowContext(t.Context()).Scan(&n)
				if err == nil {
					err = fmt.Errorf("read %d of it", n) // and not the rest
				}
			default:
				err = tx.StmtContext(t.Context(), statements["n"]).QueryRowContext(t.Context()).Scan(&n)
				if err == nil && seen < 0 {
					seen = n
					must(theirs.ExecContext(t.Context(), "UPDATE counters SET n = n + 1"))
					count++
				}
				if err == nil && n != seen {
					t.Fatalf("round %d: %d and then %d", round, seen, n)
				}
			}
			if failed = failed || err != nil; failed && err == nil {
				t.Fatalf("round %d: a statement after a failed one", round)
			}
		}
		if rand.IntN(2) == 0 {
			must(nil, tx.Rollback())
		} else if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		var n int
		var state string
		must(nil, statements["n"].QueryRowContext(t.Context()).Scan(&n))
		must(nil, statements["state"].QueryRowContext(t.Context()).Scan(&state))
		if n != count || state != "off read committed" {
			t.Fatalf("round %d: %d after %d writes, %s", round, n, count, state)
		}
	}
}

// A connection that the server has ended is not used again.
func TestServerEndsConnection(t *testing.T) {
	ours, theirs := pools(t)
	ours.SetMaxOpenConns(1)
	for range 5 {
		rows, err := read(t.Context(), ours, "SELECT pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := read(t.Context(), theirs, "SELECT pg_terminate_backend($1::int)", rows[0][2]); err != nil {
			t.Fatal(err)
		}
	}
	_, err := read(t.Context(), ours, "SELECT pg_terminate_backend(pg_backend_pid())")
	if err == nil {
		t.Error("the end of the own connection is no error")
	}
	if _, err := read(t.Context(), ours, "SELECT 1"); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestConnectorNeedsPlainSockets(t *testing.T) {
	cfg, err := pq.NewConfig("postgres://u@localhost/d?sslmode=require")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewConnector(cfg); err == nil {
		t.Error("a connection with TLS was accepted")
	}
}

// However the bytes arrive, they are the same messages.
func TestReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		sizes := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(readSize-8, readSize+8), rapid.IntRange(0, 3*maxKept)), 1, 12).Draw(t, "sizes")
		for i, n := range sizes {
			stream = append(stream, byte('A'+i))
			stream = binary.BigEndian.AppendUint32(stream, uint32(n+4))
			stream = append(stream, bytes.Repeat([]byte{byte(i)}, n)...)
		}
		var from io.Reader = bytes.NewReader(stream)
		switch rapid.IntRange(0, 2).Draw(t, "pieces") {
		case 1:
			from = iotest.HalfReader(from)
		case 2:
			from = iotest.DataErrReader(from)
		}
		var r reader
		for i, n := range sizes {
			kind, msg, err := r.next(from)
			if err != nil || kind != byte('A'+i) || len(msg) != n || bytes.Count(msg, []byte{byte(i)}) != n {
				t.Fatalf("message %d: %c, %d bytes, %v", i, kind, len(msg), err)
			}
		}
		if _, _, err := r.next(from); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("after the last: %v", err)
		}
		if len(r.buf) > 4*maxKept {
			t.Fatalf("%d bytes are kept", len(r.buf))
		}
	})
}

// What no server sends is an error.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x01x"))
	f.Add([]byte("E\x00\x00\x00\x0fSERROR\x00C1\x00\x00"))
	f.Add([]byte("T\x00\x00\x00\x1a\x00\x01n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14\x00\x08\xff\xff\xff\xff\x00\x00"))
	f.Add([]byte("t\x00\x00\x00\x06\xff\xff"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var r reader
		from := bytes.NewReader(stream)
		for {
			kind, msg, err := r.next(from)
			if err != nil {
				return
			}
			s := &Stmt{}
			switch kind {
			case 'D':
				_ = cut(make([][]byte, 2), msg)
			case 'T':
				_ = s.describe(msg)
			case 't':
				_ = s.parameters(msg)
			case 'E':
				_ = serverError(msg)
			case 'C':
				_ = affectedBy(msg)
			}
		}
	})
}
