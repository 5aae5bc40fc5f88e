package engine

import (
	"context"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/input"
)

// The links of some many-to-many edges are rows of an entity of their own, with values beside the two keys. To connect rows is
// to create such links, and to disconnect them is to delete some.

// setting is a list with a join table that an input replaces.
type setting struct {
	item    *item
	edge    *entity.Edge
	changes map[string]any
}

// linkOperation is what the viewer must be allowed to do with rows that they link or unlink.
func linkOperation(ed *entity.Edge) access.Operation {
	if ed.Inverse {
		return access.Update
	}
	return access.Read
}

// readCurrent finds which rows replaced lists hold as far as the viewer may take them out. What they may not see stays.
func (m *change) readCurrent(ctx context.Context) error {
	var edges []*entity.Edge
	byEdge := make(map[*entity.Edge][]setting)
	for _, set := range m.sets {
		if byEdge[set.edge] == nil {
			edges = append(edges, set.edge)
		}
		byEdge[set.edge] = append(byEdge[set.edge], set)
	}
	for _, ed := range edges {
		owners := make([]any, len(byEdge[ed]))
		for i, set := range byEdge[ed] {
			owners[i] = set.item.key
		}
		current, err := m.linkedRows(ctx, ed, owners)
		if err != nil {
			return err
		}
		for _, set := range byEdge[ed] {
			rows := current[set.item.key]
			if rows == nil {
				rows = []any{}
			}
			set.changes[input.Current] = rows
		}
	}
	return nil
}

// linkedRows are the keys of the rows behind an edge with a join table that the viewer may unlink, by their owners' keys.
func (m *change) linkedRows(ctx context.Context, ed *entity.Edge, owners []any) (map[any][]any, error) {
	target, q := ed.To(), request{viewer: m.viewer, postgres: m.engine.postgres}
	s := q.statement()
	s.WriteSQL("SELECT ")
	s.WriteColumn("j", ed.JoinOwn)
	s.WriteSQL(", ")
	s.WriteColumn("t", target.ID[0].Column)
	s.WriteSQL(" FROM ")
	s.WriteTable(ed.Join, "j")
	s.WriteSQL(" JOIN ")
	s.WriteTable(target.Table, "t")
	s.WriteSQL(" ON ")
	s.equal("t", target.ID[0].Column, "j", ed.JoinTarget)
	s.WriteSQL(" WHERE ")
	s.WriteColumn("j", ed.JoinOwn)
	s.writeIn(owners, pgKeyType(ed.Own()))
	q.restrict(s, target, "t")
	s.WriteSQL(" AND (")
	target.WritePredicate(s, linkOperation(ed), m.viewer, "t")
	s.WriteSQL(")")
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	rows := make(map[any][]any)
	for result.Next() {
		var owner, key any
		if err := result.Scan(&owner, &key); err != nil {
			return nil, err
		}
		owner = normalKey(keep(owner))
		rows[owner] = append(rows[owner], normalKey(keep(key)))
	}
	return rows, result.Err()
}

// readLinks reads { connect, disconnect, set } of an edge whose links are rows.
func (m *change) readLinks(it *item, ed *entity.Edge, changes map[string]any) {
	own := it.entity.SchemaEdge(ed.Through)
	links := own.To()
	target := ""
	for _, other := range links.Edges {
		if other.Kind == entity.ToOne && other.Column == ed.JoinTarget {
			target = other.Input
		}
	}
	b := &branch{owner: it, edge: own}
	_, sets := changes["set"]
	_, connects := changes["connect"]
	_, disconnects := changes["disconnect"]
	if sets && (connects || disconnects) {
		m.fault(it, apierr.Invalid, "takes set alone, without connect and disconnect", ed.Name)
		return
	}
	b.cutAll = sets
	for _, action := range [...]string{"connect", "set"} {
		v, given := changes[action]
		if !given {
			continue
		}
		created := m.below(b, action, linkInputs(v, target), it.path, ed.Name, action)
		for _, link := range created {
			link.renamed = map[string]string{target: "id"}
			if _, object := asList(v)[link.path[len(link.path)-1].(int)].(map[string]any); !object {
				link.renamed = map[string]string{target: ""}
			}
		}
		b.create = append(b.create, created...)
	}
	if v, given := changes["disconnect"]; given {
		if v == nil {
			m.fault(it, apierr.Required, "cannot be null", ed.Name, "disconnect")
			return
		}
		for i, id := range asList(v) {
			key, err := parseGlobalID(id, ed.Target, ed.To().ParseKey)
			if err != nil {
				m.fault(it, apierr.InvalidFormat, "must be an id of type "+ed.Target, ed.Name, "disconnect", i)
				continue
			}
			b.cut = append(b.cut, key)
		}
	}
	if len(b.create)+len(b.cut) > 0 || b.cutAll {
		it.branches = append(it.branches, b)
	}
}

