package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/entwine-data/entwine/internal/store"
)

// LossError says that going down would destroy data.
type LossError struct {
	File string
	// Lost are what holds something that would be gone.
	Lost []string
}

func (e *LossError) Error() string {
	return e.File + " would destroy data: " + strings.Join(e.Lost, ", ")
}

// NoWayBackError says that a migration cannot be undone.
type NoWayBackError struct {
	Migration, Reason string
}

func (e *NoWayBackError) Error() string { return e.Migration + " cannot be undone: " + e.Reason }

// Down undoes the newest n migrations. Unless allowLoss is given, it stops before one that would destroy data. It returns how
// many it undid, also with an error.
func (r *Runner) Down(ctx context.Context, n int, allowLoss bool) (undone int, err error) {
	err = r.locked(ctx, func(s *session) error {
		st, err := s.status(ctx)
		if err != nil {
			return err
		}
		for _, state := range []State{Unknown, Changed} {
			if list := st.In(state); len(list) > 0 {
				return &HistoryError{state, list}
			}
		}
		applied := st.In(Applied, Partial, Undoing)
		secure := sync.OnceValue(func() error { return s.secure(ctx, "undoing_"+applied[len(applied)-1].Name) })
		for _, e := range slices.Backward(applied) {
			if undone == n {
				break
			}
			if err := s.undo(ctx, e, allowLoss, secure); err != nil {
				return err
			}
			undone++
		}
		return nil
	})
	return undone, err
}

// undo calls secure before it changes anything.
func (s *session) undo(ctx context.Context, e Entry, allowLoss bool, secure func() error) error {
	m := e.migration
	switch {
	case m.kind == goKind && m.step.Down == nil:
		return &NoWayBackError{m.String(), "it has no function Down"}
	case m.kind == sqlKind && m.down.name == "":
		return &NoWayBackError{m.String(), "it has no file " + m.String() + downSuffix}
	}
	if m.kind == sqlKind && !allowLoss {
		if err := s.checkLosses(ctx, m.down, e.State == Undoing); err != nil {
			return err
		}
	}
	if err := secure(); err != nil {
		return err
	}
	return s.apply(ctx, m, backward, e.Row)
}

// checkLosses asks the database whether what the file destroys holds anything. If a part of it was executed, that may be gone.
func (s *session) checkLosses(ctx context.Context, f file, begun bool) error {
	losses, told := f.losses()
	if !told {
		list, err := f.statements(s.dialect)
		if err != nil {
			return err
		}
		for _, st := range list {
			if st.destroys() {
				return &LossError{f.name, []string{fmt.Sprintf("line %d (%s), and no line `-- entwine:loses …` says whether that matters", st.line, st.head())}}
			}
		}
		return nil
	}
	var lost []string
	for _, l := range losses {
		found, err := findsRow(ctx, s.conn, l.query+" LIMIT 1")
		if begun && err != nil && store.Classify(err).Kind == store.Missing {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: find out whether %s holds anything: %w", f.name, l.what, err)
		}
		if found {
			lost = append(lost, l.what)
		}
	}
	if len(lost) > 0 {
		return &LossError{f.name, lost}
	}
	return nil
}
