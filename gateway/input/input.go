// Package input carries the values of a GraphQL input object into a mutation of the application's ORM. Generated mutators
// name each value and the setter that takes it; what is wrong with the values is collected here, so that a client hears of
// all of it at once.
package input

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Values is an input object that is being read. It is for one goroutine.
type Values struct {
	entity *entity.Entity
	in     entity.Input
	draft  *entity.Draft
}

// Read starts reading the input of a mutation of e into a draft.
func Read(e *entity.Entity, in entity.Input, m entity.GuardedMutation) *Values {
	return &Values{entity: e, in: in, draft: &entity.Draft{Mutation: m}}
}

// Draft ends the reading. Link is [entity.Draft.Link].
func (v *Values) Draft(link func(edge string, keys []any) error) *entity.Draft {
	v.draft.Link = link
	return v.draft
}

func (v *Values) fail(code apierr.FieldCode, message string, path ...any) {
	v.fault(apierr.Field{Path: path, Code: code, Message: message})
}

func (v *Values) fault(f apierr.Field) { v.draft.Faults = append(v.draft.Faults, f) }

// field finds a field by its name in the API. Inputs have fields that output does not show, such as passwords.
func (v *Values) field(name string) *entity.Field {
	for _, f := range v.entity.Fields {
		if f.Name == name {
			return f
		}
	}
	panic("input: " + v.entity.Name + " has no field " + name)
}

// take answers absent and null values; ok says that there is a value to parse.
func (v *Values) take(name string, clear func()) (value any, ok bool) {
	value, given := v.in[name]
	switch {
	case !given:
		return nil, false
	case value != nil:
		return value, true
	case clear == nil:
		v.fail(apierr.Required, "cannot be null", name)
	default:
		clear()
	}
	return nil, false
}

// Set hands the value of a field to set, after parse and validators accepted it. A null goes to clear, or is a fault
// where clear is nil. Validators are the schema's own; of their errors only those that ent makes reach the client.
func Set[T any](v *Values, name string, parse func(any) (T, error), set func(T), clear func(), validators ...func(T) error) {
	raw, ok := v.take(name, clear)
	if !ok {
		return
	}
	value, err := parse(raw)
	if err != nil {
		v.failed(err, name)
		return
	}
	if text, ok := any(value).(string); ok {
		if limit := v.field(name).MaxLen; limit > 0 && utf8.RuneCountInString(text) > limit {
			v.fault(apierr.Field{Path: []any{name}, Code: apierr.TooLong, Message: "is too long", Limit: limit})
			return
		}
	}
	for _, validate := range validators {
		if err := validate(value); err != nil {
			v.failed(err, name)
			return
		}
	}
	set(value)
}

// SetEnum is [Set] for a field whose API names differ from its stored spellings.
func SetEnum[T ~string](v *Values, name string, set func(T), clear func()) {
	raw, ok := v.take(name, clear)
	if !ok {
		return
	}
	f := v.field(name)
	for _, value := range f.Enum {
		if value.Name == raw {
			set(T(value.Stored))
			return
		}
	}
	v.fail(apierr.InvalidFormat, "is not one of the values of "+f.GraphQL, name)
}

// failed records why a parser or a validator refused a value.
func (v *Values) failed(err error, name string) {
	f := refusal(err)
	f.Path = []any{name}
	v.fault(f)
}

// refusal says to a client what an error of a parser or a validator means. The text of other errors is not shown: it
// may come from anywhere.
func refusal(err error) apierr.Field {
	if e, ok := errors.AsType[*apierr.Error](err); ok {
		if len(e.Fields) > 0 {
			return apierr.Field{Code: e.Fields[0].Code, Message: e.Fields[0].Message, Limit: e.Fields[0].Limit}
		}
		return apierr.Field{Code: apierr.Invalid, Message: e.Message}
	}
	switch text := err.Error(); {
	case strings.Contains(text, "greater than the required"):
		return apierr.Field{Code: apierr.TooLong, Message: "is too long"}
	case strings.Contains(text, "less than the required"):
		return apierr.Field{Code: apierr.Invalid, Message: "is too short"}
	case strings.Contains(text, "out of range"):
		return apierr.Field{Code: apierr.OutOfRange, Message: "is out of range"}
	case strings.Contains(text, "does not match"):
		return apierr.Field{Code: apierr.InvalidFormat, Message: "does not have the right form"}
	case strings.Contains(text, "missing required"):
		return apierr.Field{Code: apierr.Required, Message: "is required"}
	}
	return apierr.Field{Code: apierr.Invalid, Message: "is not valid"}
}

