package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// maxBulk is the most rows that one field may write: their keys are parameters of a statement.
const maxBulk = 10_000

// runMany writes all rows that the filter finds, and returns their number. Either the viewer may write each of them, or none
// is written. It costs three statements, and one more where a rule depends on the row, whatever the number of rows.
func (m *change) runMany(ctx context.Context) (n int64, err error) {
	e, mutator := m.entity, m.engine.mutators[m.entity.Name]
	op := access.Update
	if m.kind == entity.RootDeleteMany {
		op = access.Delete
	}
	if e.Rules.For(op).Reduce(m.viewer) == nil {
		return 0, e.Denied(op, m.viewer)
	}
	where, most, err := m.bulkArguments()
	if err != nil {
		return 0, err
	}
	input := m.input
	if op == access.Update {
		m.input, _ = input["set"].(map[string]any)
		defer func() { m.input = input }()
		if len(m.input) == 0 {
			return 0, badPath([]any{"input", "set"}, apierr.Required, "set must hold something to change.")
		}
		if err := errors.Join(m.guard(), m.fits()); err != nil {
			return 0, err
		}
	}
	keys, err := m.find(ctx, op, where, most)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	if op == access.Delete {
		return int64(len(keys)), mutator.DeleteMany(ctx, keys)
	}
	if err := mutator.UpdateMany(ctx, keys, m.input); err != nil {
		return 0, err
	}
	if !e.Unrestricted(op, m.viewer) || len(m.guarded) > 0 {
		if err := m.allowed(ctx, op, keys); err != nil {
			return 0, err
		}
	}
	return int64(len(keys)), nil
}

// bulkArguments checks the filter and the bound.
func (m *change) bulkArguments() (*condition, int, error) {
	most, _, err := intArg(m.input, "max")
	if err == nil && most > maxBulk {
		err = badArg("max", apierr.OutOfRange, maxBulk, fmt.Sprintf("max must be at most %d.", maxBulk))
	}
	if err != nil {
		return nil, 0, relocate(err, "input")
	}
	filter, _ := m.input["where"].(map[string]any)
	where, err := m.engine.resolveWhere(m.entity, filter, m.viewer)
	if err != nil {
		return nil, 0, relocate(err, "input")
	}
	if !where.says() {
		return nil, 0, badPath([]any{"input", "where"}, apierr.Required, "where must hold a condition. For all rows, say one that all of them fulfil.")
	}
	return where, most, nil
}

// says whether the condition tests anything.
func (c *condition) says() bool {
	return len(c.tests)+len(c.json)+len(c.edges) > 0 || c.not != nil && c.not.says() ||
		slices.ContainsFunc(c.and, (*condition).says) || slices.ContainsFunc(c.or, (*condition).says)
}

// find returns the keys of the rows that the filter finds, and locks them.
func (m *change) find(ctx context.Context, op access.Operation, where *condition, most int) ([]any, error) {
	e := m.entity
	q := request{viewer: m.viewer, postgres: m.engine.postgres}
	s := &statement{postgres: q.postgres, request: q}
	s.WriteSQL("SELECT ")
	s.WriteColumn("t", e.ID[0].Column)
	s.WriteSQL(", CASE WHEN ")
	m.writeVerdict(s, op)
	s.WriteSQL(" THEN 1 ELSE 0 END FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	q.filter(s, where, "t", 1)
	q.restrict(s, e, "t")
	s.WriteSQL(" ORDER BY ")
	s.WriteColumn("t", e.ID[0].Column)
	s.limit(most+1, 0)
	if q.postgres {
		s.WriteSQL(" FOR UPDATE OF t")
	}
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var keys []any
	denied := false
	for result.Next() {
		var key any
		var allowed int
		if err := result.Scan(&key, &allowed); err != nil {
			return nil, err
		}
		keys = append(keys, normalKey(keep(key)))
		denied = denied || allowed == 0
	}
	switch {
	case result.Err() != nil:
		return nil, result.Err()
	case len(keys) > most:
		return nil, badPath([]any{"input", "max"}, apierr.OutOfRange, fmt.Sprintf("The filter finds more than %d rows; nothing was changed.", most))
	case denied:
		return nil, m.deniedSome(op)
	}
	return keys, nil
}

// writeVerdict writes that the viewer may do op to the row, and write the inputs whose fields have rules of their own.
func (m *change) writeVerdict(s *statement, op access.Operation) {
	s.WriteSQL("(")
	m.entity.WritePredicate(s, op, m.viewer, "t")
	s.WriteSQL(")")
	for _, in := range m.guarded {
		s.WriteSQL(" AND (")
		m.entity.WriteRule(s, in.rule, m.viewer, "t")
		s.WriteSQL(")")
	}
}

// allowed asks the rules about the rows as they have become.
func (m *change) allowed(ctx context.Context, op access.Operation, keys []any) error {
	e := m.entity
	s := &statement{postgres: m.engine.postgres}
	s.WriteSQL("SELECT count(*) FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	s.writeKeys("t", e, primaryKey(e), keys)
	s.WriteSQL(" AND ")
	m.writeVerdict(s, op)
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return err
	}
	defer result.Close()
	n := 0
	for result.Next() {
		if err := result.Scan(&n); err != nil {
			return err
		}
	}
	if result.Err() == nil && n < len(keys) {
		return m.deniedSome(op)
	}
	return result.Err()
}

func (m *change) deniedSome(op access.Operation) error {
	if !m.viewer.SignedIn() {
		return m.entity.Denied(op, m.viewer)
	}
	return apierr.New(apierr.Forbidden, "You may not %s all of these %s rows; nothing was changed.", op, m.entity.Name)
}

// relocate moves the paths of an input error into the input: those of its values stand there under step.
func relocate(err error, step string) error {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i, f := range moved.Fields {
		switch {
		case step == "input":
			moved.Fields[i].Path = append([]any{step}, f.Path...)
		case len(f.Path) > 1 && f.Path[0] == "input" && f.Path[1] != "where" && f.Path[1] != "max" && f.Path[1] != step:
			moved.Fields[i].Path = append([]any{"input", step}, f.Path[1:]...)
		}
	}
	return &moved
}
