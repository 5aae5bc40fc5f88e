package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/loader"
	"github.com/entwine-data/entwine/internal/store"
)

// customResult is what hand-written Go gave for one field of one object: JSON in which entities are references
// (a NUL byte, a number, a NUL byte) that stand for rows read afterwards.
type customResult struct {
	value    []byte
	violated bool              // a null where the schema allows none: the object that holds the field is null
	errs     []*gqlerror.Error // paths start below the field
	refs     []reference
}

type customResults struct {
	parents []int           // by row
	answers []*customResult // by parent
	err     error           // nothing was resolved
}

func (r *customResults) row(i int) *customResult { return r.answers[r.parents[i]] }

// reference is an entity that hand-written Go returned.
type reference struct {
	x   *execution
	obj *object
	row int // -1 if there is no such row for the viewer
}

// rootCall resolves a hand-written root field.
func (x *execution) rootCall(ctx context.Context, q store.Querier, op ast.Operation, call *customCall) error {
	answer := x.engine.call(ctx, op, selections(call.field))
	res := &customResult{}
	for _, e := range answer.errs {
		if len(e.Path) > 0 {
			e.Path = e.Path[1:]
		}
		res.errs = append(res.errs, e)
	}
	value, ok := member(answer.data, call.field.key)
	res.value, res.violated = value, !ok
	err := store.Flush(ctx)
	if err != nil {
		return err
	}
	if res.refs, err = x.load(ctx, q, answer.refs); err != nil {
		return err
	}
	if x.roots == nil {
		x.roots = make(map[int]*customResult)
	}
	x.roots[call.id] = res
	return nil
}

// resolve calls the hand-written fields of a read's rows, each once for all rows.
func (x *execution) resolve(ctx context.Context, q store.Querier, r *rows) error {
	for _, call := range r.read.calls {
		results := &customResults{}
		r.calls = append(r.calls, results)
		if r.n == 0 {
			continue
		}
		// A row that stands below several parents (a post below its tags) is one parent here.
		batch := &loader.Batch{Columns: call.names}
		parents := make([]int, r.n)
		known := make(map[any]int, r.n)
		for row := range r.n {
			values := make([]any, len(call.needs))
			for i, col := range call.needs {
				values[i] = r.raw[col][row]
			}
			id := r.read.entity.Key(values[:len(r.read.entity.ID)]...)
			at, ok := known[id]
			if !ok {
				at = len(batch.Rows)
				known[id] = at
				batch.Rows = append(batch.Rows, values)
			}
			parents[row] = at
		}
		root := r.read.entity.CustomRoot
		answer := x.engine.call(loader.WithParents(ctx, batch), ast.Query, ast.SelectionSet{&ast.Field{
			Alias: root, Name: root, SelectionSet: selections(call.field), Position: call.field.first().Position,
			Definition: &ast.FieldDefinition{Name: root}, ObjectDefinition: x.engine.schema.Query,
		}})
		refs, err := x.load(ctx, q, answer.refs)
		if err != nil {
			return err
		}
		if err := results.fill(answer, call, refs, root, len(batch.Rows)); err != nil {
			return err
		}
		results.parents = parents
	}
	return nil
}

// fill cuts the answer for all parents into one result for each.
func (results *customResults) fill(answer customAnswer, call *customCall, refs []reference, root string, parents int) error {
	results.answers = make([]*customResult, parents)
	for i := range results.answers {
		results.answers[i] = &customResult{violated: true, refs: refs}
	}
	for _, e := range answer.errs {
		// _postFields, index, the field, …
		row := -1
		if len(e.Path) > 1 {
			if i, ok := e.Path[1].(ast.PathIndex); ok {
				row = int(i)
			}
		}
		if row < 0 || row >= len(results.answers) {
			results.err = e
			return nil
		}
		e.Path = e.Path[min(3, len(e.Path)):]
		results.answers[row].errs = append(results.answers[row].errs, e)
	}
	list, ok := member(answer.data, root)
	if !ok {
		results.err = errors.New("hand-written fields gave no answer")
		return nil
	}
	items, err := elements(list)
	if err != nil || len(items) != len(results.answers) {
		return fmt.Errorf("hand-written field %s: %d answers for %d rows (%w)", call.field.key, len(items), len(results.answers), err)
	}
	for i, item := range items {
		if value, ok := member(item, call.field.key); ok {
			results.answers[i].value, results.answers[i].violated = value, false
		}
	}
	return nil
}

