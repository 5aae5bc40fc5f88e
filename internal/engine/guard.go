package engine

import (
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Rules on fields. What the viewer may not read of a row is selected as null. Nothing may depend on it otherwise: where the
// viewer may not read a field of every row, it is refused wherever rows are chosen, sorted or counted by it.

// column writes a column of a row of e for the response.
func (q request) column(s *statement, e *entity.Entity, alias, name string) {
	rule := e.ColumnRule(name, q.viewer)
	if rule == nil {
		q.raw(s, e, alias, name)
		return
	}
	s.WriteSQL("CASE WHEN ")
	e.WriteRule(s, rule, q.viewer, alias)
	s.WriteSQL(" THEN ")
	q.raw(s, e, alias, name)
	s.WriteSQL(" END")
}

// raw writes a column in the form in which its values are the least work for both sides. Times are read as they are stored,
// 8 bytes on Postgres and a text on SQLite: making a text of them, and a time of that, would be a third of a list's work.
func (q request) raw(s *statement, e *entity.Entity, alias, name string) {
	isTime := slices.ContainsFunc(e.Fields, func(f *entity.Field) bool { return f.Column == name && f.Type == entity.DateTime })
	switch {
	case isTime && q.postgres:
		s.WriteSQL("timestamptz_send(")
		s.WriteColumn(alias, name)
		s.WriteSQL(")")
	case isTime: // the driver parses what is declared as a time, which an expression is not
		s.WriteSQL("+")
		s.WriteColumn(alias, name)
	default:
		s.WriteColumn(alias, name)
	}
}

// guard adds that the viewer may read the foreign key by which an edge leads from the row under from to that under to.
func (q request) guard(s *statement, ed *entity.Edge, to, from string) {
	if ed.Passable(q.viewer) {
		return
	}
	holder := to
	if ed.Kind == entity.ToOne {
		holder = from
	}
	s.WriteSQL(" AND (")
	ed.Holder().WriteRule(s, ed.Guard, q.viewer, holder)
	s.WriteSQL(")")
}

// denyFigures keeps which of the aggregates are over fields that the viewer may not read of every row.
func (r *rows) denyFigures(v access.Viewer) {
	for i, f := range r.read.figures {
		if err := use(r.read.entity, f.field, v, []any{string(f.fn), f.field.Name}); err != nil {
			if r.denied == nil {
				r.denied = make(map[int]error)
			}
			r.denied[i] = err
		}
	}
}

// use refuses to let anything depend on a field that the viewer may not read of every row.
func use(e *entity.Entity, f *entity.Field, v access.Viewer, path []any) error {
	if f.Readable(v) {
		return nil
	}
	message := "You may not use " + e.Name + "." + f.Name + " here."
	return &apierr.Error{Code: apierr.Forbidden, Message: message, Fields: []apierr.Field{{Path: slices.Clone(path), Code: apierr.Denied, Message: message}}}
}
