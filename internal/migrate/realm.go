package migrate

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
)

// realm returns the tables as a dialect has them. It needs no database.
func realm(ctx context.Context, name string, tables []*schema.Table) (*atlas.Schema, error) {
	tables, err := desired(name, tables)
	if err != nil {
		return nil, err
	}
	var out *atlas.Schema
	var m *schema.Atlas
	// Create prepares the tables (it links columns with their keys and shortens long names) before it calls this hook, which
	// keeps it from doing anything else.
	m, err = schema.NewMigrate(noServer{name}, schema.WithHooks(func(schema.Creator) schema.Creator {
		return schema.CreateFunc(func(ctx context.Context, tables ...*schema.Table) error {
			r, err := m.StateReader(tables...).ReadState(ctx)
			if err != nil {
				return err
			}
			out = &atlas.Schema{}
			if len(r.Schemas) > 0 {
				out = r.Schemas[0]
			}
			return nil
		})
	}))
	if err != nil {
		return nil, err
	}
	if err := m.Create(ctx, tables...); err != nil {
		return nil, err
	}
	out.Name = ""
	if name == dialect.SQLite {
		plainDefaults(out)
	}
	return out, nil
}

var constant = regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|true|false|'([^']|'')*')$`)

// plainDefaults marks constants as what they are. ent calls every default an expression, for which SQLite has to make the
// table anew when a column is added.
func plainDefaults(s *atlas.Schema) {
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			if x, ok := c.Default.(*atlas.RawExpr); ok && constant.MatchString(x.X) {
				c.Default = &atlas.Literal{V: x.X}
			}
		}
	}
}

// tools of a dialect that need no connection.
type tools struct {
	atlas.Differ
	migrate.PlanApplier
}

func toolsFor(name string) tools {
	if name == dialect.SQLite {
		return tools{sqlite.DefaultDiff, sqlite.DefaultPlan}
	}
	return tools{postgres.DefaultDiff, postgres.DefaultPlan}
}

// noServer answers the only questions that ent asks before it describes tables: which version of Postgres it is, and whether
// SQLite checks foreign keys.
type noServer struct{ name string }

func (d noServer) Dialect() string { return d.name }

func (d noServer) Query(_ context.Context, _ string, _, v any) error {
	answer := "150000"
	if d.name == dialect.SQLite {
		answer = "1"
	}
	rows, ok := v.(*entsql.Rows)
	if !ok {
		return fmt.Errorf("unexpected destination %T", v)
	}
	rows.ColumnScanner = &oneRow{answer: answer}
	return nil
}

var errNoServer = errors.New("there is no database to change")

func (noServer) Exec(context.Context, string, any, any) error { return errNoServer }
func (noServer) Tx(context.Context) (dialect.Tx, error)       { return nil, errNoServer }
func (noServer) Close() error                                 { return nil }

var _ dialect.Driver = noServer{}

// oneRow is a result of one value.
type oneRow struct {
	entsql.ColumnScanner
	answer string
	read   bool
}

func (r *oneRow) Next() bool {
	first := !r.read
	r.read = true
	return first
}

func (r *oneRow) Scan(dest ...any) error {
	for _, d := range dest {
		if _, err := fmt.Sscan(r.answer, d); err != nil {
			return err
		}
	}
	return nil
}

func (*oneRow) Close() error               { return nil }
func (*oneRow) Err() error                 { return nil }
func (*oneRow) NextResultSet() bool        { return false }
func (*oneRow) Columns() ([]string, error) { return []string{"answer"}, nil }
