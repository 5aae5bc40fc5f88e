package rules

var narrowType = Rule{
	Name: "narrow-type", Severity: Error,
	Reason: "Values that do not fit the new type make the file fail, lose something, or stay behind as what the program cannot read.",
	Safer: `
Look for them first, add a column beside the old one, and move over in releases:
SELECT count(*) FROM {table} WHERE CAST(CAST({column} AS {type}) AS text) <> CAST({column} AS text);
ALTER TABLE {table} ADD COLUMN {column}_new {type};`,
	check: func(f *scan, o *op) *match {
		if o.kind != changeType || !f.there(o.table) {
			return nil
		}
		was := o.was(f)
		if was == nil || convert(f.dialect, was.typ, o.column.typ) != narrows {
			return nil
		}
		return &match{
			what:  "changes " + o.table + "." + o.column.name + " from " + was.typ + " to " + o.column.typ,
			table: o.table, column: o.column.name, typ: o.column.typ,
		}
	},
}

// was is the column before the operation, nil if nothing is known of it.
func (o *op) was(f *scan) *column {
	if o.old != nil {
		return o.old
	}
	return f.tables[o.table].column(o.column.name)
}
