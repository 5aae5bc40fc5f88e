package rules

var renameTable = Rule{
	Name: "rename-table", Severity: Error,
	Reason: "The version that still runs knows the old name only, and fails from this moment until it is replaced.",
	Safer: `
Where servers are stopped for the migration, allow it. Otherwise keep the old name alive until the old version is gone:
ALTER TABLE {table} RENAME TO {name};
CREATE VIEW {table} AS SELECT * FROM {name};   -- on Postgres it can be written to
DROP VIEW {table};                             -- in the next release`,
	check: func(f *scan, o *op) *match {
		if o.kind != renameTableOp || !f.there(o.table) {
			return nil
		}
		return &match{what: "renames the table " + o.table + " to " + o.name, table: o.table, label: o.name}
	},
}
