package walks

import (
	"math"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
)

// pools are the values of columns: few, so that there are ties, and the ends of what each type can hold.
var pools = map[string][]any{
	"number":  {nil, int64(math.MinInt32), int64(-1), int64(0), int64(math.MaxInt32)},
	"rank":    {int64(0), int64(1), int64(2)},
	"big":     {nil, int64(math.MinInt64), int64(-1), int64(1 << 53), int64(1<<53 + 1), int64(math.MaxInt64)},
	"ratio":   {nil, -math.MaxFloat64, math.Copysign(0, -1), 0.0, math.SmallestNonzeroFloat64, 0.1, 1e21, math.MaxFloat64},
	"price":   {nil, decimal("-99999999.99"), decimal("0"), decimal("0.10"), decimal("0.1"), decimal("99999999.99")},
	"title":   {nil, "", " ", "Zebra", "zebra", "éclair", "e\u0301clair", "ﬀ", "\uffff", "😀", `"\'%_`, "a\nb", strings.Repeat("long 😀", 500)},
	"code":    {"", "A", "a", "é", "😀"},
	"flag":    {nil, false, true},
	"mood":    {nil, "good", "bad", "so-so"},
	"day":     {nil, day(1, 1, 1), day(1969, 12, 31), day(2024, 2, 29), day(9999, 12, 31)},
	"at":      {nil, moment(1, 0), moment(1969, 999_999), moment(2024, 0), moment(2024, 1), moment(2024, 100_000), moment(9999, 999_999)},
	"token":   {nil, "00000000-0000-0000-0000-000000000000", "0fffffff-ffff-ffff-ffff-ffffffffffff", "f0000000-0000-0000-0000-000000000000"},
	"state":   {"open", "open", "open", "shut"},
	"box_id":  {nil, int64(1), int64(2), int64(3), int64(4)},
	"item_id": {int64(10), int64(20), int64(30), int64(40), int64(50)},
	// Of boxes and parts.
	"name":   {nil, "", "Box", "box", "ﬀ", "😀"},
	"size":   {nil, int64(-1), int64(0), int64(1)},
	"weight": {nil, int64(0), int64(1)},
}

func day(year, month, d int) time.Time {
	return time.Date(year, time.Month(month), d, 0, 0, 0, 0, time.UTC)
}

func moment(year, micros int) time.Time {
	return time.Date(year, time.June, 30, 23, 59, 59, micros*1000, time.UTC)
}

// pool is the values of a column. Items are replies to items, themselves included.
func pool(column string) []any {
	if column == "parent_id" {
		return append([]any{nil}, pools["item_id"]...)
	}
	return pools[column]
}

// drawRow draws the values of a new row.
func drawRow(t *rapid.T, e *entity.Entity, id int64) row {
	r := rapid.Custom(func(t *rapid.T) row {
		r := make(row)
		for _, f := range e.Fields[1:] {
			r[f.Column] = rapid.SampledFrom(pool(f.Column)).Draw(t, f.Column)
		}
		return r
	}).Draw(t, e.Name)
	r["id"] = id
	return r
}

func drawWorld(t *rapid.T, c *entity.Catalog) *world {
	w := newWorld(c)
	add := func(name string, n int, distance int64) {
		for i := range int64(n) {
			id := (i + 1) * distance
			w.rows[name][id] = drawRow(t, c.Entity(name), id)
		}
	}
	add("Box", rapid.IntRange(0, 4).Draw(t, "boxes"), 1)
	add("Item", rapid.IntRange(0, 30).Draw(t, "items"), 10) // room for others between them
	add("Part", rapid.IntRange(0, 12).Draw(t, "parts"), 1)
	for range rapid.IntRange(0, 12).Draw(t, "labels") {
		w.labels[drawLabel(t)] = true
	}
	return w
}

func drawLabel(t *rapid.T) [2]int64 {
	return [2]int64{rapid.SampledFrom(pools["item_id"]).Draw(t, "label of").(int64), int64(rapid.IntRange(1, 4).Draw(t, "label"))}
}

