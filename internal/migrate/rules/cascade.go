package rules

var cascade = Rule{
	Name: "cascade", Severity: Warning,
	Reason: "CASCADE drops whatever depends on it, views and foreign keys of other tables included, without a word.",
	Safer: `
Name what is to go, one by one:
ALTER TABLE … DROP CONSTRAINT …;
DROP VIEW …;`,
	check: func(f *scan, o *op) *match {
		if !o.cascade || !f.there(o.table) {
			return nil
		}
		return &match{what: "drops what depends on " + o.table + " along with it", table: o.table}
	},
}
