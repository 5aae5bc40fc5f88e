package engine

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/store"
)

// mutationPlan is a compiled mutation: its root fields in the order in which they run.
type mutationPlan struct {
	root  *object
	steps []*mutationStep
}

func (p *mutationPlan) fields() int {
	n := len(p.root.outs)
	for _, s := range p.steps {
		n += s.payload.fields()
	}
	return n
}

type mutationStep struct {
	out    *out
	entity *entity.Entity // nil for hand-written mutations
	kind   entity.RootKind
	// payload reads the row that was written. Its root is the payload's object.
	payload *plan
}

func (e *Engine) mutationPlan(oc *graphql.OperationContext) *mutationPlan {
	t := e.traitsOf(oc)
	key := planKey{oc.Operation, t.shape(oc.Variables)}
	if p, ok := e.plans.Get(key); ok {
		return p.(*mutationPlan)
	}
	col := collector{doc: oc.Doc, schema: e.schema, vars: oc.Variables}
	p := &mutationPlan{root: &object{typeName: e.schema.Mutation.Name}}
	for _, f := range col.fields([]ast.SelectionSet{oc.Operation.SelectionSet}, e.schema.Mutation.Name) {
		c := newCompiler(col, e.catalog)
		if f.first().Name == "__typename" {
			p.root.outs = append(p.root.outs, c.typename(f))
			continue
		}
		s := &mutationStep{out: c.out(f, outCustom), payload: c.plan}
		root, known := e.catalog.Root(f.first().Name)
		if known {
			s.entity, s.kind = root.Entity, root.Kind
			s.out.obj = c.payload(root.Entity, f)
		} else {
			s.out.call = c.call(f)
		}
		p.root.outs = append(p.root.outs, s.out)
		p.steps = append(p.steps, s)
	}
	e.keep(oc, key, p)
	return p
}

// payload compiles the selection on a mutation's payload.
func (c *compiler) payload(e *entity.Entity, f *collected) *object {
	obj := &object{typeName: f.first().Definition.Type.Name()}
	c.plan.root = obj
	r := c.at(0, &read{kind: readKeys, entity: e}, "")
	for _, pf := range c.fields(f.sub(), obj.typeName) {
		name := pf.first().Name
		var o *out
		switch {
		case name == "__typename":
			o = c.typename(pf)
		case name == "clientMutationId":
			o = c.out(pf, outClientMutationID)
		case name == "affectedCount":
			o = c.out(pf, outAffectedCount)
		case name == "deletedId":
			o = c.out(pf, outDeletedID)
		case pf.first().Definition.Type.Name() == e.Names.Edge:
			o = c.out(pf, outPayloadEdge)
			o.obj = c.edge(r, pf.sub(), e, 0)
		default:
			o = c.out(pf, outPayloadNode)
			o.obj = c.rows(r, pf.sub(), 0)
		}
		obj.outs = append(obj.outs, o)
	}
	r.single = true
	c.plan.fold()
	return obj
}

// danglingError is a write that a foreign key refused.
type danglingError struct{ change *change }

func (*danglingError) Error() string { return "the input refers to something that does not exist" }

// errRollback undoes the transaction of a mutation whose errors are already known.
var errRollback = errors.New("rolled back")

// mutation runs all root fields one after the other in one transaction. Root fields cannot be null, so that the first
// failed one makes data null, and then nothing is committed.
func (e *Engine) mutation(ctx context.Context, oc *graphql.OperationContext) ([]byte, gqlerror.List) {
	p, attempt := e.mutationPlan(oc), idempotency.FromContext(ctx)
	var w *writer
	err := e.db.Update(ctx, func(ctx context.Context) error {
		if err := attempt.Claim(ctx); err != nil {
			return err
		}
		return e.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
			w = &writer{buf: make([]byte, 0, 1024), most: e.cfg.MaxBytes}
			left := new(e.cfg.MaxBytes)
			var failed error
			i := 0
			ok := w.object(p.root, func(*out) bool {
				s := p.steps[i]
				i++
				ok, err := e.step(ctx, q, oc, w, s, left)
				failed = errors.Join(failed, err)
				return ok
			})
			switch {
			case failed != nil:
				return failed
			case w.full:
				return errTooLarge
			case !ok:
				return errRollback
			}
			return attempt.Keep(ctx, w.buf, w.errs)
		})
	})
	switch {
	case err == nil:
		return w.buf, w.errs
	case errors.Is(err, errRollback):
		if dangling, ok := errors.AsType[*danglingError](w.errs[len(w.errs)-1]); ok {
			_ = e.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
				w.errs[len(w.errs)-1].Err = dangling.change.missing(ctx, q)
				return nil
			})
		}
		return nil, w.errs
	}
	var errs gqlerror.List
	if w != nil {
		errs = w.errs
	}
	return nil, append(errs, failure(databaseError(err)))
}

