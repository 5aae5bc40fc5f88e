package engine

import (
	"context"
	"time"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Rows that are deleted softly stay in the database, which therefore does nothing of what the schema declares for deletions.
// It is done here: rows behind edges are deleted too, or are in the way.

// remove deletes rows, and with soft deletion those that go with them. The rules were asked about the rows themselves; whatever
// goes with them goes whosever it is, as in the database.
func (m *change) remove(ctx context.Context, e *entity.Entity, keys []any) error {
	if e.SoftDelete == nil {
		return m.mutator(e).Delete(ctx, keys)
	}
	return m.hide(entity.NewDeletion(ctx), e, keys)
}

func (m *change) hide(ctx context.Context, e *entity.Entity, keys []any) error {
	if err := m.mutator(e).Delete(ctx, keys); err != nil {
		return err
	}
	return m.dependent(ctx, e, keys, time.Time{}, func(ed *entity.Edge, below []any) error {
		if ed.OnDelete == entity.RestrictDelete {
			return apierr.New(apierr.Conflict, "This %s is still in use.", m.entity.Name)
		}
		return m.hide(ctx, ed.To(), below)
	})
}

// restore brings a row back that was deleted softly, and those that were deleted with it.
func (m *change) restore(ctx context.Context, input map[string]any) (outcome, error) {
	e := m.entity
	if e.Rules.For(access.Delete).Reduce(m.viewer) == nil || e.Deleted.Reduce(m.viewer) == nil {
		err := e.Denied(access.Delete, m.viewer)
		return outcome{}, apierr.New(apierr.CodeOf(err), "You may not restore this %s.", e.Name)
	}
	key, err := parseGlobalID(input["id"], e.Name, e.ParseKey)
	if err != nil {
		return outcome{}, badPath([]any{"input", "id"}, apierr.InvalidFormat, "id "+err.Error()+".")
	}
	column := e.SoftDelete.Column
	seen, err := m.at(ctx, &look{entity: e, op: access.Delete, deleted: true, lock: true, columns: []string{column}}, []any{key})
	if err != nil {
		return outcome{}, err
	}
	row := seen[key]
	switch {
	case row == nil || !row.readable || row.columns[column] == nil:
		return outcome{}, apierr.New(apierr.NotFound, "There is no deleted %s with this id.", e.Name)
	case !row.allowed:
		return outcome{}, apierr.New(apierr.Forbidden, "You may not restore this %s.", e.Name)
	}
	at, _ := row.columns[column].(time.Time)
	m.writing = []*item{{entity: e, path: []any{"input"}}}
	return outcome{keys: []any{key}}, m.bringBack(ctx, e, []any{key}, at)
}

func (m *change) bringBack(ctx context.Context, e *entity.Entity, keys []any, at time.Time) error {
	if err := m.mutator(e).Restore(ctx, keys); err != nil {
		return err
	}
	return m.dependent(ctx, e, keys, at, func(ed *entity.Edge, below []any) error {
		if ed.OnDelete == entity.RestrictDelete {
			return nil
		}
		return m.bringBack(ctx, ed.To(), below, at)
	})
}

// dependent finds the rows behind the edges of e that go with deletions: those that are there, or those that were deleted at the
// given time.
func (m *change) dependent(ctx context.Context, e *entity.Entity, keys []any, deleted time.Time, each func(*entity.Edge, []any) error) error {
	for _, ed := range e.Edges {
		if ed.OnDelete == "" {
			continue
		}
		target := ed.To()
		s := &statement{postgres: m.engine.postgres}
		s.WriteSQL("SELECT ")
		s.WriteColumn("t", target.ID[0].Column)
		s.WriteSQL(" FROM ")
		s.WriteTable(target.Table, "t")
		s.WriteSQL(" WHERE ")
		s.WriteColumn("t", ed.Column)
		s.writeIn(keys, pgKeyType(ed.Own()))
		if target.SoftDelete != nil {
			s.WriteSQL(" AND ")
			s.WriteColumn("t", target.SoftDelete.Column)
			if deleted.IsZero() {
				s.WriteSQL(" IS NULL")
			} else {
				s.WriteSQL(" = ")
				s.WriteArg(deleted)
			}
		}
		below, err := m.keys(ctx, s)
		if err != nil {
			return err
		}
		if len(below) > 0 {
			if err := each(ed, below); err != nil {
				return err
			}
		}
	}
	return nil
}

// keys reads the single column of a statement.
func (m *change) keys(ctx context.Context, s *statement) ([]any, error) {
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var keys []any
	for result.Next() {
		var key any
		if err := result.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, normalKey(keep(key)))
	}
	return keys, result.Err()
}
