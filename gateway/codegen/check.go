package codegen

import (
	"slices"

	"entgo.io/ent/entc/gen"

	"github.com/entwine-data/entwine/gateway/entity"
)

// wayOutOfName is what to do about an entity whose name the API cannot use.
const wayOutOfName = "give it another name in the API by the annotation entity.Rename(\"…\")"

// entsOwn are names of fields and methods in the struct that ent makes of an entity.
var entsOwn = []string{"Edges", "String", "Update", "Unwrap"}

// reservedTypes are the names of types that are there whatever the schema.
func reservedTypes() map[string]string {
	types := make(map[string]string)
	for _, name := range []string{
		"Query", "Mutation", "Subscription", "Node", "PageInfo", "OrderDirection", "NullsOrder", "CountOrder", "CalendarPeriod",
		"ID", "Int", "Float", "String", "Boolean", "DateTime", "Date", "BigInt", "Decimal", "JSON", "Bytes", "UUID",
	} {
		types[name] = "a type that every API has"
		types[name+"Filter"] = "a type that every API has"
	}
	return types
}

// typeNames are the names of the types that an entity brings along.
func (n *node) typeNames() []string {
	names := []string{n.Name + "Aggregate"}
	for _, fn := range entity.Aggregates() {
		names = append(names, n.Name+aggregates[fn].typ)
	}
	if n.Names.Upsert != "" {
		names = append(names, n.Names.UniqueKey, "Upsert"+n.Name+"Input", "Upsert"+n.Name+"Payload")
	}
	if n.Names.Restore != "" {
		names = append(names, "Restore"+n.Name+"Input", "Restore"+n.Name+"Payload")
	}
	if n.Names.CreateMany != "" {
		names = append(names, n.bulkType("create")+"Input", n.bulkType("create")+"Payload")
	}
	if n.Names.UpdateMany != "" {
		names = append(names, n.bulkType("update")+"Input", n.bulkType("update")+"Payload")
	}
	if n.Names.Update != "" {
		names = append(names, n.Name+"Patch")
	}
	if n.Names.DeleteMany != "" {
		names = append(names, n.bulkType("delete")+"Input", n.bulkType("delete")+"Payload")
	}
	return append(append(names, n.groupTypes()...),
		n.Name, n.Names.Connection, n.Names.Edge, n.Names.Where, n.Names.ToOneWhere, n.Names.ToManyWhere, n.Names.Order, n.Names.OrderField,
		"Create"+n.Name+"Input", "Update"+n.Name+"Input", "Delete"+n.Name+"Input",
		"Create"+n.Name+"Payload", "Update"+n.Name+"Payload", "Delete"+n.Name+"Payload",
	)
}

