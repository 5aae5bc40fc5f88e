package codegen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// literal writes the fields of a composite literal that are set.
type literal struct{ strings.Builder }

func (l *literal) text(name, value string) {
	if value != "" {
		l.raw(name, quote(value))
	}
}

func (l *literal) flag(name string, value bool) {
	if value {
		l.raw(name, "true")
	}
}

func (l *literal) raw(name, value string) {
	if l.Len() > 0 {
		l.WriteString(", ")
	}
	l.WriteString(name + ": " + value)
}

func (l *literal) rule(name string, r *access.Rule) {
	if r != nil {
		l.raw(name, ruleLiteral(r))
	}
}

func fieldLiteral(f *entity.Field) string {
	var l literal
	l.text("Name", f.Name)
	l.text("Schema", f.Schema)
	l.text("Column", f.Column)
	l.raw("Type", "entity."+constant(string(f.Type)))
	l.text("GraphQL", f.GraphQL)
	if f.Key != "" {
		l.raw("Key", map[entity.KeyType]string{entity.IntKey: "entity.IntKey", entity.StringKey: "entity.StringKey", entity.UUIDKey: "entity.UUIDKey"}[f.Key])
	}
	l.text("Target", f.Target)
	l.flag("Nullable", f.Nullable)
	l.flag("NonNull", f.NonNull)
	l.flag("Hidden", f.Hidden)
	l.flag("Filter", f.Filter)
	l.flag("Sort", f.Sort)
	l.text("OrderValue", f.OrderValue)
	if f.MaxLen > 0 {
		l.raw("MaxLen", strconv.Itoa(f.MaxLen))
	}
	l.text("DBType", f.DBType)
	l.text("Was", f.Was)
	l.rule("\nRead", f.Read)
	l.rule("\nWrite", f.Write)
	l.text("\nDescription", f.Description)
	if len(f.Enum) > 0 {
		var values strings.Builder
		for _, v := range f.Enum {
			fmt.Fprintf(&values, "{Name: %q, Stored: %q},\n", v.Name, v.Stored)
		}
		l.raw("\nEnum", "[]entity.EnumValue{\n"+values.String()+"}")
	}
	return "{\n" + l.String() + ",\n}"
}

// constant is the Go name of a type or kind: all are named as they are spelled.
func constant(s string) string { return title(s) }

func edgeLiteral(e *entity.Edge) string {
	var l literal
	l.text("Name", e.Name)
	l.text("Schema", e.Schema)
	l.text("Target", e.Target)
	l.raw("Kind", "entity."+constant(string(e.Kind)))
	l.flag("NonNull", e.NonNull)
	l.text("Column", e.Column)
	l.flag("Nullable", e.Nullable)
	l.text("Join", e.Join)
	l.text("JoinOwn", e.JoinOwn)
	l.text("JoinTarget", e.JoinTarget)
	l.text("Groups", e.Groups)
	l.text("Input", e.Input)
	l.flag("Required", e.Required)
	l.flag("Inverse", e.Inverse)
	l.text("Back", e.Back)
	if e.OnDelete != "" {
		l.raw("OnDelete", "entity."+constant(e.OnDelete)+"Delete")
	}
	l.text("Through", e.Through)
	l.flag("Hidden", e.Hidden)
	if e.Kind == entity.ToOne {
		l.rule("\nGuard", e.Guard)
	}
	l.rule("\nWrite", e.Write)
	l.text("\nDescription", e.Description)
	return "{\n" + l.String() + ",\n}"
}

// fieldRef names a field of the generated slice.
func fieldRef(data any, f *entity.Field) string {
	return "fields[" + strconv.Itoa(slices.Index(unwrap(data).Fields, f)) + "]"
}

func fieldList(data any, fields []*entity.Field) string {
	refs := make([]string, len(fields))
	for i, f := range fields {
		refs[i] = fieldRef(data, f)
	}
	return "[]*entity.Field{" + strings.Join(refs, ", ") + "}"
}

func namesLiteral(n entity.Names) string {
	var l literal
	for _, pair := range [][2]string{
		{"One", n.One},
		{"Many", n.Many},
		{"Groups", n.Groups},
		{"\nConnection", n.Connection},
		{"Edge", n.Edge},
		{"\nWhere", n.Where},
		{"ToOneWhere", n.ToOneWhere},
		{"ToManyWhere", n.ToManyWhere},
		{"\nOrder", n.Order},
		{"OrderField", n.OrderField},
		{"\nCreate", n.Create},
		{"Update", n.Update},
		{"Delete", n.Delete},
		{"Restore", n.Restore},
		{"\nUpsert", n.Upsert},
		{"UniqueKey", n.UniqueKey},
		{"\nCreateMany", n.CreateMany},
		{"UpdateMany", n.UpdateMany},
		{"DeleteMany", n.DeleteMany},
	} {
		l.text(pair[0], pair[1])
	}
	return "entity.Names{\n" + l.String() + ",\n}"
}
