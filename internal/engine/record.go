package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// Recorder keeps the history of rows. It notes which rows the mutations of a transaction touch, with their values before, and reads
// at the end what has become of them: that costs one statement for each mutation that changes rows, and at the end one for each entity
// and one for all entries, whatever the number of rows.
type Recorder struct{ postgres bool }

// NewRecorder returns the recorder for a database.
func NewRecorder(name string) *Recorder { return &Recorder{postgres: name == dialect.Postgres} }

var _ entity.Recorder = (*Recorder)(nil)

// Within implements [entity.Recorder].
func (*Recorder) Within(ctx, other context.Context) context.Context { return store.Within(ctx, other) }

// Begin implements [entity.Recorder].
func (r *Recorder) Begin(ctx context.Context, conn dialect.ExecQuerier) entity.Recording {
	begin := func() *journal {
		return &journal{postgres: r.postgres, conn: conn, touched: make(map[*entity.Entity]map[any]*touched)}
	}
	if j, ok := store.Collect(ctx, conn, func() store.Collected { return begin() }).(*journal); ok {
		return j
	}
	// A transaction of somebody who has wrapped the driver: nobody tells when it ends.
	j := begin()
	j.alone = true
	return j
}

// journal is what is known of the rows that a transaction touches.
type journal struct {
	postgres bool
	conn     dialect.ExecQuerier
	alone    bool // it is written after each mutation

	mu       sync.Mutex
	entities []*entity.Entity // in the order in which they were touched
	keys     map[*entity.Entity][]any
	touched  map[*entity.Entity]map[any]*touched
}

// touched is a row with its values before, nil if it was not there, and who touched it first.
type touched struct {
	viewer access.Viewer
	before *image
}

// image is the values of a row that the history keeps, as JSON in the database's own spelling.
type image struct {
	values  [][]byte // by position in [entity.Entity.KeptFields]
	hidden  bool     // it is deleted softly
	version any
}

// Changing implements [entity.Recording].
func (j *journal) Changing(ctx context.Context, e *entity.Entity, column string, keys []any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	by := keyColumn{column, foreignKeyType(e, column)}
	if column == e.ID[0].Column {
		by.cast = pgKeyType(e.ID[0])
		var unknown []any
		for _, key := range keys {
			if j.touched[e][key] == nil {
				unknown = append(unknown, key)
			}
		}
		keys = unknown
	}
	if len(keys) == 0 {
		return nil
	}
	order, rows, err := j.read(ctx, e, by, keys, true)
	if err != nil {
		return err
	}
	for _, key := range order {
		j.touch(ctx, e, key, rows[key])
	}
	return nil
}

// Created implements [entity.Recording].
func (j *journal) Created(ctx context.Context, e *entity.Entity, key any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.touch(ctx, e, key, nil)
}

// Done implements [entity.Recording].
func (j *journal) Done(ctx context.Context) error {
	if j.alone {
		return j.Flush(ctx)
	}
	return nil
}

func (j *journal) touch(ctx context.Context, e *entity.Entity, key any, before *image) {
	rows := j.touched[e]
	if rows == nil {
		rows = make(map[any]*touched)
		j.touched[e] = rows
		j.entities = append(j.entities, e)
	}
	if rows[key] == nil {
		rows[key] = &touched{viewer: access.FromContext(ctx), before: before}
		if j.keys == nil {
			j.keys = make(map[*entity.Entity][]any)
		}
		j.keys[e] = append(j.keys[e], key)
	}
}

