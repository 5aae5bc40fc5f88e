package rules

// Tables returns the names of the tables that statements change or make. all says that they may concern any: there is one among
// them that is not understood, such as a block of code.
func Tables(dialect string, statements []Statement) (names map[string]bool, all bool) {
	names = make(map[string]bool)
	for _, o := range parseAll(dialect, statements) {
		switch o.kind {
		case otherOp:
			all = all || o.table == ""
		case renameTableOp:
			names[o.name] = true
		}
		if o.table != "" {
			names[o.table] = true
		}
	}
	return names, all
}
