package rules

var requiredColumn = Rule{
	Name: "required-column", Severity: Error,
	Reason: "A table with rows cannot get a required column without a value for them: the file fails as soon as there is one row.",
	Safer: `
Give it a default, or let rows do without it until they are filled:
ALTER TABLE {table} ADD COLUMN {column} {type};
UPDATE {table} SET {column} = … WHERE {column} IS NULL;   -- in a migration of its own
migrate new NAME --fill {table}.{column}=VALUE writes a value for the rows that are there.`,
	check: func(f *scan, o *op) *match {
		if o.kind != addColumn || o.rebuilt || !f.there(o.table) {
			return nil
		}
		c := o.column
		if !c.notNull || c.value != nil || c.generated {
			return nil
		}
		return &match{what: "adds " + o.table + "." + c.name + ", which is required and has no default", table: o.table, column: c.name, typ: c.typ}
	},
}
