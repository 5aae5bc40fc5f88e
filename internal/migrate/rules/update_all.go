package rules

var updateAll = Rule{
	Name: "update-all", Severity: Warning,
	Reason: "Every row of the table is written anew in one transaction, during which nobody else can write to them, and a run that fails begins again.",
	Safer: `
Change only the rows that need it, and where those are many in parts, by a data migration in Go or a file without a transaction:
UPDATE {table} SET … WHERE … IS NULL AND id BETWEEN 1 AND 10000;`,
	check: func(f *scan, o *op) *match {
		if o.kind != updateOp || o.where || !f.there(o.table) {
			return nil
		}
		return &match{what: "writes all rows of " + o.table, table: o.table}
	},
}
