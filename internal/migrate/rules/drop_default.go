package rules

var dropDefault = Rule{
	Name: "drop-default", Severity: Warning,
	Reason: "The version that still runs may leave the column to its default, and cannot write rows once there is none.",
	Safer: `
Keep the default until the old version is gone. To have it in the schema, give the field a default there
(field.String("{column}").Default("…")). Drop it in a later release:
ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;`,
	check: func(f *scan, o *op) *match {
		if o.kind != dropDefaultOp || !f.there(o.table) {
			return nil
		}
		if c := o.was(f); c == nil || !c.notNull {
			return nil
		}
		return &match{what: "drops the default of " + o.table + "." + o.column.name + ", which is required", table: o.table, column: o.column.name}
	},
}
