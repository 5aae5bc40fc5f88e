package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// The commonest mutations create or change one row and ask for some of its values. Where nothing else has to happen, one statement is
// the whole of it: an INSERT, which happens only if the rows that it refers to are there for the viewer, or an UPDATE of a row that the
// viewer may read and change, which return the values. It saves BEGIN, COMMIT, look-ups and a read, each of which costs as much as the
// statement. Whatever does not fit, or is refused, goes the usual way, which knows what to say.

// flat says whether a payload asks for nothing but values of the row itself.
func (p *plan) flat() bool {
	if p.custom || p.reads != 1 || p.counts > 0 {
		return false
	}
	r := p.levels[0][0]
	return len(r.links) == 0 && len(r.calls) == 0 && len(r.entity.ID) == 1
}

// once runs a mutation as a single statement. If it is not done, nothing has happened.
func (e *Engine) once(ctx context.Context, oc *graphql.OperationContext, p *mutationPlan) (data []byte, errs gqlerror.List, done bool) {
	s, viewer := p.once, access.FromContext(ctx)
	if mutator := e.mutators[s.entity.Name]; mutator.Plain == nil || !mutator.Plain() {
		return nil, nil, false
	}
	input, _ := argument(s.out.nodes[0], "input", oc.Variables).(map[string]any)
	m := &change{engine: e, entity: s.entity, kind: s.kind, viewer: viewer}
	x := s.payload.execution(e, oc, viewer)
	defer x.release()
	if s.kind == entity.RootUpdate {
		return e.update(ctx, p, m, x, input)
	}
	return e.insert(ctx, p, m, x, input)
}

func (e *Engine) insert(
	ctx context.Context, p *mutationPlan, m *change, x *execution, input map[string]any,
) (data []byte, errs gqlerror.List, done bool) {
	ent, viewer := m.entity, m.viewer
	it := m.read(&item{entity: ent, op: access.Create, path: []any{"input"}, input: input})
	if !m.plain(it) || !it.fulfils(ent.Rules.Create.Reduce(viewer), viewer) || !it.fulfils(ent.Rules.Read.Reduce(viewer), viewer) {
		return nil, nil, false
	}
	columns, err := x.returned()
	if err != nil {
		return nil, nil, false //nolint:nilerr // there is another way
	}
	ins, err := m.mutator(ent).Insert(ctx, it.draft)
	if err != nil || ins == nil {
		return nil, nil, false //nolint:nilerr // the usual way says why
	}
	var condition store.Condition
	if refs := m.doubtful(); len(refs) > 0 {
		condition = func(text []byte, args []any) ([]byte, []any) { return m.writeThere(text, args, refs) }
	}
	return x.once(p, input, outcome{affected: 1, created: true}, columns, func(row func([]store.Value)) error {
		return e.db.InsertOne(ctx, (*store.Insert)(ins), condition, columns, row)
	})
}

// plain reads the values of a row that was read, and says whether nothing is wrong with them and nothing else is to be written.
func (m *change) plain(it *item) bool {
	return m.refused == nil && len(m.faults) == 0 && len(it.branches) == 0 && len(it.guarded) == 0 &&
		m.draft() == nil && len(m.faults) == 0 && len(it.draft.Finish) == 0
}

// once executes a mutation that is a single statement, and writes the response from the row that it returns.
func (x *execution) once(
	p *mutationPlan, input map[string]any, done outcome, columns []string, run func(row func([]store.Value)) error,
) (data []byte, errs gqlerror.List, isDone bool) {
	rows := x.rows[0]
	defer rows.release()
	x.budget = math.MaxInt // what was written is answered, however long it is: it is one row
	var key any
	var failed error
	err := run(func(values []store.Value) {
		m := rows.memory()
		m.parts = append(m.parts[:0], part{rows: rows, names: columns})
		m.scan.expect(m.parts, true, -1, x.left)
		failed = m.scan.row(values)
		key = m.scan.scanners[0].key
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil, false
	case err != nil:
		switch store.Classify(err).Kind {
		case store.Unique, store.ForeignKey, store.NotNull, store.Check, store.InvalidText, store.TooLong, store.OutOfRange:
			return nil, nil, false // the usual way says which values are to blame
		}
		return nil, gqlerror.List{failure(databaseError(err))}, true
	case failed != nil:
		return nil, gqlerror.List{failure(databaseError(failed))}, true
	}
	done.keys = []any{key}
	w := &x.writer
	w.begin(x.engine.buffer(minSpare), math.MaxInt)
	w.object(p.root, func(*out) bool { return w.payload(x, p.once, done, input) })
	return w.buf, w.errs, true
}

// fulfils says whether the new row certainly fulfils a rule, by the values that the input gives. No hook changes them, and the
// tenant is given to it.
func (it *item) fulfils(r *access.Rule, viewer access.Viewer) bool {
	if r == nil {
		return false
	}
	certain := func(r *access.Rule) bool { return it.fulfils(r, viewer) }
	switch r.Kind {
	case access.KindEveryone:
		return true
	case access.KindAny:
		return slices.ContainsFunc(r.Rules, certain)
	case access.KindAll:
		return !slices.ContainsFunc(r.Rules, func(r *access.Rule) bool { return !certain(r) })
	case access.KindMatch:
		value, given := it.draft.Mutation.Field(r.Field)
		return given && slices.Contains(r.Values, fmt.Sprint(value))
	case access.KindOwner:
		if len(r.Path) != 1 {
			return false
		}
		ed := it.entity.SchemaEdge(r.Path[0])
		if ed == nil || ed.Kind != entity.ToOne {
			return false
		}
		key, ok := ed.To().ParseKey(viewer.UserID)
		return ok && slices.ContainsFunc(it.draft.References, func(ref entity.Reference) bool {
			return len(ref.Path) == 1 && ref.Path[0] == ed.Input && ref.Key == key
		})
	}
	return false
}

// returned are the columns of a row that the payload needs beside its id.
func (x *execution) returned() ([]string, error) {
	if err := x.bind(1); err != nil {
		return nil, err
	}
	out := x.rows[0]
	r := out.read
	if r.wantCursor {
		out.args = &listArgs{order: defaultOrder(r.entity)}
	}
	names := out.columns()
	for _, name := range names {
		if name[0] == 0 || r.entity.ColumnRule(name, x.viewer) != nil {
			return nil, store.ErrNotSingle // a value that is not a column, or that the viewer may not read of every row
		}
	}
	return names, nil
}

// writeThere writes that all references lead to rows that are there for the viewer.
func (m *change) writeThere(text []byte, args []any, refs []inputRef) ([]byte, []any) {
	s := &statement{buf: text, args: args, postgres: m.engine.postgres}
	for i, ref := range refs {
		if i > 0 {
			s.WriteSQL(" AND ")
		}
		s.WriteSQL("EXISTS (SELECT 1 FROM ")
		s.WriteTable(ref.Entity.Table, "t")
		s.WriteSQL(" WHERE ")
		s.writeKeys("t", ref.Entity, primaryKey(ref.Entity), []any{ref.Key})
		s.WriteSQL(" AND ")
		ref.Entity.WritePredicate(s, access.Read, m.viewer, "t")
		if ref.Operation != access.Read {
			s.WriteSQL(" AND ")
			ref.Entity.WritePredicate(s, ref.Operation, m.viewer, "t")
		}
		s.WriteSQL(")")
	}
	return s.buf, s.args
}
