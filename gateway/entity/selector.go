package entity

import (
	"context"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"github.com/entwine-data/entwine/gateway/access"
)

// Where returns the rule of op as a predicate for the ORM's queries on the entity.
func (e *Entity) Where(op access.Operation, v access.Viewer) func(*sql.Selector) {
	if e.Unrestricted(op, v) {
		return func(*sql.Selector) {}
	}
	return e.selector(func(w SQL, alias string) { e.WritePredicate(w, op, v, alias) })
}

type catalogKey struct{}

// NewContext returns a context for queries of the ORM whose predicates on edges ask the rules of c.
func NewContext(ctx context.Context, c *Catalog) context.Context {
	return context.WithValue(ctx, catalogKey{}, c)
}

// OfNeighbors returns the rule about the rows behind an edge to an entity, given its name in the ent schema, for the viewer of
// the query that s is part of; nil if they may read all of them. Generated code calls it.
func OfNeighbors(s *sql.Selector, schema string) func(*sql.Selector) {
	ctx := s.Context()
	c, _ := ctx.Value(catalogKey{}).(*Catalog)
	if c == nil {
		return nil
	}
	e, v := c.bySchema[schema], access.FromContext(ctx)
	if e.Unrestricted(access.Read, v) {
		return nil
	}
	return e.Where(access.Read, v)
}

// selector makes what write writes a predicate of the ORM.
func (e *Entity) selector(write func(w SQL, alias string)) func(*sql.Selector) {
	return func(s *sql.Selector) {
		// Taken now: a query that becomes part of another gets a new name before its predicates are written.
		qualifier := strings.TrimSuffix(s.C("x"), s.Quote("x"))
		s.Where(sql.P(func(b *sql.Builder) {
			write(entSQL{b: b, rows: qualifier}, "")
		}))
	}
}

// entSQL is [SQL] over ent's statement builder. An empty alias stands for the rows that the statement selects.
type entSQL struct {
	b    *sql.Builder
	rows string // their quoted name and a dot
}

func (w entSQL) WriteSQL(text string) { w.b.WriteString(text) }

func (w entSQL) WriteColumn(alias, name string) {
	if alias == "" {
		w.b.WriteString(w.rows).Ident(name)
		return
	}
	w.b.Ident(alias).WriteByte('.').Ident(name)
}

func (w entSQL) WriteTable(name, alias string) { w.b.Ident(name).WriteString(" AS ").Ident(alias) }

func (w entSQL) WriteArg(value any) { w.b.Arg(value) }

func (w entSQL) Postgres() bool { return w.b.Dialect() == dialect.Postgres }

var _ SQL = entSQL{}
