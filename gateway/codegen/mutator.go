package codegen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// targets are the names of the entities that inputs refer to.
func targets(data any) []string {
	set := make(map[string]bool)
	n := unwrap(data)
	for _, in := range n.Inputs {
		if in.Field != nil && in.Field.Type == entity.ID {
			set[n.Name] = true
		}
		if in.Edge != nil {
			set[in.Edge.Target] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// setCall hands one value of an input to the setter of the mutation.
func setCall(data any, in *input) string {
	n := unwrap(data)
	pkg := "ent" + n.Type.PackageDir()
	clear := "nil"
	switch {
	case in.list() && in.Edge.Kind == entity.ToMany:
		return setChildren(n, in)
	case in.list():
		operation := "access.Read"
		if in.entEdge.IsInverse() {
			operation = "access.Update"
		}
		return fmt.Sprintf(`input.SetLinks(v, %q, input.Link[%s]{
			Target: to%s, Operation: %s,
			Add: m.%s, Remove: m.%s, Clear: m.%s,
		})`, in.Name, in.entEdge.Type.ID.Type, in.Edge.Target, operation,
			in.entEdge.MutationAdd(), in.entEdge.MutationRemove(), in.entEdge.MutationClear())
	case in.Edge != nil:
		set := in.entEdge.MutationSet()
		if in.entField != nil {
			set = in.entField.MutationSet()
		}
		if in.Nullable {
			clear = "m." + in.entEdge.MutationClear()
		}
		return fmt.Sprintf("input.SetRef(v, %q, to%s, m.%s, %s)", in.Name, in.Edge.Target, set, clear)
	}
	if in.Name == "id" && in.Field.Type == entity.ID {
		return fmt.Sprintf("if m.Op().Is(ent.OpCreate) {\ninput.SetKey(v, to%s, m.SetID)\n}", n.Name)
	}
	if in.Nullable {
		clear = "m." + in.entField.MutationClear()
	}
	set := "m." + in.entField.MutationSet()
	parse := parserOf(in, set, pkg)
	if in.Field.Type == entity.Enum && parse == "" {
		return fmt.Sprintf("input.SetEnum(v, %q, %s, %s)", in.Name, set, clear)
	}
	validator := ""
	if in.entField.Validators > 0 && !in.entField.HasGoType() {
		validator = ", " + pkg + "." + in.entField.Validator()
	}
	return fmt.Sprintf("input.Set(v, %q, %s, %s, %s%s)", in.Name, parse, set, clear, validator)
}

// parserOf is the function that turns a value of a field's input into what its setter takes; none for an enum that is a text.
func parserOf(in *input, set, pkg string) string {
	f := in.entField
	basic := basicParsers[in.Field.Type]
	if in.Field.Type == entity.Enum {
		basic = fmt.Sprintf("input.Enum(v, %q)", in.Name)
	}
	switch custom := f.HasGoType() && !f.IsJSON() && !(f.IsUUID() && f.Type.String() == "uuid.UUID"); {
	case f.HasValueScanner():
		return fmt.Sprintf("input.FromValue(%s.ValueScanner.%s, %s)", pkg, f.StructField(), basic)
	case !custom && in.Field.Type == entity.Decimal && f.Type.Type.Float():
		return "input.DecimalFloat"
	case !custom:
		return parsers[in.Field.Type]
	case f.Type.ValueScanner() && f.Type.RType.Kind == reflect.Pointer:
		return fmt.Sprintf("input.ScanPointer(%s, %s)", set, basic)
	case f.Type.ValueScanner():
		return fmt.Sprintf("input.Scan(%s, %s)", set, basic)
	case in.Field.Type == entity.Enum:
		return ""
	case f.IsTime(), f.IsBytes(), f.IsUUID():
		return fmt.Sprintf("input.Convert(%s, %s)", set, basic)
	case in.Field.Type == entity.Decimal && f.Type.Type.Float():
		return "input.DecimalFloat"
	case in.Field.Type == entity.Decimal:
		return fmt.Sprintf("input.Convert(%s, %s)", set, basic)
	}
	return parsers[in.Field.Type]
}

// setChildren changes the foreign keys of the rows in a list.
func setChildren(n *node, in *input) string {
	e := in.entEdge
	idType := e.Type.ID.Type.String()
	parent := fmt.Sprintf("sql.FieldEQ(%q, parent)", in.Edge.Column)
	update := "client." + e.Type.Name + ".Update().Where("
	signature := fmt.Sprintf("func(ctx context.Context, parent %s, keys []%s) error {\n", n.Type.ID.Type, idType)
	ids := "ent" + e.Type.PackageDir() + ".ID"
	var b strings.Builder
	fmt.Fprintf(&b, "input.SetChildren(v, %q, input.Children[%s, %s]{\nTarget: to%s,\n", in.Name, n.Type.ID.Type, idType, in.Edge.Target)
	fmt.Fprintf(&b, "Connect: %sreturn %s%sIn(keys...)).%s(parent).Exec(ctx)\n},\n", signature, update, ids, e.Ref.MutationSet())
	if in.Nullable {
		fmt.Fprintf(&b, "Disconnect: %sreturn %s%sIn(keys...), %s).%s().Exec(ctx)\n},\n", signature, update, ids, parent, e.Ref.MutationClear())
		fmt.Fprintf(&b, "Keep: %sreturn %s%sNotIn(keys...), %s, to%s.Entity.Where(access.Update, access.FromContext(ctx))).%s().Exec(ctx)\n},\n",
			signature, update, ids, parent, in.Edge.Target, e.Ref.MutationClear())
	}
	b.WriteString("})")
	return b.String()
}

// children are the packages of the entities whose rows a list input changes.
func children(data any) []string {
	n := unwrap(data)
	set := make(map[string]bool)
	for _, in := range n.Inputs {
		if in.list() && in.Edge.Kind == entity.ToMany && in.entEdge.Type != n.Type {
			set[in.entEdge.Type.PackageDir()] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// parsers turn coerced GraphQL values into Go values of the setter's type.
var parsers = map[entity.Type]string{
	entity.Int:      "input.Int",
	entity.BigInt:   "input.BigInt",
	entity.Decimal:  "scalar.UnmarshalDecimal",
	entity.Float:    "input.Float",
	entity.Boolean:  "input.Bool",
	entity.String:   "input.String",
	entity.DateTime: "scalar.UnmarshalDateTime",
	entity.Date:     "scalar.UnmarshalDate",
	entity.JSON:     "input.JSON",
	entity.Bytes:    "scalar.UnmarshalBytes",
	entity.UUID:     "scalar.UnmarshalUUID",
}

// basicParsers give what the database driver takes, for Go types of the application's own choice.
var basicParsers = map[entity.Type]string{
	entity.Int:      "input.Int[int64]",
	entity.BigInt:   "input.BigInt[int64]",
	entity.Decimal:  "scalar.UnmarshalDecimal",
	entity.Float:    "input.Float[float64]",
	entity.Boolean:  "input.Bool[bool]",
	entity.String:   "input.String[string]",
	entity.DateTime: "scalar.UnmarshalDateTime",
	entity.Date:     "scalar.UnmarshalDate",
	entity.JSON:     "input.JSON[json.RawMessage]",
	entity.Bytes:    "scalar.UnmarshalBytes",
	entity.UUID:     "input.UUIDText",
}

func (n *node) softDeleteSetter() string {
	for _, f := range n.Type.Fields {
		if f.Name == n.SoftDelete.Schema {
			return f.MutationSet()
		}
	}
	panic("soft delete without a field")
}
