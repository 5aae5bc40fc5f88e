package migrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/migrate/rules"
)

// RehearsalError lists what went wrong in a rehearsal that came to its end.
type RehearsalError struct{ Faults []string }

func (e *RehearsalError) Error() string {
	return "the rehearsal found:\n  " + strings.Join(e.Faults, "\n  ")
}

// Rehearse applies the pending migrations to a copy of the database with all that it holds, undoes them and applies them again.
// It tells the log how long each took, which locks it held, and what became of the rows; and it compares. Nothing touches the
// database itself. On Postgres the copy is made from a dump, on the server that scratch names. It returns the number of migrations.
func (r *Runner) Rehearse(ctx context.Context, scratch string) (int, error) {
	st, err := r.Status(ctx)
	if err != nil {
		return 0, err
	}
	if err := st.contradictions(); err != nil {
		return 0, err
	}
	pending := st.In(Partial, Pending)
	if len(pending) == 0 {
		return 0, nil
	}
	db, drop, err := r.copyDatabase(ctx, scratch)
	if err != nil {
		return 0, err
	}
	h := &rehearsal{Runner: r, pending: pending, copied: &Runner{DB: db, Line: r.Line, LockTimeout: r.LockTimeout, Build: r.Build, scratch: true}}
	err = h.run(ctx)
	return len(pending), errors.Join(err, drop())
}

// rehearsal is a copy with what is found on it.
type rehearsal struct {
	*Runner
	copied  *Runner
	pending []Entry
	faults  []string
}

func (h *rehearsal) run(ctx context.Context) error {
	before, err := readContent(ctx, h.copied.DB)
	if err != nil {
		return err
	}
	if err := h.up(ctx, before); err != nil {
		return err
	}
	after, err := readContent(ctx, h.copied.DB)
	if err != nil {
		return err
	}
	h.compare("after going up", before, after, false)

	start := time.Now()
	undone, err := h.copied.Down(ctx, len(h.pending), true)
	if oneWay := (*NoWayBackError)(nil); errors.As(err, &oneWay) {
		h.say("down  %v; the rest is left out", err)
		return h.verdict()
	}
	if err != nil {
		return err
	}
	h.say("down  %s  %s", counted(int64(undone), "migration"), duration(time.Since(start)))
	back, err := readContent(ctx, h.copied.DB)
	if err != nil {
		return err
	}
	h.compare("after going down", before, back, true)

	start = time.Now()
	if _, err := h.copied.Up(ctx, len(h.pending)); err != nil {
		return err
	}
	h.say("up    again  %s", duration(time.Since(start)))
	again, err := readContent(ctx, h.copied.DB)
	if err != nil {
		return err
	}
	h.compare("after going up again", after, again, true)
	return h.verdict()
}

func (h *rehearsal) verdict() error {
	if len(h.faults) > 0 {
		return &RehearsalError{h.faults}
	}
	return nil
}

// up applies the migrations one by one and says what each does.
func (h *rehearsal) up(ctx context.Context, before *content) error {
	rows := before.rows()
	for _, e := range h.pending {
		w := &lockWatch{}
		if err := w.begin(ctx, h.copied.DB); err != nil {
			return err
		}
		h.copied.beforeCommit = w.read
		start := time.Now()
		if _, err := h.copied.Up(ctx, 1); err != nil {
			return err
		}
		took := time.Since(start)
		h.copied.beforeCommit = nil
		h.say("up    %s  %s", e.migration.label(forward), duration(took))
		switch {
		case h.copied.DB.Dialect() == dialect.SQLite:
			h.say("      locks  nobody else writes meanwhile")
		case e.migration.kind == sqlKind && e.migration.up.noTransaction():
			h.say("      locks  those of each statement, for as long as that takes")
		default:
			for _, line := range w.held() {
				h.say("      locks  %s", line)
			}
		}
		now, err := countRows(ctx, h.copied.DB)
		if err != nil {
			return err
		}
		h.say("      rows   %s", rowChanges(rows, now))
		rows = now
	}
	return nil
}

// rowChanges says how many rows tables had and have, where that is different.
func rowChanges(before, after map[string]int64) string {
	var parts []string
	same, total := 0, int64(0)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		n, there := after[name]
		switch {
		case !there:
			parts = append(parts, fmt.Sprintf("%s %d → gone", name, before[name]))
		case n != before[name]:
			parts = append(parts, fmt.Sprintf("%s %d → %d", name, before[name], n))
		default:
			same, total = same+1, total+n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, there := before[name]; !there {
			parts = append(parts, fmt.Sprintf("%s new, %d", name, after[name]))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%s with %s as before", counted(int64(same), "table"), counted(total, "row"))), "; ")
}

// compare says what is different. It is a fault in the tables that no migration concerns, and with schema in the tables themselves.
func (h *rehearsal) compare(when string, want, is *content, schema bool) {
	if schema {
		switch changes, err := compareContents(h.copied.DB.Dialect(), want, is); {
		case err != nil:
			h.fault("%s: %v", when, err)
		case len(changes) > 0:
			h.fault("%s the tables are other ones; this would make them as they were: %s", when, strings.Join(changes, "; "))
		default:
			h.say("ok    %s the tables are the same", when)
		}
	}
	concerned, all := h.concerned()
	var others, named tally
	good := true
	for _, name := range slices.Sorted(maps.Keys(want.tables)) {
		d := want.tables[name]
		isNamed := all || concerned[name]
		switch difference := d.changes(is.tables[name]); {
		case difference == "" && isNamed:
			named.add(d)
		case difference == "":
			others.add(d)
		case !isNamed:
			good = false
			h.fault("%s %s, which no migration names, has changed: %s", when, name, difference)
		case schema:
			h.say("note  %s: %s: %s", when, name, difference)
		}
	}
	if good && others.tables > 0 {
		h.say("ok    %s all values of %s that no migration names are the same", when, others)
	}
	if schema && named.tables > 0 {
		h.say("ok    %s all values of %s that they name are the same", when, named)
	}
}

// tally counts tables and their rows.
type tally struct{ tables, rows int64 }

func (t *tally) add(d *digest) { t.tables, t.rows = t.tables+1, t.rows+d.rows }

func (t tally) String() string { return counted(t.rows, "row") + " in " + counted(t.tables, "table") }

func (h *rehearsal) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	h.faults = append(h.faults, text)
	h.say("WRONG %s", text)
}

// concerned are the tables that the pending migrations name. all says that they may concern any.
func (h *rehearsal) concerned() (names map[string]bool, all bool) {
	names = make(map[string]bool)
	for _, e := range h.pending {
		m := e.migration
		if m.kind == goKind {
			return nil, true
		}
		for _, f := range []file{m.up, m.down} {
			list, err := f.ruleStatements(h.DB.Dialect())
			if err != nil {
				return nil, true
			}
			more, unknown := rules.Tables(h.DB.Dialect(), list)
			maps.Copy(names, more)
			all = all || unknown
		}
	}
	return names, all
}

func (c *content) rows() map[string]int64 {
	out := make(map[string]int64)
	for name, d := range c.tables {
		out[name] = d.rows
	}
	return out
}

// compareContents returns what would make the tables of one those of the other.
func compareContents(name string, want, is *content) ([]string, error) {
	drv := toolsFor(name)
	d, err := compareSchemas(drv, is.schema, want.schema)
	if err != nil {
		return nil, err
	}
	return d.all(), nil
}