// step runs one root field and writes its value. An error means that the database failed.
func (e *Engine) step(ctx context.Context, q store.Querier, oc *graphql.OperationContext, w *writer, s *mutationStep, left *int) (bool, error) {
	viewer := access.FromContext(ctx)
	x := &execution{engine: e, plan: s.payload, vars: oc.Variables, doc: oc.Doc, viewer: viewer, left: left}
	if s.entity == nil {
		if err := x.rootCall(ctx, q, ast.Mutation, s.out.call); err != nil {
			return false, err
		}
		return w.custom(s.out, x.roots[s.out.call.id]), nil
	}
	input, _ := s.out.nodes[0].ArgumentMap(oc.Variables)["input"].(map[string]any)
	m := &change{engine: e, q: q, entity: s.entity, kind: s.kind, viewer: viewer, input: input}
	if err := x.bind(1); err != nil {
		w.fail(s.out.nodes, err)
		return false, nil
	}
	if s.kind == entity.RootUpdateMany || s.kind == entity.RootDeleteMany {
		n, err := m.runMany(ctx)
		if err != nil {
			w.fail(s.out.nodes, relocate(m.explain(err), "set"))
			return false, nil
		}
		return w.payload(x, s, n, input), nil
	}
	key, err := m.run(ctx)
	if err != nil {
		w.fail(s.out.nodes, m.explain(err))
		return false, nil
	}
	if s.kind != entity.RootDelete {
		x.seed = []any{key}
		if x.plan.levels[0][0].wantRows {
			if err := x.run(ctx, q); err != nil {
				return false, err
			}
		}
	}
	return w.payload(x, s, key, input), nil
}

// payload writes what came of a mutation: key is that of the row, or the number of rows of many.
func (w *writer) payload(x *execution, s *mutationStep, key any, input map[string]any) bool {
	return w.object(s.out.obj, func(o *out) bool {
		switch o.kind {
		case outClientMutationID:
			if id, ok := input["clientMutationId"].(string); ok {
				w.buf = appendString(w.buf, id)
				return true
			}
			return w.null(o)
		case outAffectedCount:
			w.buf = appendKey(w.buf, key)
			return true
		case outDeletedID:
			w.raw(`"`)
			w.buf = relay.AppendID(w.buf, s.entity.Name, appendKey(nil, key))
			w.raw(`"`)
			return true
		}
		r := x.rows[0]
		g := r.group(key)
		if g.n == 0 { // the viewer may not read what was written
			return w.null(o)
		}
		if o.kind == outPayloadNode {
			return w.row(x, o.obj, r, g.start)
		}
		return w.object(o.obj, func(eo *out) bool {
			if eo.kind == outCursor {
				w.bytes(r.cell(g.start, r.read.cells))
				return true
			}
			return w.row(x, eo.obj, r, g.start)
		})
	})
}

// change is one create, update or delete.
type change struct {
	engine *Engine
	q      store.Querier
	entity *entity.Entity
	kind   entity.RootKind
	viewer access.Viewer
	input  map[string]any
	// guarded are the inputs whose fields have rules of their own that depend on the row.
	guarded []guardedInput
}

type guardedInput struct {
	name string
	rule *access.Rule
}

