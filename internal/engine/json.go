package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// The bounds of a condition on JSON: the steps of a path, how deep a value is nested, and the digits of a number as Postgres
// would write them out.
const (
	maxJSONPath   = 50
	maxJSONDepth  = 100
	maxJSONDigits = 10_000
)

// jsonTest is one condition on a JSON field or on a value inside it.
type jsonTest struct {
	field *entity.Field
	path  []string
	op    entity.Operator
	// value is what is compared with: a bool for IsNull, a string for operators on texts, otherwise JSON, of In and NotIn
	// a list of texts of JSON.
	value  any
	number bool // of Lt to Gte: whether the value is a number, not a text
	length []test
}

// json checks the conditions on one JSON field.
func (r *whereResolver) json(tests []jsonTest, f *entity.Field, ops map[string]any, at []any) ([]jsonTest, error) {
	var path []string
	if v, given := ops["path"]; given {
		at := extend(at, "path")
		if v == nil {
			return nil, nullBelow(at, "path")
		}
		steps := asList(v)
		if len(steps) > maxJSONPath {
			return nil, tooMuch(at, maxJSONPath, "path must not have more than %d steps.")
		}
		for i, step := range steps {
			text, err := jsonText(step)
			if err != nil {
				return nil, badPath(extend(at, i), apierr.InvalidFormat, "path "+err.Error()+".")
			}
			path = append(path, text)
		}
	}
	if v, given := ops["length"]; given {
		at := extend(at, "length")
		m, _ := v.(map[string]any)
		if m == nil {
			return nil, nullBelow(at, "length")
		}
		length, err := r.operators(nil, rowCount, m, at)
		if err != nil {
			return nil, err
		}
		tests = append(tests, jsonTest{field: f, path: path, length: length})
	}
	for _, op := range f.Type.Operators() {
		v, given := ops[string(op)]
		if !given {
			continue
		}
		at := extend(at, string(op))
		if v == nil {
			return nil, nullBelow(at, string(op))
		}
		if err := r.count(at); err != nil {
			return nil, err
		}
		t := jsonTest{field: f, path: path, op: op}
		var err error
		switch {
		case op == entity.IsNull:
			t.value = v
		case op.Text():
			t.value, err = jsonText(v)
		case op.List():
			list := asList(v)
			if len(list) > r.cfg.MaxWhereValues {
				return nil, tooMuch(at, r.cfg.MaxWhereValues, string(op)+" must not hold more than %d values.")
			}
			texts := make([]any, len(list))
			for i, item := range list {
				if texts[i], err = jsonValue(item); err != nil {
					return nil, badPath(extend(at, i), apierr.InvalidFormat, string(op)+" "+err.Error()+".")
				}
			}
			t.value = texts
		case op == entity.Eq, op == entity.Ne, op == entity.Has:
			t.value, err = jsonValue(v)
		default: // Lt to Gte
			if _, text := v.(string); text {
				t.value, err = jsonText(v)
			} else if t.value, err = jsonValue(v); err == nil && !isNumber(v) {
				err = errors.New("must be a number or a text")
			}
			t.number = isNumber(v)
		}
		if err != nil {
			return nil, badPath(at, apierr.InvalidFormat, string(op)+" "+err.Error()+".")
		}
		tests = append(tests, t)
	}
	return tests, nil
}

func isNumber(v any) bool {
	switch v.(type) {
	case json.Number, int64, float64:
		return true
	}
	return false
}

func jsonText(v any) (string, error) {
	s, ok := v.(string)
	if !ok || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return "", errors.New("must be a text without NUL characters")
	}
	return s, nil
}

// jsonValue returns the JSON of a value that both databases can hold.
func jsonValue(v any) (string, error) {
	if err := holdable(v, 1); err != nil {
		return "", err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", errors.New("must be JSON")
	}
	return string(b), nil
}

