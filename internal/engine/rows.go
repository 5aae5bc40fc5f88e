package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/store"
)

// rows is what a read gave: the JSON of each cell in one buffer, and the keys by which rows belong to parents.
type rows struct {
	read   *read
	args   *listArgs // connections
	err    error     // the arguments were refused: nothing was read
	n      int
	buf    []byte
	cells  []span         // n × (read.cells, one more for the cursor's values if wanted)
	keys   [][]any        // by column, for key columns
	raw    [][]any        // by column, for columns that hand-written fields need
	groups map[any]*group // by the parent's key
	counts map[any]int64  // by the parent's key
	// figures are the aggregates of the lists, by the parent's key and in the order of read.figures.
	figures map[any][]any
	denied  map[int]error    // by position in read.figures: aggregates that are refused
	around  map[any]int64    // by the parent's key: what lies beyond the page, see around.go
	errs    map[int]error    // by cell: values that could not be written
	calls   []*customResults // by position in read.calls
	spare   *spare           // where buf, cells, keys and groups come from, see memory
}

type span struct{ start, end uint32 }

// group is the rows of one parent. They lie next to each other.
type group struct {
	start, n int
	more     bool // there was a row beyond the page
}

// spare is the memory of rows that were written, for the next rows of the same read.
type spare struct {
	buf     []byte
	cells   []span
	keys    [][]any
	groups  map[any]*group
	slab    []group
	names   []string
	targets []target
	scan    scanning
	parts   []part
}

// The memory that is worth keeping. What a rare large page needed is left to the garbage collector.
const (
	minSpare = 1 << 10
	maxSpare = 1 << 20
	// maxSpareKeys bounds the lists of keys, and the groups.
	maxSpareKeys = 1 << 10
)

// memory is what rows are kept in.
func (r *rows) memory() *spare {
	if r.spare != nil {
		return r.spare
	}
	if kept, ok := r.read.spare.Get().(*spare); ok {
		r.spare = kept
		return kept
	}
	r.spare = &spare{
		buf:    make([]byte, 0, r.read.size.get()*5/4),
		cells:  make([]span, 0, r.read.rowCount.get()*r.stride()),
		keys:   make([][]any, len(r.read.columns)),
		groups: make(map[any]*group, r.read.groupCount.get()),
	}
	return r.spare
}

// release lets the next rows of the same read have the memory of these, which are not used any more.
func (r *rows) release() {
	m := r.spare
	if m == nil {
		return
	}
	m.buf, m.cells = r.buf[:0], r.cells[:0]
	fits := cap(m.buf)+8*cap(m.cells) <= maxSpare && len(m.groups) <= maxSpareKeys && cap(m.slab) <= maxSpareKeys
	for i, keys := range m.keys {
		fits = fits && cap(keys) <= maxSpareKeys
		clear(keys)
		m.keys[i] = keys[:0]
	}
	clear(m.groups)
	m.scan.forget()
	clear(m.parts)
	r.buf, r.cells, r.keys, r.groups, r.spare = nil, nil, nil, nil, nil
	if fits {
		r.read.spare.Put(m)
	}
}

// refused keeps what is wrong with the arguments, if anything is: it belongs to the places that show the rows.
func (r *rows) refused(err error) bool {
	r.err = err
	return err != nil
}

// wasRefused says whether the arguments were refused.
func (r *rows) wasRefused() bool { return r.err != nil }

// noKey is the parent's key of rows that have no parent.
var noKey any = int64(1)

func (r *rows) group(key any) *group {
	if g := r.groups[key]; g != nil {
		return g
	}
	return &group{}
}

func (r *rows) stride() int {
	if r.args != nil && r.args.grouping != nil {
		return r.args.grouping.width()
	}
	if r.read.wantCursor {
		return r.read.cells + 1
	}
	return r.read.cells
}