// run checks the rules, writes, and checks the row that came of it.
func (m *change) run(ctx context.Context) (key any, err error) {
	e, mutator := m.entity, m.engine.mutators[m.entity.Name]
	op := access.Create
	switch m.kind {
	case entity.RootUpdate:
		op = access.Update
	case entity.RootDelete:
		op = access.Delete
	}
	if e.Rules.For(op).Reduce(m.viewer) == nil {
		return nil, e.Denied(op, m.viewer)
	}
	if err := m.guard(); err != nil {
		return nil, err
	}
	if op != access.Create {
		if key, err = parseGlobalID(m.input["id"], e.Name, e.ParseKey); err != nil {
			return nil, badPath([]any{"input", "id"}, apierr.InvalidFormat, "id "+err.Error()+".")
		}
		if err := m.mayChange(ctx, op, key); err != nil {
			return nil, err
		}
	}
	if op == access.Delete {
		return key, mutator.Delete(ctx, key)
	}
	if err := m.fits(); err != nil {
		return nil, err
	}
	if op == access.Update {
		err = mutator.Update(ctx, key, m.input)
	} else {
		key, err = mutator.Create(ctx, m.input)
	}
	if err != nil {
		return nil, err
	}
	if !e.Unrestricted(op, m.viewer) || len(m.guarded) > 0 {
		v, err := m.verdict(ctx, op, key, false)
		switch {
		case err != nil:
			return nil, err
		case !v.allowed:
			return nil, m.entity.Denied(op, m.viewer)
		case len(v.denied) > 0:
			return nil, m.deniedInputs(v.denied)
		}
	}
	return key, nil
}

// guard refuses inputs that the viewer may not write in any row, and keeps those for which it depends on the row.
func (m *change) guard() error {
	var denied []string
	check := func(name string, rule *access.Rule) {
		if _, given := m.input[name]; name == "" || rule == nil || !given {
			return
		}
		switch r := rule.Reduce(m.viewer); {
		case r == nil:
			denied = append(denied, name)
		case r.Kind != access.KindEveryone:
			m.guarded = append(m.guarded, guardedInput{name, rule})
		}
	}
	for _, f := range m.entity.Fields {
		check(f.Name, f.Write)
	}
	for _, ed := range m.entity.Edges {
		if ed.List() {
			check(ed.Name, ed.Write)
		} else {
			check(ed.Input, ed.Write)
		}
	}
	if len(denied) > 0 {
		return m.deniedInputs(denied)
	}
	return nil
}

func (m *change) deniedInputs(names []string) error {
	e := apierr.New(apierr.Forbidden, "You may not write all of this.")
	if !m.viewer.SignedIn() {
		e.Code = apierr.Unauthenticated
	}
	for _, name := range names {
		e.Fields = append(e.Fields, apierr.Field{Path: []any{"input", name}, Code: apierr.Denied, Message: "You may not write " + m.entity.Name + "." + name + "."})
	}
	return e
}

// mayChange finds the row to change and locks it. A row that the viewer may not read does not exist for them.
func (m *change) mayChange(ctx context.Context, op access.Operation, key any) error {
	v, err := m.verdict(ctx, op, key, true)
	switch {
	case err != nil:
		return err
	case !v.readable:
		return apierr.New(apierr.NotFound, "There is no %s with this id.", m.entity.Name)
	case !v.allowed:
		return m.entity.Denied(op, m.viewer)
	case len(v.denied) > 0:
		return m.deniedInputs(v.denied)
	}
	return nil
}

// verdict is what a viewer may do with a row.
type verdict struct {
	readable, allowed bool
	denied            []string // inputs that they may not write
}

// verdict asks the rules about a row as it is now. Nothing is allowed if it does not exist.
func (m *change) verdict(ctx context.Context, op access.Operation, key any, lock bool) (verdict, error) {
	e := m.entity
	s := &statement{postgres: m.engine.postgres}
	s.WriteSQL("SELECT ")
	ask := func(write func()) {
		if len(s.buf) > len("SELECT ") {
			s.WriteSQL(", ")
		}
		s.WriteSQL("CASE WHEN ")
		write()
		s.WriteSQL(" THEN 1 ELSE 0 END")
	}
	ask(func() { e.WritePredicate(s, access.Read, m.viewer, "t") })
	ask(func() { e.WritePredicate(s, op, m.viewer, "t") })
	for _, in := range m.guarded {
		ask(func() { e.WriteRule(s, in.rule, m.viewer, "t") })
	}
	s.WriteSQL(" FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	s.writeKeys("t", e, primaryKey(e), []any{key})
	if lock && m.engine.postgres {
		s.WriteSQL(" FOR UPDATE")
	}
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return verdict{}, err
	}
	defer result.Close()
	answers := make([]int, 2+len(m.guarded))
	dest := make([]any, len(answers))
	for i := range answers {
		dest[i] = &answers[i]
	}
	for result.Next() {
		if err := result.Scan(dest...); err != nil {
			return verdict{}, err
		}
	}
	v := verdict{readable: answers[0] == 1, allowed: answers[1] == 1}
	for i, in := range m.guarded {
		if answers[2+i] != 1 {
			v.denied = append(v.denied, in.name)
		}
	}
	return v, result.Err()
}

