package codegen

import (
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// checkNames finds what would collide or be impossible in the API, with the schema's words.
func (m *model) checkNames() error {
	types := map[string]bool{"Query": true, "Mutation": true, "Subscription": true, "Node": true, "PageInfo": true}
	roots := map[string]string{"node": "the look-up of any object", "nodes": "the look-up of any objects"}
	for _, n := range m.nodes {
		if types[n.Name] {
			return fault(n.Type, "GraphQL or this API needs the name for itself; rename the entity")
		}
		for _, name := range append([]string{n.Names.One, n.Names.Many}, n.keyNames()...) {
			if roots[name] != "" {
				return fault(n.Type, "its root field would be %q, as is %s; rename the entity", name, roots[name])
			}
			roots[name] = "that of entity " + n.Name
		}
		seen := map[string]string{"clientMutationId": "the name that Relay reserves"}
		check := func(what, schema, name string) error {
			switch {
			case !isName(name):
				return fault(n.Type, "%s %s: GraphQL cannot hold the name %q; rename it", what, schema, name)
			case slices.Contains([]string{"and", "or", "not", "isNull"}, name):
				return fault(n.Type, "%s %s: the name is reserved for conditions; rename it and keep the column by StorageKey(%q)", what, schema, schema)
			case seen[name] != "":
				return fault(n.Type, "%s %s: its name in the API is %q, as is %s; rename one of them", what, schema, name, seen[name])
			}
			seen[name] = "that of " + what + " " + schema
			return nil
		}
		for _, f := range n.Fields {
			if err := check("field", f.Schema, f.Name); err != nil {
				return err
			}
		}
		for _, ed := range n.Edges {
			if err := check("edge", ed.Schema, ed.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *node) keyNames() []string {
	names := make([]string, len(n.Keys))
	for i, k := range n.Keys {
		names[i] = k.Name
	}
	return names
}

// checkRules finds rules that could not become SQL.
func (m *model) checkRules(n *node) error {
	var check func(r *access.Rule) error
	check = func(r *access.Rule) error {
		if r == nil {
			return nil
		}
		switch r.Kind {
		case access.KindMatch:
			f := n.SchemaField(r.Field)
			if f == nil || f.Type != entity.String && f.Type != entity.Enum {
				return fault(n.Type, "rule Match(%q): there is no text or enum field of that name", r.Field)
			}
			for _, value := range r.Values {
				if f.Type == entity.Enum && !slices.ContainsFunc(f.Enum, func(v entity.EnumValue) bool { return v.Stored == value }) {
					return fault(n.Type, "rule Match(%q): the field cannot hold %q", r.Field, value)
				}
			}
		case access.KindOwner:
			at := n.Entity
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
		}
		for _, sub := range r.Rules {
			if err := check(sub); err != nil {
				return err
			}
		}
		return nil
	}
	for _, op := range []access.Operation{access.Read, access.Create, access.Update, access.Delete} {
		if err := check(n.Rules.For(op)); err != nil {
			return err
		}
	}
	return nil
}
