package engine

import (
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// The bounds of a where argument.
const (
	maxWhereDepth      = 5
	maxWherePredicates = 100 // tests, and the elements of and, or and not
	maxWhereValues     = 500
)

// condition is a checked where argument: all of its parts must hold.
type condition struct {
	tests []test
	and   []*condition
	or    []*condition
	hasOr bool // or was given; an empty one is false
	not   *condition
}

// test is one operator on one field, with the value to bind.
type test struct {
	field *entity.Field
	op    string
	value any
}

// resolveWhere checks a where argument.
func resolveWhere(e *entity.Entity, where map[string]any) (*condition, error) {
	r := whereResolver{entity: e}
	return r.object(where, []any{"where"}, 1)
}

type whereResolver struct {
	entity     *entity.Entity
	predicates int
}

// count refuses what would make a statement longer than databases can parse.
func (r *whereResolver) count(path []any) error {
	if r.predicates++; r.predicates > maxWherePredicates {
		return tooMuch(path, maxWherePredicates, "where must not hold more than %d conditions.")
	}
	return nil
}

func (r *whereResolver) object(where map[string]any, path []any, depth int) (*condition, error) {
	if depth > maxWhereDepth {
		return nil, tooMuch(path, maxWhereDepth, "where must not be nested more than %d deep.")
	}
	if where == nil {
		return nil, badPath(path, apierr.Invalid, "where must not hold a null.")
	}
	c := &condition{}
	// The order of the schema, not of the map, so that equal conditions give equal statements and errors.
	for _, f := range r.entity.Fields {
		v, given := where[f.Name]
		if !given || f.Hidden || !f.Filter {
			continue
		}
		at := extend(path, f.Name)
		ops, _ := v.(map[string]any)
		if ops == nil {
			return nil, nullBelow(at, f.Name)
		}
		if err := r.operators(c, f, ops, at); err != nil {
			return nil, err
		}
	}
	for _, key := range [...]string{"and", "or"} {
		v, given := where[key]
		if !given {
			continue
		}
		at := extend(path, key)
		if v == nil {
			return nil, nullBelow(at, key)
		}
		for i, item := range asList(v) {
			at := extend(at, i)
			if err := r.count(at); err != nil {
				return nil, err
			}
			m, _ := item.(map[string]any)
			sub, err := r.object(m, at, depth+1)
			if err != nil {
				return nil, err
			}
			if key == "and" {
				c.and = append(c.and, sub)
			} else {
				c.or = append(c.or, sub)
			}
		}
		c.hasOr = c.hasOr || key == "or"
	}
	if v, given := where["not"]; given {
		at := extend(path, "not")
		m, _ := v.(map[string]any)
		if m == nil {
			return nil, nullBelow(at, "not")
		}
		err := r.count(at)
		if err != nil {
			return nil, err
		}
		if c.not, err = r.object(m, at, depth+1); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (r *whereResolver) operators(c *condition, f *entity.Field, ops map[string]any, path []any) error {
	for _, op := range [...]string{"eq", "in", "isNull"} {
		v, given := ops[op]
		if !given {
			continue
		}
		at := extend(path, op)
		if v == nil {
			return nullBelow(at, op)
		}
		if err := r.count(at); err != nil {
			return err
		}
		t := test{field: f, op: op, value: v}
		switch op {
		case "eq":
			value, err := filterValue(f, v)
			if err != nil {
				return badPath(at, apierr.InvalidFormat, op+" "+err.Error()+".")
			}
			t.value = value
		case "in":
			list := asList(v)
			if len(list) > maxWhereValues {
				return tooMuch(at, maxWhereValues, "in must not hold more than %d values.")
			}
			values := make([]any, len(list))
			for i, item := range list {
				value, err := filterValue(f, item)
				if err != nil {
					return badPath(extend(at, i), apierr.InvalidFormat, "in "+err.Error()+".")
				}
				values[i] = value
			}
			t.value = values
		}
		c.tests = append(c.tests, t)
	}
	return nil
}

// extend returns the path with one step more. Siblings share the path, so that it is copied.
func extend(path []any, step any) []any { return append(slices.Clip(path), step) }

func nullBelow(path []any, name string) error {
	return badPath(path, apierr.Invalid, name+" must not be null; use isNull to look for nulls.")
}

func tooMuch(path []any, limit int, format string) error {
	message := fmt.Sprintf(format, limit)
	return apierr.Input(message, apierr.Field{Path: path, Code: apierr.OutOfRange, Message: message, Limit: limit})
}

// asList coerces a single value to a list, as GraphQL does.
func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// writeComposite is for the id of an entity whose key has several columns, none of which is ever null.
func (t test) writeComposite(s *statement, alias string) {
	keys := []any{t.value}
	switch t.op {
	case "isNull":
		keys = nil
	case "in":
		keys = t.value.([]any)
	}
	switch {
	case t.op == "isNull" && !t.value.(bool):
		s.WriteSQL("1=1")
	case len(keys) == 0:
		s.WriteSQL("1=0")
	default:
		e := t.field.Owner()
		s.writeKeys(alias, e, primaryKey(e), keys)
	}
}

// write writes the condition for the rows under alias. It may be null, which counts as false; "not" is therefore written
// so that it turns null into true.
func (c *condition) write(s *statement, alias string) {
	n := 0
	next := func() {
		if n++; n > 1 {
			s.WriteSQL(" AND ")
		}
	}
	s.WriteSQL("(")
	for _, t := range c.tests {
		next()
		if t.field.Column == "" {
			t.writeComposite(s, alias)
			continue
		}
		s.WriteColumn(alias, t.field.Column)
		switch t.op {
		case "eq":
			s.WriteSQL(" = ")
			s.WriteArg(t.value)
		case "in":
			s.writeIn(t.value.([]any), pgType(t.field))
		case "isNull":
			if t.value.(bool) {
				s.WriteSQL(" IS NULL")
			} else {
				s.WriteSQL(" IS NOT NULL")
			}
		}
	}
	for _, sub := range c.and {
		next()
		sub.write(s, alias)
	}
	if c.hasOr {
		next()
		s.WriteSQL("(1=0")
		for _, sub := range c.or {
			s.WriteSQL(" OR ")
			sub.write(s, alias)
		}
		s.WriteSQL(")")
	}
	if c.not != nil {
		next()
		c.not.write(s, alias)
		s.WriteSQL(" IS NOT TRUE")
	}
	if n == 0 {
		s.WriteSQL("1=1")
	}
	s.WriteSQL(")")
}