// missing finds out, after the transaction was undone because of a foreign key, which references of the input lead nowhere.
// It costs statements only where something went wrong; SQLite does not say which key it was.
func (m *change) missing(ctx context.Context, q store.Querier) error {
	type reference struct {
		entity *entity.Entity
		key    any
		path   []any
	}
	var refs []reference
	add := func(e *entity.Entity, id any, path ...any) {
		if key, err := parseGlobalID(id, e.Name, e.ParseKey); err == nil {
			refs = append(refs, reference{e, key, append([]any{"input"}, path...)})
		}
	}
	for _, ed := range m.entity.Edges {
		if id := m.input[ed.Input]; ed.Input != "" && id != nil {
			add(ed.To(), id, ed.Input)
		}
		lists, _ := m.input[ed.Name].(map[string]any)
		for _, action := range [...]string{"connect", "set"} {
			if lists[action] == nil {
				continue
			}
			for i, id := range asList(lists[action]) {
				add(ed.To(), id, ed.Name, action, i)
			}
		}
	}
	var fields []apierr.Field
	for _, ref := range refs {
		there, err := m.exists(ctx, q, ref.entity, ref.key)
		if err != nil {
			return databaseError(err)
		}
		if !there {
			fields = append(fields, apierr.Field{Path: ref.path, Code: apierr.Missing, Message: "does not lead to any " + ref.entity.Name})
		}
	}
	return &apierr.Error{Code: apierr.NotFound, Message: "The input refers to something that does not exist.", Fields: fields}
}

func (m *change) exists(ctx context.Context, q store.Querier, e *entity.Entity, key any) (bool, error) {
	only := []*part{{rows: &rows{read: &read{entity: e}}, alias: "t"}}
	s := request{viewer: m.viewer, postgres: m.engine.postgres}.keyed(only, primaryKey(e), []any{key})
	result, err := q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return false, err
	}
	defer result.Close()
	return result.Next(), result.Err()
}

// explain turns an error of a write into what the client may know.
func (m *change) explain(err error) error {
	if _, ok := errors.AsType[*apierr.Error](err); ok {
		return err
	}
	v := store.Classify(err)
	field := func(code apierr.FieldCode, message string) error {
		fields := make([]apierr.Field, 0, len(v.Columns))
		for _, column := range v.Columns {
			for _, f := range m.entity.Fields {
				// The tenant is no input: what is taken within it is the rest of the key.
				if f.Column == column && f != m.entity.Tenant && (v.Table == "" || v.Table == m.entity.Table) {
					fields = append(fields, apierr.Field{Path: []any{"input", f.Name}, Code: code, Message: message})
				}
			}
		}
		return &apierr.Error{Code: apierr.BadUserInput, Message: message, Fields: fields}
	}
	switch v.Kind {
	case store.Unique:
		return field(apierr.NotUnique, "This value is already in use.")
	case store.NotNull:
		return field(apierr.Required, "A value is required.")
	case store.TooLong:
		return field(apierr.TooLong, "The value is too long.")
	case store.OutOfRange:
		return field(apierr.OutOfRange, "The value is out of range.")
	case store.InvalidText:
		return field(apierr.InvalidFormat, "The value holds characters that cannot be stored.")
	case store.Check:
		return field(apierr.Invalid, "The value is not allowed.")
	case store.ForeignKey:
		if m.kind == entity.RootDelete || m.kind == entity.RootDeleteMany {
			return apierr.Wrap(err, apierr.Conflict, "This %s is still in use.", m.entity.Name)
		}
		return &danglingError{m}
	}
	return databaseError(err)
}
