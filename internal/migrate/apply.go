package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// FileError is a migration that failed.
type FileError struct {
	// File is the name of the file, or of the step in Go.
	File string
	// Statement is the number of the statement, from 1, Line where it begins and SQL its beginning. Statement is 0 if none failed,
	// but the whole.
	Statement, Line int
	SQL             string
	// Back says that the migration was being undone.
	Back bool
	// Alone says that the file has no transaction, so that the statements before this one stay.
	Alone bool
	// Scratch says that it was tried in a database that is gone: a copy, or an empty one.
	Scratch bool
	// Uncertain says that the connection was lost during the commit: it may have happened.
	Uncertain bool
	Err       error
}

func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Statement > 0 {
		fmt.Fprintf(&b, ", statement %d (line %d): %s", e.Statement, e.Line, e.SQL)
	}
	b.WriteString("\n  " + reason(e.Err))
	switch {
	case e.Scratch:
		b.WriteString("\n  That was in a scratch database: nothing else was touched.")
	case e.Alone:
		b.WriteString("\n  The file has no transaction: what stands before this statement stays, and the next run goes on here.")
	case e.Uncertain:
		b.WriteString("\n  Whether it was committed, the history says.")
	default:
		b.WriteString("\n  The database is as it was before this file.")
	}
	return b.String()
}

// reason says why, with the values that the database names.
func reason(err error) string {
	v := store.Classify(err)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	case v.Kind == store.Unavailable:
		return "the connection to the database was lost: " + err.Error()
	case v.Detail != "":
		return err.Error() + ": " + v.Detail
	}
	return err.Error()
}

func (e *FileError) Unwrap() error { return e.Err }

// direction of a migration.
type direction bool

const (
	forward  direction = true
	backward direction = false
)

func (m *migration) file(d direction) file {
	if d == forward {
		return m.up
	}
	return m.down
}

// label names a migration in messages.
func (m *migration) label(d direction) string {
	if m.kind == goKind {
		return m.String() + " (Go)"
	}
	return m.file(d).name
}

// apply runs one migration, up or down, and records it. Locks that are not to be had are tried for again.
func (s *session) apply(ctx context.Context, m *migration, d direction, row *Row) error {
	start := time.Now()
	pause := time.Second
	for try := 1; ; try++ {
		err := s.applyOnce(ctx, m, d, row, start)
		if err == nil {
			s.say("  %s  %s", m.label(d), duration(time.Since(start)))
			return nil
		}
		if failed := (*FileError)(nil); errors.As(err, &failed) {
			failed.Scratch = s.scratch
		}
		kind := store.Classify(err).Kind
		if kind != store.Busy && kind != store.Serialization || try >= s.tries() || ctx.Err() != nil {
			return err
		}
		// Whoever wants the table waits behind whoever waits for the table: give way.
		s.say("  %s: others hold a lock that it needs; try %d of %d in %s", m.label(d), try+1, s.tries(), pause)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
		if row, err = s.current(ctx, m); err != nil {
			return err
		}
	}
}

func (r *Runner) tries() int {
	if r.Tries == 0 {
		return 6
	}
	return r.Tries
}

// current reads what the history says of a migration now.
func (s *session) current(ctx context.Context, m *migration) (*Row, error) {
	rows, _, err := s.history.read(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(rows, func(r Row) bool { return r.Version == m.version }); i >= 0 {
		return &rows[i], nil
	}
	return nil, nil
}

func (s *session) applyOnce(ctx context.Context, m *migration, d direction, row *Row, start time.Time) error {
	if m.kind == goKind {
		err := s.inTx(ctx, false, func(tx *sql.Tx) error {
			step := m.step.Up
			if d == backward {
				step = m.step.Down
			}
			defer s.watch(ctx, m.label(d))()
			if err := step(ctx, tx, s.dialect); err != nil {
				return err
			}
			return s.record(ctx, tx, m, d, start, 1)
		})
		return wrapFile(m, d, err)
	}
	f := m.file(d)
	list, err := f.statements(s.dialect)
	if err != nil {
		return err
	}
	if f.noTransaction() {
		return s.oneByOne(ctx, m, d, list, row, start)
	}
	withoutForeignKeys := slices.ContainsFunc(list, func(st statement) bool {
		return foreignKeys.MatchString(st.text) || dropsTable.MatchString(st.text)
	})
	err = s.inTx(ctx, withoutForeignKeys, func(tx *sql.Tx) error {
		triggers, err := s.triggers(ctx, tx)
		if err != nil {
			return err
		}
		for i, st := range list {
			if s.dialect == dialect.SQLite && foreignKeys.MatchString(st.text) {
				continue // see inTx
			}
			if err := s.exec(ctx, tx, m.label(d), i, len(list), st); err != nil {
				return &FileError{File: f.name, Back: d == backward, Statement: i + 1, Line: st.line, SQL: st.head(), Err: err}
			}
		}
		if err := s.keepsTriggers(ctx, tx, triggers, list); err != nil {
			return err
		}
		return s.record(ctx, tx, m, d, start, len(list))
	})
	return wrapFile(m, d, err)
}

func wrapFile(m *migration, d direction, err error) error {
	if failed := (*FileError)(nil); err == nil || errors.As(err, &failed) {
		return err
	}
	return &FileError{File: m.label(d), Back: d == backward, Uncertain: errors.Is(err, errCommit) && store.Classify(err).Kind == store.Unavailable, Err: err}
}

// exec executes one statement and says so if it takes long.
func (s *session) exec(ctx context.Context, q querier, label string, i, n int, st statement) error {
	defer s.watch(ctx, fmt.Sprintf("%s: statement %d of %d: %s", label, i+1, n, st.head()))()
	_, err := q.ExecContext(ctx, st.text)
	return err
}

// watch says what is running every few seconds, until the function that it returns is called.
func (s *session) watch(ctx context.Context, what string) (stop func()) {
	const often = 5 * time.Second
	start := time.Now()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(often)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-tick.C:
				s.say("  %s … %s", what, duration(time.Since(start).Round(time.Second)))
			}
		}
	}()
	return func() { close(done); <-ended }
}

