package engine

import (
	"encoding/json"
	"fmt"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// The history of a row is read as a list behind an edge. Who may not read the row does not come there. What the entries hold of fields
// that the viewer may not read is left out, and an entry that holds nothing else is no entry for them.

// keptField is a field of which the viewer sees the history.
type keptField struct {
	entity.KeptField
	rule int // by position in [kept.rules]; -1 if it is seen for every row
}

// kept is what a viewer may see of the history of an entity's rows.
type kept struct {
	fields []keptField
	// rules say about a row who sees fields of it, of which the viewer is one or not.
	rules []*access.Rule
	// denied says that the history may hold fields that the viewer does not see.
	denied bool
}

func keptFor(e *entity.Entity, v access.Viewer) kept {
	var k kept
	for _, f := range e.KeptFields() {
		rule := e.ColumnRule(f.Column, v)
		k.denied = k.denied || rule != nil
		switch {
		case rule == nil:
			k.fields = append(k.fields, keptField{f, -1})
		case rule.Reduce(v) != nil:
			k.fields = append(k.fields, keptField{f, len(k.rules)})
			k.rules = append(k.rules, rule)
		}
	}
	return k
}

// lives is the operations with which a row begins and ends: a key can be used again, and the history before belongs to another row.
const lives = "('" + entity.HistoryCreate + "', '" + entity.HistoryDelete + "')"

// history adds that the entry under t is one of the row that has this key now, and one that the viewer may see.
func (q request) history(s *statement, ed *entity.Edge) {
	e := ed.From()
	s.WriteSQL(" AND t.entity")
	writeTables(s, e)
	s.WriteSQL(" AND t.operation <> '" + entity.HistoryDelete + "' AND NOT EXISTS (SELECT 1 FROM ")
	s.WriteTable(entity.HistoryTable, "d")
	s.WriteSQL(" WHERE d.entity")
	writeTables(s, e)
	s.WriteSQL(" AND d.row_key = t.row_key AND d.id > t.id AND d.operation IN " + lives + ")")
	if !ed.Passable(q.viewer) {
		s.WriteSQL(" AND ")
		q.ofRow(s, e, ed.Guard)
	}
	k := keptFor(e, q.viewer)
	if !k.denied {
		return
	}
	s.WriteSQL(" AND (t.operation <> '" + entity.HistoryUpdate + "'")
	for _, f := range k.fields {
		s.WriteSQL(" OR ")
		if f.rule >= 0 {
			q.ofRow(s, e, k.rules[f.rule])
			s.WriteSQL(" AND ")
		}
		s.WriteSQL("(")
		for i, column := range f.Columns {
			if i > 0 {
				s.WriteSQL(" OR ")
			}
			s.WriteSQL("t.changes -> ")
			if q.postgres {
				s.WriteArg(column)
				s.WriteSQL("::text")
			} else {
				path, _ := json.Marshal(column)
				s.WriteArg("$." + string(path))
			}
			s.WriteSQL(" IS NOT NULL")
		}
		s.WriteSQL(")")
	}
	s.WriteSQL(")")
}

// writeTables writes that a column names the table of an entity, by its name now or before.
func writeTables(s *statement, e *entity.Entity) {
	if e.Was == "" {
		s.WriteSQL(" = ")
		s.WriteArg(e.Table)
		return
	}
	s.WriteSQL(" IN (")
	s.WriteArg(e.Table)
	s.WriteSQL(", ")
	s.WriteArg(e.Was)
	s.WriteSQL(")")
}

// ofRow writes that a rule allows the viewer something with the row whose history the entry under t belongs to.
func (q request) ofRow(s *statement, e *entity.Entity, rule *access.Rule) {
	s.WriteSQL("EXISTS (SELECT 1 FROM ")
	s.WriteTable(e.Table, "h")
	s.WriteSQL(" WHERE ")
	s.WriteColumn("h", e.ID[0].Column)
	s.WriteSQL(" = CAST(t.row_key AS " + pgKeyType(e.ID[0]) + ") AND ")
	e.WriteRule(s, rule, q.viewer, "h")
	s.WriteSQL(")")
}

// changes writes what an entry holds, after a digit for each rule: whether it allows the viewer to see the row's fields.
func (q request) changes(s *statement, ed *entity.Edge) {
	for _, rule := range keptFor(ed.From(), q.viewer).rules {
		s.WriteSQL("CASE WHEN ")
		q.ofRow(s, ed.From(), rule)
		s.WriteSQL(" THEN '1' ELSE '0' END || ")
	}
	s.WriteSQL("CAST(t.changes AS text)")
}

// parentKey writes a parent's key as the column holds it that leads to the parent.
func parentKey(s *statement, r *read, write func()) {
	if !r.edge.History {
		write()
		return
	}
	s.WriteSQL("CAST(")
	write()
	s.WriteSQL(" AS text)")
}

// keyTexts are keys as the history has them.
func keyTexts(keys []any) []any {
	all := make([]any, len(keys))
	for i, key := range keys {
		all[i] = text(key)
	}
	return all
}

// fieldChanges compiles the selection on what an entry holds.
func (c *compiler) fieldChanges(f *collected, out *out) *out {
	out.kind = outChanges
	out.obj = &object{typeName: entity.FieldChange}
	for _, cf := range c.fields(f.sub(), out.obj.typeName) {
		switch cf.first().Name {
		case "__typename":
			out.obj.outs = append(out.obj.outs, c.typename(cf))
		default:
			out.obj.outs = append(out.obj.outs, c.out(cf, outFieldChange))
		}
	}
	return out
}

// changes writes what an entry of the history holds, as far as the viewer may see it.
func (w *writer) changes(x *execution, o *out, r *rows, row int) bool {
	e := r.read.edge.From()
	k := keptFor(e, x.viewer)
	cell := r.cell(row, o.col)
	allowed := cell[:len(k.rules)]
	var changes map[string][2]json.RawMessage
	if err := json.Unmarshal(cell[len(k.rules):], &changes); err != nil {
		w.fail(o.nodes, fmt.Errorf("read the history of %s: %w", e.Name, err))
		return false
	}
	type change struct {
		field  *entity.Field
		values [2]json.RawMessage
	}
	var shown []change
	for _, f := range k.fields {
		for _, column := range f.Columns {
			values, changed := changes[column]
			if changed && (f.rule < 0 || allowed[f.rule] == '1') {
				shown = append(shown, change{f.Field, values})
				break
			}
		}
	}
	return w.list(len(shown), true, func(i int) bool {
		return w.object(o.obj, func(co *out) bool {
			switch c := shown[i]; co.nodes[0].Name {
			case "field":
				w.buf = appendString(w.buf, c.field.Name)
			case "before":
				w.buf = appendFromKept(w.buf, c.field, c.values[0])
			default:
				w.buf = appendFromKept(w.buf, c.field, c.values[1])
			}
			return true
		})
	})
}
