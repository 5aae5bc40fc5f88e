package entity

import (
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
)

// Condition is a part of what decides about a row, in English and as SQL. Those made of parts hold if all of their parts do,
// or one of them if Any is set, or if their only part does not and Not is set.
type Condition struct {
	Text     string
	Any, Not bool
	Parts    []Condition

	write func(w SQL, alias string)
}

// Write writes the condition for the row under alias. It is never null.
func (c Condition) Write(w SQL, alias string) { c.write(w, alias) }

// Conditions are those which must all hold for the viewer to do op with a row: together they are what
// [Entity.WritePredicate] writes.
func (e *Entity) Conditions(op access.Operation, v access.Viewer) []Condition {
	var all []Condition
	if e.SoftDelete != nil {
		all = append(all, Condition{Text: "not deleted: " + e.SoftDelete.Schema + " is empty", write: func(w SQL, alias string) {
			w.WriteColumn(alias, e.SoftDelete.Column)
			w.WriteSQL(" IS NULL")
		}})
	}
	if e.Tenant != nil {
		own := Condition{Text: e.Tenant.Schema + " is the viewer's tenant", write: func(w SQL, alias string) { e.writeTenant(w, v, alias) }}
		if e.Bypass != nil {
			bypass := e.Condition(e.Bypass, v)
			own = Condition{Text: "one of", Any: true, Parts: []Condition{own, bypass}, write: func(w SQL, alias string) {
				w.WriteSQL("(")
				e.writeTenant(w, v, alias)
				w.WriteSQL(" OR ")
				bypass.Write(w, alias)
				w.WriteSQL(")")
			}}
		}
		all = append(all, own)
	}
	return append(all, e.Condition(e.Rules.For(op), v))
}

// Condition takes a rule about a row of the entity apart, for the viewer. A nil rule allows nobody.
func (e *Entity) Condition(r *access.Rule, v access.Viewer) Condition {
	c := Condition{Text: r.String(), write: func(w SQL, alias string) { e.WriteRule(w, r, v, alias) }}
	if r == nil {
		return c
	}
	switch r.Kind {
	case access.KindNamed:
		c.Text += ", for this viewer"
		c.Parts = []Condition{e.Condition(r.Made(v), v)}
	case access.KindNot:
		c.Text, c.Not = "not", true
		c.Parts = []Condition{e.Condition(r.Rules[0], v)}
	case access.KindAny, access.KindAll:
		if len(r.Rules) == 1 {
			return e.Condition(r.Rules[0], v)
		}
		for _, sub := range r.Rules {
			part := e.Condition(sub, v)
			if sub != nil && sub.Kind == r.Kind && len(sub.Rules) > 1 { // any of any is one list
				c.Parts = append(c.Parts, part.Parts...)
				continue
			}
			c.Parts = append(c.Parts, part)
		}
		if len(c.Parts) > 0 {
			c.Text, c.Any = "all of", r.Kind == access.KindAny
			if c.Any {
				c.Text = "one of"
			}
		}
	}
	return c
}

// FieldCondition says who may do something with one field, or edge, of a row.
type FieldCondition struct {
	Name string // in the ent schema
	Condition
}

// FieldConditions are those of the fields and edges with rules of their own that op is about: who may read them, or write
// them.
func (e *Entity) FieldConditions(op access.Operation, v access.Viewer) (all []FieldCondition) {
	add := func(name string, r *access.Rule) {
		if r != nil && !slices.ContainsFunc(all, func(c FieldCondition) bool { return c.Name == name }) {
			all = append(all, FieldCondition{name, e.Condition(r, v)})
		}
	}
	for _, f := range e.Fields {
		switch op {
		case access.Read:
			add(f.Schema, f.Read)
		case access.Create, access.Update:
			add(f.Schema, f.Write)
		}
	}
	for _, ed := range e.Edges {
		switch {
		case op == access.Read && ed.Kind == ToOne && !e.isField(ed.Column):
			add(ed.Schema, ed.Guard)
		case op == access.Create || op == access.Update:
			add(ed.Schema, ed.Write)
		}
	}
	return all
}

// isField says whether the schema names the column as a field.
func (e *Entity) isField(column string) bool {
	return slices.ContainsFunc(e.Fields, func(f *Field) bool { return f.Column == column })
}