func (r *rows) cell(row, cell int) []byte {
	s := r.cells[row*r.stride()+cell]
	return r.buf[s.start:s.end]
}

func (r *rows) failed(row, cell int) error {
	if r.errs == nil {
		return nil
	}
	return r.errs[row*r.stride()+cell]
}

// scanner takes the rows of one part of a result. For each it has the driver's values: those of the key by which the row
// belongs to a parent, and then those of the part's columns.
type scanner struct {
	rows    *rows
	from    int      // position of the first value
	keys    int      // how many values the key has
	columns []target // what the values after the key are for
	limit   int      // rows of a group that are kept, 0 for all
	cur     *group
	slab    []group // that the groups are cut from
	key     any
	// values are those of the columns of the order, for the cursor: they are held until the row ends.
	values []store.Value
	// id holds the values of the columns of a composite key, and first those by which the row was found.
	id, first []any
	keyed     bool // the first column is the parent's key
	folded    bool // the first column is the row's own key, null if there is no row
	// counted is the length of the rows' buffer, and raw the size of values outside of it, for size.
	counted, raw int
}

// target says what a column's values are for.
type target struct {
	col *column // nil for columns that only the cursor needs
	at  int     // position in the order, -1 if the cursor does not need it
	id  int     // position in the composite key, -1 if it is not written
}

// row takes one row.
func (s *scanner) row(row []store.Value) error {
	if !s.begin(row[s.from : s.from+s.keys]) {
		return nil
	}
	for i := range s.columns {
		if err := s.take(i, &s.columns[i], &row[s.from+s.keys+i]); err != nil {
			return err
		}
	}
	return s.end()
}

func (s *scanner) take(i int, t *target, v *store.Value) error {
	if t.at >= 0 {
		s.values[t.at] = *v
	}
	if t.id >= 0 {
		s.id[t.id] = v.Any()
	}
	if t.col == nil {
		return nil
	}
	r := s.rows
	if t.col.key {
		r.keys[i] = append(r.keys[i], storedKey(*v))
	}
	if t.col.raw {
		v, err := handWritten(t.col.field, v)
		if err != nil {
			return err
		}
		if r.raw == nil {
			r.raw = make([][]any, len(r.read.columns))
		}
		r.raw[i] = append(r.raw[i], v)
		switch v := v.(type) {
		case string:
			s.raw += len(v)
		case []byte:
			s.raw += len(v)
		}
	}
	if t.col.cell >= 0 {
		r.put(t.col.cell, t.col.field, v)
	}
	return nil
}

// keep copies what the driver may overwrite.
func keep(v any) any {
	if b, ok := v.([]byte); ok {
		return slices.Clone(b)
	}
	return v
}

// begin starts a row whose key has the given values. It says whether the row is wanted.
func (s *scanner) begin(values []store.Value) bool {
	r, v := s.rows, values[0]
	switch {
	case s.folded && v.Type == store.Null:
		return false
	case !s.keyed && v.Type == store.Int:
		bits := v.Int()
		if r.read.counted && (r.n == 0 || bits&1 == 0) {
			r.counts = map[any]int64{noKey: bits / countUnit}
		}
		if bits&1 == 0 {
			r.around = map[any]int64{noKey: bits}
			return false
		}
	}
	if s.next(values) {
		if len(s.slab) == cap(s.slab) {
			s.slab = make([]group, 0, max(1, len(s.slab)*2, r.read.groupCount.get()))
			r.spare.slab = s.slab
		}
		s.slab = append(s.slab, group{start: r.n})
		s.cur = &s.slab[len(s.slab)-1]
		r.groups[s.key] = s.cur
	}
	if s.limit >= 0 && s.cur.n == s.limit {
		s.cur.more = true
		return false
	}
	s.cur.n++
	r.n++
	n := len(r.cells) + r.stride()
	r.cells = slices.Grow(r.cells, r.stride())[:n]
	clear(r.cells[n-r.stride():])
	return true
}

