package rules

var setNotNull = Rule{
	Name: "set-not-null", Severity: Warning,
	Reason: "Rows with a null make the file fail, the version that still runs may write more of them, and Postgres reads the whole table while nobody else can.",
	Safer: `
Release a version that always writes the column, and on Postgres prove it by a check first, which locks nobody out:
ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_set CHECK ({column} IS NOT NULL) NOT VALID;
ALTER TABLE {table} VALIDATE CONSTRAINT {table}_{column}_set;   -- in the next migration
ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;         -- then this reads nothing
ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_set;`,
	check: func(f *scan, o *op) *match {
		if o.kind != setNotNullOp || !f.there(o.table) || f.tables[o.table].provesNotNull(o.column.name) {
			return nil
		}
		if c := o.was(f); c != nil && c.notNull {
			return nil
		}
		return &match{what: "requires " + o.table + "." + o.column.name, table: o.table, column: o.column.name}
	},
}
