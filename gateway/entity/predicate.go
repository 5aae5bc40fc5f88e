package entity

import (
	"strconv"

	"github.com/entwine-data/entwine/gateway/access"
)

// SQL is where a predicate is written to: the engine's statement builder, or ent's.
type SQL interface {
	WriteSQL(text string)           // verbatim
	WriteColumn(alias, name string) // quoted and qualified
	WriteTable(name, alias string)  // quoted
	WriteArg(value any)             // a placeholder and its value
}

// Unrestricted says whether op may be done to every row, so that [Entity.WritePredicate] would write TRUE.
func (e *Entity) Unrestricted(op access.Operation, v access.Viewer) bool {
	if e.SoftDelete != nil && !v.System {
		return false
	}
	r := e.Rules.For(op).Reduce(v)
	return r != nil && r.Kind == access.KindEveryone
}

// WritePredicate writes the condition under which the viewer may do op to a row of the entity that stands under alias.
// It is the one place where rules become SQL. The condition is never null, and an operation other than Read
// includes that the row is not deleted. Keys of the viewer that do not fit the key's type match no row.
func (e *Entity) WritePredicate(w SQL, op access.Operation, v access.Viewer, alias string) {
	if e.SoftDelete != nil && !v.System {
		w.WriteColumn(alias, e.SoftDelete.Column)
		w.WriteSQL(" IS NULL AND ")
	}
	e.writeRule(w, e.Rules.For(op).Reduce(v), v, alias, 0)
}

func (e *Entity) writeRule(w SQL, r *access.Rule, v access.Viewer, alias string, depth int) {
	if r == nil {
		w.WriteSQL("1=0")
		return
	}
	switch r.Kind {
	case access.KindEveryone:
		w.WriteSQL("1=1")
	case access.KindMatch:
		f := e.ents[r.Field]
		if len(r.Values) == 0 {
			w.WriteSQL("1=0")
			return
		}
		w.WriteSQL("(")
		w.WriteColumn(alias, f.Column)
		w.WriteSQL(" IS NOT NULL AND ")
		w.WriteColumn(alias, f.Column)
		w.WriteSQL(" IN (")
		for i, value := range r.Values {
			if i > 0 {
				w.WriteSQL(", ")
			}
			w.WriteArg(value)
		}
		w.WriteSQL("))")
	case access.KindOwner:
		e.writeOwner(w, r.Path, v, alias, depth)
	case access.KindNot:
		w.WriteSQL("NOT (")
		e.writeRule(w, r.Rules[0], v, alias, depth)
		w.WriteSQL(")")
	case access.KindAny, access.KindAll:
		op := " OR "
		if r.Kind == access.KindAll {
			op = " AND "
		}
		w.WriteSQL("(")
		for i, sub := range r.Rules {
			if i > 0 {
				w.WriteSQL(op)
			}
			e.writeRule(w, sub, v, alias, depth)
		}
		w.WriteSQL(")")
	}
}

// writeOwner follows the path of to-one edges. The last step compares the foreign key itself, so that a path of one edge
// reads no other table; longer paths use EXISTS, which both databases turn into index look-ups.
func (e *Entity) writeOwner(w SQL, path []string, v access.Viewer, alias string, depth int) {
	if len(path) == 0 {
		writeKeyEqual(w, e.ID[0].Key, alias, e.ID[0].Column, v.UserID)
		return
	}
	ed := e.SchemaEdge(path[0])
	if len(path) == 1 && ed.Kind == ToOne {
		writeKeyEqual(w, ed.target.ID[0].Key, alias, ed.Column, v.UserID)
		return
	}
	inner := "o" + strconv.Itoa(depth)
	w.WriteSQL("EXISTS (SELECT 1 FROM ")
	w.WriteTable(ed.target.Table, inner)
	w.WriteSQL(" WHERE ")
	if ed.Kind == ToOne {
		w.WriteColumn(inner, ed.target.ID[0].Column)
		w.WriteSQL(" = ")
		w.WriteColumn(alias, ed.Column)
	} else {
		w.WriteColumn(inner, ed.Column)
		w.WriteSQL(" = ")
		w.WriteColumn(alias, e.ID[0].Column)
	}
	w.WriteSQL(" AND ")
	ed.target.writeOwner(w, path[1:], v, inner, depth+1)
	w.WriteSQL(")")
}

func writeKeyEqual(w SQL, key KeyType, alias, column, text string) {
	value, ok := ParseKey(key, text)
	if !ok {
		w.WriteSQL("1=0")
		return
	}
	w.WriteSQL("(")
	w.WriteColumn(alias, column)
	w.WriteSQL(" IS NOT NULL AND ")
	w.WriteColumn(alias, column)
	w.WriteSQL(" = ")
	w.WriteArg(value)
	w.WriteSQL(")")
}