// drawOrder draws an order, and the argument that asks for it.
func drawOrder(t *rapid.T, c *entity.Catalog) (order, []any) {
	item := c.Entity("Item")
	var o order
	var arg []any
	seen := make(map[string]bool)
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		s, in, name := drawStep(t, item, 0)
		if seen[name] {
			continue // an order by the same value again decides nothing
		}
		seen[name] = true
		o, arg = append(o, s), append(arg, in)
		if name == "ID" {
			return o, arg
		}
	}
	last := len(o) > 0 && o[len(o)-1].desc
	return append(o, step{field: item.ID[0], desc: last}), arg
}

func drawStep(t *rapid.T, e *entity.Entity, depth int) (s step, in map[string]any, name string) {
	kinds := []string{"field", "field", "field", "relation"}
	if depth == 2 {
		kinds = kinds[:1]
	}
	direction := rapid.SampledFrom([]string{"", "ASC", "DESC"}).Draw(t, "direction")
	if rapid.SampledFrom(kinds).Draw(t, "kind") == "field" {
		f := rapid.SampledFrom(e.Fields).Draw(t, "field")
		in = map[string]any{"field": f.OrderValue}
		if direction != "" {
			in["direction"] = direction
		}
		nulls := rapid.SampledFrom([]string{"", "FIRST", "LAST"}).Draw(t, "nulls")
		if nulls != "" {
			in["nulls"] = nulls
		}
		return step{field: f, desc: direction == "DESC", nullsFirst: nulls == "FIRST"}, in, f.OrderValue
	}
	ed := rapid.SampledFrom(e.Edges).Draw(t, "edge")
	if ed.List() {
		if direction == "" {
			direction = "ASC"
		}
		return step{count: ed, desc: direction == "DESC"}, map[string]any{ed.Name: map[string]any{"count": direction}}, ed.Name + " count"
	}
	s, in, name = drawStep(t, ed.To(), depth+1)
	s.path = append([]*entity.Edge{ed}, s.path...)
	return s, map[string]any{ed.Name: in}, ed.Name + " " + name
}

// filter says whether a row passes.
type filter func(view, row) bool

func everything(view, row) bool { return true }

// drawWhere draws a condition, as an argument and as the model's filter.
func drawWhere(t *rapid.T, e *entity.Entity, depth int) (map[string]any, filter) {
	in := make(map[string]any)
	var parts []filter
	kinds := []string{"field", "field", "edge", "and", "or", "not"}
	if depth == 3 {
		kinds = kinds[:1]
	}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		kind := rapid.SampledFrom(kinds).Draw(t, "condition")
		switch kind {
		case "field":
			f := rapid.SampledFrom(e.Fields).Draw(t, "field")
			if f.Name == "itemId" || in[f.Name] != nil {
				continue
			}
			ops, pass := drawOperator(t, f)
			in[f.Name] = ops
			parts = append(parts, func(_ view, r row) bool { return pass(r[f.Column]) })
		case "edge":
			if len(e.Edges) == 0 {
				continue
			}
			ed := rapid.SampledFrom(e.Edges).Draw(t, "edge")
			if in[ed.Name] != nil || ed.Name == "labelled" || e.Name == "Item" && depth > 1 && ed.Name != "box" && ed.Name != "parts" {
				continue
			}
			cond, pass := drawEdge(t, ed, depth)
			in[ed.Name] = cond
			parts = append(parts, pass)
		default:
			if in[kind] != nil {
				continue
			}
			sub, pass := drawWhere(t, e, depth+1)
			other, otherPass := drawWhere(t, e, depth+1)
			switch kind {
			case "not":
				in[kind] = sub
				parts = append(parts, func(v view, r row) bool { return !pass(v, r) })
			case "and":
				in[kind] = []any{sub, other}
				parts = append(parts, func(v view, r row) bool { return pass(v, r) && otherPass(v, r) })
			default:
				in[kind] = []any{sub, other}
				parts = append(parts, func(v view, r row) bool { return pass(v, r) || otherPass(v, r) })
			}
		}
	}
	return in, func(v view, r row) bool {
		for _, pass := range parts {
			if !pass(v, r) {
				return false
			}
		}
		return true
	}
}

