package store

import (
	"cmp"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"modernc.org/sqlite"
)

// registerJSON gives SQLite the functions that conditions on JSON columns use, which answer as Postgres' jsonb does:
// numbers are compared exactly whatever their spelling, objects whatever the order of their members.
//
//	entwine_json_test(document, path, operator, operand) → 1, 0 or NULL
//	entwine_json_length(document, path) → how many elements the list has, NULL if it is none
//
// path and operand are JSON: an array of texts, and what the operator compares with. SQLite's own functions know numbers as
// 64-bit floating point and texts of documents as they were written.
var registerJSON = sync.OnceValue(func() error {
	err := sqlite.RegisterDeterministicScalarFunction("entwine_json_test", 4, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		v, found, err := jsonAt(args[0], args[1])
		if err != nil {
			return nil, err
		}
		op, _ := args[2].(string)
		text, _ := args[3].(string)
		want, err := decodeJSON(text)
		if err != nil {
			return nil, fmt.Errorf("operand: %w", err)
		}
		holds, known := jsonTest(op, v, found, want)
		if !known {
			return nil, nil
		}
		return holds, nil
	})
	if err != nil {
		return err
	}
	return sqlite.RegisterDeterministicScalarFunction("entwine_json_length", 2, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		v, _, err := jsonAt(args[0], args[1])
		if list, ok := v.([]any); ok && err == nil {
			return int64(len(list)), nil
		}
		return nil, err
	})
})

func decodeJSON(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// jsonAt follows the path into the document.
func jsonAt(document, path driver.Value) (v any, found bool, err error) {
	var text string
	switch d := document.(type) {
	case nil:
		return nil, false, nil
	case string:
		text = d
	case []byte:
		text = string(d)
	default:
		// A column of the type json keeps a document that is one number as a number.
		text = fmt.Sprint(d)
	}
	if v, err = decodeJSON(text); err != nil {
		return nil, false, fmt.Errorf("document: %w", err)
	}
	var steps []string
	if p, _ := path.(string); p != "" {
		if err := json.Unmarshal([]byte(p), &steps); err != nil {
			return nil, false, fmt.Errorf("path: %w", err)
		}
	}
	for _, step := range steps {
		switch at := v.(type) {
		case map[string]any:
			if v, found = at[step]; !found {
				return nil, false, nil
			}
		case []any:
			i, ok := position(step, len(at))
			if !ok {
				return nil, false, nil
			}
			v = at[i]
		default:
			return nil, false, nil
		}
	}
	return v, true, nil
}

// position reads a position in a list as Postgres does: negative ones count from the end.
func position(step string, length int) (i int, ok bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(step, " \t\n\v\f\r"), 10, 32)
	i = int(n)
	if i < 0 {
		i += length
	}
	return i, err == nil && i >= 0 && i < length
}

// jsonTest says whether the operator holds; it is not known for a value of another kind than the operator is about.
func jsonTest(op string, v any, found bool, want any) (holds, known bool) {
	switch op {
	case "isNull":
		return !found || v == nil, true
	case "eq":
		return found && sameJSON(v, want), found
	case "in":
		list, _ := want.([]any)
		for _, w := range list {
			holds = holds || found && sameJSON(v, w)
		}
		return holds, found
	case "has":
		list, ok := v.([]any)
		for _, item := range list {
			holds = holds || sameJSON(item, want)
		}
		return holds, ok
	case "hasKey":
		members, ok := v.(map[string]any)
		key, _ := want.(string)
		_, holds = members[key]
		return holds, ok
	case "lt", "lte", "gt", "gte":
		order, ok := orderJSON(v, want)
		switch op {
		case "lt":
			holds = order < 0
		case "lte":
			holds = order <= 0
		case "gt":
			holds = order > 0
		case "gte":
			holds = order >= 0
		}
		return holds, ok
	}
	text, ok := v.(string)
	part, _ := want.(string)
	if kind, fold := strings.CutSuffix(op, "Fold"); fold {
		op = kind
		lower := cases.Lower(language.Und) // as entwine_lower
		text, part = lower.String(text), lower.String(part)
	}
	switch op {
	case "contains":
		holds = strings.Contains(text, part)
	case "startsWith":
		holds = strings.HasPrefix(text, part)
	case "endsWith":
		holds = strings.HasSuffix(text, part)
	case "eq":
		holds = text == part
	default:
		ok = false
	}
	return holds, ok
}

// orderJSON compares two numbers or two texts, those by code point.
func orderJSON(a, b any) (order int, ok bool) {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return compareNumbers(a.String(), b.String()), ok
	case string:
		b, ok := b.(string)
		return cmp.Compare(a, b), ok
	}
	return 0, false
}

func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !sameJSON(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key := range a {
			other, ok := b[key]
			if !ok || !sameJSON(a[key], other) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && compareNumbers(a.String(), b.String()) == 0
	}
	return a == b
}
