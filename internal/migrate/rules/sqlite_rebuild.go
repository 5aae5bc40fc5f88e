package rules

import (
	"slices"

	"entgo.io/ent/dialect"
)

var sqliteRebuild = Rule{
	Name: "sqlite-rebuild", Severity: Error, Dialect: dialect.SQLite,
	Reason: "Dropping a table that others refer to deletes their rows where foreign keys are on, and renaming it away takes their references along.",
	Safer: `
Leave the transaction to migrate, which switches foreign keys off before it and checks them at its end, and go this way:
PRAGMA foreign_keys = off;
CREATE TABLE new_{table} (…);
INSERT INTO new_{table} (…) SELECT … FROM {table};
DROP TABLE {table};
ALTER TABLE new_{table} RENAME TO {table};
PRAGMA foreign_keys = on;`,
	check: func(f *scan, o *op) *match {
		switch {
		case o.kind == rebuild && f.noTransaction && f.foreignKeys() && f.there(o.table):
			return &match{what: "makes " + o.table + " anew with foreign keys on", table: o.table}
		case o.kind == createTable && slices.ContainsFunc(f.earlier, func(p *op) bool { return p.kind == renameTableOp && p.table == o.table }):
			return &match{what: "makes " + o.table + " anew after it was renamed away", table: o.table}
		}
		return nil
	},
}

// foreignKeys says whether a file without a transaction has them on.
func (f *scan) foreignKeys() bool {
	on := true
	for _, p := range f.earlier {
		if p.kind == setting && p.name == "foreign_keys" {
			on = !slices.Contains([]string{"off", "0", "no", "false"}, p.value)
		}
	}
	return on
}
