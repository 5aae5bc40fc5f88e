package engine

import (
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// condition is a checked where argument: all of its parts must hold.
type condition struct {
	tests []test
	json  []jsonTest
	edges []edgeTest
	and   []*condition
	or    []*condition
	hasOr bool // or was given; an empty one is false
	not   *condition
}

// test is one operator on one field, with the value to bind.
type test struct {
	field *entity.Field
	op    entity.Operator
	value any
}

// edgeTest is a condition on the rows behind an edge, as far as the viewer may read them.
type edgeTest struct {
	edge *entity.Edge
	// kind is "is" for a to-one edge, "isNull", "some", "none", "every" or "count".
	kind  string
	cond  *condition
	null  bool   // isNull: what is asked for
	tests []test // count
}

// resolveWhere checks a where argument.
func (x *Engine) resolveWhere(e *entity.Entity, where map[string]any, viewer access.Viewer) (*condition, error) {
	r := whereResolver{cfg: x.cfg, viewer: viewer}
	return r.object(e, where, []any{"where"}, 1)
}

// whereResolver checks one argument against the bounds of cfg, which keep statements from growing beyond what databases can
// parse.
type whereResolver struct {
	cfg        Config
	viewer     access.Viewer
	conditions int
}

func (r *whereResolver) count(path []any) error {
	if r.conditions++; r.conditions > r.cfg.MaxWhereConditions {
		return tooMuch(path, r.cfg.MaxWhereConditions, path[0].(string)+" must not hold more than %d conditions.")
	}
	return nil
}

// enter refuses a condition that is none, or that stands too deep.
func (r *whereResolver) enter(m map[string]any, path []any, depth int) error {
	if depth > r.cfg.MaxWhereDepth {
		return tooMuch(path, r.cfg.MaxWhereDepth, path[0].(string)+" must not be nested more than %d deep.")
	}
	if m == nil {
		return badPath(path, apierr.Invalid, path[0].(string)+" must not hold a null.")
	}
	return nil
}

func (r *whereResolver) object(e *entity.Entity, where map[string]any, path []any, depth int) (*condition, error) {
	if err := r.enter(where, path, depth); err != nil {
		return nil, err
	}
	c := &condition{}
	// The order of the schema, not of the map, so that equal conditions give equal statements and errors.
	for _, f := range e.Fields {
		v, given := where[f.Name]
		if !given || f.Hidden || !f.Filter {
			continue
		}
		at := extend(path, f.Name)
		err := use(e, f, r.viewer, at)
		if err != nil {
			return nil, err
		}
		ops, _ := v.(map[string]any)
		if ops == nil {
			return nil, nullBelow(at, f.Name)
		}
		if f.Type == entity.JSON {
			c.json, err = r.json(c.json, f, ops, at)
		} else {
			c.tests, err = r.operators(c.tests, f, ops, at)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, ed := range e.Edges {
		v, given := where[ed.Name]
		if !given {
			continue
		}
		at := extend(path, ed.Name)
		m, _ := v.(map[string]any)
		if m == nil {
			return nil, nullBelow(at, ed.Name)
		}
		if err := r.edge(c, ed, m, at, depth+1); err != nil {
			return nil, err
		}
	}
	return c, r.combine(c, where, path, func(sub map[string]any, path []any) (*condition, error) {
		return r.object(e, sub, path, depth+1)
	})
}

// combine resolves and, or and not, whose elements resolve takes.
func (r *whereResolver) combine(c *condition, m map[string]any, path []any, resolve func(map[string]any, []any) (*condition, error)) error {
	for _, key := range [...]string{"and", "or"} {
		v, given := m[key]
		if !given {
			continue
		}
		at := extend(path, key)
		if v == nil {
			return nullBelow(at, key)
		}
		for i, item := range asList(v) {
			at := extend(at, i)
			if err := r.count(at); err != nil {
				return err
			}
			element, _ := item.(map[string]any)
			sub, err := resolve(element, at)
			if err != nil {
				return err
			}
			if key == "and" {
				c.and = append(c.and, sub)
			} else {
				c.or = append(c.or, sub)
			}
		}
		c.hasOr = c.hasOr || key == "or"
	}
	v, given := m["not"]
	if !given {
		return nil
	}
	at := extend(path, "not")
	sub, _ := v.(map[string]any)
	if sub == nil {
		return nullBelow(at, "not")
	}
	err := r.count(at)
	if err == nil {
		c.not, err = resolve(sub, at)
	}
	return err
}

// edge resolves the condition on an edge: that of the target itself for a to-one edge, quantified ones for a list.
func (r *whereResolver) edge(c *condition, ed *entity.Edge, m map[string]any, path []any, depth int) error {
	if err := r.count(path); err != nil {
		return err
	}
	if !ed.List() {
		if v, given := m["isNull"]; given {
			null, ok := v.(bool)
			if !ok || len(m) > 1 {
				return badPath(extend(path, "isNull"), apierr.Invalid, "isNull must be true or false, and stand alone.")
			}
			c.edges = append(c.edges, edgeTest{edge: ed, kind: "isNull", null: null})
			return nil
		}
		sub, err := r.object(ed.To(), m, path, depth)
		if err != nil {
			return err
		}
		c.edges = append(c.edges, edgeTest{edge: ed, kind: "is", cond: sub})
		return nil
	}
	for _, kind := range [...]string{"some", "none", "every", "count"} {
		v, given := m[kind]
		if !given {
			continue
		}
		at := extend(path, kind)
		sub, _ := v.(map[string]any)
		if sub == nil {
			return nullBelow(at, kind)
		}
		t := edgeTest{edge: ed, kind: kind}
		var err error
		if kind == "count" {
			t.tests, err = r.operators(nil, rowCount, sub, at)
		} else {
			if err = r.count(at); err == nil {
				t.cond, err = r.object(ed.To(), sub, at, depth)
			}
		}
		if err != nil {
			return err
		}
		c.edges = append(c.edges, t)
	}
	return nil
}

// rowCount stands for the number of rows behind an edge where operators expect a field.
var rowCount = &entity.Field{Name: "count", Type: entity.Int}

func (r *whereResolver) operators(tests []test, f *entity.Field, ops map[string]any, path []any) ([]test, error) {
	for _, op := range f.Type.Operators() {
		v, given := ops[string(op)]
		if !given {
			continue
		}
		at := extend(path, string(op))
		if v == nil {
			return nil, nullBelow(at, string(op))
		}
		if err := r.count(at); err != nil {
			return nil, err
		}
		t := test{field: f, op: op}
		switch {
		case op == entity.IsNull:
			t.value = v
		case op.List():
			list := asList(v)
			if len(list) > r.cfg.MaxWhereValues {
				return nil, tooMuch(at, r.cfg.MaxWhereValues, string(op)+" must not hold more than %d values.")
			}
			values := make([]any, len(list))
			for i, item := range list {
				value, err := filterValue(f, item)
				if err != nil {
					return nil, badPath(extend(at, i), apierr.InvalidFormat, string(op)+" "+err.Error()+".")
				}
				values[i] = value
			}
			t.value = values
		default:
			value, err := filterValue(f, v)
			if err != nil {
				return nil, badPath(at, apierr.InvalidFormat, string(op)+" "+err.Error()+".")
			}
			t.value = value
		}
		tests = append(tests, t)
	}
	return tests, nil
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
