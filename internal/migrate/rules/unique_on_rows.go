package rules

import "strings"

var uniqueOnRows = Rule{
	Name: "unique-on-rows", Severity: Warning,
	Reason: "Rows that agree make the file fail, and the version that still runs may write more of them.",
	Safer: `
Look for them, and put them right in a migration of their own before this one:
SELECT {column}, count(*) FROM {table} GROUP BY {column} HAVING count(*) > 1;`,
	check: func(f *scan, o *op) *match {
		if !f.there(o.table) {
			return nil
		}
		columns := o.unique()
		if len(columns) == 0 || f.allNull(o.table, columns) || f.tables[o.table].wasUnique(columns) {
			return nil
		}
		if o.kind == addColumn && o.column.value == nil {
			return nil // nulls do not agree
		}
		list := strings.Join(columns, ", ")
		return &match{what: "makes " + o.table + " (" + list + ") unique", table: o.table, column: list}
	},
}

// unique returns the columns in which an operation lets no two rows agree, if it does that. Those of an expression are empty.
func (o *op) unique() []string {
	switch {
	case o.kind == createIndex && o.index.unique:
		return o.index.columns
	case o.kind == addConstraint && !o.constraint.usingIndex && (o.constraint.kind == uniqueConstraint || o.constraint.kind == primaryConstraint):
		return o.constraint.columns
	case o.kind == addColumn && o.column.unique:
		return []string{o.column.name}
	}
	return nil
}
