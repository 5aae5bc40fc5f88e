package walks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/entwine-data/entwine/gateway/entity"
)

// The model: rows in maps, lists made by sorting all of them, pages cut out of lists. Nothing in it knows of ranges, SQL or
// cursors.

// row holds the values of one row by their columns; null is nil.
type row map[string]any

func (r row) id() int64 { return r["id"].(int64) }

// GoString is what a failure shows of a row: the values that it has.
func (r row) GoString() string {
	var b strings.Builder
	for _, column := range slices.Sorted(maps.Keys(r)) {
		if v := r[column]; v != nil {
			fmt.Fprintf(&b, "%s=%.40v ", column, v)
		}
	}
	return b.String()
}

// world is what the database holds, by entity and key.
type world struct {
	catalog *entity.Catalog
	rows    map[string]map[int64]row
	labels  map[[2]int64]bool // item and box
}

func newWorld(c *entity.Catalog) *world {
	return &world{catalog: c, rows: map[string]map[int64]row{"Item": {}, "Box": {}, "Part": {}}, labels: make(map[[2]int64]bool)}
}

// view is the part of a world that a viewer may read.
type view struct {
	*world
	admin bool
}

func (v view) visible(r row) bool { return r != nil && (v.admin || r["state"] == "open") }

// all are the visible rows of an entity, by their ids.
func (v view) all(name string) []row {
	rows := v.rows[name]
	var out []row
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		if v.visible(rows[id]) {
			out = append(out, rows[id])
		}
	}
	return out
}

// behind are the visible rows to which an edge leads from r.
func (v view) behind(ed *entity.Edge, r row) []row {
	if r == nil {
		return nil
	}
	if ed.Kind == entity.ToOne {
		key, ok := r[ed.Column].(int64)
		if target := v.rows[ed.Target][key]; ok && v.visible(target) {
			return []row{target}
		}
		return nil
	}
	return slices.DeleteFunc(v.all(ed.Target), func(target row) bool {
		switch {
		case ed.Kind == entity.ToMany:
			return target[ed.Column] != r["id"]
		case ed.Target == "Box":
			return !v.labels[[2]int64{r.id(), target.id()}]
		default:
			return !v.labels[[2]int64{target.id(), r.id()}]
		}
	})
}

// step is one element of an order: a field of the row, or of the row to which a path of edges leads, or a number of rows.
type step struct {
	path             []*entity.Edge
	field            *entity.Field
	count            *entity.Edge
	desc, nullsFirst bool
}

func (s step) value(v view, r row) any {
	for _, ed := range s.path {
		rows := v.behind(ed, r)
		if len(rows) == 0 {
			// The rows behind a row that is not there are none, which is a number.
			if s.count != nil {
				return int64(0)
			}
			return nil
		}
		r = rows[0]
	}
	if s.count != nil {
		return int64(len(v.behind(s.count, r)))
	}
	return r[s.field.Column]
}

// order is a list of steps, the id's the last of them.
type order []step

// position is where a row stands in an order: the values of its steps.
type position []any

func (o order) position(v view, r row) position {
	p := make(position, len(o))
	for i, s := range o {
		p[i] = s.value(v, r)
	}
	return p
}

func (o order) compare(a, b position) int {
	for i, s := range o {
		c := 0
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil || b[i] == nil:
			if (a[i] == nil) == s.nullsFirst {
				return -1
			}
			return 1
		default:
			if c = compareValues(a[i], b[i]); s.desc {
				c = -c
			}
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// decimal is an exact number as the database takes and gives it.
type decimal string

func (d decimal) number() float64 {
	x, _ := strconv.ParseFloat(string(d), 64)
	return x
}

func compareValues(a, b any) int {
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case decimal:
		return cmp.Compare(a.number(), b.(decimal).number())
	case bool:
		number := map[bool]int{true: 1}
		return cmp.Compare(number[a], number[b.(bool)])
	case time.Time:
		return a.Compare(b.(time.Time))
	default: // code points and UTF-8 have one order
		return strings.Compare(a.(string), b.(string))
	}
}

// placed is a row of a list with its position.
type placed struct {
	id int64
	at position
}

// list is the rows that pass, sorted.
func (o order) list(v view, rows []row, pass func(view, row) bool) []placed {
	var out []placed
	for _, r := range rows {
		if pass(v, r) {
			out = append(out, placed{r.id(), o.position(v, r)})
		}
	}
	slices.SortFunc(out, func(a, b placed) int { return o.compare(a.at, b.at) })
	return out
}

// window is what the arguments of a list ask for.
type window struct {
	size          int
	backward      bool
	offset        int
	after, before position // nil without a cursor
}

// page cuts a page out of a list. More rows are said to lie before or after it exactly if the list holds any there; a cursor
// stands between rows or, if its row is still there, on it, and that row does not lie on the cursor's own side.
func (o order) page(list []placed, w window) (rows []placed, previous, next bool) {
	from, to := 0, len(list)
	if w.after != nil {
		for from < to && o.compare(list[from].at, w.after) <= 0 {
			from++
		}
		previous = from > 0
	}
	if w.before != nil {
		for to > 0 && o.compare(list[to-1].at, w.before) >= 0 {
			to--
		}
		next = to < len(list)
	}
	if w.offset > 0 {
		previous = len(list) > 0
		from = min(w.offset, len(list))
	}
	if from > to { // the cursors have changed places, and nothing lies between them
		return nil, previous, next
	}
	rows = list[from:to]
	switch {
	case len(rows) <= w.size:
	case w.backward:
		rows, previous = rows[len(rows)-w.size:], true
	default:
		rows, next = rows[:w.size], true
	}
	return rows, previous, next
}
