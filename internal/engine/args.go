package engine

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// listArgs are the arguments of a connection, checked and ready to become SQL.
type listArgs struct {
	limit    int // rows of the page
	backward bool
	offset   int
	after    []any // values of the order's columns, nil without a cursor
	before   []any
	order    order
	where    *condition
	search   *wanted
	deleted  bool      // deleted rows are there, too
	grouping *grouping // of groups
	totals   []total   // by position in read.totals
}

// resolveList checks the arguments of a connection.
func (x *Engine) resolveList(r *read, args map[string]any, viewer access.Viewer) (*listArgs, error) {
	a, e := &listArgs{}, r.entity
	var err error
	if a.deleted, err = deletedArg(e, args["withDeleted"], viewer); err != nil {
		return nil, err
	}
	if a.search, err = searchArg(e, args, viewer); err != nil {
		return nil, err
	}
	if a.order, err = r.listOrder(args, viewer, a.search); err != nil {
		return nil, err
	}
	first, hasFirst, err := intArg(args, "first")
	if err != nil {
		return nil, err
	}
	last, hasLast, err := intArg(args, "last")
	if err != nil {
		return nil, err
	}
	offset, hasOffset, err := intArg(args, "offset")
	if err != nil {
		return nil, err
	}
	if a.after, err = cursorArg(args, "after", a.order); err != nil {
		return nil, err
	}
	if a.before, err = cursorArg(args, "before", a.order); err != nil {
		return nil, err
	}
	switch {
	case hasFirst && hasLast:
		return nil, badArg("last", apierr.Invalid, nil, "first and last cannot be used together.")
	case hasOffset && hasLast:
		return nil, badArg("offset", apierr.Invalid, nil, "offset goes with first, not with last.")
	case hasOffset && (a.after != nil || a.before != nil):
		return nil, badArg("offset", apierr.Invalid, nil, "offset cannot be used together with a cursor.")
	}
	a.offset = offset
	name, n := "first", first
	if hasLast {
		a.backward, name, n = true, "last", last
	}
	if a.limit, err = x.pageSize(e, name, n, hasFirst || hasLast); err != nil {
		return nil, err
	}
	if w := args["where"]; w != nil {
		m, _ := w.(map[string]any)
		if a.where, err = x.resolveWhere(e, m, viewer); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// arguments are those of a field, as [ast.Field.ArgumentMap] returns them, in a map that is good until the next call. One of them may
// be left out.
func (x *execution) arguments(f *ast.Field, but string) map[string]any {
	if x.args == nil {
		x.args = make(map[string]any)
	}
	clear(x.args)
	for _, def := range f.Definition.Arguments {
		if def.Name == but {
			continue
		}
		if v, given := argumentOf(f, def, x.vars); given {
			x.args[def.Name] = v
		}
	}
	return x.args
}

// argument is the value of one argument of a field, nil if it has none.
func argument(f *ast.Field, name string, vars map[string]any) any {
	def := f.Definition.Arguments.ForName(name)
	if def == nil {
		return nil
	}
	v, _ := argumentOf(f, def, vars)
	return v
}

func argumentOf(f *ast.Field, def *ast.ArgumentDefinition, vars map[string]any) (v any, given bool) {
	value := def.DefaultValue
	if arg := f.Arguments.ForName(def.Name); arg != nil {
		if arg.Value.Kind == ast.Variable {
			if v, given = vars[arg.Value.Raw]; given {
				return v, true
			}
		} else {
			value = arg.Value
		}
	}
	if value == nil {
		return nil, false
	}
	v, err := value.Value(vars)
	if err != nil { // a kind of value that the parser does not know
		panic(err)
	}
	return v, true
}

// deletedArg says whether deleted rows are asked for. It refuses those who can see none of them.
func deletedArg(e *entity.Entity, given any, viewer access.Viewer) (bool, error) {
	if given != true {
		return false, nil
	}
	if e.Deleted.Reduce(viewer) == nil {
		message := "You may not see deleted " + e.Name + " rows."
		return false, &apierr.Error{Code: apierr.Forbidden, Message: message, Fields: []apierr.Field{{Path: []any{"withDeleted"}, Code: apierr.Denied, Message: message}}}
	}
	return true, nil
}

// pageSize is the size that the argument name gives, or the usual one.
func (x *Engine) pageSize(e *entity.Entity, name string, n int, given bool) (int, error) {
	if !given {
		n = cmpOr(e.PageSize, x.cfg.PageSize)
	}
	if most := cmpOr(e.MaxPageSize, x.cfg.MaxPageSize); n > most {
		return 0, badArg(name, apierr.OutOfRange, most, fmt.Sprintf("%s must be at most %d, not %d.", name, most, n))
	}
	return n, nil
}

func cmpOr(a, b int) int {
	if a != 0 {
		return a
	}
	return b
}

// maxOffset keeps offsets within what both databases and Go's int arithmetic take.
const maxOffset = 1<<31 - 1

func intArg(args map[string]any, name string) (n int, given bool, err error) {
	v := args[name]
	if v == nil {
		return 0, false, nil
	}
	wide, ok := asInt(v)
	switch {
	case !ok:
		return 0, false, badArg(name, apierr.Invalid, nil, name+" must be an integer.")
	case wide < 0:
		return 0, false, badArg(name, apierr.OutOfRange, 0, fmt.Sprintf("%s must not be negative.", name))
	case wide > maxOffset:
		return 0, false, badArg(name, apierr.OutOfRange, maxOffset, fmt.Sprintf("%s must be at most %d.", name, maxOffset))
	}
	return int(wide), true, nil
}

func cursorArg(args map[string]any, name string, o order) ([]any, error) {
	v := args[name]
	if v == nil {
		return nil, nil
	}
	bad := badArg(name, apierr.InvalidFormat, nil, name+" is not a cursor of this list in this order.")
	cursor, _ := v.(string)
	values, ok := relay.ParseCursor(cursor, o.scope, len(o.steps))
	if !ok {
		return nil, bad
	}
	for i, step := range o.steps {
		if values[i] == nil {
			ok = step.nullable()
		} else {
			values[i], ok = cursorValue(step.field, values[i])
		}
		if !ok {
			return nil, bad
		}
	}
	return values, nil
}

func badArg(name string, code apierr.FieldCode, limit any, message string) error {
	return apierr.Input(message, apierr.Field{Path: []any{name}, Code: code, Message: message, Limit: limit})
}

func badPath(path []any, code apierr.FieldCode, message string) error {
	return apierr.Input(message, apierr.Field{Path: slices.Clone(path), Code: code, Message: message})
}
