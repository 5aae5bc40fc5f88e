package engine

import (
	"context"
	"slices"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

func (e *Engine) update(
	ctx context.Context, p *mutationPlan, m *change, x *execution, input map[string]any,
) (data []byte, errs gqlerror.List, done bool) {
	ent, viewer := m.entity, m.viewer
	it := m.read(&item{entity: ent, op: access.Update, path: []any{"input"}, input: input})
	if ent.Version != nil || it.writesLists() || !m.plain(it) {
		return nil, nil, false
	}
	columns, err := x.returned()
	if err != nil {
		return nil, nil, false //nolint:nilerr // there is another way
	}
	upd, err := store.CaptureUpdate(ctx, it.draft.Save)
	if err != nil || !it.keeps(ent.Rules.Update.Reduce(viewer)) || !it.keeps(ent.Rules.Read.Reduce(viewer)) {
		return nil, nil, false //nolint:nilerr // the usual way says why
	}
	condition := func(text []byte, args []any) ([]byte, []any) {
		s := &statement{buf: text, args: args, postgres: e.postgres}
		ent.WritePredicate(s, access.Read, viewer, ent.Table)
		s.WriteSQL(" AND ")
		ent.WritePredicate(s, access.Update, viewer, ent.Table)
		if refs := m.doubtful(); len(refs) > 0 {
			s.WriteSQL(" AND ")
			s.buf, s.args = m.writeThere(s.buf, s.args, refs)
		}
		return s.buf, s.args
	}
	return x.once(p, input, outcome{affected: 1}, columns, func(row func([]store.Value)) error {
		return e.db.UpdateOne(ctx, upd, condition, ent.ID[0].Column, it.key, columns, row)
	})
}

// writesLists says whether the input changes rows or links beside the row itself.
func (it *item) writesLists() bool {
	return slices.ContainsFunc(it.entity.Edges, func(ed *entity.Edge) bool { return ed.Kind != entity.ToOne && it.gives(ed) })
}

func (it *item) gives(ed *entity.Edge) bool {
	_, byName := it.values[ed.Name]
	_, byID := it.values[ed.Input]
	return byName || byID
}

// keeps says whether a rule certainly says of the row what it said before the change, whose values are known.
func (it *item) keeps(r *access.Rule) bool {
	if r == nil {
		return false
	}
	switch r.Kind {
	case access.KindEveryone:
		return true
	case access.KindAny, access.KindAll, access.KindNot:
		return !slices.ContainsFunc(r.Rules, func(r *access.Rule) bool { return !it.keeps(r) })
	case access.KindMatch, access.KindCompare, access.KindNull, access.KindPast, access.KindFuture, access.KindKnows:
		_, set := it.draft.Mutation.Field(r.Field)
		return !set && !slices.ContainsFunc(it.entity.Fields, func(f *entity.Field) bool {
			_, given := it.values[f.Name]
			return given && f.Schema == r.Field
		})
	case access.KindOwner:
		return !it.leads() && (len(r.Path) == 0 || !it.draft.Mutation.EdgeCleared(r.Path[0]))
	case access.KindRelated:
		ed := it.entity.SchemaEdge(r.Edge)
		return ed != nil && ed.To() != it.entity && !it.leads() && !slices.ContainsFunc(r.Rules, returns)
	}
	return false
}

// leads says whether the change says where an edge leads, by the edge or by a field that holds its key.
func (it *item) leads() bool {
	m := it.draft.Mutation
	return len(m.AddedEdges()) > 0 || slices.ContainsFunc(it.entity.Edges, func(ed *entity.Edge) bool { return it.gives(ed) || m.EdgeCleared(ed.Schema) })
}

// returns says whether a rule about rows behind an edge may ask for values of rows behind further ones, which may be the first row.
func returns(r *access.Rule) bool {
	switch r.Kind {
	case access.KindRelated, access.KindNamed:
		return true
	}
	return slices.ContainsFunc(r.Rules, returns)
}
