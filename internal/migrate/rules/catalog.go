package rules

import "slices"

// catalog is the tables as the statements so far have made them. A table that is not in it was made elsewhere.
type catalog map[string]*table

// forget begins a new file: what was dropped before does not matter.
func (c catalog) forget() {
	for _, t := range c {
		t.lost = nil
	}
}

func (t *table) constrain(c *constraint) {
	switch c.kind {
	case uniqueConstraint, primaryConstraint:
		t.indexes = append(t.indexes, &index{name: c.name, unique: true, columns: c.columns})
	case checkConstraint:
		if c.notValid {
			t.unproven[c.name] = c.expr
		} else {
			t.checks[c.name] = c.expr
		}
	case foreignConstraint, excludeConstraint:
	}
	if c.kind != primaryConstraint {
		return
	}
	for _, name := range c.columns {
		if col := t.column(name); col != nil {
			col.notNull = true
		}
	}
}

func (c catalog) apply(o *op) {
	t := c[o.table]
	switch o.kind {
	case createTable:
		c[o.table] = o.made
	case dropTableOp:
		delete(c, o.table)
	case renameTableOp:
		if t != nil {
			delete(c, o.table)
			c[o.name], t.name = t, o.name
		}
	case rebuild:
		if t != nil {
			o.made.lost = slices.Concat(t.lost, t.indexes)
		}
		o.made.name = o.table
		c[o.table] = o.made
	case dropIndex:
		for _, t := range c {
			t.dropIndex(o.name)
		}
	}
	if t != nil && !o.rebuilt {
		t.apply(o)
	}
}

// apply changes the table that an operation concerns.
func (t *table) apply(o *op) {
	var col *column
	if o.column != nil {
		col = t.column(o.column.name)
	}
	switch o.kind {
	case addColumn:
		t.columns = append(t.columns, o.column)
	case dropColumnOp:
		t.columns = slices.DeleteFunc(t.columns, func(c *column) bool { return c.name == o.column.name })
	case addConstraint:
		t.constrain(o.constraint)
	case dropConstraint:
		delete(t.checks, o.name)
		t.dropIndex(o.name)
	case validateConstraint:
		if expr := t.unproven[o.name]; expr != nil {
			t.checks[o.name] = expr
		}
	case createIndex:
		t.indexes = append(t.indexes, o.index)
	case renameColumnOp:
		for _, i := range t.indexes {
			for n, name := range i.columns {
				if name == o.column.name {
					i.columns[n] = o.name
				}
			}
		}
	}
	if col == nil {
		return
	}
	switch o.kind {
	case renameColumnOp:
		col.name = o.name
	case changeType:
		col.typ = o.column.typ
	case setNotNullOp:
		col.notNull = true
	case dropNotNull:
		col.notNull = false
	case setDefault:
		col.value = o.column.value
	case dropDefaultOp:
		col.value = nil
	}
}

func (t *table) dropIndex(name string) {
	for _, i := range t.indexes {
		if i.name == name {
			t.lost = append(t.lost, i)
		}
	}
	t.indexes = slices.DeleteFunc(t.indexes, func(i *index) bool { return i.name == name })
}

// wasUnique says whether rows could not agree in the columns before the file already.
func (t *table) wasUnique(columns []string) bool {
	if t == nil {
		return false
	}
	for _, i := range slices.Concat(t.indexes, t.lost) {
		if i.unique && len(i.columns) > 0 && !slices.ContainsFunc(i.columns, func(name string) bool { return !slices.Contains(columns, name) }) {
			return true
		}
	}
	return slices.ContainsFunc(t.columns, func(c *column) bool { return c.unique && slices.Contains(columns, c.name) })
}

// provesNotNull says whether a validated check keeps nulls out of a column.
func (t *table) provesNotNull(column string) bool {
	if t == nil {
		return false
	}
	for _, expr := range t.checks {
		r := reader{expr}
		if r.ident() == column && r.take("is", "not", "null") && len(r.rest) == 0 {
			return true
		}
	}
	return false
}