// record writes into the history what was done, in the same transaction where there is one.
func (s *session) record(ctx context.Context, q querier, m *migration, d direction, start time.Time, statements int) error {
	if d == backward {
		return s.history.remove(ctx, q, m.version)
	}
	r := s.row(m, m.kind, start)
	r.Done, r.Statements = statements, statements
	return s.history.write(ctx, q, r)
}

func (s *session) row(m *migration, k kind, start time.Time) Row {
	return Row{
		Version: m.version, Name: m.name, Kind: string(k), hash: m.hash(), AppliedAt: time.Now(), Took: time.Since(start),
		Build: s.Build, Compatible: m.up.compatible(),
	}
}

// oneByOne executes the statements of a file without a transaction. The history knows after each of them how far it is, so
// that the next run can go on there.
func (s *session) oneByOne(ctx context.Context, m *migration, d direction, list []statement, row *Row, start time.Time) error {
	f := m.file(d)
	first := 0
	if row != nil && row.partial() && (row.Kind == string(undoingKind)) == (d == backward) {
		first = row.Done
		if first > len(list) || hashStatements(list[:first]) != row.hash {
			return &FileError{File: f.name, Back: d == backward, Alone: true, Err: fmt.Errorf("%d of its statements were executed before, and they are not those that the file begins with now: restore them", first)}
		}
		s.say("  %s goes on at statement %d of %d", f.name, first+1, len(list))
	}
	for i, st := range list[first:] {
		i += first
		err := s.alone(ctx, m.label(d), i, len(list), st)
		if err == nil {
			err = s.progress(context.WithoutCancel(ctx), m, d, start, list, i+1)
		}
		if err != nil {
			return &FileError{File: f.name, Back: d == backward, Statement: i + 1, Line: st.line, SQL: st.head(), Alone: true, Err: err}
		}
	}
	if len(list) == 0 {
		return s.record(ctx, s.conn, m, d, start, 0)
	}
	return nil
}

// progress notes how many of the statements of a file without a transaction are done.
func (s *session) progress(ctx context.Context, m *migration, d direction, start time.Time, list []statement, done int) error {
	if done == len(list) {
		return s.record(ctx, s.conn, m, d, start, done)
	}
	r := s.row(m, m.kind, start)
	r.Done, r.Statements, r.hash = done, len(list), hashStatements(list[:done])
	if d == backward {
		return s.history.undoing(ctx, s.conn, r)
	}
	return s.history.write(ctx, s.conn, r)
}

func hashStatements(list []statement) string {
	var b strings.Builder
	for _, st := range list {
		b.WriteString(st.text + "\n")
	}
	return hash(b.String())
}

// alone executes a statement outside of a transaction.
func (s *session) alone(ctx context.Context, label string, i, n int, st statement) error {
	if s.dialect == dialect.Postgres {
		timeout := s.lockTimeout()
		if concurrently.MatchString(strings.Join(strings.Fields(st.text), " ")) {
			// It waits for running transactions and makes nobody wait.
			timeout = 0
		}
		if _, err := s.conn.ExecContext(ctx, fmt.Sprintf("SET lock_timeout = %d", timeout.Milliseconds())); err != nil {
			return fmt.Errorf("set the lock timeout: %w", err)
		}
		if made, err := s.indexMade(ctx, st); err != nil || made {
			return err
		}
	}
	return s.exec(ctx, s.conn, label, i, n, st)
}

// indexMade looks for what an interrupted CREATE INDEX CONCURRENTLY has left. It says whether the index is there and works;
// one that does not work is dropped.
func (s *session) indexMade(ctx context.Context, st statement) (bool, error) {
	m := createsIndex.FindStringSubmatch(st.text)
	if m == nil {
		return false, nil
	}
	name, table := m[1], m[2]
	if unquoted, ok := strings.CutPrefix(name, `"`); ok {
		name = strings.ReplaceAll(strings.TrimSuffix(unquoted, `"`), `""`, `"`)
	} else {
		name = strings.ToLower(name)
	}
	var valid bool
	var index string
	err := s.conn.QueryRowContext(ctx, `SELECT i.indisvalid, c.oid::regclass::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
		WHERE c.relname = $1 AND i.indrelid = pg_catalog.to_regclass($2)`, name, table).Scan(&valid, &index)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look for the index %s: %w", name, err)
	case valid:
		s.say("  the index %s is there already", name)
		return true, nil
	}
	s.say("  the index %s is invalid, from a run that was interrupted; it is dropped and made again", name)
	if _, err := s.conn.ExecContext(ctx, "DROP INDEX CONCURRENTLY "+index); err != nil {
		return false, fmt.Errorf("drop the invalid index %s: %w", name, err)
	}
	return false, nil
}

// duration is short enough to read.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
