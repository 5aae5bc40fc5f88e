package engine

import (
	"bytes"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// errNull is for a field that has no value although its type promises one.
func errNull(nodes []*ast.Field) error {
	n := nodes[0]
	return apierr.New(apierr.Internal, "Cannot return null for non-nullable field %s.%s.", n.ObjectDefinition.Name, n.Name)
}

// writer puts the response together, depth first, from rows that were read breadth first. A field that cannot be null but
// is makes the nearest nullable place above it null: the writer returns false up to there and drops what it wrote since.
type writer struct {
	buf  []byte
	most int  // bytes that the response may have
	full bool // it would have more
	path []pathStep
	errs gqlerror.List
	// The first steps of the path.
	steps [16]pathStep
}

// pathStep is a response key, or an index if the key is empty.
type pathStep struct {
	key   string
	index int
}

// newWriter returns a writer that appends to buf.
func newWriter(buf []byte, most int) *writer {
	w := &writer{}
	w.begin(buf, most)
	return w
}

func (w *writer) begin(buf []byte, most int) {
	*w = writer{buf: buf, most: most}
	w.path = w.steps[:0]
}

func (w *writer) push(key string)  { w.path = append(w.path, pathStep{key: key}) }
func (w *writer) pushIndex(i int)  { w.path = append(w.path, pathStep{index: i}) }
func (w *writer) pop()             { w.path = w.path[:len(w.path)-1] }
func (w *writer) raw(text string)  { w.buf = append(w.buf, text...) }
func (w *writer) bytes(b []byte)   { w.buf = append(w.buf, b...) }
func (w *writer) null(o *out) bool { w.raw("null"); return !o.nonNull }

func (w *writer) fail(nodes []*ast.Field, err error, below ...ast.PathElement) {
	e := &gqlerror.Error{Err: err, Message: err.Error()}
	for _, p := range w.path {
		if p.key != "" {
			e.Path = append(e.Path, ast.PathName(p.key))
		} else {
			e.Path = append(e.Path, ast.PathIndex(p.index))
		}
	}
	e.Path = append(e.Path, below...)
	for _, n := range nodes {
		if n.Position != nil {
			e.Locations = append(e.Locations, gqlerror.Location{Line: n.Position.Line, Column: n.Position.Column})
		}
	}
	w.errs = append(w.errs, e)
}

// object writes the fields that each writes, and nothing if one of them may not be null but is.
func (w *writer) object(obj *object, each func(*out) bool) bool {
	mark := len(w.buf)
	w.raw("{")
	for i, o := range obj.outs {
		if i > 0 {
			w.raw(",")
		}
		w.raw(o.lead)
		if o.kind == outTypename {
			w.raw(`"`)
			w.raw(obj.typeName)
			w.raw(`"`)
			continue
		}
		w.push(o.key)
		at := len(w.buf)
		ok := each(o)
		w.pop()
		if ok {
			continue
		}
		if o.nonNull {
			w.buf = w.buf[:mark]
			return false
		}
		w.buf = append(w.buf[:at], "null"...)
	}
	w.raw("}")
	return true
}

// list writes n elements; nonNull says whether an element may be null.
func (w *writer) list(n int, nonNull bool, each func(i int) bool) bool {
	w.raw("[")
	for i := range n {
		// What was read once is written for each of its parents: pages below pages multiply.
		if w.full = w.full || len(w.buf) > w.most; w.full {
			return false
		}
		if i > 0 {
			w.raw(",")
		}
		w.pushIndex(i)
		at := len(w.buf)
		ok := each(i)
		w.pop()
		if ok {
			continue
		}
		if nonNull {
			return false
		}
		w.buf = append(w.buf[:at], "null"...)
	}
	w.raw("]")
	return true
}

// root writes the data of a query.
func (w *writer) root(x *execution) bool {
	return w.object(x.plan.root, func(o *out) bool { return w.rootField(x, o) })
}

func (w *writer) rootField(x *execution, o *out) bool {
	switch o.kind {
	case outOne:
		r := x.rows[o.read.id]
		if r.err != nil {
			w.fail(o.nodes, r.err)
			return false
		}
		for _, g := range r.groups { // at most one row
			return w.row(x, o.obj, r, g.start)
		}
		return w.null(o)
	case outConnection:
		return w.connection(x, o, x.rows[o.read.id], noKey)
	case outGroups:
		return w.groups(o, x.rows[o.read.id], noKey)
	case outCan:
		return w.can(x, o)
	case outNode:
		return w.node(x, o, argument(o.nodes[0], "id", x.vars))
	case outNodes:
		ids := nodeIDs(o.nodes[0].ArgumentMap(x.vars))
		if most := x.engine.cfg.MaxIDs; len(ids) > most {
			w.fail(o.nodes, badArg("ids", apierr.OutOfRange, most, "ids must not hold more than "+strconv.Itoa(most)+" ids."))
			return false
		}
		return w.list(len(ids), false, func(i int) bool { return w.node(x, o, ids[i]) })
	default:
		return w.custom(o, x.roots[o.call.id])
	}
}

func (w *writer) node(x *execution, o *out, id any) bool {
	e, key, err := x.engine.globalID(id)
	if err != nil {
		w.fail(o.nodes, err)
		return false
	}
	v := o.variants[e.Name]
	r := x.rows[v.read.id]
	if g := r.group(key); g.n > 0 {
		return w.row(x, v.obj, r, g.start)
	}
	w.raw("null")
	return true
}

// row writes one row of a read.
func (w *writer) row(x *execution, obj *object, r *rows, row int) bool {
	return w.object(obj, func(o *out) bool {
		switch o.kind {
		case outColumn:
			return w.cell(o, r, row, o.col)
		case outOne:
			child := x.rows[o.read.id]
			g := child.group(r.keys[o.col][row])
			if g.n == 0 {
				if o.nonNull {
					w.fail(o.nodes, errNull(o.nodes))
				}
				return w.null(o)
			}
			return w.row(x, o.obj, child, g.start)
		case outConnection:
			return w.connection(x, o, x.rows[o.read.id], r.keys[o.col][row])
		case outGroups:
			return w.groups(o, x.rows[o.read.id], r.keys[o.col][row])
		case outChanges:
			return w.changes(x, o, r, row)
		default:
			for i, call := range r.read.calls {
				if call != o.call {
					continue
				}
				if err := r.calls[i].err; err != nil {
					w.fail(o.nodes, err)
					return false
				}
				return w.custom(o, r.calls[i].row(row))
			}
			return false
		}
	})
}

// cell writes one value of a row.
func (w *writer) cell(o *out, r *rows, row, cell int) bool {
	if err := r.failed(row, cell); err != nil {
		w.fail(o.nodes, err)
		return false
	}
	value := r.cell(row, cell)
	w.bytes(value)
	if o.nonNull && string(value) == "null" {
		w.fail(o.nodes, errNull(o.nodes))
		return false
	}
	return true
}

// connection writes the list of one parent.
func (w *writer) connection(x *execution, o *out, r *rows, key any) bool {
	if r.err != nil {
		w.fail(o.nodes, r.err)
		return false
	}
	g := r.group(key)
	// Backward pages were read from their end.
	at := func(i int) int {
		if r.args.backward {
			return g.start + g.n - 1 - i
		}
		return g.start + i
	}
	return w.object(o.obj, func(o *out) bool {
		switch o.kind {
		case outNodeList:
			return w.list(g.n, true, func(i int) bool { return w.row(x, o.obj, r, at(i)) })
		case outEdges:
			return w.list(g.n, true, func(i int) bool {
				return w.object(o.obj, func(eo *out) bool {
					if eo.kind == outCursor {
						w.buf = r.appendCursor(w.buf, at(i))
						return true
					}
					return w.row(x, eo.obj, r, at(i))
				})
			})
		case outTotalCount:
			w.buf = strconv.AppendInt(w.buf, r.counts[key], 10)
			return true
		case outTotal:
			t := &r.args.totals[o.col]
			if t.err != nil {
				w.fail(o.nodes, t.err)
				return false
			}
			w.buf = strconv.AppendInt(w.buf, t.counts[key], 10)
			return true
		case outAggregate:
			return w.aggregate(o, func(o *out) bool {
				if o.kind == outTotalCount {
					w.buf = strconv.AppendInt(w.buf, r.counts[key], 10)
					return true
				}
				if err := r.denied[o.col]; err != nil {
					w.fail(o.nodes, err)
					return false
				}
				buf, err := r.appendFigure(w.buf, key, o.col)
				if err != nil {
					w.fail(o.nodes, err)
					return false
				}
				w.buf = buf
				return true
			})
		default:
			return w.object(o.obj, func(po *out) bool {
				switch po.kind {
				case outHasNext:
					w.buf = strconv.AppendBool(w.buf, r.hasNext(key))
				case outHasPrevious:
					w.buf = strconv.AppendBool(w.buf, r.hasPrevious(key))
				case outStartCursor, outEndCursor:
					if g.n == 0 {
						w.raw("null")
						return true
					}
					i := 0
					if po.kind == outEndCursor {
						i = g.n - 1
					}
					w.buf = r.appendCursor(w.buf, at(i))
				}
				return true
			})
		}
	})
}

// aggregate writes figures. Each writes the number of rows or one aggregate of theirs.
func (w *writer) aggregate(o *out, each func(*out) bool) bool {
	return w.object(o.obj, func(o *out) bool {
		if o.kind == outTotalCount {
			return each(o)
		}
		return w.object(o.obj, each)
	})
}

// custom writes what hand-written code gave, with its references replaced by rows.
func (w *writer) custom(o *out, res *customResult) bool {
	for _, e := range res.errs {
		// The error is wrapped again so that its code is found; its path continues this field's.
		err := e.Err
		if err == nil {
			err = e
		}
		w.fail(o.nodes, err, e.Path...)
		if len(e.Path) > 0 && len(e.Locations) > 0 { // of a field below this one
			w.errs[len(w.errs)-1].Locations = e.Locations
		}
	}
	if res.violated {
		return false
	}
	if bytes.IndexByte(res.value, 0) < 0 {
		w.bytes(res.value)
		return true
	}
	t := template{w: w, res: res, p: parser{data: res.value}}
	return t.value(o.call.typ, o.nodes)
}

// template completes a hand-written value by its type.
type template struct {
	w   *writer
	res *customResult
	p   parser
}

// value writes the next value, of type typ at the given fields. It always consumes all of it.
func (t *template) value(typ *ast.Type, nodes []*ast.Field) bool {
	w := t.w
	if n, ok := t.p.reference(); ok {
		ref := t.res.refs[n]
		if ref.row < 0 {
			if typ.NonNull {
				w.fail(nodes, errNull(nodes))
				return false
			}
			w.raw("null")
			return true
		}
		at := len(w.buf)
		if w.row(ref.x, ref.obj, ref.x.rows[0], ref.row) {
			return true
		}
		return t.orNull(typ, at)
	}
	at := len(w.buf)
	switch t.p.peek() {
	case '[':
		if typ.Elem == nil {
			break
		}
		ok, i := true, 0
		w.raw("[")
		err := t.p.array(func() error {
			if !ok {
				return t.p.skip()
			}
			if i > 0 {
				w.raw(",")
			}
			w.pushIndex(i)
			ok = t.value(typ.Elem, nodes)
			w.pop()
			i++
			return nil
		})
		if err != nil {
			w.fail(nodes, err)
		}
		if ok && err == nil {
			w.raw("]")
			return true
		}
		return t.orNull(typ, at)
	case '{':
		fields := below(nodes)
		if len(fields) == 0 {
			break // a scalar whose values are objects
		}
		ok, i := true, 0
		w.raw("{")
		err := t.p.object(func(key []byte) error {
			if !ok {
				return t.p.skip()
			}
			if i > 0 {
				w.raw(",")
			}
			i++
			w.bytes(key)
			w.raw(":")
			name := string(key[1 : len(key)-1])
			sub := fields[name]
			if len(sub) == 0 || sub[0].Definition == nil {
				start := t.p.i
				err := t.p.skip()
				w.bytes(t.p.data[start:t.p.i])
				return err
			}
			w.push(name)
			ok = t.value(sub[0].Definition.Type, sub)
			w.pop()
			return nil
		})
		if err != nil {
			w.fail(nodes, err)
		}
		if ok && err == nil {
			w.raw("}")
			return true
		}
		return t.orNull(typ, at)
	}
	start := t.p.i
	if err := t.p.skip(); err != nil {
		w.fail(nodes, err)
		return t.orNull(typ, at)
	}
	w.bytes(t.p.data[start:t.p.i])
	return true
}

func (t *template) orNull(typ *ast.Type, at int) bool {
	t.w.buf = t.w.buf[:at]
	if typ.NonNull {
		return false
	}
	t.w.raw("null")
	return true
}

// below finds all fields selected below nodes, by response key. Type conditions do not matter: fields of one key have
// one shape whatever the type (GraphQL specification, SameResponseShape).
func below(nodes []*ast.Field) map[string][]*ast.Field {
	fields := make(map[string][]*ast.Field)
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				fields[sel.Alias] = append(fields[sel.Alias], sel)
			case *ast.InlineFragment:
				walk(sel.SelectionSet)
			case *ast.FragmentSpread:
				walk(sel.Definition.SelectionSet)
			}
		}
	}
	for _, n := range nodes {
		walk(n.SelectionSet)
	}
	return fields
}

// globalID finds the entity and key behind a global id.
func (e *Engine) globalID(v any) (*entity.Entity, any, error) {
	text, _ := v.(string)
	name, raw, _ := relay.ParseID(text)
	if ent := e.catalog.Entity(name); ent != nil && !ent.Hidden {
		if key, ok := ent.ParseKey(raw); ok {
			return ent, key, nil
		}
	}
	return nil, nil, badArg("id", apierr.InvalidFormat, nil, "id is not an id of this API.")
}
