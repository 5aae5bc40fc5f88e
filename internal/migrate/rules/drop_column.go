package rules

var dropColumn = Rule{
	Name: "drop-column", Severity: Error,
	Reason: "The values are gone for good, and the version that still runs fails wherever it reads or writes the column.",
	Safer: `
Release a version without the field first; if the column is required, let rows do without it until then:
ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;   -- Postgres
Drop it in the release after that:
ALTER TABLE {table} DROP COLUMN {column};`,
	check: func(f *scan, o *op) *match {
		if o.kind != dropColumnOp || !f.there(o.table) || f.added[o.table+"."+o.column.name] != nil || derived(o.column.name) {
			return nil
		}
		return &match{what: "drops the column " + o.table + "." + o.column.name, table: o.table, column: o.column.name}
	},
}
