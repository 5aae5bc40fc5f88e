package entity

import (
	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/gateway/access"
)

// Where returns the rule of op as a predicate for the ORM's queries on the entity.
func (e *Entity) Where(op access.Operation, v access.Viewer) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if e.Unrestricted(op, v) {
			return
		}
		s.Where(sql.P(func(b *sql.Builder) {
			e.WritePredicate(entSQL{b: b, rows: s}, op, v, "")
		}))
	}
}

// entSQL is [SQL] over ent's statement builder. The selector knows under which name the statement has the rows; an empty
// alias stands for it.
type entSQL struct {
	b    *sql.Builder
	rows *sql.Selector
}

func (w entSQL) WriteSQL(text string) { w.b.WriteString(text) }

func (w entSQL) WriteColumn(alias, name string) {
	if alias == "" {
		w.b.Ident(w.rows.C(name))
		return
	}
	w.b.Ident(alias).WriteByte('.').Ident(name)
}

func (w entSQL) WriteTable(name, alias string) { w.b.Ident(name).WriteString(" AS ").Ident(alias) }

func (w entSQL) WriteArg(value any) { w.b.Arg(value) }

var _ SQL = entSQL{}
