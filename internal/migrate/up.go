package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// NoHistoryError says that there are tables and no history, so that nobody knows which migrations they are the result of.
type NoHistoryError struct{ Tables []string }

func (e *NoHistoryError) Error() string {
	return "the database has tables (" + strings.Join(e.Tables, ", ") + ") and no history of migrations"
}

// Up applies the pending migrations, at most limit of them if that is above zero. It returns how many it applied, also with
// an error: what is applied stays.
func (r *Runner) Up(ctx context.Context, limit int) (n int, err error) {
	err = r.locked(ctx, func(s *session) error {
		n, err = s.up(ctx, limit)
		return err
	})
	return n, err
}

func (s *session) up(ctx context.Context, limit int) (int, error) {
	st, err := s.status(ctx)
	if err != nil {
		return 0, err
	}
	if err := st.contradictions(); err != nil {
		return 0, err
	}
	if !st.History {
		if tables, err := s.foreign(ctx); err != nil {
			return 0, err
		} else if len(tables) > 0 {
			return 0, &NoHistoryError{tables}
		}
		if err := s.history.create(ctx, s.conn); err != nil {
			return 0, err
		}
	}
	pending := st.In(Partial, Pending)
	if limit > 0 {
		pending = pending[:min(limit, len(pending))]
	}
	forked := (*ForkError)(nil)
	if err := s.Line.fork(); errors.As(err, &forked) {
		if slices.ContainsFunc(pending, func(e Entry) bool { return e.Version == forked.Later }) {
			return 0, err
		}
	} else if err != nil {
		return 0, err
	}
	if len(pending) > 0 && (st.Pushed || len(st.In(Applied, Partial)) > 0) {
		if err := s.secure(ctx, pending[0].Name); err != nil {
			return 0, err
		}
	}
	if st.Pushed {
		return len(pending), s.adopt(ctx, pending)
	}
	for i, e := range pending {
		if err := s.apply(ctx, e.migration, forward, e.Row); err != nil {
			return i, err
		}
	}
	return len(pending), nil
}

// foreign returns tables of the line that are there although nothing says how they came there.
func (s *session) foreign(ctx context.Context) ([]string, error) {
	versions, err := s.Line.states()
	if err != nil {
		return nil, err
	}
	there, err := existing(ctx, s.conn, s.dialect)
	if err != nil {
		return nil, err
	}
	var out []string
	seen := make(map[string]bool)
	for _, v := range versions {
		state, err := s.Line.state(v)
		if err != nil {
			return nil, err
		}
		for _, t := range state.Tables {
			if there[t.Name] && !seen[t.Name] {
				seen[t.Name] = true
				out = append(out, t.Name)
			}
		}
	}
	return out, nil
}

// Baseline starts the history of a database whose tables are those of a version already, which it checks. Nothing is
// changed. Later migrations can be applied then.
func (r *Runner) Baseline(ctx context.Context, version string) error {
	return r.locked(ctx, func(s *session) error {
		st, err := s.status(ctx)
		if err != nil {
			return err
		}
		var list []*migration
		for _, m := range s.all {
			if m.version <= version {
				list = append(list, m)
			}
		}
		if len(list) == 0 || list[len(list)-1].version != version {
			return fmt.Errorf("there is no migration %s", version)
		}
		if st.History && (len(st.In(Applied, Changed, Unknown, Partial, Undoing)) > 0 || st.Pushed) {
			return errors.New("the database has a history already")
		}
		state, err := s.Line.state(version)
		if err != nil {
			return err
		}
		tables, err := state.tables()
		if err != nil {
			return err
		}
		d, err := s.live(ctx, tables)
		if err != nil {
			return err
		}
		if list := d.all(); len(list) > 0 {
			return &DriftError{What: "the tables are not those of " + version, Changes: list, Live: true}
		}
		if err := s.history.create(ctx, s.conn); err != nil {
			return err
		}
		for _, m := range list {
			if err := s.note(ctx, m, baselineKind); err != nil {
				return err
			}
			s.say("  %s is there", m)
		}
		return nil
	})
}

// note records a migration that is not run.
func (s *session) note(ctx context.Context, m *migration, k kind) error {
	return s.history.write(ctx, s.conn, s.row(m, k, time.Now()))
}
