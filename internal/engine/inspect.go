package engine

import (
	"context"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// Rows that a mutation changes are looked at before: whether they are there, whether the viewer may read and change them, and
// whether they are where the input says. What it has written is looked at afterwards.

// sight is what a viewer may do with a row, and values of it.
type sight struct {
	key      any
	readable bool
	allowed  bool
	may      map[*access.Rule]bool
	columns  map[string]any
}

// look is a question about many rows of one entity.
type look struct {
	entity *entity.Entity
	op     access.Operation
	// rules are those of inputs, columns those whose values are wanted.
	rules   []*access.Rule
	columns []string
	// by is the column that holds the keys; the primary key if it is empty.
	by   string
	lock bool
}

func (l *look) rule(r *access.Rule) {
	if !slices.Contains(l.rules, r) {
		l.rules = append(l.rules, r)
	}
}

func (l *look) column(name string) {
	if !slices.Contains(l.columns, name) {
		l.columns = append(l.columns, name)
	}
}

// at asks the rules about the rows as they are now, by the keys that l.by holds. Rows that do not exist are missing.
func (m *change) at(ctx context.Context, l *look, keys []any) (map[any]*sight, error) {
	e := l.entity
	s := &statement{postgres: m.engine.postgres}
	s.WriteSQL("SELECT ")
	for i, f := range e.ID {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteColumn("t", f.Column)
	}
	for _, name := range l.columns {
		s.WriteSQL(", ")
		s.WriteColumn("t", name)
	}
	ask := func(write func()) {
		s.WriteSQL(", CASE WHEN ")
		write()
		s.WriteSQL(" THEN 1 ELSE 0 END")
	}
	ask(func() { e.WritePredicate(s, access.Read, m.viewer, "t") })
	ask(func() { e.WritePredicate(s, l.op, m.viewer, "t") })
	for _, r := range l.rules {
		ask(func() { e.WriteRule(s, r, m.viewer, "t") })
	}
	s.WriteSQL(" FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	by := primaryKey(e)
	if l.by != "" {
		by = []keyColumn{{l.by, foreignKeyType(e, l.by)}}
	}
	s.writeKeys("t", e, by, keys)
	if l.lock && m.engine.postgres {
		// In one order, so that two mutations that change the same rows wait for each other and not both.
		s.WriteSQL(" ORDER BY ")
		for i, f := range e.ID {
			if i > 0 {
				s.WriteSQL(", ")
			}
			s.WriteColumn("t", f.Column)
		}
		s.WriteSQL(" FOR UPDATE OF t")
	}
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	seen := make(map[any]*sight, len(keys))
	id := make([]any, len(e.ID))
	values := make([]any, len(l.columns))
	answers := make([]int, 2+len(l.rules))
	dest := make([]any, 0, len(id)+len(values)+len(answers))
	for i := range id {
		dest = append(dest, &id[i])
	}
	for i := range values {
		dest = append(dest, &values[i])
	}
	for i := range answers {
		dest = append(dest, &answers[i])
	}
	for result.Next() {
		if err := result.Scan(dest...); err != nil {
			return nil, err
		}
		row := &sight{readable: answers[0] == 1, allowed: answers[1] == 1, key: e.Key(id...)}
		if len(l.rules) > 0 {
			row.may = make(map[*access.Rule]bool, len(l.rules))
		}
		for i, r := range l.rules {
			row.may[r] = answers[2+i] == 1
		}
		found := row.key
		if len(values) > 0 {
			row.columns = make(map[string]any, len(values))
		}
		for i, name := range l.columns {
			row.columns[name] = normalKey(keep(values[i]))
			if name == l.by {
				found = row.columns[name]
			}
		}
		seen[found] = row
	}
	return seen, result.Err()
}

// foreignKeyType is the type on Postgres of the keys that a column of e holds.
func foreignKeyType(e *entity.Entity, column string) string {
	for _, ed := range e.Edges {
		if ed.Kind == entity.ToOne && ed.Column == column {
			return pgKeyType(ed.To().ID[0])
		}
	}
	return "text"
}

// inspectAll looks at the rows that an input changes, level by level: what an edge leads to is known from its row.
func (m *change) inspectAll(ctx context.Context, roots []*item) error {
	level := slices.DeleteFunc(slices.Clone(roots), func(it *item) bool { return it.op != access.Update })
	for len(level) > 0 {
		var entities []*entity.Entity
		var edges []*entity.Edge
		groups := make(map[*entity.Edge][]*item)
		for _, it := range level {
			var ed *entity.Edge
			if it.above != nil {
				ed = it.above.edge
			}
			if groups[ed] == nil {
				edges, entities = append(edges, ed), append(entities, it.entity)
			}
			groups[ed] = append(groups[ed], it)
		}
		for i, ed := range edges {
			if ed != nil {
				if err := m.locate(ctx, ed, entities[i], groups[ed]); err != nil {
					return err
				}
			}
			if err := m.inspect(ctx, groups[ed]); err != nil {
				return err
			}
		}
		var next []*item
		for _, it := range level {
			for _, b := range it.branches {
				next = append(next, b.update...)
			}
		}
		level = next
	}
	return nil
}

// locate finds the keys of rows that an edge leads to, and which of the rows with given ids are linked by it.
func (m *change) locate(ctx context.Context, ed *entity.Edge, e *entity.Entity, items []*item) error {
	switch ed.Kind {
	case entity.ToOne:
		for _, it := range items {
			if it.key = it.above.owner.seen.columns[ed.Column]; it.key == nil {
				return m.missingItem(it)
			}
		}
	case entity.ToOneInverse:
		owners := make([]any, len(items))
		for i, it := range items {
			owners[i] = it.above.owner.key
		}
		seen, err := m.at(ctx, &look{entity: e, op: access.Update, by: ed.Column, columns: []string{ed.Column}}, owners)
		if err != nil {
			return err
		}
		for _, it := range items {
			row := seen[it.above.owner.key]
			if row == nil {
				return m.missingItem(it)
			}
			it.key = row.key
		}
	case entity.ManyToMany:
		linked, err := m.linked(ctx, ed, items)
		if err != nil {
			return err
		}
		for _, it := range items {
			if !linked[[2]any{it.above.owner.key, it.key}] {
				return m.missingItem(it)
			}
		}
	}
	return nil
}

// linked reads which rows the join table of an edge links.
func (m *change) linked(ctx context.Context, ed *entity.Edge, items []*item) (map[[2]any]bool, error) {
	var owners, targets []any
	for _, it := range items {
		owners, targets = append(owners, it.above.owner.key), append(targets, it.key)
	}
	s := &statement{postgres: m.engine.postgres}
	s.WriteSQL("SELECT ")
	s.WriteColumn("j", ed.JoinOwn)
	s.WriteSQL(", ")
	s.WriteColumn("j", ed.JoinTarget)
	s.WriteSQL(" FROM ")
	s.WriteTable(ed.Join, "j")
	s.WriteSQL(" WHERE ")
	s.WriteColumn("j", ed.JoinOwn)
	s.writeIn(owners, pgKeyType(ed.Own()))
	s.WriteSQL(" AND ")
	s.WriteColumn("j", ed.JoinTarget)
	s.writeIn(targets, pgKeyType(ed.To().ID[0]))
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	linked := make(map[[2]any]bool)
	for result.Next() {
		var own, target any
		if err := result.Scan(&own, &target); err != nil {
			return nil, err
		}
		linked[[2]any{normalKey(keep(own)), normalKey(keep(target))}] = true
	}
	return linked, result.Err()
}

// inspect finds the rows to change and locks them. A row that the viewer may not read does not exist for them.
func (m *change) inspect(ctx context.Context, items []*item) error {
	l := &look{entity: items[0].entity, op: items[0].op, lock: true}
	keys := make([]any, len(items))
	for i, it := range items {
		keys[i] = it.key
		for _, in := range it.guarded {
			l.rule(in.rule)
		}
		for _, b := range it.branches {
			if b.edge.Kind == entity.ToOne && len(b.update) > 0 {
				l.column(b.edge.Column)
			}
		}
		if it.above != nil && it.above.edge.Kind == entity.ToMany {
			l.column(it.above.edge.Column)
		}
	}
	seen, err := m.at(ctx, l, keys)
	if err != nil {
		return err
	}
	for _, it := range items {
		row := seen[it.key]
		switch {
		case row == nil || !row.readable:
			return m.missingItem(it)
		case it.above != nil && it.above.edge.Kind == entity.ToMany && row.columns[it.above.edge.Column] != it.above.owner.key:
			return m.missingItem(it)
		case !row.allowed:
			return m.denied(it)
		}
		if err := m.deniedBy(it, row); err != nil {
			return err
		}
		id := rowName{it.entity.Name, it.key}
		if m.touched[id] {
			m.fault(it, apierr.Invalid, "is changed in another place of the input, too", "id")
		}
		if m.touched == nil {
			m.touched = make(map[rowName]bool)
		}
		m.touched[id], it.seen = true, row
	}
	return nil
}

// deniedBy says which inputs the rules of their fields forbid for the row.
func (m *change) deniedBy(it *item, row *sight) error {
	var denied []string
	for _, in := range it.guarded {
		if !row.may[in.rule] {
			denied = append(denied, in.name)
		}
	}
	if len(denied) == 0 {
		return nil
	}
	return m.deniedInputs(it, denied)
}

// missingItem is said of rows that are not there, that the viewer may not read, and that are not where the input says.
func (m *change) missingItem(it *item) error {
	if it.above == nil {
		return apierr.New(apierr.NotFound, "There is no %s with this id.", it.entity.Name)
	}
	path := it.path
	if it.above.edge.List() {
		path = append(slices.Clip(path), "id")
	}
	f := apierr.Field{Path: path, Code: apierr.Missing, Message: "does not lead to any " + it.entity.Name + " there"}
	return faulty([]apierr.Field{f})
}

// verify asks the rules about rows as they have become.
func (m *change) verify(ctx context.Context) error {
	var order []*look
	looks := make(map[rowName]*look) // by entity and operation
	rows := make(map[*look][]*item)
	for _, it := range m.items {
		if it.entity.Unrestricted(it.op, m.viewer) && len(it.guarded) == 0 || it.key == nil {
			continue
		}
		id := rowName{it.entity.Name, it.op}
		l := looks[id]
		if l == nil {
			l = &look{entity: it.entity, op: it.op}
			looks[id], order = l, append(order, l)
		}
		for _, in := range it.guarded {
			l.rule(in.rule)
		}
		rows[l] = append(rows[l], it)
	}
	for _, l := range order {
		keys := make([]any, len(rows[l]))
		for i, it := range rows[l] {
			keys[i] = it.key
		}
		seen, err := m.at(ctx, l, keys)
		if err != nil {
			return err
		}
		for _, it := range rows[l] {
			row := seen[it.key]
			if row == nil || !row.allowed {
				return m.denied(it)
			}
			if err := m.deniedBy(it, row); err != nil {
				return err
			}
		}
	}
	return nil
}
