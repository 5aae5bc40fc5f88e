package rules

import "slices"

// rebuilds finds the way in which SQLite changes tables: a new one is made and filled, the old one dropped, and the new one takes
// its name. That is one operation.
func rebuilds(list []*op) []*op {
	var out []*op
	for i := 0; i < len(list); i++ {
		o := list[i]
		if o.kind != createTable {
			out = append(out, o)
			continue
		}
		renamed := find(list[i:], func(p *op) bool { return p.kind == renameTableOp && p.table == o.table })
		if renamed < 0 {
			out = append(out, o)
			continue
		}
		dropped := find(list[i:i+renamed], func(p *op) bool { return p.kind == dropTableOp && p.table == list[i+renamed].name })
		if dropped < 0 {
			out = append(out, o)
			continue
		}
		list = slices.Clone(list)
		out = append(out, &op{kind: rebuild, line: o.line, table: list[i+renamed].name, made: o.made})
		list[i+renamed], list[i+dropped] = &op{}, &op{}
		for n, p := range list[i : i+renamed] {
			if p.kind == insertOp && p.table == o.table {
				list[i+n] = &op{}
			}
		}
	}
	return out
}

func find(list []*op, matches func(*op) bool) int { return slices.IndexFunc(list, matches) }

// expand returns a rebuild as the changes that it makes to the columns, before itself.
func (f *scan) expand(o *op) []*op {
	old := f.tables[o.table]
	if o.kind != rebuild || old == nil {
		return []*op{o}
	}
	var out []*op
	add := func(kind opKind, c, was *column) {
		out = append(out, &op{kind: kind, line: o.line, table: o.table, column: c, old: was, rebuilt: true})
	}
	for _, was := range old.columns {
		c := o.made.column(was.name)
		if c == nil {
			add(dropColumnOp, was, was)
			continue
		}
		if normal(f.dialect, c.typ) != normal(f.dialect, was.typ) {
			add(changeType, c, was)
		}
		if c.notNull && !was.notNull {
			add(setNotNullOp, c, was)
		}
		if c.value == nil && was.value != nil {
			add(dropDefaultOp, c, was)
		}
	}
	for _, c := range o.made.columns {
		if old.column(c.name) == nil {
			add(addColumn, c, nil)
		}
	}
	return append(out, o)
}
