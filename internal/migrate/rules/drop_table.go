package rules

var dropTable = Rule{
	Name: "drop-table", Severity: Error,
	Reason: "The rows are gone for good, and the version that still runs fails wherever it reads the table.",
	Safer: `
First release a version that does not use {table}. Keep what may be missed, and drop it in a later release:
ALTER TABLE {table} RENAME TO {table}_old;   -- when nothing reads it any more
DROP TABLE {table}_old;                      -- weeks later`,
	check: func(f *scan, o *op) *match {
		if o.kind != dropTableOp || !f.there(o.table) {
			return nil
		}
		return &match{what: "drops the table " + o.table, table: o.table}
	},
}
