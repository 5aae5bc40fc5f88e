package input

import (
	"encoding/json"
	"fmt"

	"entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Insert implements [entity.Mutator.Insert] for what the ORM is about to create: the same columns with the same values as its own INSERT
// would have.
func Insert(spec *sqlgraph.CreateSpec) (*entity.Insert, error) {
	if spec.ID == nil || spec.Schema != "" || len(spec.OnConflict) > 0 {
		return nil, nil
	}
	n := len(spec.Fields) + len(spec.Edges) + 1
	ins := &entity.Insert{Table: spec.Table, ID: spec.ID.Column, Columns: make([]string, 0, n), Values: make([]any, 0, n)}
	set := func(column string, value any) {
		ins.Columns, ins.Values = append(ins.Columns, column), append(ins.Values, value)
	}
	for _, f := range spec.Fields {
		if f.Type != field.TypeJSON {
			set(f.Column, f.Value)
			continue
		}
		text, err := json.Marshal(f.Value)
		if err != nil {
			return nil, fmt.Errorf("marshal value for column %s: %w", f.Column, err)
		}
		set(f.Column, json.RawMessage(text))
	}
	for _, e := range spec.Edges {
		if e.Rel != sqlgraph.M2O && (e.Rel != sqlgraph.O2O || !e.Inverse) {
			return nil, nil // its link is in another table
		}
		set(e.Columns[0], e.Target.Nodes[0])
	}
	if spec.ID.Value != nil {
		set(spec.ID.Column, spec.ID.Value)
	}
	if len(ins.Columns) == 0 {
		return nil, nil
	}
	return ins, nil
}