// drawEdge draws a condition on the rows behind an edge.
func drawEdge(t *rapid.T, ed *entity.Edge, depth int) (map[string]any, filter) {
	if !ed.List() {
		if rapid.Bool().Draw(t, "is null") {
			null := rapid.Bool().Draw(t, "null")
			return map[string]any{"isNull": null}, func(v view, r row) bool { return (len(v.behind(ed, r)) == 0) == null }
		}
		// A target's own conditions only: its input has no and, or and not here.
		f := rapid.SampledFrom(map[string][]string{"Box": {"name", "size", "state"}, "Item": {"number", "title", "state"}}[ed.Target]).Draw(t, "field")
		ops, pass := drawOperator(t, ed.To().Field(f))
		column := ed.To().Field(f).Column
		return map[string]any{f: ops}, func(v view, r row) bool {
			rows := v.behind(ed, r)
			return len(rows) > 0 && pass(rows[0][column])
		}
	}
	kind := rapid.SampledFrom([]string{"some", "none", "every", "count"}).Draw(t, "quantifier")
	if kind == "count" {
		n := int64(rapid.IntRange(0, 3).Draw(t, "count"))
		return map[string]any{"count": map[string]any{"gte": n}}, func(v view, r row) bool { return int64(len(v.behind(ed, r))) >= n }
	}
	cond, pass := drawWhere(t, ed.To(), depth+1)
	return map[string]any{kind: cond}, func(v view, r row) bool {
		rows := v.behind(ed, r)
		n := 0
		for _, target := range rows {
			if pass(v, target) {
				n++
			}
		}
		switch kind {
		case "some":
			return n > 0
		case "none":
			return n == 0
		default:
			return n == len(rows)
		}
	}
}

// drawOperator draws an operator on a field. Null is no value: ne, notIn and not let it pass, nothing else does.
func drawOperator(t *rapid.T, f *entity.Field) (map[string]any, func(any) bool) {
	op := rapid.SampledFrom(operators(f)).Draw(t, "operator")
	draw := func() any {
		values := pool(f.Column)
		if f.Type == entity.ID {
			values = []any{int64(1), int64(2), int64(10), int64(20), int64(999)}
		}
		return rapid.SampledFrom(values).Filter(func(v any) bool { return v != nil }).Draw(t, "value")
	}
	in := func(values []any, v any) bool {
		for _, other := range values {
			if v != nil && compareValues(v, other) == 0 {
				return true
			}
		}
		return false
	}
	switch op {
	case entity.IsNull:
		null := rapid.Bool().Draw(t, "null")
		return map[string]any{"isNull": null}, func(v any) bool { return (v == nil) == null }
	case entity.In, entity.NotIn:
		values, args := make([]any, rapid.IntRange(0, 3).Draw(t, "values")), []any{}
		for i := range values {
			values[i] = draw()
			args = append(args, input(f, values[i]))
		}
		return map[string]any{string(op): args}, func(v any) bool { return in(values, v) == (op == entity.In) }
	}
	value := draw()
	return map[string]any{string(op): input(f, value)}, func(v any) bool {
		switch {
		case op == entity.Ne:
			return v == nil || compareValues(v, value) != 0
		case v == nil:
			return false
		}
		switch op {
		case entity.Contains:
			return strings.Contains(v.(string), value.(string))
		case entity.StartsWith:
			return strings.HasPrefix(v.(string), value.(string))
		case entity.EndsWith:
			return strings.HasSuffix(v.(string), value.(string))
		case entity.Lt:
			return compareValues(v, value) < 0
		case entity.Lte:
			return compareValues(v, value) <= 0
		case entity.Gt:
			return compareValues(v, value) > 0
		case entity.Gte:
			return compareValues(v, value) >= 0
		default:
			return compareValues(v, value) == 0
		}
	}
}

func operators(f *entity.Field) []entity.Operator {
	var out []entity.Operator
	for _, op := range f.Type.Operators() {
		if !strings.HasSuffix(string(op), "Fold") { // the oracle has them
			out = append(out, op)
		}
	}
	return out
}

// input is a value as clients write it.
func input(f *entity.Field, v any) any {
	switch v := v.(type) {
	case int64:
		switch f.Type {
		case entity.BigInt:
			return strconv.FormatInt(v, 10)
		case entity.ID, entity.Ref:
			return relay.ID(f.Target, strconv.FormatInt(v, 10))
		}
	case decimal:
		return string(v)
	case time.Time:
		if f.Type == entity.Date {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339Nano)
	case string:
		for _, e := range f.Enum {
			if e.Stored == v {
				return e.Name
			}
		}
	}
	return v
}