// Flush implements [store.Collected].
func (j *journal) Flush(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	entities, keys, known := j.entities, j.keys, j.touched
	j.entities, j.keys, j.touched = nil, nil, make(map[*entity.Entity]map[any]*touched)
	var entries []byte
	for _, e := range entities {
		kept := e.KeptFields()
		// In parts: what is compared need not be in memory as a whole a second time.
		for part := range slices.Chunk(keys[e], maxRecorded) {
			_, rows, err := j.read(ctx, e, primaryKey(e)[0], part, false)
			if err != nil {
				return err
			}
			for _, key := range part {
				entries = appendEntry(entries, e, kept, key, known[e][key], rows[key])
				delete(known[e], key)
			}
			if len(entries) > maxEntries {
				if err := j.write(ctx, entries); err != nil {
					return err
				}
				entries = entries[:0]
			}
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return j.write(ctx, entries)
}

// maxRecorded is how many rows are compared at once, and maxEntries how many bytes of entries wait for others.
const (
	maxRecorded = 1000
	maxEntries  = 4 << 20
)

// write inserts entries, each of which ends with a comma.
func (j *journal) write(ctx context.Context, entries []byte) error {
	query := `INSERT INTO entwine_history (entity, row_key, operation, actor, user_key, version, changes, at)
		SELECT value ->> 'e', value ->> 'k', value ->> 'o', value ->> 'a', value ->> 'u', value ->> 'v', value -> 'c', ? FROM json_each(?)`
	if j.postgres {
		query = `INSERT INTO entwine_history (entity, row_key, operation, actor, user_key, version, changes, at)
			SELECT e, k, o, a, u, v, c, $1 FROM json_to_recordset($2::json) AS x(e text, k text, o text, a text, u text, v bigint, c json)`
	}
	list := "[" + string(entries[:len(entries)-1]) + "]"
	if err := j.conn.Exec(ctx, query, []any{entity.Now(), list}, nil); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}

// read reads the rows of e whose column holds one of the keys, and locks them if they are about to change.
func (j *journal) read(ctx context.Context, e *entity.Entity, by keyColumn, keys []any, lock bool) (order []any, rows map[any]*image, err error) {
	s := &statement{postgres: j.postgres}
	s.WriteSQL("SELECT ")
	s.WriteColumn("t", e.ID[0].Column)
	kept := e.KeptFields()
	for _, f := range kept {
		s.WriteSQL(", ")
		s.WriteColumn("t", f.Column)
	}
	for _, f := range []*entity.Field{e.SoftDelete, e.Version} {
		s.WriteSQL(", ")
		if f == nil {
			s.WriteSQL("NULL")
		} else {
			s.WriteColumn("t", f.Column)
		}
	}
	s.WriteSQL(" FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	s.writeKeys("t", e, []keyColumn{by}, keys)
	if lock && j.postgres {
		// In one order, so that two transactions that change the same rows wait for each other and not both.
		s.WriteSQL(" ORDER BY ")
		s.WriteColumn("t", e.ID[0].Column)
		s.WriteSQL(" FOR UPDATE OF t")
	}
	var result sql.Rows
	if err := j.conn.Query(ctx, string(s.buf), s.args, &result); err != nil {
		return nil, nil, fmt.Errorf("read %s for its history: %w", e.Name, err)
	}
	defer result.Close()
	rows = make(map[any]*image, len(keys))
	values := make([]any, len(kept)+3)
	dest := make([]any, len(values))
	for i := range values {
		dest[i] = &values[i]
	}
	for result.Next() {
		if err := result.Scan(dest...); err != nil {
			return nil, nil, fmt.Errorf("read %s for its history: %w", e.Name, err)
		}
		row := &image{values: make([][]byte, len(kept)), hidden: values[len(kept)+1] != nil, version: values[len(kept)+2]}
		for i, f := range kept {
			if row.values[i], err = appendKept(nil, f.Field, values[i+1]); err != nil {
				return nil, nil, fmt.Errorf("read %s for its history: %w", e.Name, err)
			}
		}
		key := normalKey(keep(values[0]))
		order, rows[key] = append(order, key), row
	}
	return order, rows, errors.Join(result.Err(), result.Close())
}

// appendEntry appends what became of a row, with a comma, unless nothing did.
func appendEntry(dst []byte, e *entity.Entity, kept []entity.KeptField, key any, was *touched, is *image) []byte {
	before, operation := was.before, entity.HistoryUpdate
	switch {
	case before == nil && is == nil:
		return dst
	case before == nil:
		operation = entity.HistoryCreate
	case is == nil:
		operation = entity.HistoryDelete
	case is.hidden && !before.hidden:
		operation = entity.HistoryHide
	case before.hidden && !is.hidden:
		operation = entity.HistoryRestore
	}
	start := len(dst)
	dst = append(dst, `{"e":`...)
	dst = appendString(dst, e.Table)
	dst = append(dst, `,"k":`...)
	dst = appendString(dst, text(key))
	dst = append(dst, `,"o":"`+operation+`","a":"`+entity.Actor(was.viewer)+`"`...)
	if was.viewer.UserID != "" && !was.viewer.System {
		dst = append(dst, `,"u":`...)
		dst = appendString(dst, was.viewer.UserID)
	}
	if is != nil && is.version != nil {
		dst = append(dst, `,"v":`+text(is.version)...)
	}
	dst = append(dst, `,"c":{`...)
	n := 0
	for i, f := range kept {
		from, to := before.value(i), is.value(i)
		if bytes.Equal(from, to) {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, f.Column)
		dst = append(dst, ":["...)
		dst = append(dst, from...)
		dst = append(dst, ',')
		dst = append(dst, to...)
		dst = append(dst, ']')
	}
	if n == 0 && operation == entity.HistoryUpdate && before.version == is.version {
		return dst[:start]
	}
	return append(dst, "}},"...)
}

// value is that of a field; null if there is no row.
func (m *image) value(i int) []byte {
	if m == nil {
		return []byte("null")
	}
	return m.values[i]
}

// appendKept appends the JSON by which the history keeps a value: in the database's own spelling, so that it can be shown as the API
// shows the field by then.
func appendKept(dst []byte, f *entity.Field, v any) ([]byte, error) {
	if v == nil {
		return append(dst, "null"...), nil
	}
	switch f.Type {
	case entity.JSON, entity.Bytes:
		return appendValue(dst, f, v)
	case entity.Float:
		if x, ok := v.(float64); ok && (math.IsNaN(x) || math.IsInf(x, 0)) {
			return strconv.AppendQuote(dst, strconv.FormatFloat(x, 'g', -1, 64)), nil
		}
	}
	stored := store.ValueOf(v)
	return appendCursorValue(dst, f, &stored)
}

// appendFromKept appends the value of a field as the API shows it now. What the field can no longer hold is shown as it was kept.
func appendFromKept(dst []byte, f *entity.Field, kept json.RawMessage) []byte {
	if f.Type == entity.JSON || f.Type == entity.Bytes || string(kept) == "null" {
		return append(dst, kept...)
	}
	d := json.NewDecoder(bytes.NewReader(kept))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return append(dst, kept...)
	}
	value, ok := cursorValue(f, v)
	if !ok {
		return append(dst, kept...)
	}
	start := len(dst)
	shown, err := appendValue(dst, f, value)
	if err != nil {
		return append(dst[:start], kept...)
	}
	return shown
}