// next makes the values the key of the current group, and says whether it was another's.
func (s *scanner) next(values []store.Value) bool {
	key := noKey
	switch v := values[0]; {
	case !s.keyed:
	case len(values) > 1:
		s.first = s.first[:0]
		for _, v := range values {
			s.first = append(s.first, v.Any())
		}
		key = s.rows.read.entity.Key(s.first...)
	case v.Type == store.Int && s.cur != nil && s.key == v.Int(): // without a new box
		return false
	default:
		key = storedKey(v)
	}
	if s.cur != nil && key == s.key {
		return false
	}
	s.key = key
	return true
}

func (r *rows) put(cell int, f *entity.Field, v *store.Value) {
	i := (r.n-1)*r.stride() + cell
	start := len(r.buf)
	buf, err := appendStored(r.buf, f, v)
	if err != nil {
		if r.errs == nil {
			r.errs = make(map[int]error)
		}
		r.errs[i] = err
		buf = buf[:start]
	}
	r.buf = buf
	r.cells[i] = span{uint32(start), uint32(len(buf))}
}

// end finishes a row: the values of its cursor and a composite id are known only now.
func (s *scanner) end() error {
	r := s.rows
	if e := r.read.entity; r.read.wantID {
		start := len(r.buf)
		r.buf = append(r.buf, '"')
		r.buf = relay.AppendID(r.buf, e.Name, appendKey(nil, e.Key(s.id...)))
		r.buf = append(r.buf, '"')
		r.cells[(r.n-1)*r.stride()+r.read.idCell] = span{uint32(start), uint32(len(r.buf))}
	}
	if !r.read.wantCursor {
		return nil
	}
	start := len(r.buf)
	for i, st := range r.args.order.steps {
		if i > 0 {
			r.buf = append(r.buf, ',')
		}
		var err error
		if r.buf, err = appendCursorValue(r.buf, st.field, &s.values[i]); err != nil {
			return err
		}
	}
	r.cells[(r.n-1)*r.stride()+r.read.cells] = span{uint32(start), uint32(len(r.buf))}
	return nil
}

// appendCursor appends the cursor of a row. Its values are made one only here, because a page shows two of many.
func (r *rows) appendCursor(dst []byte, row int) []byte {
	dst = append(dst, '"')
	dst = relay.AppendCursor(dst, r.args.order.scope, r.cell(row, r.read.cells))
	return append(dst, '"')
}

