package rules

import "entgo.io/ent/dialect"

var longTransaction = Rule{
	Name: "long-transaction", Severity: Warning, Dialect: dialect.Postgres,
	Reason: "The statement before has locked a table against everybody, and the lock lasts until the rows are changed and the transaction ends.",
	Safer: `
Change the rows in a migration of their own, or before the tables are changed.`,
	check: func(f *scan, o *op) *match {
		data := o.kind == updateOp || o.kind == deleteOp || o.kind == insertOp && o.reads
		if !data || f.noTransaction || !f.there(o.table) {
			return nil
		}
		for _, p := range f.earlier {
			if p.excludes() && f.there(p.table) {
				return &match{what: "changes rows of " + o.table + " after " + p.table + " was locked", table: o.table}
			}
		}
		return nil
	},
}

// excludes says whether an operation locks a table against readers on Postgres.
func (o *op) excludes() bool {
	switch o.kind {
	case dropTableOp, renameTableOp, addColumn, dropColumnOp, renameColumnOp, changeType, setNotNullOp, dropNotNull, setDefault, dropDefaultOp, dropConstraint, rewriteOp:
		return true
	case addConstraint:
		return o.constraint.kind != foreignConstraint
	}
	return false
}