func selections(f *collected) ast.SelectionSet {
	set := make(ast.SelectionSet, len(f.nodes))
	for i, n := range f.nodes {
		set[i] = n
	}
	return set
}

type customAnswer struct {
	data []byte
	errs gqlerror.List
	refs *loader.Refs
}

// call lets the application's executable schema run a part of the operation.
func (e *Engine) call(ctx context.Context, op ast.Operation, set ast.SelectionSet) customAnswer {
	outer := graphql.GetOperationContext(ctx)
	inner := &graphql.OperationContext{
		RawQuery: outer.RawQuery, Variables: outer.Variables, OperationName: outer.OperationName, Doc: outer.Doc,
		Extensions: outer.Extensions, Headers: outer.Headers,
		Operation:            &ast.OperationDefinition{Operation: op, Name: outer.OperationName, SelectionSet: set, Position: outer.Operation.Position},
		DisableIntrospection: outer.DisableIntrospection, RecoverFunc: outer.RecoverFunc,
		ResolverMiddleware: outer.ResolverMiddleware, RootResolverMiddleware: outer.RootResolverMiddleware, Stats: outer.Stats,
	}
	answer := customAnswer{refs: &loader.Refs{}}
	ctx = graphql.WithOperationContext(ctx, inner)
	ctx = graphql.WithResponseContext(ctx, unpresented, outer.RecoverFunc)
	ctx = loader.WithRefs(ctx, answer.refs)
	response := e.custom.Exec(ctx)(ctx)
	answer.errs = slices.Concat(response.Errors, graphql.GetErrors(ctx))
	answer.data = response.Data
	return answer
}

// unpresented keeps an error as it is; what a client sees of it is decided when the whole response is put together.
func unpresented(ctx context.Context, err error) *gqlerror.Error {
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		return e
	}
	return gqlerror.WrapPath(graphql.GetPath(ctx), err)
}

// load reads the rows behind references: one statement for each place in the document and entity.
func (x *execution) load(ctx context.Context, q store.Querier, refs *loader.Refs) ([]reference, error) {
	if len(refs.Items) == 0 {
		return nil, nil
	}
	subs := make(map[place]*execution)
	var order []place
	places := make([]place, len(refs.Items))
	for i, item := range refs.Items {
		at := placeOf(item)
		places[i] = at
		sub := subs[at]
		if sub == nil {
			e := x.engine.catalog.Entity(item.Entity)
			if e == nil {
				return nil, fmt.Errorf("hand-written code returned a %s, which is no entity", item.Entity)
			}
			compiled, ok := x.plan.subplans.Load(at)
			if !ok {
				c := newCompiler(collector{doc: x.doc, schema: x.engine.schema, vars: x.vars}, x.engine.catalog)
				compiled, _ = x.plan.subplans.LoadOrStore(at, c.seeded(e, item.Field.Selections))
			}
			sub = &execution{engine: x.engine, plan: compiled.(*plan), vars: x.vars, doc: x.doc, viewer: x.viewer, left: x.left}
			subs[at] = sub
			order = append(order, at)
		}
		sub.seed = append(sub.seed, item.Key)
	}
	for _, at := range order {
		if err := subs[at].bindAndRun(ctx, q); err != nil {
			return nil, err
		}
	}
	out := make([]reference, len(refs.Items))
	for i, item := range refs.Items {
		sub := subs[places[i]]
		out[i] = reference{x: sub, obj: sub.plan.root, row: -1}
		if g := sub.rows[0].group(item.Key); g.n > 0 {
			out[i].row = g.start
		}
	}
	return out, nil
}

