package walks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/relay"
)

// place is where a list stands: at the root, or below one or several boxes.
type place struct {
	edge  string
	boxes []int64
}

func (k *walk) drawPlace(several bool) place {
	p := place{boxes: []int64{0}}
	n := rapid.SampledFrom([]int{0, 0, 0, 0, 1, 3}).Draw(k.t, "parents")
	if n == 0 {
		return p
	}
	p.edge = rapid.SampledFrom([]string{"items", "labelled"}).Draw(k.t, "edge")
	if p.edge == "labelled" {
		k.use("many to many")
	}
	if n == 1 || !several {
		k.use("below a parent")
		p.boxes[0] = int64(rapid.IntRange(1, 4).Draw(k.t, "box"))
		return p
	}
	k.use("below several parents")
	p.boxes = []int64{2, 4, 1, 3}
	return p
}

// rows are those of the list of one box, or of all at the root.
func (p place) rows(v view, box int64) []row {
	if p.edge == "" {
		return v.all("Item")
	}
	return v.behind(v.catalog.Entity("Box").Edge(p.edge), v.rows["Box"][box])
}

// query is one page of a list that is asked for.
type query struct {
	place         place
	admin         bool
	where         map[string]any
	pass          filter
	size          *int
	backward      bool
	offset        int
	after, before *cursor
}

const arguments = `(first: $first, last: $last, after: $after, before: $before, offset: $offset, where: $where, orderBy: $orderBy)
	{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }`

const variables = `$first: Int, $last: Int, $after: String, $before: String, $offset: Int, $where: ItemWhere, $orderBy: [ItemOrder!]`

// text is the operation: every box is named by an id, so that those of several are one statement.
func (p place) text() string {
	switch {
	case p.edge == "":
		return "query(" + variables + ") { items" + arguments + " }"
	case len(p.boxes) == 1:
		return "query(" + variables + ", $box: ID!) { box(id: $box) { items: " + p.edge + arguments + " } }"
	default:
		return "query(" + variables + ", $boxes: [ID!]!) { nodes(ids: $boxes) { ... on Box { items: " + p.edge + arguments + " } } }"
	}
}

func (q query) variables(orderBy []any) map[string]any {
	vars := make(map[string]any)
	if orderBy != nil {
		vars["orderBy"] = orderBy
	}
	if q.where != nil {
		vars["where"] = q.where
	}
	if q.size != nil {
		vars[map[bool]string{false: "first", true: "last"}[q.backward]] = *q.size
	}
	if q.offset > 0 {
		vars["offset"] = q.offset
	}
	for name, c := range map[string]*cursor{"after": q.after, "before": q.before} {
		if c != nil {
			vars[name] = c.text
		}
	}
	switch {
	case q.place.edge == "":
	case len(q.place.boxes) == 1:
		vars["box"] = relay.ID("Box", strconv.FormatInt(q.place.boxes[0], 10))
	default:
		var ids []string
		for _, box := range q.place.boxes {
			ids = append(ids, relay.ID("Box", strconv.FormatInt(box, 10)))
		}
		vars["boxes"] = ids
	}
	return vars
}

// page is one that the gateway gave.
type page struct {
	ids            []int64
	cursors        []cursor
	previous, next bool
	total          int
}

// connection is a page on the wire.
type connection struct {
	Edges []struct {
		Cursor string
		Node   struct{ ID string }
	}
	PageInfo struct {
		HasNextPage, HasPreviousPage bool
		StartCursor, EndCursor       *string
	}
	TotalCount int
}

// ask sends a query and compares the page below each box with the model's. The page of a box that is hidden is nil.
func (k *walk) ask(q query) []*page {
	k.t.Helper()
	vars := q.variables(k.orderBy)
	raw := k.app.send(k.t.Context(), q.admin, q.place.text(), vars)
	var response struct {
		Data struct {
			Items *connection
			Box   *struct{ Items *connection }
			Nodes []*struct{ Items *connection }
		}
		Errors []any
	}
	if err := json.Unmarshal(raw, &response); err != nil || len(response.Errors) > 0 {
		k.t.Fatalf("%v %s\n%s", err, show(q, vars), raw)
	}
	var got []*connection
	switch {
	case q.place.edge == "":
		got = append(got, response.Data.Items)
	case len(q.place.boxes) > 1:
		for _, n := range response.Data.Nodes {
			if n == nil {
				got = append(got, nil)
			} else {
				got = append(got, n.Items)
			}
		}
	case response.Data.Box == nil:
		got = append(got, nil)
	default:
		got = append(got, response.Data.Box.Items)
	}
	v := view{k.world, q.admin}
	w := window{size: 20, backward: q.backward, offset: q.offset}
	if q.size != nil {
		w.size = *q.size
	}
	for _, c := range []*cursor{q.after, q.before} {
		if c != nil && k.world.rows["Item"][c.id] == nil {
			k.use("cursor of a row that is gone")
		}
	}
	if q.after != nil {
		w.after = q.after.at
	}
	if q.before != nil {
		w.before = q.before.at
	}
	if q.after != nil && q.before != nil {
		k.use("two cursors")
	}
	if q.offset > 0 {
		k.use("offset")
	}
	var pages []*page
	for i, box := range q.place.boxes {
		if q.place.edge != "" && !v.visible(v.rows["Box"][box]) {
			if got[i] != nil {
				k.t.Fatalf("box %d is shown %s\n%s", box, show(q, vars), raw)
			}
			pages = append(pages, nil)
			continue
		}
		list := k.order.list(v, q.place.rows(v, box), q.pass)
		rows, previous, next := k.order.page(list, w)
		want := &page{previous: previous, next: next, total: len(list)}
		for _, r := range rows {
			want.ids = append(want.ids, r.id)
		}
		if len(rows) == 0 {
			k.use("empty page")
		}
		p := k.read(got[i], rows)
		if !slices.Equal(p.ids, want.ids) || p.previous != previous || p.next != next || p.total != want.total {
			k.t.Fatalf("box %d: want %s\ngot  %s\n%s\n%s", box, want, p, show(q, vars), raw)
		}
		pages = append(pages, p)
		k.cursors = append(k.cursors, p.cursors...)
		k.use("page")
	}
	return pages
}

// read turns a connection into a page. The positions of its cursors are the model's.
func (k *walk) read(c *connection, rows []placed) *page {
	if c == nil {
		k.t.Fatal("the list is missing")
	}
	p := &page{previous: c.PageInfo.HasPreviousPage, next: c.PageInfo.HasNextPage, total: c.TotalCount}
	for i, e := range c.Edges {
		_, key, _ := relay.ParseID(e.Node.ID)
		id, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			k.t.Fatal(err)
		}
		p.ids = append(p.ids, id)
		if i < len(rows) {
			p.cursors = append(p.cursors, cursor{e.Cursor, id, rows[i].at})
		}
	}
	var first, last *string
	if n := len(c.Edges); n > 0 {
		first, last = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	same := func(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
	if !same(c.PageInfo.StartCursor, first) || !same(c.PageInfo.EndCursor, last) {
		k.t.Fatalf("startCursor and endCursor are not those of the page's ends: %+v", c)
	}
	return p
}

func (p *page) String() string {
	return fmt.Sprintf("%v, previous %v, next %v, total %d", p.ids, p.previous, p.next, p.total)
}

func show(q query, vars map[string]any) string {
	b, _ := json.Marshal(vars)
	return fmt.Sprintf("%s\nvariables %s, admin %v, after %v, before %v", q.place.text(), b, q.admin, q.after, q.before)
}
