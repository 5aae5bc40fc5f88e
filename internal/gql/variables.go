package gql

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// coerceVariables brings the variables of a request into the form that their types ask for, as the specification's
// CoerceVariableValues does. gqlparser's own function takes strings for numbers and enum values in any letter case, does
// not bound Int, and leaves the defaults of input objects out.
//
// Values come out as nil, bool, int64 (Int), float64 (Float), string (String, ID, enums), []any and map[string]any; custom
// scalars keep what the JSON held, numbers as json.Number. A variable that is not given and has no default is absent. The result may
// be given itself.
func coerceVariables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, *gqlerror.Error) {
	if finished(op.VariableDefinitions, given) {
		return given, nil
	}
	out := make(map[string]any, len(op.VariableDefinitions))
	for _, def := range op.VariableDefinitions {
		value, ok := given[def.Variable]
		switch {
		case !ok && def.DefaultValue != nil:
			value = constant(def.DefaultValue)
		case !ok && def.Type.NonNull:
			return nil, badVariable(def, apierr.Required, nil, "is required")
		case !ok:
			continue
		}
		c := coercion{schema: schema}
		coerced := c.value(def.Type, value)
		if c.problem != "" {
			slices.Reverse(c.path)
			return nil, badVariable(def, c.code, c.path, c.problem)
		}
		out[def.Variable] = coerced
	}
	return out, nil
}

// finished says whether nothing is to be done to any variable, as for a look-up by id.
func finished(definitions ast.VariableDefinitionList, given map[string]any) bool {
	if len(definitions) != len(given) {
		return false
	}
	for _, def := range definitions {
		switch given[def.Variable].(type) {
		case string:
			if t := def.Type.NamedType; t != "ID" && t != "String" {
				return false
			}
		case bool:
			if def.Type.NamedType != "Boolean" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func badVariable(def *ast.VariableDefinition, code apierr.FieldCode, path []any, problem string) *gqlerror.Error {
	where := "$" + def.Variable
	for _, step := range path {
		switch step := step.(type) {
		case int:
			where += "[" + strconv.Itoa(step) + "]"
		case string:
			where += "." + step
		}
	}
	e := requestError(apierr.BadUserInput, def.Position, "Variable %s %s.", shorten(where), problem)
	e.Extensions["fields"] = []apierr.Field{{Path: append([]any{def.Variable}, path...), Code: code, Message: problem}}
	return e
}

// coercion is the coercion of one variable. The first problem ends it.
type coercion struct {
	schema  *ast.Schema
	path    []any // to the problem, from there up to the variable
	problem string
	code    apierr.FieldCode
}

func (c *coercion) fail(code apierr.FieldCode, problem string) any {
	c.problem, c.code = problem, code
	return nil
}

func (c *coercion) value(typ *ast.Type, v any) any {
	if v == nil {
		if typ.NonNull {
			return c.fail(apierr.Required, "must not be null")
		}
		return nil
	}
	if typ.Elem != nil {
		items, ok := v.([]any)
		if !ok {
			// A single value stands for a list of one.
			return []any{c.value(typ.Elem, v)}
		}
		out := make([]any, len(items))
		for i, item := range items {
			if out[i] = c.value(typ.Elem, item); c.problem != "" {
				c.path = append(c.path, i)
				return nil
			}
		}
		return out
	}
	def := c.schema.Types[typ.NamedType]
	switch def.Kind {
	case ast.InputObject:
		return c.object(def, v)
	case ast.Enum:
		name, ok := v.(string)
		if !ok || def.EnumValues.ForName(name) == nil {
			return c.fail(apierr.Invalid, "must be a value of the enum "+def.Name)
		}
		return name
	default:
		return c.scalar(def.Name, v)
	}
}

func (c *coercion) object(def *ast.Definition, v any) any {
	fields, ok := v.(map[string]any)
	if !ok {
		return c.fail(apierr.Invalid, "must be an object of type "+def.Name)
	}
	out := make(map[string]any, len(fields))
	known := 0
	for _, f := range def.Fields {
		value, ok := fields[f.Name]
		switch {
		case ok:
			known++
			out[f.Name] = c.value(f.Type, value)
		case f.DefaultValue != nil:
			out[f.Name] = c.value(f.Type, constant(f.DefaultValue))
		case f.Type.NonNull:
			c.fail(apierr.Required, "is required")
		}
		if c.problem != "" {
			c.path = append(c.path, f.Name)
			return nil
		}
	}
	if known < len(fields) {
		c.path = append(c.path, unknown(def, fields))
		return c.fail(apierr.Invalid, "is not a field of the type "+def.Name)
	}
	if def.Directives.ForName("oneOf") != nil && !exactlyOne(out) {
		return c.fail(apierr.Invalid, "must have exactly one field, and not null")
	}
	return out
}

// unknown returns the first field, by name, that the type does not have.
func unknown(def *ast.Definition, fields map[string]any) string {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if def.Fields.ForName(name) == nil {
			return name
		}
	}
	return ""
}

func exactlyOne(fields map[string]any) bool {
	for _, v := range fields {
		return len(fields) == 1 && v != nil
	}
	return false
}

func (c *coercion) scalar(name string, v any) any {
	switch name {
	case "Boolean":
		if b, ok := v.(bool); ok {
			return b
		}
		return c.fail(apierr.Invalid, "must be a Boolean")
	case "String":
		if _, ok := v.(string); ok {
			return v
		}
		return c.fail(apierr.Invalid, "must be a String")
	case "ID":
		switch id := v.(type) {
		case string:
			return v
		case json.Number:
			if n, err := strconv.ParseInt(id.String(), 10, 64); err == nil {
				return strconv.FormatInt(n, 10)
			}
		}
		return c.fail(apierr.Invalid, "must be an ID")
	case "Int":
		n, ok := v.(json.Number)
		if !ok {
			return c.fail(apierr.Invalid, "must be an Int")
		}
		f, err := n.Float64()
		if err != nil || f != math.Trunc(f) {
			return c.fail(apierr.Invalid, "must be an Int")
		}
		if f < math.MinInt32 || f > math.MaxInt32 {
			return c.fail(apierr.OutOfRange, "must be an Int of 32 bits")
		}
		return int64(f)
	case "Float":
		n, ok := v.(json.Number)
		if !ok {
			return c.fail(apierr.Invalid, "must be a Float")
		}
		f, err := n.Float64()
		if err != nil {
			return c.fail(apierr.OutOfRange, "must be a Float of 64 bits")
		}
		return f
	default:
		return v
	}
}

// constant returns a literal without variables as JSON would have held it.
func constant(v *ast.Value) any {
	switch v.Kind {
	case ast.NullValue:
		return nil
	case ast.BooleanValue:
		return v.Raw == "true"
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw)
	case ast.ListValue:
		out := make([]any, len(v.Children))
		for i, child := range v.Children {
			out[i] = constant(child.Value)
		}
		return out
	case ast.ObjectValue:
		out := make(map[string]any, len(v.Children))
		for _, child := range v.Children {
			out[child.Name] = constant(child.Value)
		}
		return out
	default:
		return v.Raw
	}
}
