package rules

import (
	"strings"

	"entgo.io/ent/dialect"
)

var foreignKeyAtOnce = Rule{
	Name: "foreign-key-at-once", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "Nobody can write to either table while Postgres compares all rows of one with the other.",
	Safer: `
Add it for new rows, which takes no time, and compare those that are there in the next migration, while others write:
ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES … NOT VALID;
ALTER TABLE {table} VALIDATE CONSTRAINT {name};   -- in the next migration`,
	check: func(f *scan, o *op) *match {
		if !f.there(o.table) {
			return nil
		}
		switch {
		case o.kind == addConstraint && o.constraint.kind == foreignConstraint:
			columns := o.constraint.columns
			if o.constraint.notValid || f.allNull(o.table, columns) {
				return nil
			}
			return &match{what: "adds the foreign key " + o.name + " and compares all rows", table: o.table, column: strings.Join(columns, ", "), label: o.name}
		case o.kind == addColumn && o.column.refers != "" && o.column.value != nil:
			return &match{
				what: "adds " + o.table + "." + o.column.name + " with a foreign key and a value", table: o.table, column: o.column.name,
				label: o.table + "_" + o.column.name + "_fkey",
			}
		}
		return nil
	},
}