// linkInputs makes inputs of links of what an edge is connected to: ids, or objects with an id and the link's values.
func linkInputs(v any, target string) any {
	if v == nil {
		return nil
	}
	list := asList(v)
	out := make([]any, len(list))
	for i, element := range list {
		link := make(map[string]any)
		if values, ok := element.(map[string]any); ok {
			for name, value := range values {
				if name == "id" {
					name = target
				}
				link[name] = value
			}
		} else {
			link[target] = element
		}
		out[i] = link
	}
	return out
}

// cut deletes links. The viewer must be allowed to delete each of them; those that they may not read stay.
func (m *change) cut(ctx context.Context, own *entity.Edge, branches []*branch) error {
	e := own.To()
	for _, b := range branches {
		if len(b.cut) == 0 && !b.cutAll || b.owner.op == access.Create {
			continue
		}
		if e.Rules.For(access.Delete).Reduce(m.viewer) == nil {
			return e.Denied(access.Delete, m.viewer)
		}
		keys, err := m.linksOf(ctx, own, b)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			continue
		}
		m.writing = []*item{b.owner}
		if err := m.remove(ctx, e, keys); err != nil {
			return err
		}
	}
	return nil
}

// linksOf finds and locks the links to cut.
func (m *change) linksOf(ctx context.Context, own *entity.Edge, b *branch) ([]any, error) {
	e := own.To()
	q := request{viewer: m.viewer, postgres: m.engine.postgres}
	s := q.statement()
	s.WriteSQL("SELECT ")
	for _, f := range e.ID {
		s.WriteColumn("t", f.Column)
		s.WriteSQL(", ")
	}
	s.WriteSQL("CASE WHEN ")
	e.WritePredicate(s, access.Delete, m.viewer, "t")
	s.WriteSQL(" THEN 1 ELSE 0 END FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE ")
	s.WriteColumn("t", own.Column)
	s.WriteSQL(" = ")
	s.WriteArg(b.owner.key)
	if !b.cutAll {
		s.WriteSQL(" AND ")
		s.WriteColumn("t", b.target())
		s.writeIn(b.cut, foreignKeyType(e, b.target()))
	}
	q.restrict(s, e, "t")
	if q.postgres {
		s.WriteSQL(" FOR UPDATE OF t")
	}
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var keys []any
	for result.Next() {
		id, allowed := make([]any, len(e.ID)), 0
		var dest []any
		for i := range id {
			dest = append(dest, &id[i])
		}
		if err := result.Scan(append(dest, &allowed)...); err != nil {
			return nil, err
		}
		if allowed == 0 {
			return nil, e.Denied(access.Delete, m.viewer)
		}
		for i := range id {
			id[i] = keep(id[i])
		}
		keys = append(keys, e.Key(id...))
	}
	return keys, result.Err()
}

// target is the column by which the links of the branch refer to the other row.
func (b *branch) target() string {
	for _, ed := range b.owner.entity.Edges {
		if ed.Through == b.edge.Schema {
			return ed.JoinTarget
		}
	}
	return ""
}
