package rules

import "entgo.io/ent/dialect"

var dropIndexRule = Rule{
	Name: "drop-index", Severity: Note, Dialect: dialect.Postgres,
	Reason: "Everybody waits, if only for a moment, until all who use the table are done; and a query that needed the index is slow from then on.",
	Safer: `
Make sure that nothing uses it (idx_scan in pg_stat_user_indexes), and drop it in a file of its own:
-- atlas:txmode none
DROP INDEX CONCURRENTLY {name};`,
	check: func(f *scan, o *op) *match {
		if o.kind != dropIndex || o.concurrently {
			return nil
		}
		for name, t := range f.tables {
			for _, i := range t.indexes {
				if i.name == o.name && f.fresh[name] {
					return nil
				}
			}
		}
		return &match{what: "drops the index " + o.name, label: o.name}
	},
}
