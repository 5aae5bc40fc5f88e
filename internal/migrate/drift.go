package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/entwine-data/entwine/internal/search"
	"github.com/entwine-data/entwine/internal/store"
)

// DriftError says that tables are not as they should be. Its changes would make them so.
type DriftError struct {
	What    string
	Changes []string
	// Live says that they are those of a database in use, and not what the files make.
	Live bool
}

func (e *DriftError) Error() string {
	return e.What + "; this would make them so:\n  " + strings.Join(e.Changes, "\n  ")
}

// difference between a database and what it should be, as statements.
type difference struct {
	missing []string // what would be added or changed
	surplus []string // what would be dropped
}

func (d *difference) all() []string { return slices.Concat(d.missing, d.surplus) }

// live compares the tables of the database with those of a schema. Tables that are not in the schema do not count.
func (s *session) live(ctx context.Context, tables []*schema.Table) (*difference, error) {
	want, err := realm(ctx, s.dialect, tables)
	if err != nil {
		return nil, err
	}
	is, drv, err := inspect(ctx, s.conn, s.dialect, applications)
	if err != nil {
		return nil, err
	}
	is.Tables = slices.DeleteFunc(is.Tables, func(t *atlas.Table) bool { _, ok := want.Table(t.Name); return !ok })
	d, err := compareSchemas(drv, is, want)
	if err != nil {
		return nil, err
	}
	found, err := search.Find(ctx, entsql.Conn{ExecQuerier: s.conn}, s.dialect)
	if err != nil {
		return nil, err
	}
	searches := make(map[string]string)
	for _, t := range newState(tables).definitions() {
		searches[t.Table] = t.Found(s.dialect)
	}
	maps.DeleteFunc(found, func(table, _ string) bool { _, ok := want.Table(table); return !ok })
	d.addSearches(found, searches)
	return d, nil
}

// opened is what both of atlas' drivers can do.
type opened interface {
	migrate.Driver
	atlas.Differ
}

// inspect reads those tables of a database that somebody owns.
func inspect(ctx context.Context, conn *sql.Conn, name string, owns func(table string) bool) (*atlas.Schema, opened, error) {
	var drv migrate.Driver
	var err error
	if name == dialect.SQLite {
		drv, err = sqlite.Open(conn)
	} else {
		drv, err = postgres.Open(conn)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("inspect the tables: %w", err)
	}
	is, err := drv.InspectSchema(ctx, "", &atlas.InspectOptions{Mode: atlas.InspectSchemas | atlas.InspectTables})
	if err != nil {
		return nil, nil, fmt.Errorf("inspect the tables: %w", err)
	}
	is.Tables = slices.DeleteFunc(is.Tables, func(t *atlas.Table) bool { return !owns(t.Name) })
	withoutSearches(is)
	return is, drv, nil
}

// applications says whether a table belongs to the application: not to us, and not to Litestream, which copies SQLite files.
func applications(table string) bool {
	return !strings.HasPrefix(table, "entwine_") && !strings.HasPrefix(table, "_litestream_") && !strings.HasPrefix(table, "sqlite_")
}

// compareSchemas returns what would make one schema the other.
func compareSchemas(drv atlas.Differ, is, want *atlas.Schema) (*difference, error) {
	want.Name, want.Attrs = is.Name, is.Attrs
	changes, err := drv.SchemaDiff(is, want)
	if err != nil {
		return nil, fmt.Errorf("compare the tables: %w", err)
	}
	d := &difference{}
	// Each change by itself, so that one that SQLite makes by a new table is one line.
	for _, change := range changes {
		m, ok := change.(*atlas.ModifyTable)
		if !ok {
			d.add("", change)
			continue
		}
		for _, c := range m.Changes {
			d.add(m.T.Name, c)
		}
	}
	return d, nil
}

// add describes a change in the words of SQL.
func (d *difference) add(table string, change atlas.Change) {
	q := store.Quote
	missing := func(format string, args ...any) { d.missing = append(d.missing, fmt.Sprintf(format, args...)) }
	surplus := func(format string, args ...any) { d.surplus = append(d.surplus, fmt.Sprintf(format, args...)) }
	switch c := change.(type) {
	case *atlas.AddTable:
		missing("create table %s", q(c.T.Name))
	case *atlas.DropTable:
		surplus("drop table %s", q(c.T.Name))
	case *atlas.AddColumn:
		missing("add column %s.%s", q(table), q(c.C.Name))
	case *atlas.DropColumn:
		surplus("drop column %s.%s", q(table), q(c.C.Name))
	case *atlas.ModifyColumn:
		missing("change column %s.%s: %s", q(table), q(c.To.Name), columnChange(c))
	case *atlas.AddIndex:
		missing("create index %s on %s", q(c.I.Name), q(table))
	case *atlas.DropIndex:
		surplus("drop index %s on %s", q(c.I.Name), q(table))
	case *atlas.ModifyIndex:
		missing("make index %s on %s anew", q(c.To.Name), q(table))
	case *atlas.AddForeignKey:
		missing("add foreign key %s to %s", q(c.F.Symbol), q(table))
	case *atlas.DropForeignKey:
		surplus("drop foreign key %s of %s", q(c.F.Symbol), q(table))
	case *atlas.ModifyForeignKey:
		missing("change foreign key %s of %s", q(c.To.Symbol), q(table))
	case *atlas.AddCheck:
		missing("add check %s to %s", c.C.Expr, q(table))
	case *atlas.DropCheck:
		surplus("drop check %s of %s", c.C.Expr, q(table))
	default:
		missing("change %s (%s)", q(table), strings.TrimPrefix(fmt.Sprintf("%T", change), "*schema."))
	}
}

func columnChange(c *atlas.ModifyColumn) string {
	var parts []string
	if c.Change.Is(atlas.ChangeType) {
		parts = append(parts, fmt.Sprintf("type %s instead of %s", typeText(c.To), typeText(c.From)))
	}
	if c.Change.Is(atlas.ChangeNull) {
		parts = append(parts, map[bool]string{true: "nulls allowed", false: "not null"}[c.To.Type.Null])
	}
	if c.Change.Is(atlas.ChangeDefault) {
		parts = append(parts, fmt.Sprintf("default %s instead of %s", defaultText(c.To), defaultText(c.From)))
	}
	if len(parts) == 0 {
		parts = append(parts, "other attributes")
	}
	return strings.Join(parts, ", ")
}

func typeText(c *atlas.Column) string {
	for _, format := range []func(atlas.Type) (string, error){postgres.FormatType, sqlite.FormatType} {
		if text, err := format(c.Type.Type); err == nil {
			return text
		}
	}
	return c.Type.Raw
}

// existing lists the tables and views of a database.
func existing(ctx context.Context, q reader, name string) (map[string]bool, error) {
	query := `SELECT name FROM sqlite_master WHERE type IN ('table', 'view')`
	if name == dialect.Postgres {
		query = `SELECT relname FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.pg_table_is_visible(oid)`
	}
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	defer rows.Close()
	exists := make(map[string]bool)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list tables: %w", err)
		}
		exists[name] = true
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	return exists, nil
}
