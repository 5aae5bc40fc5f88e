// Package engine answers GraphQL operations from the database without resolvers: a selection is compiled once into a plan
// of statements, one for each (edge, arguments) of a level whatever the number of rows, and rows are written straight
// into the response. See docs/decisions for the measurements behind it.
package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"entgo.io/ent/dialect"
	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// Engine executes operations. It implements [graphql.ExecutableSchema] and is safe for concurrent use.
type Engine struct {
	cfg      Config
	db       *store.DB
	postgres bool
	catalog  *entity.Catalog
	schema   *ast.Schema
	custom   graphql.ExecutableSchema
	mutators map[string]entity.Mutator
	plans    *lru.Cache[planKey, compiled]
	fields   atomic.Int64 // of all plans that are kept
	traits   *lru.Cache[*ast.OperationDefinition, *traits]
	spare    sync.Pool // of *[]byte: the memory of responses that were sent
}

var _ graphql.ExecutableSchema = (*Engine)(nil)

// New returns an engine over db. custom runs the hand-written operations and introspection; its schema is the whole one.
func New(db *store.DB, catalog *entity.Catalog, mutators map[string]entity.Mutator, custom graphql.ExecutableSchema, cfg Config) *Engine {
	cfg = cfg.withDefaults()
	e := &Engine{
		cfg: cfg, db: db, postgres: db.Dialect() == dialect.Postgres,
		catalog: catalog, schema: custom.Schema(), custom: custom, mutators: mutators,
	}
	// New fails for sizes below 1 only.
	e.plans, _ = lru.NewWithEvict(cfg.Plans, func(_ planKey, p compiled) { e.fields.Add(-int64(p.fields())) })
	e.traits, _ = lru.New[*ast.OperationDefinition, *traits](cfg.Plans)
	return e
}

// Schema implements [graphql.ExecutableSchema].
func (e *Engine) Schema() *ast.Schema { return e.schema }

// Complexity implements [graphql.ExecutableSchema]. The engine does not use gqlgen's complexity, which knows no list sizes.
func (e *Engine) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec implements [graphql.ExecutableSchema].
func (e *Engine) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		var data []byte
		var errs gqlerror.List
		null := slices.ContainsFunc(e.traitsOf(oc).conditions, func(name string) bool { return oc.Variables[name] == nil })
		switch op := oc.Operation.Operation; {
		case null:
			errs = gqlerror.List{failure(apierr.New(apierr.BadUserInput, "A variable that @skip or @include uses must not be null."))}
		case op == ast.Query:
			data, errs = e.query(ctx, oc)
		case op == ast.Mutation:
			data, errs = e.mutation(ctx, oc)
		default:
			errs = gqlerror.List{failure(apierr.New(apierr.ValidationFailed, "This operation is not supported."))}
		}
		for _, err := range errs {
			graphql.AddError(ctx, err)
		}
		if data == nil {
			data = []byte("null")
		}
		return &graphql.Response{Data: data}
	}
}

func failure(err error) *gqlerror.Error {
	return &gqlerror.Error{Err: err, Message: err.Error()}
}

// planKey finds a compiled plan: an operation (or a field of one), and all of the request that decides what is selected.
type planKey struct {
	node  any
	shape string
}

// compiled is a plan in the cache.
type compiled interface {
	// fields is how many fields were compiled, which is what the plan's memory grows with.
	fields() int
}

// maxPlanFields bounds the memory of all plans together: some 300 bytes for each field. One document can have many plans.
const maxPlanFields = 400_000

// keep puts a plan into the cache. Documents beyond the size that is kept parsed never come again.
func (e *Engine) keep(oc *graphql.OperationContext, key planKey, p compiled) {
	if len(oc.RawQuery) > maxKeptQuery {
		return
	}
	e.fields.Add(int64(p.fields()))
	if replaced, _ := e.plans.ContainsOrAdd(key, p); replaced {
		e.fields.Add(-int64(p.fields()))
	}
	for e.fields.Load() > maxPlanFields && e.plans.Len() > 1 {
		e.plans.RemoveOldest()
	}
}

// maxKeptQuery is the length of the longest document that is kept, which bounds the memory of what refers to it.
const maxKeptQuery = 16 << 10

// traits is what of an operation depends on the request.
type traits struct {
	conditions []string // variables of @skip and @include
	nodes      bool     // Query.node or nodes is used
}

func (e *Engine) traitsOf(oc *graphql.OperationContext) *traits {
	if t, ok := e.traits.Get(oc.Operation); ok {
		return t
	}
	t := &traits{}
	seen := make(map[string]bool)
	directives := func(list ast.DirectiveList) {
		for _, d := range list {
			for _, a := range d.Arguments {
				if a.Value.Kind == ast.Variable && !slices.Contains(t.conditions, a.Value.Raw) {
					t.conditions = append(t.conditions, a.Value.Raw)
				}
			}
		}
	}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				directives(sel.Directives)
				root := sel.ObjectDefinition == e.schema.Query
				if r, ok := e.catalog.Root(sel.Name); root && ok && (r.Kind == entity.RootNode || r.Kind == entity.RootNodes) {
					t.nodes = true
				}
				walk(sel.SelectionSet)
			case *ast.InlineFragment:
				directives(sel.Directives)
				walk(sel.SelectionSet)
			case *ast.FragmentSpread:
				directives(sel.Directives)
				if !seen[sel.Name] {
					seen[sel.Name] = true
					walk(oc.Doc.Fragments.ForName(sel.Name).SelectionSet)
				}
			}
		}
	}
	walk(oc.Operation.SelectionSet)
	if len(oc.RawQuery) <= maxKeptQuery {
		e.traits.Add(oc.Operation, t)
	}
	return t
}

