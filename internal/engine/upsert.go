package engine

import (
	"context"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
)

// upsert updates the row that has the values of a unique key, or creates it. A row that the viewer may not read is not there
// for them, and the key then refuses the new one. Two that find no row both create it; the key refuses one of them, which
// begins anew and finds it.
func (m *change) upsert(ctx context.Context, input map[string]any) (outcome, error) {
	e := m.entity
	by, _ := input["by"].(string)
	k := keyOf(e, by)
	if k == nil {
		return outcome{}, badPath([]any{"input", "by"}, apierr.Invalid, "by must be a unique key.")
	}
	values, _ := input["create"].(map[string]any)
	patch, changes := input["update"].(map[string]any)
	fresh := m.read(&item{entity: e, op: access.Create, path: []any{"input", "create"}, input: values})
	for _, f := range k.Fields {
		path := []any{"input", "create", f.Name}
		if err := use(e, f, m.viewer, path); err != nil {
			return outcome{}, err
		}
		if values[f.Name] == nil {
			return outcome{}, badPath(path, apierr.Required, f.Name+" is required: it is part of the key that `by` names.")
		}
		if _, err := filterValue(f, values[f.Name]); err != nil {
			return outcome{}, badPath(path, apierr.InvalidFormat, f.Name+" "+err.Error()+".")
		}
	}
	row, err := m.find(ctx, k, fresh)
	if err != nil {
		return outcome{}, err
	}
	if row == nil {
		m.upserting = k
		err := m.write(ctx, fresh)
		return outcome{keys: []any{fresh.key}, created: true}, err
	}
	// The input must be valid whether there is a row or not, so that what an operation answers does not depend on it.
	if m.refused != nil {
		// To create rows is not what they are about to do.
		m.refused = nil
	} else if err := m.draft(); err != nil {
		return outcome{}, err
	} else if err := faulty(m.faults); err != nil {
		return outcome{}, err
	}
	m.items, m.faults = nil, nil
	if !changes {
		return outcome{keys: []any{row.key}}, nil
	}
	old := m.read(&item{entity: e, op: access.Update, path: []any{"input", "update"}, input: patch, key: row.key})
	err = m.write(ctx, old)
	return outcome{keys: []any{row.key}}, err
}

// keyOf is the unique key that a value of an upsert's enum stands for.
func keyOf(e *entity.Entity, by string) *entity.Key {
	if by == "ID" {
		return &entity.Key{Value: by, Fields: e.ID}
	}
	for _, k := range e.Keys {
		if k.Value == by && by != "" {
			return k
		}
	}
	return nil
}

// find looks a row up by the values of a key that the item gives, as far as the viewer may read it.
func (m *change) find(ctx context.Context, k *entity.Key, it *item) (*sight, error) {
	values := it.keyValues(k.Fields)
	if values == nil {
		return nil, nil //nolint:nilnil // there is no such row
	}
	// The statement of a look-up by a unique key, but for what it selects.
	only := []part{{rows: &rows{read: &read{entity: m.entity, key: k}}, alias: "t", names: columnsOf(m.entity.ID)}}
	s := request{viewer: m.viewer, postgres: m.engine.postgres}.unique(only, values)
	result, err := m.q.QueryContext(ctx, string(s.buf), s.args...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var row *sight
	for result.Next() {
		var one int
		id := make([]any, len(m.entity.ID))
		dest := []any{&one}
		for i := range id {
			dest = append(dest, &id[i])
		}
		if err := result.Scan(dest...); err != nil {
			return nil, err
		}
		for i := range id {
			id[i] = keep(id[i])
		}
		row = &sight{key: m.entity.Key(slices.Clone(id)...)}
	}
	return row, result.Err()
}

func columnsOf(fields []*entity.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Column
	}
	return names
}
