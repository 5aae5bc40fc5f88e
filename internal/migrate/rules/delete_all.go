package rules

var deleteAll = Rule{
	Name: "delete-all", Severity: Error,
	Reason: "Every row of the table goes, and no rollback brings them back.",
	Safer: `
Say which rows are meant:
DELETE FROM {table} WHERE …;`,
	check: func(f *scan, o *op) *match {
		if o.kind != deleteOp || o.where || !f.there(o.table) {
			return nil
		}
		return &match{what: "deletes all rows of " + o.table, table: o.table}
	},
}
