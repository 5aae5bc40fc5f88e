package codegen

import (
	"cmp"
	"slices"
	"strings"

	"entgo.io/ent/entc/gen"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// checkRules finds rules that could not become SQL.
func (m *model) checkRules(n *node) error {
	for _, op := range access.Operations() {
		if err := m.checkRule(n, n.Entity, n.Rules.For(op)); err != nil {
			return err
		}
		if err := checkKnown(n, op, n.Rules.For(op)); err != nil {
			return err
		}
	}
	if err := cmp.Or(m.checkRule(n, n.Entity, n.Deleted), checkKnown(n, "", n.Deleted)); err != nil {
		return err
	}
	if err := cmp.Or(m.checkRule(n, n.Entity, n.api.HistoryRead), checkKnown(n, "", n.api.HistoryRead)); err != nil {
		return err
	}
	for _, f := range n.Fields {
		for _, r := range []*access.Rule{f.Read, f.Write} {
			if err := cmp.Or(m.checkRule(n, n.Entity, r), checkKnown(n, "", r)); err != nil {
				return err
			}
		}
	}
	for _, ed := range n.Edges {
		if err := cmp.Or(m.checkRule(n, ed.Holder(), ed.Guard), m.checkRule(n, n.Entity, ed.Write), checkKnown(n, "", ed.Guard), checkKnown(n, "", ed.Write)); err != nil {
			return err
		}
	}
	return nil
}

// checkKnown finds uses of [access.Knows] where nobody looks a row up by a key.
func checkKnown(n *node, op access.Operation, r *access.Rule) error {
	for _, field := range r.Known() {
		if op != access.Read || related(r) {
			return fault(n.Type, "rule Knows(%q): it is for rules on who may read rows of the entity, and not within Related", field)
		}
		if !slices.ContainsFunc(n.Keys, func(k *entity.Key) bool { return len(k.Fields) == 1 && k.Fields[0].Schema == field }) {
			return fault(n.Type, "rule Knows(%q): rows are not looked up by this field alone; make it unique", field)
		}
	}
	return nil
}

// related says whether the rule asks for something of rows behind an edge that is about a look-up.
func related(r *access.Rule) bool {
	return r.Kind == access.KindRelated && len(r.Known()) > 0 || slices.ContainsFunc(r.Rules, related)
}

// readFieldRules gives fields and edges the rules that their annotations state.
func (m *model) readFieldRules(n *node) error {
	read := func(annotations gen.Annotations) (r access.FieldRules, err error) {
		if a, ok := annotations[r.Name()]; ok {
			err = r.Decode(a)
		}
		return r, err
	}
	for _, ef := range append(slices.Clone(n.Type.Fields), n.Type.ID) {
		if ef == nil {
			continue
		}
		r, err := read(ef.Annotations)
		if err != nil {
			return fault(n.Type, "field %s: rules: %v", ef.Name, err)
		}
		i := slices.IndexFunc(n.Fields, func(f *entity.Field) bool { return f.Schema == ef.Name })
		if i < 0 || r.Read == nil && r.Write == nil {
			continue
		}
		f := n.Fields[i]
		if slices.Contains(n.ID, f) {
			return fault(n.Type, "field %s: the id has no rules of its own; rules on the entity say who may read the row", ef.Name)
		}
		f.Read, f.Write = r.Read, r.Write
		f.NonNull = f.NonNull && (f.Read == nil || f.Read.AllowsAll())
		if f.Read != nil && slices.ContainsFunc(n.DefaultOrder, func(o entity.Order) bool { return o.Field == f }) {
			return fault(n.Type, "field %s: lists are sorted by it where clients do not say, so that everybody has to be able to read it; see entity.DefaultOrder", ef.Name)
		}
	}
	for _, ee := range n.Type.Edges {
		r, err := read(ee.Annotations)
		if err != nil {
			return fault(n.Type, "edge %s: rules: %v", ee.Name, err)
		}
		ed := n.SchemaEdge(ee.Name)
		if ed == nil || r.Read == nil && r.Write == nil {
			continue
		}
		if r.Read != nil && (ed.Kind != entity.ToOne || ee.Field() != nil) {
			return fault(n.Type, "edge %s: a rule on who may read an edge belongs to its foreign key: to the field, or, if there is none, to the side of the edge that holds it", ee.Name)
		}
		ed.Guard, ed.Write = r.Read, r.Write
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
	case access.KindNull, access.KindPast, access.KindFuture, access.KindKnows:
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

// writeCan writes the types of the query `can`.
func (w *sdlWriter) writeCan() {
	w.open("What rules are about.", "enum RuleOperation")
	for _, v := range [][2]string{
		{"READ", "To see the object."},
		{"CREATE", "To make such an object, as if it were new."},
		{"UPDATE", "To change the object as it is."},
		{"DELETE", "To remove the object."},
	} {
		w.line(v[1], v[0])
	}
	w.close()
	w.open("What the rules say about one viewer, operation and object.", "type RuleVerdict")
	w.line("Whether it is allowed.", "allowed: Boolean!")
	w.line("Each part of the rules, a line for each, with yes or no in front; parts of others are indented.", "reasons: String!")
	w.close()
}
