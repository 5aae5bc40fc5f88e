package rules

import "entgo.io/ent/dialect"

var rewriteTable = Rule{
	Name: "rewrite-table", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "Postgres writes every row of the table anew, and nobody can read or write it until that is done.",
	Safer: `
Add a column, which takes no time, fill it in parts, each a transaction of its own, and change over:
ALTER TABLE {table} ADD COLUMN {column}_new {type};
UPDATE {table} SET {column}_new = {column} WHERE id BETWEEN 1 AND 10000;   -- and so on
A default that differs from row to row comes after the column:
ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT gen_random_uuid();   -- for new rows`,
	check: func(f *scan, o *op) *match {
		if !f.there(o.table) {
			return nil
		}
		m := &match{table: o.table}
		switch o.kind {
		case rewriteOp:
			if o.concurrently || o.what == "REINDEX" {
				return nil
			}
			m.what = o.what + " rewrites the table " + o.table
		case changeType:
			was := o.was(f)
			if was != nil && convert(f.dialect, was.typ, o.column.typ) != rewrites {
				return nil
			}
			m.column, m.typ = o.column.name, o.column.typ
			m.what = "changes the type of " + o.table + "." + o.column.name + " to " + o.column.typ
		case addColumn:
			if !o.column.computed && !o.column.generated && !volatile(o.column.value) {
				return nil
			}
			m.column, m.typ = o.column.name, o.column.typ
			m.what = "adds " + o.table + "." + o.column.name + " with a value that differs from row to row"
			if o.column.computed {
				m.safer = "A column that is computed from others cannot be filled in parts. Rehearse the migration, which tells how long it takes, and\napply it when few are there."
			}
		default:
			return nil
		}
		return m
	},
}

// stable are functions that give every row the same value.
var stable = map[string]bool{
	"now": true, "transaction_timestamp": true, "statement_timestamp": true, "lower": true, "upper": true, "concat": true, "coalesce": true,
	"to_jsonb": true, "jsonb_build_object": true, "jsonb_build_array": true, "make_interval": true, "make_date": true, "date_trunc": true,
	"timezone": true, "cast": true, "decode": true, "array": true, "varchar": true, "numeric": true, "char": true, "timestamp": true, "bit": true,
}

// volatile says whether an expression may have another value for each row: it calls a function that is not known to be stable.
func volatile(expr []token) bool {
	for i, t := range expr {
		if t.kind == wordToken && i+1 < len(expr) && expr[i+1].kind == signToken && expr[i+1].text == "(" && !stable[t.text] {
			return true
		}
	}
	return false
}
