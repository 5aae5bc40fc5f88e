package input_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqlgraph"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/input"
)

// An INSERT has what the ORM's own would have; where that is not all that the ORM would do, there is none.
func TestInsert(t *testing.T) {
	spec := func(change func(*sqlgraph.CreateSpec)) *sqlgraph.CreateSpec {
		s := sqlgraph.NewCreateSpec("things", sqlgraph.NewFieldSpec("id", field.TypeInt))
		s.SetField("name", field.TypeString, "n")
		change(s)
		return s
	}
	edge := func(rel sqlgraph.Rel, inverse bool) func(*sqlgraph.CreateSpec) {
		return func(s *sqlgraph.CreateSpec) {
			target := &sqlgraph.EdgeTarget{IDSpec: sqlgraph.NewFieldSpec("id", field.TypeInt)}
			target.Nodes = append(target.Nodes, 7)
			s.Edges = append(s.Edges, &sqlgraph.EdgeSpec{Rel: rel, Inverse: inverse, Columns: []string{"other_id"}, Target: target})
		}
	}
	key := new("k")
	for name, c := range map[string]struct {
		spec *sqlgraph.CreateSpec
		want *entity.Insert
	}{
		"fields": {
			spec(func(s *sqlgraph.CreateSpec) { s.SetField("data", field.TypeJSON, map[string]int{"a": 1}) }),
			&entity.Insert{Table: "things", ID: "id", Columns: []string{"name", "data"}, Values: []any{"n", json.RawMessage(`{"a":1}`)}},
		},
		"a foreign key": {
			spec(edge(sqlgraph.M2O, true)),
			&entity.Insert{Table: "things", ID: "id", Columns: []string{"name", "other_id"}, Values: []any{"n", 7}},
		},
		"a unique foreign key": {
			spec(edge(sqlgraph.O2O, true)),
			&entity.Insert{Table: "things", ID: "id", Columns: []string{"name", "other_id"}, Values: []any{"n", 7}},
		},
		"a given key": {
			spec(func(s *sqlgraph.CreateSpec) { s.ID.Value = key }),
			&entity.Insert{Table: "things", ID: "id", Columns: []string{"name", "id"}, Values: []any{"n", key}},
		},
		"a foreign key elsewhere": {spec(edge(sqlgraph.O2M, false)), nil},
		"one unique elsewhere":    {spec(edge(sqlgraph.O2O, false)), nil},
		"a join table":            {spec(edge(sqlgraph.M2M, false)), nil},
		"a composite key":         {spec(func(s *sqlgraph.CreateSpec) { s.ID = nil }), nil},
		"nothing":                 {spec(func(s *sqlgraph.CreateSpec) { s.Fields = nil }), nil},
		"an upsert": {
			spec(func(s *sqlgraph.CreateSpec) { s.OnConflict = []sql.ConflictOption{sql.ResolveWithNewValues()} }), nil,
		},
	} {
		if got, err := input.Insert(c.spec); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v (%v), want %+v", name, got, err, c.want)
		}
	}
	if _, err := input.Insert(spec(func(s *sqlgraph.CreateSpec) { s.SetField("data", field.TypeJSON, func() {}) })); err == nil {
		t.Error("what JSON cannot hold was taken")
	}
}
