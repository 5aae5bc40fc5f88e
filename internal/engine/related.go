package engine

import "github.com/entwine-data/entwine/gateway/entity"

// Orders may be by values of related rows. Those at the end of to-one edges are joined, as far as the viewer may read them;
// numbers of rows are counted by a subquery, under the rule too.

// value writes the value of a step for the row under alias.
func (s *statement) value(st step, alias string) {
	if st.count != nil {
		s.WriteSQL("(SELECT count(*)")
		s.request.behind(s, st.count, st.alias(alias), 0)
		s.WriteSQL(")")
		return
	}
	if st.rank != nil {
		st.rank.in.Rank(s, s.postgres, st.rank.Query, alias)
		return
	}
	st.field.WriteSorted(s, st.alias(alias))
}

// selected writes a column by its name, or the value of the step that has this name.
func (q request) selected(s *statement, e *entity.Entity, alias, name string) {
	for _, st := range s.order {
		if name[0] == 0 && st.selected() == name {
			s.value(st, alias)
			return
		}
	}
	if q.past != nil && name == "changes" {
		q.changes(s, q.past)
		return
	}
	q.column(s, e, alias, name)
}

// joinOrder writes the joins that the steps of an order need.
func (q request) joinOrder(s *statement, o order, root string) {
	joined := make(map[string]bool)
	for _, st := range o.steps {
		alias := root
		for _, ed := range st.path {
			from := alias
			alias += "_" + ed.Name
			if joined[alias] {
				continue
			}
			joined[alias] = true
			target := ed.To()
			s.WriteSQL(" LEFT JOIN ")
			s.WriteTable(target.Table, alias)
			s.WriteSQL(" ON ")
			q.link(s, ed, alias, from)
			q.restrict(s, target, alias)
		}
	}
}
