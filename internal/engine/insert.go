package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// The commonest mutation creates one row and asks for some of its values. Where nothing else has to happen, one statement is the
// whole of it: the INSERT, which happens only if the rows that it refers to are there for the viewer, and returns the values.
// It saves BEGIN, COMMIT, a look-up and a read, each of which costs as much as the INSERT. Whatever does not fit, or is refused,
// goes the usual way, which knows what to say.

// flat says whether a payload asks for nothing but values of the row itself.
func (p *plan) flat() bool {
	if p.custom || p.reads != 1 || p.counts > 0 {
		return false
	}
	r := p.levels[0][0]
	return len(r.links) == 0 && len(r.calls) == 0 && len(r.entity.ID) == 1
}

// insert runs a mutation as a single statement. If it is not done, nothing has happened.
func (e *Engine) insert(ctx context.Context, oc *graphql.OperationContext, p *mutationPlan) (data []byte, errs gqlerror.List, done bool) {
	s, viewer := p.insert, access.FromContext(ctx)
	ent, mutator := s.entity, e.mutators[s.entity.Name]
	input, _ := s.out.nodes[0].ArgumentMap(oc.Variables)["input"].(map[string]any)
	if mutator.Plain == nil || !mutator.Plain() {
		return nil, nil, false
	}
	m := &change{engine: e, entity: ent, kind: s.kind, viewer: viewer}
	it := m.read(&item{entity: ent, op: access.Create, path: []any{"input"}, input: input})
	if m.refused != nil || len(m.faults) > 0 || len(it.branches) > 0 || len(it.guarded) > 0 || m.draft() != nil || len(m.faults) > 0 || len(it.draft.Finish) > 0 ||
		!it.fulfils(ent.Rules.Create.Reduce(viewer), viewer) || !it.fulfils(ent.Rules.Read.Reduce(viewer), viewer) {
		return nil, nil, false //nolint:nilerr // the usual way says why
	}
	x := &execution{engine: e, plan: s.payload, vars: oc.Variables, doc: oc.Doc, viewer: viewer, left: new(e.cfg.MaxBytes)}
	if x.bind(1) != nil {
		return nil, nil, false //nolint:nilerr // the usual way says why
	}
	columns, err := x.returned()
	if err != nil {
		return nil, nil, false //nolint:nilerr // there is another way
	}
	ins, err := store.Capture(ctx, func(ctx context.Context) error {
		_, err := mutator.Create(ctx, []*entity.Draft{it.draft})
		return err
	})
	if err != nil {
		return nil, nil, false //nolint:nilerr // the usual way says why
	}
	var condition store.Condition
	if refs := m.doubtful(); len(refs) > 0 {
		condition = func(text []byte, args []any) ([]byte, []any) { return m.writeThere(text, args, refs) }
	}
	var key any
	var failed error
	err = e.db.InsertOne(ctx, ins, condition, columns, func(values []store.Value) {
		s := &scanner{rows: x.rows[0], limit: -1, keyed: true}
		s.expect(columns)
		failed = s.row(values)
		key = s.key
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
	w := newWriter(make([]byte, 0, 512), e.cfg.MaxBytes)
	w.object(p.root, func(*out) bool { return w.payload(x, s, outcome{keys: []any{key}, affected: 1, created: true}, input) })
	x.rows[0].release()
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

// returned are the columns of a new row that the payload needs beside its id.
func (x *execution) returned() ([]string, error) {
	out := x.rows[0]
	r := out.read
	if r.wantCursor {
		o, err := resolveOrder(r.entity, nil, x.viewer, nil)
		if err != nil {
			return nil, err
		}
		out.args = &listArgs{order: o}
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