func holdable(v any, depth int) error {
	if depth > maxJSONDepth {
		return fmt.Errorf("must not be nested more than %d deep", maxJSONDepth)
	}
	switch v := v.(type) {
	case string:
		_, err := jsonText(v)
		return err
	case json.Number:
		mantissa, exponent, _ := strings.Cut(strings.ToLower(v.String()), "e")
		n, err := strconv.Atoi(exponent)
		if exponent != "" && err != nil || len(mantissa)+max(n, -n) > maxJSONDigits {
			return fmt.Errorf("must not hold a number of more than %d digits", maxJSONDigits)
		}
	case []any:
		for _, item := range v {
			if err := holdable(item, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range v {
			if err := cmp.Or(holdable(key, depth), holdable(item, depth+1)); err != nil {
				return err
			}
		}
	}
	return nil
}

// jsonTest writes a condition on a JSON value. A value of another kind than the operator is about does not match, and what is
// not there is no value, as is JSON's null.
func (s *statement) jsonTest(t jsonTest, alias string) {
	if t.op == entity.Ne || t.op == entity.NotIn {
		t.op = map[entity.Operator]entity.Operator{entity.Ne: entity.Eq, entity.NotIn: entity.In}[t.op]
		s.WriteSQL("(")
		s.jsonTest(t, alias)
		s.WriteSQL(") IS NOT TRUE")
		return
	}
	if !s.postgres {
		s.jsonTestSQLite(t, alias)
		return
	}
	at := func() { s.jsonAt(t, alias) }
	// kind writes a test for values of one kind only. CASE keeps Postgres from evaluating it for others.
	kind := func(name string, test func()) {
		s.WriteSQL("CASE jsonb_typeof(")
		at()
		s.WriteSQL(") WHEN '" + name + "' THEN ")
		test()
		s.WriteSQL(" END")
	}
	text := func() {
		at()
		s.WriteSQL(` #>> '{}'`)
	}
	value := func(cast string) {
		s.WriteArg(t.value)
		s.WriteSQL("::" + cast)
	}
	switch {
	case t.length != nil:
		s.jsonLength(t, func() { kind("array", func() { s.WriteSQL("jsonb_array_length("); at(); s.WriteSQL(")") }) })
	case t.op == entity.IsNull:
		s.WriteSQL("COALESCE(")
		at()
		s.WriteSQL(", 'null') " + map[bool]string{true: "=", false: "<>"}[t.value.(bool)] + " 'null'")
	case t.op == entity.Eq:
		at()
		s.WriteSQL(" = ")
		value("jsonb")
	case t.op == entity.In:
		at()
		s.writeIn(t.value.([]any), "jsonb")
	case t.op == entity.Has:
		s.WriteSQL("EXISTS (SELECT 1 FROM jsonb_array_elements(")
		kind("array", at)
		s.WriteSQL(") j(v) WHERE j.v = ")
		value("jsonb")
		s.WriteSQL(")")
	case t.op == entity.HasKey:
		kind("object", func() {
			s.WriteSQL("jsonb_exists(")
			at()
			s.WriteSQL(", ")
			value("text")
			s.WriteSQL(")")
		})
	case t.op.Text():
		kind("string", func() {
			s.test(test{field: t.field, op: t.op, value: t.value}, func() { s.WriteSQL("("); text(); s.WriteSQL(")") })
		})
	default: // Lt to Gte
		operator := map[entity.Operator]string{entity.Lt: " < ", entity.Lte: " <= ", entity.Gt: " > ", entity.Gte: " >= "}[t.op]
		if t.number {
			kind("number", func() {
				s.WriteSQL("(")
				text()
				s.WriteSQL(")::numeric" + operator)
				value("numeric")
			})
		} else {
			kind("string", func() {
				s.WriteSQL("(")
				text()
				s.WriteSQL(`) COLLATE "C"` + operator)
				value("text")
			})
		}
	}
}

// jsonAt writes the value to which the path leads, on Postgres.
func (s *statement) jsonAt(t jsonTest, alias string) {
	s.WriteSQL("(")
	s.WriteColumn(alias, t.field.Column)
	if t.field.DBType == "json" { // has no equality
		s.WriteSQL("::jsonb")
	}
	if len(t.path) > 0 {
		steps := make([]any, len(t.path))
		for i, step := range t.path {
			steps[i] = step
		}
		s.WriteSQL(" #> ")
		s.WriteArg(arrayLiteral(steps))
		s.WriteSQL("::text[]")
	}
	s.WriteSQL(")")
}

func (s *statement) jsonLength(t jsonTest, write func()) {
	s.WriteSQL("(1=1")
	for _, test := range t.length {
		s.WriteSQL(" AND ")
		s.test(test, func() { s.WriteSQL("("); write(); s.WriteSQL(")") })
	}
	s.WriteSQL(")")
}

// jsonTestSQLite writes a call of our own functions, which package store gives to SQLite.
func (s *statement) jsonTestSQLite(t jsonTest, alias string) {
	var path string
	if len(t.path) > 0 {
		b, _ := json.Marshal(t.path) // texts always have a JSON form
		path = string(b)
	}
	call := func(name string, more ...any) {
		s.WriteSQL("entwine_json_" + name + "(")
		s.WriteColumn(alias, t.field.Column)
		for _, v := range append([]any{path}, more...) {
			s.WriteSQL(", ")
			s.WriteArg(v)
		}
		s.WriteSQL(")")
	}
	operand := "null"
	switch {
	case t.length != nil:
		s.jsonLength(t, func() { call("length") })
		return
	case t.op == entity.IsNull:
		if !t.value.(bool) {
			s.WriteSQL("NOT ")
		}
	case t.op == entity.In:
		texts := make([]string, len(t.value.([]any)))
		for i, v := range t.value.([]any) {
			texts[i] = v.(string)
		}
		operand = "[" + strings.Join(texts, ",") + "]"
	case t.op.Text(), t.op != entity.Eq && t.op != entity.Has && !t.number:
		b, _ := json.Marshal(t.value)
		operand = string(b)
	default:
		operand = t.value.(string)
	}
	call("test", string(t.op), operand)
}
