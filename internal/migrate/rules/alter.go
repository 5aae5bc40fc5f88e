package rules

// parseAlter reads ALTER TABLE.
func parseAlter(r *reader) []*op {
	r.skip("if", "exists", "only")
	table := r.ident()
	r.take("*")
	var out []*op
	for _, part := range commas(r.rest) {
		o := parseAction(&reader{part})
		o.table = table
		out = append(out, o)
	}
	return out
}

func parseAction(r *reader) *op {
	switch {
	case r.take("add"):
		return parseAdd(r)
	case r.take("drop", "constraint"):
		r.skip("if", "exists")
		return &op{kind: dropConstraint, name: r.ident(), cascade: has(r.rest, "cascade")}
	case r.take("drop"):
		r.take("column")
		r.skip("if", "exists")
		return &op{kind: dropColumnOp, column: &column{name: r.ident()}, cascade: has(r.rest, "cascade")}
	case r.take("alter"):
		r.take("column")
		return parseAlterColumn(r)
	case r.take("rename", "to"):
		return &op{kind: renameTableOp, name: r.ident()}
	case r.take("rename", "constraint"):
		return &op{kind: otherOp}
	case r.take("rename"):
		r.take("column")
		old := r.ident()
		r.take("to")
		return &op{kind: renameColumnOp, column: &column{name: old}, name: r.ident()}
	case r.take("validate", "constraint"):
		return &op{kind: validateConstraint, name: r.ident()}
	case r.take("set", "logged"):
		return &op{kind: rewriteOp, what: "SET LOGGED"}
	case r.take("set", "unlogged"):
		return &op{kind: rewriteOp, what: "SET UNLOGGED"}
	case r.take("set", "tablespace"):
		return &op{kind: rewriteOp, what: "SET TABLESPACE"}
	case r.take("set", "access", "method"):
		return &op{kind: rewriteOp, what: "SET ACCESS METHOD"}
	}
	return &op{kind: otherOp}
}

func parseAdd(r *reader) *op {
	if c := parseConstraint(r); c != nil {
		return &op{kind: addConstraint, name: c.name, constraint: c}
	}
	r.take("column")
	if r.take("if", "not") {
		r.take("exists")
	}
	return &op{kind: addColumn, column: parseColumn(r)}
}

func parseAlterColumn(r *reader) *op {
	o := &op{column: &column{name: r.ident()}}
	switch {
	case r.take("set", "data", "type"), r.take("type"):
		o.kind, o.column.typ = changeType, parseType(r)
	case r.take("set", "not", "null"):
		o.kind = setNotNullOp
	case r.take("drop", "not", "null"):
		o.kind = dropNotNull
	case r.take("set", "default"):
		o.kind, o.column.value = setDefault, r.rest
	case r.take("drop", "default"):
		o.kind = dropDefaultOp
	}
	return o
}