// columns are the names to select for a read, those included that only cursors need.
func (r *rows) columns() []string {
	m := r.memory()
	names := m.names[:0]
	for _, c := range r.read.columns {
		names = append(names, c.name)
	}
	if r.read.wantCursor {
		for _, st := range r.args.order.steps {
			if name := st.selected(); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	m.names = names
	return names
}

// scan reads a result: for each part a key (of the parent if keyed, of the row for folded parts) and then its columns.
// limit is the number of rows of the first part that are kept by parent, -1 for all.
//
// left is reduced by the size of what was read. n is the number of rows of the result. The statement is released.
func scan(ctx context.Context, q store.Querier, st *statement, parts []part, keyed bool, limit int, left *int) (n int, err error) {
	sc := &parts[0].rows.memory().scan
	sc.expect(parts, keyed, limit, left)
	defer st.release()
	if err = q.Read(ctx, st.text(), st.args, sc.each); err != nil {
		return sc.n, err
	}
	for _, p := range parts {
		p.rows.read.size.put(len(p.rows.buf))
		p.rows.read.rowCount.put(p.rows.n)
		p.rows.read.groupCount.put(len(p.rows.groups))
	}
	return sc.n, nil
}

// scanning takes the rows of a result.
type scanning struct {
	scanners []scanner // of each part
	width    int       // values of a row
	n        int       // rows so far
	left     *int      // bytes
	each     func([]store.Value) error
}

func (sc *scanning) expect(parts []part, keyed bool, limit int, left *int) {
	if sc.each == nil {
		sc.each = sc.row
	}
	sc.width, sc.n, sc.left = 0, 0, left
	sc.scanners = slices.Grow(sc.scanners[:0], len(parts))[:len(parts)]
	for i, p := range parts {
		s := &sc.scanners[i]
		*s = scanner{rows: p.rows, from: sc.width, limit: limit, keyed: keyed, values: s.values[:0], id: s.id[:0], first: s.first[:0]}
		if i > 0 {
			s.keyed, s.limit, s.folded = true, -1, true
		}
		sc.width += s.expect(p.names)
	}
}

func (sc *scanning) row(row []store.Value) error {
	sc.n++
	*sc.left -= 16 * sc.width
	for i := range sc.scanners {
		s := &sc.scanners[i]
		if err := s.row(row); err != nil {
			return err
		}
		*sc.left -= s.size()
	}
	if *sc.left < 0 {
		return errTooLarge
	}
	return nil
}

// forget lets go of rows and values.
func (sc *scanning) forget() {
	sc.left = nil
	for i := range sc.scanners {
		s := &sc.scanners[i]
		clear(s.values)
		clear(s.id)
		clear(s.first)
		*s = scanner{values: s.values[:0], id: s.id[:0], first: s.first[:0]}
	}
}

// expect prepares for rows with the named columns. It returns how many values a row has.
func (s *scanner) expect(names []string) int {
	r := s.rows
	m := r.memory()
	clear(m.groups)
	for i := range m.keys {
		m.keys[i] = m.keys[i][:0]
	}
	r.n, r.errs = 0, nil
	r.buf, r.cells, r.keys, r.raw, r.groups = m.buf[:0], m.cells[:0], m.keys, nil, m.groups
	s.slab = m.slab[:0]
	s.keys = 1
	if r.read.kind == readKeys && !s.folded {
		s.keys = len(r.read.entity.ID)
	}
	m.targets = slices.Grow(m.targets[:0], len(names))[:len(names)]
	s.columns = m.targets
	for i, name := range names {
		t := target{at: -1, id: -1}
		if i < len(r.read.columns) {
			t.col = r.read.columns[i]
		}
		if r.read.wantCursor {
			t.at = slices.IndexFunc(r.args.order.steps, func(st step) bool { return st.selected() == name })
		}
		if r.read.wantID {
			t.id = slices.IndexFunc(r.read.entity.ID, func(f *entity.Field) bool { return f.Column == name })
		}
		s.columns[i] = t
	}
	if r.read.wantCursor {
		s.values = slices.Grow(s.values[:0], len(r.args.order.steps))[:len(r.args.order.steps)]
	}
	if r.read.wantID {
		s.id = slices.Grow(s.id[:0], len(r.read.entity.ID))[:len(r.read.entity.ID)]
	}
	return s.keys + len(names)
}

// size is how many bytes were read since it was asked last.
func (s *scanner) size() int {
	n := len(s.rows.buf) - s.counted + s.raw
	s.counted, s.raw = len(s.rows.buf), 0
	return n
}

// scanCounts reads a result of parents' keys, numbers and aggregates.
func scanCounts(ctx context.Context, q store.Querier, st *statement, keyed bool) (counts map[any]int64, figures map[any][]any, err error) {
	counts, figures = make(map[any]int64), make(map[any][]any)
	err = q.Read(ctx, st.text(), st.args, func(row []store.Value) error {
		key := noKey
		if keyed {
			key = storedKey(row[0])
		}
		if row[1].Type != store.Int {
			return fmt.Errorf("the number of rows is a %T", row[1].Any())
		}
		counts[key] = row[1].Int()
		if len(row) > 2 {
			values := make([]any, 0, len(row)-2)
			for _, v := range row[2:] {
				values = append(values, v.Any())
			}
			figures[key] = values
		}
		return nil
	})
	return counts, figures, err
}
