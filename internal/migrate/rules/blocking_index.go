package rules

import (
	"strings"

	"entgo.io/ent/dialect"
)

var blockingIndex = Rule{
	Name: "blocking-index", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "Nobody can write to the table while the index is made, which takes as long as reading and sorting all of it.",
	Safer: `
In a file of its own, which begins with the line that leaves out the transaction:
-- atlas:txmode none
CREATE {unique}INDEX CONCURRENTLY {name} ON {table} {using}({column});
A unique constraint takes a unique index over, in the next file:
ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name};`,
	check: func(f *scan, o *op) *match {
		switch {
		case o.concurrently:
			return nil
		case o.kind == rewriteOp && o.what == "REINDEX":
			return &match{what: "makes " + o.name + " anew while writers wait", table: o.table, label: o.name}
		case !f.there(o.table):
			return nil
		}
		columns := o.unique()
		switch {
		case o.kind == createIndex:
			columns = o.index.columns
		case o.kind == addConstraint && o.constraint.kind == excludeConstraint:
		case columns == nil:
			return nil
		}
		m := &match{table: o.table, column: strings.Join(columns, ", "), label: o.name, unique: o.unique() != nil}
		if o.kind == createIndex {
			m.method = o.index.method
		}
		m.what = "makes an index on " + o.table + " while writers wait"
		if m.label == "" {
			m.label = o.table + "_" + strings.Join(columns, "_")
		}
		return m
	},
}
