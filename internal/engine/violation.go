package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// violation is a write that a unique or foreign key refused. Databases name one key of one row, SQLite without its values or
// without its name. So which inputs are to blame, all of them, is looked up after the rollback; that costs statements only
// where something went wrong.
type violation struct {
	change *change
	of     *store.Violation
}

func (*violation) Error() string { return "a key refused the write" }

// explain says which inputs stand against what is in the database.
func (v *violation) explain(ctx context.Context, q store.Querier) error {
	m := v.change
	m.q = q
	taken, err := m.taken(ctx, v.of)
	if err != nil {
		return databaseError(err)
	}
	missing, err := m.missing(ctx, m.references())
	if err != nil {
		return databaseError(err)
	}
	if k := m.upserting; k != nil && v.of.Kind == store.Unique && v.of.Table == m.entity.Table && isOf(v.of.Columns, k) {
		if row, err := m.find(ctx, k, m.items[0]); err == nil && row != nil {
			return errAgain // somebody else has made the row meanwhile
		}
	}
	faults := slices.Concat(taken, missing)
	switch {
	case len(faults) == 0 && v.of.Kind == store.Unique:
		return m.blame(v.of, apierr.NotUnique, takenMessage)
	case len(faults) == 0:
		return &apierr.Error{Code: apierr.NotFound, Message: danglingMessage}
	case len(taken) == 0:
		return &apierr.Error{Code: apierr.NotFound, Message: danglingMessage, Fields: faults}
	case len(missing) == 0:
		return &apierr.Error{Code: apierr.BadUserInput, Message: takenMessage, Fields: faults}
	}
	return &apierr.Error{Code: apierr.BadUserInput, Message: "Several values of the input are not valid.", Fields: faults}
}

// isOf says whether the columns are those of the key.
func isOf(columns []string, k *entity.Key) bool {
	fields := k.Fields
	if k.Tenant != nil {
		fields = append(slices.Clip(fields), k.Tenant)
	}
	return len(columns) == len(fields) && !slices.ContainsFunc(fields, func(f *entity.Field) bool { return !slices.Contains(columns, f.Column) })
}

const (
	takenMessage    = "This value is already in use."
	danglingMessage = "The input refers to something that does not exist."
)

// uniqueKey is a key of an entity by its fields.
type uniqueKey struct {
	fields []*entity.Field
	tenant *entity.Field
}

// uniqueKeys are those that the schema tells, and the one that was violated.
func (m *change) uniqueKeys(e *entity.Entity, of *store.Violation) []uniqueKey {
	var all []uniqueKey
	add := func(fields []*entity.Field, tenant *entity.Field) {
		same := func(k uniqueKey) bool { return slices.Equal(k.fields, fields) }
		if len(fields) > 0 && !slices.ContainsFunc(all, same) {
			all = append(all, uniqueKey{fields, tenant})
		}
	}
	if of.Kind == store.Unique && of.Table == e.Table {
		var fields []*entity.Field
		var tenant *entity.Field
		for _, column := range of.Columns {
			i := slices.IndexFunc(e.Fields, func(f *entity.Field) bool { return f.Column == column })
			switch {
			case i < 0:
				return nil
			case e.Fields[i] == e.Tenant:
				tenant = e.Tenant
			default:
				fields = append(fields, e.Fields[i])
			}
		}
		add(fields, tenant)
	}
	for _, k := range e.Keys {
		add(k.Fields, k.Tenant)
	}
	return all
}

// taken says which values of unique keys the input holds twice, or other rows have.
func (m *change) taken(ctx context.Context, of *store.Violation) ([]apierr.Field, error) {
	var entities []*entity.Entity
	rows := make(map[*entity.Entity][]*item)
	for _, it := range m.items {
		if rows[it.entity] == nil {
			entities = append(entities, it.entity)
		}
		rows[it.entity] = append(rows[it.entity], it)
	}
	var faults []apierr.Field
	for _, e := range entities {
		for _, k := range m.uniqueKeys(e, of) {
			found, err := m.takenOf(ctx, e, k, rows[e])
			if err != nil {
				return nil, err
			}
			faults = append(faults, found...)
		}
	}
	return faults, nil
}

