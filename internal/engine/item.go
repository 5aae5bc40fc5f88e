package engine

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// item is a row that a mutation writes: an input object, and where it stands.
type item struct {
	entity *entity.Entity
	op     access.Operation
	path   []any
	input  map[string]any
	// above is the place of the item below another row, nil at the root.
	above *branch
	depth int

	version  any          // that the client has seen, nil if it does not say
	values   entity.Input // the input without what is written along with the row
	branches []*branch
	// guarded are the inputs whose fields have rules of their own that depend on the row.
	guarded []guardedInput
	// renamed is what the client calls an input that was made of another one, or of the whole object if it is empty.
	renamed map[string]string

	key   any
	draft *entity.Draft
	// alike are the rows that one draft changes, this one included, and follows is the first of them if it is another one.
	alike   []*item
	follows *item
	// linked are the columns that hold keys of rows written along.
	linked map[string]any
	// seen is the row as it was before.
	seen *sight
}

type guardedInput struct {
	name string
	rule *access.Rule
}

// branch is an edge of an item and the rows that are written along it.
type branch struct {
	owner          *item
	edge           *entity.Edge
	create, update []*item
	// cut are the links to take away, of an edge whose links are rows: to the rows with these keys, or all.
	cut    []any
	cutAll bool
}

// maxInputDepth bounds how deep the rows of an input stand below one another.
const maxInputDepth = 10

// located makes a fault of the item's input one of the whole input.
func (it *item) located(f apierr.Field) apierr.Field {
	path := f.Path
	if name, ok := path[0].(string); ok {
		if other, renamed := it.renamed[name]; renamed {
			path = path[1:]
			if other != "" {
				path = append([]any{other}, path...)
			}
		}
	}
	f.Path = append(slices.Clip(it.path), path...)
	return f
}

// link makes an edge of the item lead to the rows with the keys.
func (it *item) link(ed *entity.Edge, keys []any) error {
	if ed.Kind == entity.ToOne {
		if it.linked == nil {
			it.linked = make(map[string]any)
		}
		it.linked[ed.Column] = keys[0]
	}
	return it.draft.Link(ed.Schema, keys)
}

// same names what the item changes: other rows of the list that change in the same way have the same name. It is empty if the
// row changes in its own way.
func (it *item) same() string {
	if it.above == nil || len(it.branches) > 0 {
		return ""
	}
	for _, ed := range it.entity.Edges {
		if _, given := it.values[ed.Name]; given {
			return ""
		}
	}
	values, err := json.Marshal(it.values)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%p %d %s", it.above.edge, it.depth, values)
}

func (m *change) fault(it *item, code apierr.FieldCode, message string, path ...any) {
	m.faults = append(m.faults, it.located(apierr.Field{Path: path, Code: code, Message: message}))
}

// refuse keeps the first error about what the viewer may not do.
func (m *change) refuse(err error) {
	if m.refused == nil {
		m.refused = err
	}
}

// read reads an input object and those below it.
func (m *change) read(it *item) *item {
	e := it.entity
	if len(m.items) >= maxBulk {
		m.refuse(tooManyRows(it.path))
		return it
	}
	m.items = append(m.items, it)
	if e.Rules.For(it.op).Reduce(m.viewer) == nil {
		m.refuse(m.denied(it))
		return it
	}
	it.values = make(entity.Input, len(it.input))
	for name, v := range it.input {
		it.values[name] = v
	}
	delete(it.values, "clientMutationId")
	if _, given := it.input["clientMutationId"]; given && it.above != nil {
		m.fault(it, apierr.Invalid, "stands only beside the values of the mutation's own row", "clientMutationId")
	}
	var back *entity.Edge
	if it.above != nil && it.above.edge.Back != "" {
		back = e.SchemaEdge(it.above.edge.Back)
	}
	m.guard(it, back)
	if it.op == access.Update {
		delete(it.values, "id")
		m.identify(it)
		m.readVersion(it)
	}
	for _, ed := range e.Edges {
		m.readEdge(it, ed, ed == back)
	}
	return it
}

// identify reads the id of a row to change.
func (m *change) identify(it *item) {
	if it.key != nil || it.above != nil && !it.above.edge.List() {
		return // known already, or by the edge
	}
	key, err := parseGlobalID(it.input["id"], it.entity.Name, it.entity.ParseKey)
	if err != nil {
		f := it.located(apierr.Field{Path: []any{"id"}, Code: apierr.InvalidFormat})
		m.refuse(badPath(f.Path, apierr.InvalidFormat, "id "+err.Error()+"."))
		return
	}
	it.key = key
}

// readVersion reads which version of the row the client has seen.
func (m *change) readVersion(it *item) {
	f := it.entity.Version
	if f == nil {
		return
	}
	v := it.input[f.Name]
	delete(it.values, f.Name)
	switch version, err := filterValue(f, v); {
	case m.kind == entity.RootUpdateMany && v != nil:
		m.fault(it, apierr.Invalid, "is that of one row; the filter can ask for versions", f.Name)
	case v == nil && (it.entity.VersionOptional || m.kind == entity.RootUpdateMany):
	case v == nil:
		m.fault(it, apierr.Required, "is required", f.Name)
	case err != nil:
		m.fault(it, apierr.InvalidFormat, err.Error(), f.Name)
	default:
		it.version = version
	}
}

