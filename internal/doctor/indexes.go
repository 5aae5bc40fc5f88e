package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// table is what the database has under the name of a table.
type table struct {
	rows    int64 // about; -1 if nobody counted
	indexes []index
}

type index struct {
	name    string
	columns []string
	partial bool
	valid   bool
}

func readTables(ctx context.Context, db *store.DB) (map[string]*table, error) {
	statement := `SELECT m.name, l.name, i.name, l.partial, 1, -1 FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
		WHERE m.type = 'table' AND i.name IS NOT NULL
		UNION ALL SELECT m.name, 'primary key', p.name, 0, 1, -1 FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' AND p.pk > 0`
	if db.Dialect() == dialect.Postgres {
		statement = `SELECT t.relname, c.relname, a.attname, CASE WHEN i.indpred IS NULL THEN 0 ELSE 1 END, CASE WHEN i.indisvalid THEN 1 ELSE 0 END, t.reltuples::bigint
			FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
			CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, n) JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
			WHERE pg_catalog.pg_table_is_visible(t.oid) AND t.relkind IN ('r', 'p') AND k.n <= i.indnkeyatts ORDER BY t.relname, c.relname, k.n`
	}
	tables := make(map[string]*table)
	var name, of, column string
	var partial, valid int
	var rows int64
	err := query(ctx, db, statement, []any{&name, &of, &column, &partial, &valid, &rows}, func() {
		t := tables[name]
		if t == nil {
			t = &table{rows: rows}
			tables[name] = t
		}
		if n := len(t.indexes); n == 0 || t.indexes[n-1].name != of {
			t.indexes = append(t.indexes, index{name: of, partial: partial == 1, valid: valid == 1})
		}
		last := &t.indexes[len(t.indexes)-1]
		last.columns = append(last.columns, column)
	})
	return tables, err
}

// leads says whether an index begins with the columns. One over some rows only counts for entities whose deleted rows it leaves
// out.
func (t *table) leads(partial bool, columns ...string) bool {
	return t != nil && slices.ContainsFunc(t.indexes, func(i index) bool {
		return i.valid && (!i.partial || partial) && len(i.columns) >= len(columns) && slices.Equal(i.columns[:len(columns)], columns)
	})
}

// entity looks for the indexes that lists, edges, rules and look-ups of an entity need.
func (e *examiner) entity(ent *entity.Entity) {
	t := e.tables[ent.Table]
	if t == nil {
		e.add(Wrong, "table "+ent.Table+" is not there", "The entity "+ent.Name+" cannot be served.", "migrate up, or migrate push for development")
		return
	}
	for _, i := range t.indexes {
		if !i.valid {
			e.add(Wrong, "index "+i.name+" on "+ent.Table+" is not valid", "It was left by an interrupted CREATE INDEX CONCURRENTLY: it costs writes and serves nobody.", "DROP INDEX CONCURRENTLY "+i.name+", and make it again")
		}
	}
	if t.rows == 0 && e.postgres {
		e.add(Note, "table "+ent.Table+" has no statistics", "Postgres has not counted its rows, and may read it whole where an index would do.", "ANALYZE "+ent.Table)
	}
	if order := orderColumns(ent); !ent.Hidden && ent.Names.Many != "" && !t.leads(ent.SoftDelete != nil, order...) {
		e.index(Wrong, ent, order, "lists of "+ent.Name+" are sorted by it", "Every page reads and sorts the whole table.")
	}
	for _, ed := range ent.Edges {
		e.edge(ent, ed)
	}
	for _, f := range ent.Fields {
		if f.Collated && f.Sort && !ent.Hidden {
			e.add(Note, ent.Table+"."+f.Column+" does not sort by code point", `The API sorts texts so, which an index in the column's own order cannot do.`,
				fmt.Sprintf("If clients sort by %s: an index on (%s COLLATE \"C\", %s)", f.Name, f.Column, ent.ID[0].Column))
		}
	}
}

// orderColumns are those of the default order, without the key that breaks ties.
func orderColumns(ent *entity.Entity) []string {
	var columns []string
	for _, o := range ent.DefaultOrder {
		if o.Field.Column != "" {
			columns = append(columns, o.Field.Column)
		}
	}
	return columns
}

// edge looks for the index by which rows behind an edge are found: for lists, for conditions and counts in filters, for rules that
// lead through it, and for deletions, which look for rows that refer to the deleted one.
func (e *examiner) edge(ent *entity.Entity, ed *entity.Edge) {
	target := ed.To()
	switch ed.Kind {
	case entity.ToOne:
		// Found by the other row's key. If the other side has no edge back, deletions still look for the column.
		if t := e.tables[ent.Table]; !t.leads(true, ed.Column) {
			e.index(Wrong, ent, []string{ed.Column}, "it refers to "+target.Table, "Whoever looks for the rows that refer to one, deletions of that one included, reads the whole table.")
		}
	case entity.ManyToMany:
		if t := e.tables[ed.Join]; t != nil && !t.leads(false, ed.JoinOwn) {
			e.add(Wrong, fmt.Sprintf("table %s has no index that begins with %s", ed.Join, ed.JoinOwn), "The list "+ent.Name+"."+ed.Name+" reads all links.",
				fmt.Sprintf("CREATE INDEX ON %s (%s, %s)", ed.Join, ed.JoinOwn, ed.JoinTarget))
		}
	case entity.ToMany:
		order := orderColumns(target)
		t := e.tables[target.Table]
		if ed.Hidden || t == nil || !t.leads(true, ed.Column) || len(order) == 0 || slices.Equal(order, []string{target.ID[0].Column}) {
			return
		}
		if columns := append([]string{ed.Column}, order...); !t.leads(target.SoftDelete != nil, columns...) {
			e.index(Slow, target, columns, "the list "+ent.Name+"."+ed.Name+" is sorted by it", "Each page reads all rows of its parent, and sorts them.")
		}
	}
}

// index advises an index with the key at its end, which breaks ties.
func (e *examiner) index(s Severity, ent *entity.Entity, columns []string, what, why string) {
	t := e.tables[ent.Table]
	size := ""
	if t.rows > 0 {
		size = fmt.Sprintf(" (about %d rows)", t.rows)
	}
	full := columns
	if len(ent.ID) == 1 && !slices.Contains(columns, ent.ID[0].Column) {
		full = append(slices.Clip(columns), ent.ID[0].Column)
	}
	e.add(s, fmt.Sprintf("table %s%s has no index that begins with %s: %s", ent.Table, size, strings.Join(columns, ", "), what), why, e.advice(ent, full))
}

// advice is how to make an index: in the schema where migrations are ours.
func (e *examiner) advice(ent *entity.Entity, columns []string) string {
	var names []string
	for _, column := range columns {
		i := slices.IndexFunc(ent.Fields, func(f *entity.Field) bool { return f.Column == column })
		if i < 0 {
			break
		}
		names = append(names, fmt.Sprintf("%q", ent.Fields[i].Schema))
	}
	if len(names) == len(columns) && !e.external {
		return fmt.Sprintf("in ent/schema, Indexes of %s: index.Fields(%s); then migrate new", ent.Schema, strings.Join(names, ", "))
	}
	concurrently := ""
	if e.postgres {
		concurrently = "CONCURRENTLY "
	}
	return fmt.Sprintf("CREATE INDEX %s%s_%s ON %s (%s)", concurrently, ent.Table, strings.Join(columns, "_"), ent.Table, strings.Join(columns, ", "))
}
