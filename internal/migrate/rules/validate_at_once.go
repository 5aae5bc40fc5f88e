package rules

import (
	"slices"

	"entgo.io/ent/dialect"
)

var validateAtOnce = Rule{
	Name: "validate-at-once", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "The lock that adding the constraint took lasts until the end of the transaction, so that validating it there keeps others out all the same.",
	Safer: `
Validate it in the next migration:
ALTER TABLE {table} VALIDATE CONSTRAINT {name};`,
	check: func(f *scan, o *op) *match {
		if o.kind != validateConstraint || f.noTransaction || !f.there(o.table) {
			return nil
		}
		added := slices.ContainsFunc(f.earlier, func(p *op) bool { return p.kind == addConstraint && p.table == o.table && p.name == o.name })
		if !added {
			return nil
		}
		return &match{what: "validates " + o.name + " in the transaction that adds it", table: o.table, label: o.name}
	},
}
