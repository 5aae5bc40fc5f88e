package engine

import (
	"context"
	"errors"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/store"
)

// mutationPlan is a compiled mutation: its root fields in the order in which they run.
type mutationPlan struct {
	root  *object
	steps []*mutationStep
	// once is the only step, if it creates or changes a row of which nothing is asked but values of its own.
	once *mutationStep
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
			s.out.obj = c.payload(root.Entity, f, root.Kind == entity.RootCreateMany)
		} else {
			s.out.call = c.call(f)
		}
		p.root.outs = append(p.root.outs, s.out)
		p.steps = append(p.steps, s)
	}
	if s := p.steps; len(s) == 1 && (s[0].kind == entity.RootCreate || s[0].kind == entity.RootUpdate) && s[0].entity.History == nil && s[0].payload.flat() {
		p.once = s[0]
	}
	e.keep(oc, key, p)
	return p
}

// payload compiles the selection on a mutation's payload, which holds one row or many.
func (c *compiler) payload(e *entity.Entity, f *collected, many bool) *object {
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
		case name == "created":
			o = c.out(pf, outCreated)
		case pf.first().Definition.Type.Name() == e.Names.Edge:
			o = c.out(pf, outPayloadEdge)
			o.obj = c.edge(r, pf.sub(), e, 0)
		default:
			o = c.out(pf, outPayloadNode)
			o.obj = c.rows(r, pf.sub(), 0)
		}
		o.list = many && pf.first().Definition.Type.Elem != nil
		obj.outs = append(obj.outs, o)
	}
	r.single = !many
	c.plan.fold()
	return obj
}

// errRollback undoes the transaction of a mutation whose errors are already known.
var errRollback = errors.New("rolled back")

// errAgain undoes the transaction of a mutation that met a concurrent one, and will not meet it again.
var errAgain = errors.New("another transaction came first")

// maxAttempts bounds how often a mutation is begun anew.
const maxAttempts = 5

// mutation runs all root fields one after the other in one transaction. Root fields cannot be null, so that the first
// failed one makes data null, and then nothing is committed.
func (e *Engine) mutation(ctx context.Context, oc *graphql.OperationContext) (data []byte, errs gqlerror.List) {
	p := e.mutationPlan(oc)
	for attempt := 1; ; attempt++ {
		data, errs, again := e.mutate(ctx, oc, p)
		if !again || attempt == maxAttempts {
			return data, errs
		}
	}
}

// mutate makes one attempt. Again says that another one can succeed: nothing was committed.
func (e *Engine) mutate(ctx context.Context, oc *graphql.OperationContext, p *mutationPlan) (data []byte, errs gqlerror.List, again bool) {
	request := idempotency.FromContext(ctx)
	if p.once != nil && request == nil {
		if data, errs, done := e.once(ctx, oc, p); done {
			return data, errs, false
		}
	}
	var w *writer
	err := e.db.Update(ctx, func(ctx context.Context) error {
		if err := request.Claim(ctx); err != nil {
			return err
		}
		return e.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
			w = newWriter(make([]byte, 0, 1024), e.cfg.MaxBytes)
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
			return request.Keep(ctx, w.buf, w.errs)
		})
	})
	switch {
	case err == nil:
		return w.buf, w.errs, false
	case errors.Is(err, errRollback):
		last := w.errs[len(w.errs)-1]
		if v, ok := errors.AsType[*violation](last); ok {
			// What stands in the way is looked for now: Postgres answers nothing more in a transaction that failed.
			_ = e.db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
				last.Err = v.explain(ctx, q)
				return nil
			})
			again = errors.Is(last.Err, errAgain)
			last.Message = last.Err.Error()
		}
		return nil, w.errs, again
	}
	if w != nil {
		errs = w.errs
	}
	return nil, append(errs, failure(databaseError(err))), false
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
	input, _ := argument(s.out.nodes[0], "input", oc.Variables).(map[string]any)
	m := &change{engine: e, q: q, entity: s.entity, kind: s.kind, viewer: viewer}
	if err := x.bind(m.rows(input)); err != nil {
		w.fail(s.out.nodes, err)
		return false, nil
	}
	done, err := m.run(ctx, input)
	if err == nil {
		err = store.Flush(ctx)
	}
	if err != nil {
		w.fail(s.out.nodes, m.explain(err))
		return false, nil
	}
	if s.kind != entity.RootDelete && len(done.keys) > 0 {
		x.seed = done.keys
		if x.plan.levels[0][0].wantRows {
			if err := x.run(ctx, q); err != nil {
				return false, err
			}
		}
	}
	return w.payload(x, s, done, input), nil
}

// outcome is what a root field has done.
type outcome struct {
	keys     []any // of the rows that it was about
	affected int64
	created  bool
}

// payload writes what came of a mutation.
func (w *writer) payload(x *execution, s *mutationStep, done outcome, input map[string]any) bool {
	return w.object(s.out.obj, func(o *out) bool {
		switch o.kind {
		case outClientMutationID:
			if id, ok := input["clientMutationId"].(string); ok {
				w.buf = appendString(w.buf, id)
				return true
			}
			return w.null(o)
		case outAffectedCount:
			w.buf = strconv.AppendInt(w.buf, done.affected, 10)
			return true
		case outCreated:
			w.buf = strconv.AppendBool(w.buf, done.created)
			return true
		case outDeletedID:
			w.raw(`"`)
			w.buf = relay.AppendID(w.buf, s.entity.Name, appendKey(nil, done.keys[0]))
			w.raw(`"`)
			return true
		}
		if o.list {
			return w.list(len(done.keys), false, func(i int) bool { return w.written(x, o, done.keys[i]) })
		}
		return w.written(x, o, done.keys[0])
	})
}

// written writes a row that a mutation has written, or its edge.
func (w *writer) written(x *execution, o *out, key any) bool {
	r := x.rows[0]
	g := r.group(key)
	if g.n == 0 { // the viewer may not read what was written
		if o.list {
			return false
		}
		return w.null(o)
	}
	if o.kind == outPayloadNode {
		return w.row(x, o.obj, r, g.start)
	}
	return w.object(o.obj, func(eo *out) bool {
		if eo.kind == outCursor {
			w.buf = r.appendCursor(w.buf, g.start)
			return true
		}
		return w.row(x, eo.obj, r, g.start)
	})
}
