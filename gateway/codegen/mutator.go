package codegen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// targets are the names of the entities that inputs and links refer to.
func targets(data any) []string {
	set := make(map[string]bool)
	n := unwrap(data)
	for _, in := range n.Inputs {
		if in.Field != nil && in.Field.Type == entity.ID {
			set[n.Name] = true
		}
		if in.Edge != nil && (!in.Along || in.sets()) {
			set[in.Edge.Target] = true
		}
		if in.sets() && in.Edge.Kind != entity.ManyToMany {
			set[n.Name] = true
		}
	}
	for _, in := range n.linked() {
		set[in.Edge.Target] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// sets says whether the ids that the input of an edge holds are set by the ORM's mutation of its owner.
func (in *input) sets() bool { return in.Along && in.Connect && in.Links == nil }

// linked are the inputs whose edges can be made to lead to rows that are written along with their owner: foreign keys, and
// lists with a join table.
func (n *node) linked() []*input {
	var all []*input
	for _, in := range n.Inputs {
		if in.Edge == nil || in.Edge.Kind == entity.ToOne && in.Along || in.Links != nil {
			continue
		}
		if in.Edge.Kind == entity.ToOne || in.Edge.Kind == entity.ManyToMany && in.Create {
			all = append(all, in)
		}
	}
	return all
}

// linkCall makes one edge lead to rows with given keys.
func linkCall(data any, in *input) string {
	function, set := "LinkOne", in.entEdge.MutationSet()
	switch {
	case in.Edge.List():
		function, set = "LinkAll", in.entEdge.MutationAdd()
	case in.entField != nil:
		set = in.entField.MutationSet()
	}
	return fmt.Sprintf("input.%s(to%s, keys, m.%s)", function, in.Edge.Target, set)
}

// databaseDefaults are the fields for which the database has a default.
func databaseDefaults(data any) []string {
	var names []string
	for _, f := range unwrap(data).Type.Fields {
		if a := f.EntSQL(); a != nil && (a.Default != "" || a.DefaultExpr != "" || len(a.DefaultExprs) > 0) {
			names = append(names, f.Name)
		}
	}
	return names
}

// setCall hands one value of an input to the setter of the mutation. Inputs that lead to rows which the engine writes need
// none.
func setCall(data any, in *input) string {
	n := unwrap(data)
	pkg := "ent" + n.Type.PackageDir()
	clear := "nil"
	switch {
	case in.Along && !in.sets():
		return ""
	case in.Along && in.Edge.Kind != entity.ManyToMany:
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

// setChildren changes the foreign keys of the rows behind an edge.
func setChildren(n *node, in *input) string {
	e := in.entEdge
	idType := e.Type.ID.Type.String()
	parent := fmt.Sprintf("sql.FieldEQ(%q, parent)", in.Edge.Column)
	update := "client." + e.Type.Name + ".Update().Where("
	signature := fmt.Sprintf("func(ctx context.Context, parent %s, keys []%s) error {\n", n.Type.ID.Type, idType)
	ids := "ent" + e.Type.PackageDir() + ".ID"
	var b strings.Builder
	call := fmt.Sprintf("SetChildren(v, %q, ", in.Name)
	if !in.list() {
		call = fmt.Sprintf("SetChild(v, %q, m.Op().Is(ent.OpCreate), ", in.Name)
	}
	fmt.Fprintf(&b, "input.%sinput.Children[%s, %s]{\nParent: to%s, Target: to%s,\n", call, n.Type.ID.Type, idType, n.Name, in.Edge.Target)
	fmt.Fprintf(&b, "Connect: %sreturn %s%sIn(keys...)).%s(parent).Exec(ctx)\n},\n", signature, update, ids, e.Ref.MutationSet())
	if in.Nullable {
		if in.list() {
			fmt.Fprintf(&b, "Disconnect: %sreturn %s%sIn(keys...), %s).%s().Exec(ctx)\n},\n", signature, update, ids, parent, e.Ref.MutationClear())
		}
		fmt.Fprintf(&b, "Keep: %sreturn %s%sNotIn(keys...), %s, to%s.Entity.Where(access.Update, access.FromContext(ctx))).%s().Exec(ctx)\n},\n",
			signature, update, ids, parent, in.Edge.Target, e.Ref.MutationClear())
	}
	b.WriteString("})")
	return b.String()
}

// children are the packages of the entities whose rows an edge's input changes.
func children(data any) []string {
	n := unwrap(data)
	set := make(map[string]bool)
	for _, in := range n.Inputs {
		if in.sets() && in.Edge.Kind != entity.ManyToMany && in.entEdge.Type != n.Type {
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
