package codegen

import (
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// checkRules finds rules that could not become SQL.
func (m *model) checkRules(n *node) error {
	for _, op := range []access.Operation{access.Read, access.Create, access.Update, access.Delete} {
		if err := m.checkRule(n, n.Entity, n.Rules.For(op)); err != nil {
			return err
		}
	}
	return nil
}

// checkRule checks a rule of n about rows of e, to which edges may have led.
func (m *model) checkRule(n *node, e *entity.Entity, r *access.Rule) error {
	if r == nil {
		return nil
	}
	switch r.Kind {
	case access.KindMatch, access.KindCompare, access.KindNull, access.KindPast, access.KindFuture:
		if err := m.checkTest(n, e, r); err != nil {
			return err
		}
	case access.KindOwner:
		at := e
		for _, step := range r.Path {
			ed := at.SchemaEdge(step)
			if ed == nil || ed.List() {
				return fault(n.Type, "rule Owner(%q): entity %s has no to-one edge %q", strings.Join(r.Path, `", "`), at.Name, step)
			}
			at = ed.To()
		}
		if len(at.ID) != 1 {
			return fault(n.Type, "rule Owner(%q): it leads to %s, which has a composite key", strings.Join(r.Path, `", "`), at.Name)
		}
	case access.KindRelated:
		ed := e.SchemaEdge(r.Edge)
		if ed == nil {
			return fault(n.Type, "rule Related(%q): entity %s has no edge of that name", r.Edge, e.Name)
		}
		return m.checkRule(n, ed.To(), r.Rules[0])
	}
	for _, sub := range r.Rules {
		if err := m.checkRule(n, e, sub); err != nil {
			return err
		}
	}
	return nil
}

// checkTest checks a condition on one field.
func (m *model) checkTest(n *node, e *entity.Entity, r *access.Rule) error {
	rule := constant(string(r.Kind))
	f := e.SchemaField(r.Field)
	if f == nil || f.Column == "" {
		return fault(n.Type, "rule %s(%q): entity %s has no field of that name", rule, r.Field, e.Name)
	}
	if (r.Kind == access.KindPast || r.Kind == access.KindFuture) && f.Type != entity.DateTime && f.Type != entity.Date {
		return fault(n.Type, "rule %s(%q): the field is not a time", rule, r.Field)
	}
	if r.Kind == access.KindCompare && !slices.Contains([]string{"<", "<=", ">", ">="}, r.Op) {
		return fault(n.Type, "rule Compare(%q): %q is none of <, <=, > and >=", r.Field, r.Op)
	}
	for _, value := range r.Values {
		if f.Type == entity.Enum && !slices.ContainsFunc(f.Enum, func(v entity.EnumValue) bool { return v.Stored == value }) || !f.Holds(value) {
			return fault(n.Type, "rule %s(%q): the field cannot hold %q", rule, r.Field, value)
		}
	}
	return nil
}

// ruleLiteral writes a rule as its author did.
func ruleLiteral(r *access.Rule) string {
	var args []string
	text := func(texts ...string) {
		for _, t := range texts {
			args = append(args, quote(t))
		}
	}
	switch r.Kind {
	case access.KindMatch:
		text(r.Field)
	case access.KindCompare:
		text(r.Field, r.Op)
	case access.KindNull, access.KindPast, access.KindFuture:
		text(r.Field)
	case access.KindRelated:
		text(r.Edge)
	case access.KindNamed:
		text(r.Label)
	}
	text(slices.Concat(r.Roles, r.Path, r.Values)...)
	for _, sub := range r.Rules {
		args = append(args, ruleLiteral(sub))
	}
	return "access." + constant(string(r.Kind)) + "(" + strings.Join(args, ", ") + ")"
}
