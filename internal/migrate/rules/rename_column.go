package rules

var renameColumn = Rule{
	Name: "rename-column", Severity: Error,
	Reason: "The version that still runs knows the old name only, and fails from this moment until it is replaced.",
	Safer: `
Where servers are stopped for the migration, allow it. Otherwise expand, migrate, contract, a release each:
ALTER TABLE {table} ADD COLUMN {name} {type};                            -- 1. and write both columns
UPDATE {table} SET {name} = {column} WHERE {name} IS NULL;               -- 2. in parts, then read the new one
ALTER TABLE {table} DROP COLUMN {column};                                -- 3. when nothing reads the old one`,
	check: func(f *scan, o *op) *match {
		if o.kind != renameColumnOp || !f.there(o.table) || f.added[o.table+"."+o.column.name] != nil {
			return nil
		}
		m := &match{what: "renames the column " + o.table + "." + o.column.name + " to " + o.name, table: o.table, column: o.column.name, label: o.name, typ: "text"}
		if c := f.tables[o.table].column(o.column.name); c != nil {
			m.typ = c.typ
		}
		return m
	},
}
