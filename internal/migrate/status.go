package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/entwine-data/entwine/internal/store"
)

// Status is where a database stands on a line.
type Status struct {
	// History says whether the database has one.
	History bool
	// Entries are all migrations that the line or the history knows, the oldest first.
	Entries []Entry
	// Pushed says that dev has brought the tables ahead of the migrations.
	Pushed bool
}

// Entry is a migration in a [Status].
type Entry struct {
	// Name is VERSION_NAME.
	Name, Version string
	State         State
	// Row is what the history says, nil for what it does not know.
	Row *Row
	// Compatible says that older builds can work with what it makes.
	Compatible bool

	migration *migration
}

// State of a migration on a database.
type State string

// The states.
const (
	Applied State = "applied"
	Pending State = "pending"
	Partial State = "half done"         // a file without a transaction was interrupted
	Undoing State = "half undone"       // so was a down file
	Unknown State = "not in this build" // the history knows it, the line does not
	Changed State = "changed"           // the file is not the one that was applied
	Late    State = "out of order"      // pending, though newer ones are applied
)

// In returns the entries in one of the states.
func (s *Status) In(states ...State) []Entry {
	var out []Entry
	for _, e := range s.Entries {
		for _, state := range states {
			if e.State == state {
				out = append(out, e)
			}
		}
	}
	return out
}

// Status compares the history with the line. It changes nothing.
func (r *Runner) Status(ctx context.Context) (*Status, error) {
	all, err := r.Line.read(r.DB.Dialect())
	if err != nil {
		return nil, err
	}
	return r.compare(ctx, all)
}

// UnverifiedStatus is [Runner.Status] without a look at the checksums.
func (r *Runner) UnverifiedStatus(ctx context.Context) (*Status, error) {
	all, err := r.Line.unverified(r.DB.Dialect())
	if err != nil {
		return nil, err
	}
	return r.compare(ctx, all)
}

func (r *Runner) compare(ctx context.Context, all []*migration) (s *Status, err error) {
	err = r.DB.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		rows, exists, err := r.history().read(ctx, q)
		s = compareHistory(all, rows, exists)
		return err
	})
	return s, err
}

func (s *session) status(ctx context.Context) (*Status, error) {
	rows, exists, err := s.history.read(ctx, s.conn)
	return compareHistory(s.all, rows, exists), err
}

func compareHistory(all []*migration, rows []Row, exists bool) *Status {
	s := &Status{History: exists}
	byVersion := make(map[string]*Row)
	newest := ""
	for i := range rows {
		if rows[i].Version == pushedVersion {
			s.Pushed = true
			continue
		}
		byVersion[rows[i].Version] = &rows[i]
		newest = max(newest, rows[i].Version)
	}
	known := make(map[string]*migration)
	for _, m := range all {
		known[m.version] = m
	}
	add := func(m *migration) {
		e := Entry{Name: m.String(), Version: m.version, State: Pending, Row: byVersion[m.version], Compatible: m.up.compatible(), migration: m}
		switch {
		case e.Row == nil && m.version < newest:
			e.State = Late
		case e.Row == nil:
		case e.Row.partial() && e.Row.Kind == string(undoingKind):
			e.State = Undoing
		case e.Row.partial():
			e.State = Partial
		case e.Row.hash != m.hash():
			e.State = Changed
		default:
			e.State = Applied
		}
		s.Entries = append(s.Entries, e)
	}
	i := 0
	for n := range rows {
		row := &rows[n]
		for i < len(all) && all[i].version < row.Version {
			if byVersion[all[i].version] == nil {
				add(all[i])
			}
			i++
		}
		switch m := known[row.Version]; {
		case row.Version == pushedVersion:
		case m != nil:
			add(m)
		default:
			s.Entries = append(s.Entries, Entry{Name: row.Version + "_" + row.Name, Version: row.Version, State: Unknown, Row: row, Compatible: row.Compatible})
		}
	}
	for ; i < len(all); i++ {
		if byVersion[all[i].version] == nil {
			add(all[i])
		}
	}
	return s
}

// HistoryError says that the history and the line contradict each other.
type HistoryError struct {
	State   State
	Entries []Entry
}

func (e *HistoryError) Error() string {
	list := make([]string, len(e.Entries))
	for i, entry := range e.Entries {
		list[i] = entry.Name
		if entry.Row != nil && entry.Row.Build != "" && e.State == Unknown {
			list[i] += " (applied by build " + entry.Row.Build + ")"
		}
	}
	names := "\n  " + strings.Join(list, "\n  ")
	switch e.State {
	case Unknown:
		return "the database has migrations that this build does not know:" + names
	case Changed:
		return "these migrations were changed after they were applied to this database:" + names
	case Late:
		return "these migrations are older than others that are applied to this database already:" + names
	}
	return fmt.Sprintf("these migrations are %s:%s", e.State, names)
}

// contradictions are what has to be cleared up before anything can be applied.
func (s *Status) contradictions() error {
	for _, state := range []State{Changed, Unknown, Undoing, Late} {
		if list := s.In(state); len(list) > 0 {
			return &HistoryError{state, list}
		}
	}
	return nil
}

// Serves says why a build with this line must not serve the database: migrations that are pending, or that it does not know,
// unless these are newer than its own and compatible with it. It returns nil if it can.
func (s *Status) Serves() error {
	ours := ""
	for _, e := range s.Entries {
		if e.migration != nil {
			ours = max(ours, e.Version)
		}
	}
	var strange []Entry
	for _, e := range s.In(Unknown) {
		if e.Version < ours || !e.Compatible || e.Row.partial() {
			strange = append(strange, e)
		}
	}
	if len(strange) > 0 {
		return &HistoryError{Unknown, strange}
	}
	// Newer and compatible migrations do not make our own late ones fit.
	for _, state := range []State{Changed, Late, Undoing, Partial, Pending} {
		if list := s.In(state); len(list) > 0 {
			return &HistoryError{state, list}
		}
	}
	return nil
}
