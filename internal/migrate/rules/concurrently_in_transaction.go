package rules

import "entgo.io/ent/dialect"

var concurrentlyInTransaction = Rule{
	Name: "concurrently-in-transaction", Severity: Error, Dialect: dialect.Postgres,
	Reason: "Postgres refuses it inside of a transaction, and every file is one unless it says otherwise.",
	Safer: `
Put the statement into a file of its own that begins with the line:
-- atlas:txmode none`,
	check: func(f *scan, o *op) *match {
		if f.noTransaction || !o.concurrently && o.kind != vacuum {
			return nil
		}
		if o.kind == vacuum {
			return &match{what: "runs VACUUM in a transaction", table: o.table}
		}
		return &match{what: "runs a statement with CONCURRENTLY in a transaction", table: o.table}
	},
}
