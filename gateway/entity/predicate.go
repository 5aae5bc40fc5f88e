package entity

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entwine-data/entwine/gateway/access"
)

// SQL is where a predicate is written to: the engine's statement builder, or ent's.
type SQL interface {
	WriteSQL(text string)           // verbatim
	WriteColumn(alias, name string) // quoted and qualified
	WriteTable(name, alias string)  // quoted
	WriteArg(value any)             // a placeholder and its value
	Postgres() bool                 // the dialect, SQLite otherwise
}

// Unrestricted says whether op may be done to every row, so that [Entity.WritePredicate] would write TRUE.
func (e *Entity) Unrestricted(op access.Operation, v access.Viewer) bool {
	if (e.SoftDelete != nil || e.confines(v)) && !v.System {
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
	e.writeAllowed(w, op, v, alias)
}

// WriteWithDeleted is [Entity.WritePredicate] where the viewer asks for deleted rows, too: those which they may see are as any
// other.
func (e *Entity) WriteWithDeleted(w SQL, op access.Operation, v access.Viewer, alias string) {
	w.WriteSQL("(")
	w.WriteColumn(alias, e.SoftDelete.Column)
	w.WriteSQL(" IS NULL OR ")
	e.writeRule(w, e.Deleted.Reduce(v), v, alias, 0)
	w.WriteSQL(") AND ")
	e.writeAllowed(w, op, v, alias)
}

func (e *Entity) writeAllowed(w SQL, op access.Operation, v access.Viewer, alias string) {
	if e.confines(v) && !v.System {
		e.writeTenant(w, v, alias)
		w.WriteSQL(" AND ")
	}
	e.writeRule(w, e.Rules.For(op).Reduce(v), v, alias, 0)
}

// confines says whether the viewer works with the rows of their tenant only. Nobody works across tenants unless the schema
// says so.
func (e *Entity) confines(v access.Viewer) bool {
	return e.Tenant != nil && (e.Bypass == nil || !allows(e.Bypass, v))
}

// writeTenant confines rows to those of the viewer's tenant. Without a tenant there are none.
func (e *Entity) writeTenant(w SQL, v access.Viewer, alias string) {
	key, ok := e.tenantKey(v)
	if !ok {
		w.WriteSQL("1=0")
		return
	}
	w.WriteSQL("(")
	w.WriteColumn(alias, e.Tenant.Column)
	w.WriteSQL(" IS NOT NULL AND ")
	w.WriteColumn(alias, e.Tenant.Column)
	w.WriteSQL(" = ")
	w.WriteArg(key)
	w.WriteSQL(")")
}

// tenantKey is the viewer's tenant as the column holds it.
func (e *Entity) tenantKey(v access.Viewer) (any, bool) {
	if v.Tenant == "" {
		return nil, false
	}
	return e.Tenant.parse(v.Tenant)
}

// TenantValue is what a unique key's tenant column must hold for the viewer; ok is false if there can be no such row.
func (k *Key) TenantValue(v access.Viewer) (value any, ok bool) {
	if v.Tenant == "" {
		return nil, false
	}
	return k.Tenant.parse(v.Tenant)
}

// Readable says whether the viewer may read the field of every row that they may read.
func (f *Field) Readable(v access.Viewer) bool { return allows(f.Read, v) }

// Passable says whether the viewer may follow the edge from every row.
func (e *Edge) Passable(v access.Viewer) bool { return allows(e.Guard, v) }

func allows(rule *access.Rule, v access.Viewer) bool {
	if rule == nil {
		return true
	}
	r := rule.Reduce(v)
	return r != nil && r.Kind == access.KindEveryone
}

// ColumnRule returns the rule by which the viewer may read a column, nil if they may read it in every row.
func (e *Entity) ColumnRule(column string, v access.Viewer) *access.Rule {
	if !e.guarded {
		return nil
	}
	for _, f := range e.Fields {
		if f.Column == column && !f.Readable(v) {
			return f.Read
		}
	}
	for _, ed := range e.Edges {
		if ed.Kind == ToOne && ed.Column == column && !ed.Passable(v) {
			return ed.Guard
		}
	}
	return nil
}

// WriteRule writes the condition under which a rule about a row of e, other than a read rule of the entity, holds for the
// viewer. It is never null.
func (e *Entity) WriteRule(w SQL, rule *access.Rule, v access.Viewer, alias string) {
	e.writeRule(w, rule.Reduce(v), v, alias, 0)
}

func (e *Entity) writeRule(w SQL, r *access.Rule, v access.Viewer, alias string, depth int) {
	if r == nil {
		w.WriteSQL("1=0")
		return
	}
	switch r.Kind {
	case access.KindEveryone:
		w.WriteSQL("1=1")
	case access.KindMatch, access.KindCompare, access.KindNull, access.KindPast, access.KindFuture:
		e.writeTest(w, r, alias)
	case access.KindRelated:
		e.writeRelated(w, r, v, alias, depth)
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

// writeTest writes a condition on one field. What the field cannot hold matches nothing.
func (e *Entity) writeTest(w SQL, r *access.Rule, alias string) {
	f := e.ents[r.Field]
	if f == nil || f.Column == "" {
		w.WriteSQL("1=0")
		return
	}
	w.WriteSQL("(")
	w.WriteColumn(alias, f.Column)
	if r.Kind == access.KindNull {
		w.WriteSQL(" IS NULL)")
		return
	}
	if r.Kind == access.KindMatch {
		f.writeMatch(w, r.Values, alias)
		w.WriteSQL(")")
		return
	}
	var value any
	ok := comparisons[r.Op]
	op := r.Op
	switch r.Kind {
	case access.KindPast:
		op, value, ok = "<=", f.now(), true
	case access.KindFuture:
		op, value, ok = ">", f.now(), true
	default:
		if ok = ok && len(r.Values) > 0; ok {
			value, ok = f.parse(r.Values[0])
		}
	}
	if !ok {
		w.WriteSQL(" IS NULL AND 1=0)")
		return
	}
	w.WriteSQL(" IS NOT NULL AND ")
	f.WriteSorted(w, alias)
	w.WriteSQL(" " + op + " ")
	w.WriteArg(value)
	w.WriteSQL(")")
}

// writeMatch goes on after the column with the condition that it holds one of the texts.
func (f *Field) writeMatch(w SQL, texts []string, alias string) {
	n := 0
	for _, text := range texts {
		if f.Holds(text) {
			n++
		}
	}
	if n == 0 {
		w.WriteSQL(" IS NULL AND 1=0")
		return
	}
	w.WriteSQL(" IS NOT NULL AND ")
	// SQLite would fill a table with a list of more than two, in each statement, which takes longer than to read a row.
	alternatives := !w.Postgres() && n <= maxAlternatives
	between := ", "
	if alternatives {
		between = " OR "
		w.WriteSQL("(")
	} else {
		w.WriteColumn(alias, f.Column)
		w.WriteSQL(" IN (")
	}
	n = 0
	for _, text := range texts {
		if !f.Holds(text) {
			continue
		}
		if n > 0 {
			w.WriteSQL(between)
		}
		if alternatives {
			w.WriteColumn(alias, f.Column)
			w.WriteSQL(" = ")
		}
		f.writeConstant(w, text)
		n++
	}
	w.WriteSQL(")")
}

// maxAlternatives is how many values SQLite compares one by one. It finds them in an index either way.
const maxAlternatives = 8

// writeConstant writes a value that a rule names, and not a viewer, into the text of the statement: so its plan is the same each time,
// and a database may know that an index of some rows has all that the rule allows. Texts that would need more than quotes are arguments.
func (f *Field) writeConstant(w SQL, text string) {
	if f.textual() {
		if strings.ContainsFunc(text, func(r rune) bool { return r == '\\' || r == '\'' || r < ' ' || r > '~' }) {
			w.WriteArg(text)
			return
		}
		w.WriteSQL("'")
		w.WriteSQL(text)
		w.WriteSQL("'")
		return
	}
	switch value, _ := f.parse(text); value := value.(type) {
	case int64:
		w.WriteSQL(strconv.FormatInt(value, 10))
	default:
		w.WriteArg(value)
	}
}

// maxNamed bounds how many texts a statement may have because of one field: a connection keeps some hundreds prepared.
const maxNamed = 16

// nameValues collects the values that the schema itself names for fields: those of enums, and those by which a rule tells who may read a row.
func (e *Entity) nameValues() {
	for _, f := range e.Fields {
		f.named = nil
		for _, v := range f.Enum {
			f.named = append(f.named, v.Stored)
		}
	}
	var walk func(*access.Rule)
	walk = func(r *access.Rule) {
		if r == nil || r.Kind == access.KindRelated { // which is about the rows of another entity
			return
		}
		if f := e.ents[r.Field]; r.Kind == access.KindMatch && f != nil && f.textual() {
			f.named = append(f.named, r.Values...)
		}
		for _, sub := range r.Rules {
			walk(sub)
		}
	}
	walk(e.Rules.Read)
	for _, f := range e.Fields {
		slices.Sort(f.named)
		if f.named = slices.Compact(f.named); len(f.named) > maxNamed {
			f.named = nil
		}
	}
}

// WriteComparand writes a value that the column of the field is compared with. Values that the schema names are a part of the text, so
// that the database plans for them, and once; all others are arguments.
func (f *Field) WriteComparand(w SQL, value any) {
	switch v := value.(type) {
	case string:
		if slices.Contains(f.named, v) {
			f.writeConstant(w, v)
			return
		}
	case bool:
		if f.Type == Boolean {
			w.WriteSQL(strings.ToUpper(strconv.FormatBool(v)))
			return
		}
	}
	w.WriteArg(value)
}

var comparisons = map[string]bool{"<": true, "<=": true, ">": true, ">=": true}

// WriteSorted writes the column of the field where its order matters: texts sort by code point, whatever the column's own order is.
func (f *Field) WriteSorted(w SQL, alias string) {
	if !f.Collated {
		w.WriteColumn(alias, f.Column)
		return
	}
	w.WriteSQL("CAST(")
	w.WriteColumn(alias, f.Column)
	w.WriteSQL(` AS text) COLLATE "C"`)
}

// Holds says whether the text is the stored spelling of a value that the field could hold.
func (f *Field) Holds(text string) bool {
	if f.textual() {
		return storable(text)
	}
	_, ok := f.parse(text)
	return ok
}

// textual says whether the stored spelling of a value is the value.
func (f *Field) textual() bool {
	switch f.Type {
	case ID, Ref, UUID, Int, BigInt, Float, Boolean, DateTime, Date, JSON, Bytes:
		return false
	}
	return true
}

// storable says whether databases can hold the text.
func storable(text string) bool { return !strings.ContainsRune(text, 0) && utf8.ValidString(text) }

// parse reads a value of the field in stored spelling.
func (f *Field) parse(text string) (any, bool) {
	var v any
	var err error
	switch f.Type {
	case ID, Ref:
		return ParseKey(f.Key, text)
	case UUID:
		return ParseKey(UUIDKey, text)
	case Int, BigInt:
		v, err = strconv.ParseInt(text, 10, 64)
	case Float:
		v, err = strconv.ParseFloat(text, 64)
	case Boolean:
		v, err = strconv.ParseBool(text)
	case DateTime:
		v, err = time.Parse(time.RFC3339Nano, text)
	case Date:
		v, err = time.Parse(time.DateOnly, text)
	case JSON, Bytes:
		return nil, false
	default:
		return text, storable(text)
	}
	return v, err == nil
}

// now is the present as a time field holds it.
func (f *Field) now() time.Time {
	now := time.Now().UTC()
	if f.Type == Date {
		return now.Truncate(24 * time.Hour)
	}
	return now.Truncate(time.Microsecond)
}

// writeRelated asks for a row behind an edge. That one is reached by the edge alone: its own entity's rules are another
// matter, but a deleted row is none.
func (e *Entity) writeRelated(w SQL, r *access.Rule, v access.Viewer, alias string, depth int) {
	ed := e.SchemaEdge(r.Edge)
	if ed == nil {
		w.WriteSQL("1=0")
		return
	}
	inner := "o" + strconv.Itoa(depth)
	w.WriteSQL("EXISTS (SELECT 1 FROM ")
	ed.target.writeJoin(w, ed, alias, inner)
	w.WriteSQL(" AND ")
	ed.target.writeRule(w, r.Rules[0], v, inner, depth+1)
	w.WriteSQL(")")
}

// writeJoin writes the rows of e, under inner, to which an edge leads from that under alias.
func (e *Entity) writeJoin(w SQL, ed *Edge, alias, inner string) {
	equal := func(a, column, b, other string) {
		w.WriteColumn(a, column)
		w.WriteSQL(" = ")
		w.WriteColumn(b, other)
	}
	w.WriteTable(e.Table, inner)
	switch ed.Kind {
	case ManyToMany:
		join := "l" + inner
		w.WriteSQL(" JOIN ")
		w.WriteTable(ed.Join, join)
		w.WriteSQL(" ON ")
		equal(inner, e.ID[0].Column, join, ed.JoinTarget)
		w.WriteSQL(" WHERE ")
		equal(join, ed.JoinOwn, alias, ed.Own().Column)
	case ToOne:
		w.WriteSQL(" WHERE ")
		equal(inner, e.ID[0].Column, alias, ed.Column)
	default:
		w.WriteSQL(" WHERE ")
		equal(inner, ed.Column, alias, ed.Own().Column)
	}
	if e.SoftDelete != nil {
		w.WriteSQL(" AND ")
		w.WriteColumn(inner, e.SoftDelete.Column)
		w.WriteSQL(" IS NULL")
	}
}

// writeOwner follows the path of to-one edges. The last step compares the foreign key itself, so that a path of one edge
// reads no other table; longer paths use EXISTS, which both databases turn into index look-ups. A path through a deleted
// row leads nowhere.
func (e *Entity) writeOwner(w SQL, path []string, v access.Viewer, alias string, depth int) {
	if len(path) == 0 {
		writeKeyEqual(w, e.ID[0].Key, alias, e.ID[0].Column, v.UserID)
		return
	}
	ed := e.SchemaEdge(path[0])
	if ed == nil || ed.List() {
		w.WriteSQL("1=0")
		return
	}
	if len(path) == 1 && ed.Kind == ToOne {
		writeKeyEqual(w, ed.target.ID[0].Key, alias, ed.Column, v.UserID)
		return
	}
	inner := "o" + strconv.Itoa(depth)
	w.WriteSQL("EXISTS (SELECT 1 FROM ")
	ed.target.writeJoin(w, ed, alias, inner)
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