// queryPlan returns the plan of a query for this request.
func (e *Engine) queryPlan(oc *graphql.OperationContext) *plan {
	t := e.traitsOf(oc)
	col := collector{doc: oc.Doc, schema: e.schema, vars: oc.Variables}
	shape := t.shape(oc.Variables)
	var nodeTypes map[string][]string
	if t.nodes {
		nodeTypes = make(map[string][]string)
		for _, f := range col.fields([]ast.SelectionSet{oc.Operation.SelectionSet}, e.schema.Query.Name) {
			if r, ok := e.catalog.Root(f.first().Name); !ok || r.Kind != entity.RootNode && r.Kind != entity.RootNodes {
				continue
			}
			nodeTypes[f.key] = e.typesOf(f, oc.Variables)
			shape += fmt.Sprintf(" %s=%s", f.key, strings.Join(nodeTypes[f.key], ","))
		}
	}
	key := planKey{oc.Operation, shape}
	if p, ok := e.plans.Get(key); ok {
		return p.(*plan)
	}
	c := newCompiler(col, e.catalog)
	c.nodeTypes = nodeTypes
	p := c.query(oc.Operation.SelectionSet)
	e.keep(oc, key, p)
	return p
}

// shape is the values of the variables that decide what is selected.
func (t *traits) shape(vars map[string]any) string {
	if len(t.conditions) == 0 {
		return ""
	}
	var b strings.Builder
	for _, name := range t.conditions {
		fmt.Fprintf(&b, "%v;", vars[name])
	}
	return b.String()
}

// typesOf are the entity types that the ids of a node or nodes field name.
func (e *Engine) typesOf(f *collected, vars map[string]any) []string {
	var names []string
	ids := nodeIDs(f.first().ArgumentMap(vars))
	for _, id := range ids[:min(len(ids), e.cfg.MaxIDs)] {
		if ent, _, err := e.globalID(id); err == nil && !slices.Contains(names, ent.Name) {
			names = append(names, ent.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (e *Engine) query(ctx context.Context, oc *graphql.OperationContext) ([]byte, gqlerror.List) {
	p := e.queryPlan(oc)
	x := p.execution(e, oc, access.FromContext(ctx))
	defer x.release()
	if err := x.read(ctx); err != nil {
		return nil, gqlerror.List{failure(databaseError(err))}
	}
	w := &x.writer
	w.begin(e.buffer(256+p.size.get()*5/4), e.cfg.MaxBytes)
	ok := w.root(x)
	for _, r := range x.rows {
		r.release()
	}
	switch {
	case w.full:
		return nil, gqlerror.List{failure(errTooLarge)}
	case !ok:
		return nil, w.errs
	}
	p.size.put(len(w.buf))
	return w.buf, w.errs
}

// buffer returns memory for a response of about n bytes.
func (e *Engine) buffer(n int) []byte {
	if spare, ok := e.spare.Get().(*[]byte); ok && cap(*spare) >= n {
		return (*spare)[:0]
	}
	return make([]byte, 0, n)
}

// Release lets another response have the memory of this one's data, which must not be used any more.
func (e *Engine) Release(data []byte) {
	if cap(data) >= minSpare && cap(data) <= maxSpare {
		e.spare.Put(&data)
	}
}

// read fetches all that the plan needs. All statements see one state of the database, unless hand-written fields take
// part: their Go code uses connections of its own, and waiting for one while holding another could stall all requests.
func (x *execution) read(ctx context.Context) error {
	if x.plan.reads+x.plan.asked == 0 && !x.plan.custom {
		return nil
	}
	if err := x.bind(0); err != nil {
		return err
	}
	snapshot := x.plan.statements() > 1 && !x.plan.custom
	return x.engine.db.View(ctx, snapshot, func(ctx context.Context, q store.Querier) error {
		for _, o := range x.plan.root.outs {
			var err error
			switch o.kind {
			case outCustom:
				err = x.rootCall(ctx, q, ast.Query, o.call)
			case outCan:
				x.ask(ctx, q, o)
			}
			if err != nil {
				return err
			}
		}
		return x.run(ctx, q)
	})
}

// errTooLarge is for an operation whose pages multiply.
var errTooLarge = apierr.New(apierr.CostLimitExceeded, "The operation asks for too much data at once. Please ask for smaller pages or fewer fields.")

// databaseError gives the client a code for what the database said, and nothing of its words.
func databaseError(err error) error {
	switch store.Classify(err).Kind {
	case store.Unavailable, store.Busy:
		return apierr.Wrap(err, apierr.Unavailable, "The database cannot be reached at the moment. Please try again.")
	case store.DiskFull, store.ReadOnly:
		return apierr.Wrap(err, apierr.Unavailable, "The database accepts no changes at the moment. Please try again later.")
	case store.Timeout:
		return apierr.Wrap(err, apierr.Unavailable, "The operation took too long and was stopped.")
	case store.OutOfRange, store.InvalidText:
		// Arguments were checked by the API's types; a column's own type may be narrower.
		return apierr.Wrap(err, apierr.BadUserInput, "A value of the operation is beyond what the database can compare with.")
	case store.Serialization:
		return apierr.Wrap(err, apierr.Conflict, "The operation met a concurrent change. Please try again.")
	}
	return err
}
