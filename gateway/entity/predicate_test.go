package entity_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// text is a statement as it is written.
type text struct {
	strings.Builder
	args []any
}

func (w *text) WriteSQL(text string)       { w.WriteString(text) }
func (w *text) WriteColumn(_, name string) { w.WriteString(name) }
func (w *text) WriteTable(name, _ string)  { w.WriteString(name) }
func (w *text) WriteArg(value any)         { w.WriteString("?"); w.args = append(w.args, value) }
func (w *text) Postgres() bool             { return true }

// Only what the schema names becomes a part of a statement, never what a client has made up, and never so much of it that statements
// cannot be kept.
func TestComparands(t *testing.T) {
	field := func(name string, typ entity.Type) *entity.Field {
		return &entity.Field{Name: name, Schema: name, Column: name, Type: typ}
	}
	status, kind, flag, name, many := field("status", entity.Enum), field("kind", entity.String), field("flag", entity.Boolean), field("name", entity.String), field("many", entity.Enum)
	status.Enum = []entity.EnumValue{{Name: "DRAFT", Stored: "draft"}, {Name: "ODD", Stored: "it's"}}
	for i := range 17 {
		many.Enum = append(many.Enum, entity.EnumValue{Name: fmt.Sprint("V", i), Stored: fmt.Sprint("v", i)})
	}
	id := field("id", entity.ID)
	entity.NewCatalog(&entity.Entity{
		Name: "Memo", Schema: "Memo", Table: "memos", ID: []*entity.Field{id}, Fields: []*entity.Field{id, status, kind, flag, name, many},
		Edges: []*entity.Edge{{Name: "parent", Schema: "parent", Target: "Memo", Kind: entity.ToOne, Column: "parent_id"}},
		Rules: access.Rules{
			Read:   access.Any(access.Not(access.Match("kind", "a")), access.Match("kind", "b"), access.Related("parent", access.Match("kind", "above"))),
			Update: access.Match("kind", "of updates"),
		},
	})
	for _, c := range []struct {
		field *entity.Field
		value any
		want  string
	}{
		{status, "draft", "'draft'"},
		{status, "it's", "?"},
		{status, "draft' OR 1=1 --", "?"},
		{kind, "a", "'a'"},
		{kind, "b", "'b'"},
		{kind, "above", "?"},
		{kind, "of updates", "?"},
		{kind, "", "?"},
		{flag, true, "TRUE"},
		{flag, false, "FALSE"},
		{name, "a", "?"},
		{many, "v1", "?"},
	} {
		w := &text{}
		c.field.WriteComparand(w, c.value)
		var args []any
		if c.want == "?" {
			args = []any{c.value}
		}
		if w.String() != c.want || !reflect.DeepEqual(w.args, args) {
			t.Errorf("%s = %v: %s, %v", c.field.Name, c.value, w, w.args)
		}
	}
}