// place is where in the document an entity was returned.
type place struct {
	field  *ast.Field
	entity string
	// merged tells the selections that were merged, where it is more than the field's own: a field of a fragment has
	// other neighbours wherever the fragment is spread.
	merged string
}

func placeOf(item loader.Ref) place {
	at := place{field: item.Field.Field, entity: item.Entity}
	if len(item.Field.Selections) != len(at.field.SelectionSet) {
		at.merged = fmt.Sprint([]ast.Selection(item.Field.Selections))
	}
	return at
}

// member returns the value of the only member of a JSON object, {"key":value}.
func member(object []byte, key string) ([]byte, bool) {
	lead := `{"` + key + `":`
	if len(object) < len(lead)+1 || !bytes.HasPrefix(object, []byte(lead)) {
		return nil, false
	}
	return object[len(lead) : len(object)-1], true
}

// elements cuts a JSON array into its elements.
func elements(array []byte) ([][]byte, error) {
	p := parser{data: array}
	var out [][]byte
	err := p.array(func() error {
		start := p.i
		if err := p.skip(); err != nil {
			return err
		}
		out = append(out, array[start:p.i])
		return nil
	})
	return out, err
}

// parser walks JSON that gqlgen wrote: compact, with references.
type parser struct {
	data []byte
	i    int
}

var errTemplate = errors.New("hand-written code gave malformed JSON")

func (p *parser) peek() byte {
	if p.i < len(p.data) {
		return p.data[p.i]
	}
	return 1
}

func (p *parser) take(c byte) bool {
	if p.peek() == c {
		p.i++
		return true
	}
	return false
}

func (p *parser) array(each func() error) error {
	if !p.take('[') {
		return errTemplate
	}
	if p.take(']') {
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		if p.take(']') {
			return nil
		}
		if !p.take(',') {
			return errTemplate
		}
	}
}

// object calls each with the raw key, quotes included.
func (p *parser) object(each func(key []byte) error) error {
	if !p.take('{') {
		return errTemplate
	}
	if p.take('}') {
		return nil
	}
	for {
		start := p.i
		if err := p.skip(); err != nil {
			return err
		}
		key := p.data[start:p.i]
		if !p.take(':') {
			return errTemplate
		}
		if err := each(key); err != nil {
			return err
		}
		if p.take('}') {
			return nil
		}
		if !p.take(',') {
			return errTemplate
		}
	}
}

// reference reads a reference, if one is next.
func (p *parser) reference() (n int, ok bool) {
	if p.peek() != 0 {
		return 0, false
	}
	end := bytes.IndexByte(p.data[p.i+1:], 0)
	if end < 0 {
		return 0, false
	}
	n, err := strconv.Atoi(string(p.data[p.i+1 : p.i+1+end]))
	if err != nil {
		return 0, false
	}
	p.i += end + 2
	return n, true
}

// skip passes over one value.
func (p *parser) skip() error {
	switch p.peek() {
	case 0:
		if _, ok := p.reference(); !ok {
			return errTemplate
		}
		return nil
	case '{':
		return p.object(func([]byte) error { return p.skip() })
	case '[':
		return p.array(p.skip)
	case '"':
		for p.i++; p.i < len(p.data); p.i++ {
			switch p.data[p.i] {
			case '\\':
				p.i++
			case '"':
				p.i++
				return nil
			}
		}
		return errTemplate
	}
	start := p.i
	for p.i < len(p.data) && !bytes.ContainsRune([]byte(",]}"), rune(p.data[p.i])) {
		p.i++
	}
	if p.i == start {
		return errTemplate
	}
	return nil
}