// Refused turns an ORM's complaint about one field or edge, by its name in the ent schema, into an error for the client, whose
// path begins in the input object. Hooks cause such complaints; what clients send was checked before.
func Refused(e *entity.Entity, schemaName string, err error) error {
	name := schemaName
	if f := e.SchemaField(schemaName); f != nil {
		name = f.Name
	} else if ed := e.SchemaEdge(schemaName); ed != nil {
		name = ed.Name
		if ed.Input != "" {
			name = ed.Input
		}
	}
	f := refusal(err)
	f.Path = []any{name}
	return apierr.Input(name+" "+f.Message+".", f)
}

func malformed(want string) error {
	return apierr.Input("Malformed value.", apierr.Field{Code: apierr.InvalidFormat, Message: "must be " + want})
}

// String parses text. Databases can hold neither a NUL character nor bytes that are not UTF-8.
func String[T ~string](v any) (T, error) {
	s, ok := v.(string)
	if !ok || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return "", malformed("a text without NUL characters")
	}
	return T(s), nil
}

// Bool parses a truth value.
func Bool[T ~bool](v any) (T, error) {
	b, ok := v.(bool)
	if !ok {
		return false, malformed("true or false")
	}
	return T(b), nil
}

// Float parses a number.
func Float[T ~float32 | ~float64](v any) (T, error) {
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case int64:
		f = float64(v)
	case json.Number:
		var err error
		if f, err = v.Float64(); err != nil {
			return 0, malformed("a number")
		}
	default:
		return 0, malformed("a number")
	}
	if math.IsInf(f, 0) || math.IsNaN(f) || math.IsInf(float64(T(f)), 0) {
		return 0, apierr.Input("Value out of range.", apierr.Field{Code: apierr.OutOfRange, Message: "is out of range"})
	}
	return T(f), nil
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Int parses GraphQL's Int: 32 bits, and no more than fit into T.
func Int[T integer](v any) (T, error) {
	n, err := integral(v)
	if err != nil {
		return 0, err
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, outOfRange()
	}
	return fit[T](n)
}

// BigInt parses the BigInt scalar: digits in a string, or a number, no more than fit into T and into 64 bits with a sign.
func BigInt[T integer](v any) (T, error) {
	if s, ok := v.(string); ok {
		v = json.Number(s)
	}
	n, err := integral(v)
	if err != nil {
		return 0, err
	}
	return fit[T](n)
}

func fit[T integer](n int64) (T, error) {
	t := T(n)
	if int64(t) != n || (t < 0) != (n < 0) {
		return 0, outOfRange()
	}
	return t, nil
}

func outOfRange() error {
	return apierr.Input("Value out of range.", apierr.Field{Code: apierr.OutOfRange, Message: "is out of range"})
}

func integral(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case json.Number:
		n, err := v.Int64()
		if err == nil {
			return n, nil
		}
		if strings.Trim(v.String(), "-0123456789") == "" && v != "" {
			return 0, outOfRange()
		}
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
	}
	return 0, malformed("an integer")
}

// JSON parses any JSON value that fits into T.
func JSON[T any](v any) (T, error) {
	var t T
	if value, ok := v.(T); ok && reflect.TypeFor[T]().Kind() == reflect.Interface {
		return value, nil
	}
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil {
		return t, malformed("JSON of the shape that the field holds")
	}
	return t, nil
}
