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
func (m *change) runMany(ctx context.Context, input map[string]any) (n int64, err error) {
	e := m.entity
	it := &item{entity: e, op: access.Update, path: []any{"input", "set"}}
	if m.kind == entity.RootDeleteMany {
		it.op = access.Delete
	}
	if e.Rules.For(it.op).Reduce(m.viewer) == nil {
		return 0, e.Denied(it.op, m.viewer)
	}
	where, most, err := m.bulkArguments(input)
	if err != nil {
		return 0, err
	}
	if it.op == access.Update {
		it.input, _ = input["set"].(map[string]any)
		if len(it.input) == 0 {
			return 0, badPath([]any{"input", "set"}, apierr.Required, "set must hold something to change.")
		}
		it.key = noKey // those of many
		if m.read(it); m.refused != nil {
			return 0, m.refused
		}
	}
	keys, err := m.filtered(ctx, it, where, most)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	if it.op == access.Delete {
		return int64(len(keys)), m.remove(ctx, e, keys)
	}
	if it.draft, err = m.mutator(e).Change(keys, it.values); err != nil {
		return 0, err
	}
	for _, f := range it.draft.Faults {
		m.faults = append(m.faults, it.located(f))
	}
	m.fits(it)
	if err := m.lookUp(ctx); err != nil {
		return 0, err
	}
	if err := faulty(m.faults); err != nil {
		return 0, err
	}
	m.writing = []*item{it}
	if err := it.draft.Save(ctx); err != nil {
		return 0, err
	}
	if !e.Unrestricted(it.op, m.viewer) || len(it.guarded) > 0 {
		if err := m.allowed(ctx, it, keys); err != nil {
			return 0, err
		}
	}
	return int64(len(keys)), nil
}

// bulkArguments checks the filter and the bound.
func (m *change) bulkArguments(input map[string]any) (*condition, int, error) {
	most, _, err := intArg(input, "max")
	if err == nil && most > maxBulk {
		err = badArg("max", apierr.OutOfRange, maxBulk, fmt.Sprintf("max must be at most %d.", maxBulk))
	}
	if err != nil {
		return nil, 0, inInput(err)
	}
	filter, _ := input["where"].(map[string]any)
	where, err := m.engine.resolveWhere(m.entity, filter, m.viewer)
	if err != nil {
		return nil, 0, inInput(err)
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

// filtered returns the keys of the rows that the filter finds, and locks them.
func (m *change) filtered(ctx context.Context, it *item, where *condition, most int) ([]any, error) {
	e := m.entity
	q := request{viewer: m.viewer, postgres: m.engine.postgres}
	s := q.statement()
	s.WriteSQL("SELECT ")
	s.WriteColumn("t", e.ID[0].Column)
	s.WriteSQL(", CASE WHEN ")
	m.writeVerdict(s, it)
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
		return nil, m.deniedSome(it.op)
	}
	return keys, nil
}

// writeVerdict writes that the viewer may do op to the row, and write the inputs whose fields have rules of their own.
func (m *change) writeVerdict(s *statement, it *item) {
	s.WriteSQL("(")
	m.entity.WritePredicate(s, it.op, m.viewer, "t")
	s.WriteSQL(")")
	for _, in := range it.guarded {
		s.WriteSQL(" AND (")
		m.entity.WriteRule(s, in.rule, m.viewer, "t")
		s.WriteSQL(")")
	}
}

// allowed asks the rules about the rows as they have become.
func (m *change) allowed(ctx context.Context, it *item, keys []any) error {
	e := m.entity
	s := &statement{postgres: m.engine.postgres}
	s.WriteSQL("SELECT count(*) FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	s.writeKeys("t", e, primaryKey(e), keys)
	s.WriteSQL(" AND ")
	m.writeVerdict(s, it)
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
		return m.deniedSome(it.op)
	}
	return result.Err()
}

func (m *change) deniedSome(op access.Operation) error {
	if !m.viewer.SignedIn() {
		return m.entity.Denied(op, m.viewer)
	}
	return apierr.New(apierr.Forbidden, "You may not %s all of these %s rows; nothing was changed.", op, m.entity.Name)
}

// inInput moves the paths of an error about an argument into the input.
func inInput(err error) error {
	e, ok := errors.AsType[*apierr.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i, f := range moved.Fields {
		moved.Fields[i].Path = append([]any{"input"}, f.Path...)
	}
	return &moved
}