// readEdge reads what an input says of an edge. Back says that the place of the input says where the edge leads.
func (m *change) readEdge(it *item, ed *entity.Edge, back bool) {
	_, byID := it.values[ed.Input]
	byID = byID && ed.Input != ""
	v, given := it.input[ed.Name]
	switch {
	case back && (byID || given):
		name := ed.Input
		if given {
			name = ed.Name
		}
		m.fault(it, apierr.Invalid, "is said by the place of the input", name)
		delete(it.values, name)
		return
	case ed.Required && it.op == access.Create && !back && !byID && !given:
		m.fault(it, apierr.Required, "is required", ed.Input)
		return
	case ed.Kind == entity.ToOne && byID && given:
		m.fault(it, apierr.Invalid, "stands beside "+ed.Input+"; give one of them", ed.Name)
		return
	case !given || ed.Hidden:
		return
	}
	changes, ok := v.(map[string]any)
	if !ok {
		if ed.Kind == entity.ToOne {
			delete(it.values, ed.Name)
			m.fault(it, apierr.Required, "cannot be null", ed.Name)
		}
		return // lists are read by the ORM's mutation
	}
	b := &branch{owner: it, edge: ed}
	rest := make(map[string]any, len(changes))
	for name, v := range changes {
		if name != "create" && name != "update" {
			rest[name] = v
		}
	}
	if ed.Through != "" {
		m.readLinks(it, ed, changes)
		rest = nil
	}
	for _, action := range [...]string{"create", "update"} {
		v, given := changes[action]
		if !given {
			continue
		}
		for _, below := range m.below(b, action, v, it.path, ed.Name, action) {
			if action == "create" {
				b.create = append(b.create, below)
			} else {
				b.update = append(b.update, below)
			}
		}
	}
	if !ed.List() && len(b.create)+len(b.update)+len(rest) > 1 {
		m.fault(it, apierr.Invalid, "takes one instruction alone", ed.Name)
		return
	}
	if ed.Kind == entity.ToOne && len(b.create)+len(b.update) == 0 {
		m.fault(it, apierr.Required, "must say what to do", ed.Name)
	}
	if len(b.create)+len(b.update) > 0 {
		it.branches = append(it.branches, b)
	}
	if ed.Kind == entity.ToOneInverse && len(b.create) > 0 {
		rest["replace"] = true
	}
	if _, sets := rest["set"]; sets && ed.Kind == entity.ManyToMany && it.op == access.Update && !ed.To().Unrestricted(linkOperation(ed), m.viewer) {
		m.sets = append(m.sets, setting{it, ed, rest})
	}
	if len(rest) > 0 {
		it.values[ed.Name] = rest
	} else {
		delete(it.values, ed.Name)
	}
}

// below reads the inputs of the rows along a branch.
func (m *change) below(b *branch, action string, v any, base []any, steps ...any) []*item {
	path := append(slices.Clip(base), steps...)
	op := access.Create
	if action == "update" {
		op = access.Update
	}
	if v == nil {
		m.faults = append(m.faults, apierr.Field{Path: path, Code: apierr.Required, Message: "cannot be null"})
		return nil
	}
	if b.owner.depth+1 >= maxInputDepth {
		m.faults = append(m.faults, apierr.Field{
			Path: path, Code: apierr.OutOfRange, Limit: maxInputDepth, Message: fmt.Sprintf("must not be nested more than %d deep", maxInputDepth),
		})
		return nil
	}
	inputs := asList(v)
	var items []*item
	for i, v := range inputs {
		at := path
		if b.edge.List() {
			at = append(slices.Clip(path), i)
		}
		input, _ := v.(map[string]any)
		items = append(items, m.read(&item{entity: b.edge.To(), op: op, path: at, input: input, above: b, depth: b.owner.depth + 1}))
	}
	return items
}

// guard refuses inputs that the viewer may not write in any row, and keeps those for which it depends on the row. Back is the
// edge that the place of the input says.
func (m *change) guard(it *item, back *entity.Edge) {
	var denied []string
	check := func(name string, rule *access.Rule, implied bool) {
		if _, given := it.input[name]; name == "" || rule == nil || !given && !implied {
			return
		}
		switch r := rule.Reduce(m.viewer); {
		case r == nil:
			denied = append(denied, name)
		case r.Kind != access.KindEveryone:
			it.guarded = append(it.guarded, guardedInput{name, rule})
		}
	}
	implied := make(map[string]bool) // foreign keys that are written although no id is given
	for _, ed := range it.entity.Edges {
		if ed.Kind == entity.ToOne && (ed == back || it.input[ed.Name] != nil) {
			implied[ed.Column] = true
		}
	}
	for _, f := range it.entity.Fields {
		check(f.Name, f.Write, f.Type == entity.Ref && implied[f.Column])
	}
	for _, ed := range it.entity.Edges {
		if ed.Kind == entity.ToOne {
			check(ed.Input, ed.Write, implied[ed.Column])
		} else {
			check(ed.Name, ed.Write, false)
		}
	}
	if len(denied) > 0 {
		m.refuse(m.deniedInputs(it, denied))
	}
}

func (m *change) deniedInputs(it *item, names []string) error {
	e := apierr.New(apierr.Forbidden, "You may not write all of this.")
	if !m.viewer.SignedIn() {
		e.Code = apierr.Unauthenticated
	}
	for _, name := range names {
		e.Fields = append(e.Fields, it.located(apierr.Field{Path: []any{name}, Code: apierr.Denied, Message: "You may not write " + it.entity.Name + "." + name + "."}))
	}
	return e
}

// denied is the error of a viewer who may not write the row.
func (m *change) denied(it *item) error {
	err := it.entity.Denied(it.op, m.viewer)
	if it.above == nil {
		return err
	}
	if e, ok := err.(*apierr.Error); ok { //nolint:errorlint // it was just made
		e.Fields = []apierr.Field{{Path: it.path, Code: apierr.Denied, Message: e.Message}}
	}
	return err
}