// takenOf is taken for one key.
func (m *change) takenOf(ctx context.Context, e *entity.Entity, k uniqueKey, items []*item) ([]apierr.Field, error) {
	tenant, ok := any(nil), true
	if k.tenant != nil {
		tenant, ok = (&entity.Key{Tenant: k.tenant}).TenantValue(m.viewer)
	}
	if !ok {
		return nil, nil
	}
	var all []candidate
	for _, it := range items {
		if values := it.keyValues(k.fields); values != nil {
			all = append(all, candidate{it, values})
		}
	}
	blamed := make(map[*item]bool)
	first := make(map[string]bool)
	for _, c := range all {
		name := fmt.Sprintf("%q", texts(c.values))
		blamed[c.item] = first[name]
		first[name] = true
	}
	// Few at a time, so that no statement becomes too long.
	for chunk := range slices.Chunk(all, 200) {
		if err := m.match(ctx, e, k, tenant, chunk, blamed); err != nil {
			return nil, err
		}
	}
	var faults []apierr.Field
	for _, c := range all {
		if !blamed[c.item] {
			continue
		}
		for _, f := range k.fields {
			faults = append(faults, c.item.located(apierr.Field{Path: []any{f.Name}, Code: apierr.NotUnique, Message: takenMessage}))
		}
	}
	return faults, nil
}

// candidate is an item with the values that it gives to a key.
type candidate struct {
	item   *item
	values []any
}

// match finds the candidates whose values other rows have.
func (m *change) match(ctx context.Context, e *entity.Entity, k uniqueKey, tenant any, candidates []candidate, blamed map[*item]bool) error {
	s := &statement{postgres: m.engine.postgres}
	s.WriteSQL("SELECT ")
	for i, f := range e.ID {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteColumn("t", f.Column)
	}
	for _, c := range candidates {
		s.WriteSQL(", CASE WHEN ")
		c.writeTaken(s, k.fields)
		s.WriteSQL(" THEN 1 ELSE 0 END")
	}
	s.WriteSQL(" FROM ")
	s.WriteTable(e.Table, "t")
	s.WriteSQL(" WHERE (1=0")
	for _, c := range candidates {
		s.WriteSQL(" OR ")
		c.writeTaken(s, k.fields)
	}
	s.WriteSQL(")")
	if e.SoftDelete != nil && !slices.Equal(k.fields, e.ID) { // deleted rows keep no keys but their ids
		s.WriteSQL(" AND ")
		s.WriteColumn("t", e.SoftDelete.Column)
		s.WriteSQL(" IS NULL")
	}
	if k.tenant != nil {
		s.WriteSQL(" AND ")
		s.WriteColumn("t", k.tenant.Column)
		s.WriteSQL(" = ")
		s.WriteArg(tenant)
	}
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return err
	}
	defer result.Close()
	id, matches := make([]any, len(e.ID)), make([]int, len(candidates))
	dest := make([]any, 0, len(id)+len(matches))
	for i := range id {
		dest = append(dest, &id[i])
	}
	for i := range matches {
		dest = append(dest, &matches[i])
	}
	for result.Next() {
		if err := result.Scan(dest...); err != nil {
			return err
		}
		key := e.Key(id...)
		for i, match := range matches {
			if match == 1 && candidates[i].item.key != key {
				blamed[candidates[i].item] = true
			}
		}
	}
	return result.Err()
}

// keyValues are the values of a key that the item gives, nil if it does not give all of them.
func (it *item) keyValues(fields []*entity.Field) []any {
	values := make([]any, len(fields))
	for i, f := range fields {
		if key, ok := it.linked[f.Column]; ok {
			values[i] = key
			continue
		}
		given := it.values[f.Name]
		if given == nil {
			return nil
		}
		v, err := filterValue(f, given)
		if err != nil {
			return nil
		}
		values[i] = v
	}
	return values
}

// writeTaken writes that the row under t has the values.
func (c candidate) writeTaken(s *statement, fields []*entity.Field) {
	s.WriteSQL("(")
	for i, f := range fields {
		if i > 0 {
			s.WriteSQL(" AND ")
		}
		s.WriteColumn("t", f.Column)
		s.WriteSQL(" = ")
		s.WriteArg(c.values[i])
	}
	s.WriteSQL(")")
}

func texts(values []any) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = bindText(v)
	}
	return all
}