// checkNames finds what would collide or be impossible in the API, with the schema's words.
func (m *model) checkNames() error {
	types := reservedTypes()
	roots := map[string]string{"node": "the look-up of any object", "nodes": "the look-up of any objects"}
	if m.can != nil {
		roots["can"] = "the query that codegen.Config.Can adds"
		types["RuleOperation"], types["RuleVerdict"] = "a type of the query `can`", "a type of the query `can`"
	}
	if m.keepsHistory() {
		for _, name := range historyTypes() {
			types[name] = "a type of the history that entity.History keeps"
		}
	}
	for _, n := range m.nodes {
		for _, f := range n.Type.Fields {
			if slices.Contains(entsOwn, f.StructField()) {
				return fault(n.Type, "field %s: ent's code for the entity has something else of the name %s; write field.…(%q).StorageKey(%q).Annotations(entity.Rename(%q)), which keeps the column and the API as they are",
					f.Name, f.StructField(), f.Name+"_value", f.StorageKey(), camel(f.Name))
			}
		}
		if n.Hidden {
			continue
		}
		for _, name := range n.typeNames() {
			what, wayOut := "a type of entity "+n.Type.Name, wayOutOfName
			if slices.Contains(n.groupTypes(), name) {
				what += "'s groups, which entity.RenameGroups names otherwise"
				wayOut = "name its groups by entity.RenameGroups(name)"
			}
			if !isName(name) {
				return fault(n.Type, "GraphQL cannot hold the name %q; %s", name, wayOut)
			}
			if types[name] != "" {
				return fault(n.Type, "its type %s would have the name of %s; %s", name, types[name], wayOut)
			}
			types[name] = what
		}
		for _, name := range append([]string{n.Names.One, n.Names.Many}, n.keyNames()...) {
			if name == "" {
				continue
			}
			if !isName(name) {
				return fault(n.Type, "GraphQL cannot hold the root field %q; name it by entity.RenameRoots(one, many)", name)
			}
			if roots[name] != "" {
				return fault(n.Type, "its root field would be %q, as is %s; name it by entity.RenameRoots(one, many)", name, roots[name])
			}
			roots[name] = "that of entity " + n.Type.Name
		}
		if name := n.Names.Groups; name != "" {
			if !isName(name) || roots[name] != "" {
				return fault(n.Type, "its groups cannot be %q, which is %s; name them by entity.RenameGroups(name)", name, orText(roots[name], "no name in GraphQL"))
			}
			roots[name] = "that of the groups of entity " + n.Type.Name
		}
		seen := map[string]string{"clientMutationId": "the name that Relay reserves"}
		if n.History != nil {
			seen[entity.HistoryField] = "that of the history which entity.History keeps"
		}
		check := func(what, schema, name string) error {
			switch {
			case !isName(name):
				return fault(n.Type, "%s %s: GraphQL cannot hold the name %q; name it by .Annotations(entity.Rename(\"…\"))", what, schema, name)
			case slices.Contains([]string{"and", "or", "not", "isNull"}, name):
				return fault(n.Type, "%s %s: the name is reserved for conditions; rename it in Go, where ent reserves it too, and keep the column by StorageKey(%q)", what, schema, schema)
			case seen[name] != "":
				return fault(n.Type, "%s %s: its name in the API is %q, as is %s; name one of them by .Annotations(entity.Rename(\"…\"))", what, schema, name, seen[name])
			}
			seen[name] = "that of " + what + " " + schema
			return nil
		}
		for _, f := range n.Fields {
			hidden := f.Hidden && !slices.ContainsFunc(n.Type.Fields, func(ef *gen.Field) bool { return ef.Name == f.Schema && writeOnly(ef) })
			if hidden {
				continue
			}
			if err := check("field", f.Schema, f.Name); err != nil {
				return err
			}
		}
		for _, ed := range n.Edges {
			if ed.Hidden {
				continue
			}
			if err := check("edge", ed.Schema, ed.Name); err != nil {
				return err
			}
			if !ed.List() && slices.Contains([]string{"field", "period", "timeZone", "direction", "nulls"}, ed.Name) {
				return fault(n.Type, "edge %s: orders and groups say %q beside the names of relations; name the edge by .Annotations(entity.Rename(\"…\"))", ed.Schema, ed.Name)
			}
		}
		for _, ed := range n.Edges {
			if name := ed.Groups; name != "" {
				if !isName(name) || seen[name] != "" {
					return fault(n.Type, "edge %s: its groups cannot be %q, which is %s; name them by .Annotations(entity.RenameGroups(\"…\"))", ed.Schema, name, orText(seen[name], "no name in GraphQL"))
				}
				seen[name] = "that of the groups of edge " + ed.Schema
			}
		}
	}
	for _, e := range m.enums {
		if m.of(e.node.Type).Hidden {
			continue
		}
		if types[e.Name] != "" {
			return fault(e.node.Type, "field %s: its enum %s would have the name of %s; name the field by .Annotations(entity.Rename(\"…\"))", e.field.Name, e.Name, types[e.Name])
		}
		types[e.Name] = "an enum of entity " + e.node.Type.Name
	}
	return nil
}

// checkInputs finds foreign keys without a field, and types of edges, whose names something else has.
func (m *model) checkInputs() error {
	types := reservedTypes()
	for _, n := range m.nodes {
		for _, name := range n.typeNames() {
			types[name] = "a type of entity " + n.Type.Name
		}
	}
	for _, n := range m.nodes {
		seen := make(map[string]bool)
		for _, in := range n.Inputs {
			if seen[in.Name] {
				return fault(n.Type, "its mutations would have two inputs %q, one of them the foreign key of an edge without a field; name the edge by .Annotations(entity.Rename(\"…\"))", in.Name)
			}
			seen[in.Name] = true
			if !in.Along {
				continue
			}
			for _, name := range []string{n.edgeType(in, true), n.edgeType(in, false), n.linkType(in)} {
				if types[name] != "" {
					return fault(n.Type, "edge %s: its input %s would have the name of %s; name the edge by .Annotations(entity.Rename(\"…\"))", in.entEdge.Name, name, types[name])
				}
				types[name] = "an input of entity " + n.Type.Name
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
