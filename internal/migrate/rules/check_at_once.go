package rules

import "entgo.io/ent/dialect"

var checkAtOnce = Rule{
	Name: "check-at-once", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "Nobody can read or write the table while Postgres tries the check on all of its rows, and one that does not pass makes the file fail.",
	Safer: `
Add it for new rows, which takes no time, and try it on those that are there in the next migration, while others write:
ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (…) NOT VALID;
ALTER TABLE {table} VALIDATE CONSTRAINT {name};   -- in the next migration`,
	check: func(f *scan, o *op) *match {
		if !f.there(o.table) {
			return nil
		}
		switch {
		case o.kind == addConstraint && o.constraint.kind == checkConstraint && !o.constraint.notValid:
			return &match{what: "adds the check " + o.name + " and tries it on all rows", table: o.table, label: o.name}
		case o.kind == addColumn && o.column.checked:
			return &match{what: "adds " + o.table + "." + o.column.name + " with a check and tries it on all rows", table: o.table, label: o.table + "_" + o.column.name + "_check"}
		}
		return nil
	},
}
