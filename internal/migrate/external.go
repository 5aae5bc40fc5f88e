package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/search"
	"github.com/entwine-data/entwine/internal/store"
)

// Mismatches compares tables that somebody else migrates with the schema, and returns what would make reads or writes fail
// or answer wrongly, a line for each, nothing if the database can be served. It changes nothing. Types are compared by
// family: the schema's int fits bigint and integer, its string fits text and varchar.
func Mismatches(ctx context.Context, db *store.DB, tables []*schema.Table) ([]string, error) {
	var out []string
	err := db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		for _, t := range tables {
			actual, err := columns(ctx, q, db.Dialect(), t.Name)
			if err != nil {
				return fmt.Errorf("look at table %s: %w", t.Name, err)
			}
			if len(actual) == 0 {
				out = append(out, fmt.Sprintf("table %s does not exist", t.Name))
				continue
			}
			out = append(out, compare(t, actual)...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	found, err := search.Find(ctx, db.Driver(), db.Dialect())
	for _, d := range newState(tables).definitions() {
		if _, ok := found[d.Table]; err == nil && !ok {
			out = append(out, fmt.Sprintf("table %s has no index of its words, which `migrate new` writes", d.Table))
		}
	}
	return out, err
}

// Collate notes in the catalog which columns of tables that somebody else migrates sort otherwise than by code point: texts in the
// order of a language, or without regard to case, and enums, which Postgres sorts as they were declared.
func Collate(ctx context.Context, db *store.DB, c *entity.Catalog) error {
	// SQLite does not tell the collation of a column, but it has none that was not written.
	query := `SELECT m.name, x.name FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND m.sql LIKE '%collate%'`
	if db.Dialect() == dialect.Postgres {
		query = `SELECT c.relname, a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
			JOIN pg_catalog.pg_type t ON t.oid = a.atttypid LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation
			JOIN pg_catalog.pg_database d ON d.datname = current_database()
			WHERE pg_catalog.pg_table_is_visible(c.oid) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0
			AND (t.typtype = 'e' OR k.collname NOT IN ('C', 'POSIX', 'ucs_basic')
				AND NOT (k.collname = 'default' AND d.datcollate IN ('C', 'POSIX') AND COALESCE(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c'))`
	}
	return db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, query)
		if err != nil {
			return fmt.Errorf("look at collations: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var table, column string
			if err := rows.Scan(&table, &column); err != nil {
				return err
			}
			for _, e := range c.Entities {
				for _, f := range e.Fields {
					if e.Table == table && f.Column == column && (f.Type == entity.String || f.Type == entity.Enum || f.Key == entity.StringKey) {
						f.Collated = true
					}
				}
			}
		}
		return rows.Err()
	})
}

// column is a column as the database describes it.
type column struct {
	name     string
	declared string
	nullable bool
	filled   bool // by a default, an identity or a generation expression
}

func columns(ctx context.Context, q store.Querier, dialectName, table string) ([]column, error) {
	query := `SELECT name, type, CASE WHEN "notnull" = 0 AND pk = 0 THEN 1 ELSE 0 END, CASE WHEN dflt_value IS NOT NULL OR pk > 0 OR hidden > 1 THEN 1 ELSE 0 END FROM pragma_table_xinfo(?)`
	if dialectName == dialect.Postgres {
		query = `SELECT a.attname, format_type(a.atttypid, NULL), CASE WHEN a.attnotnull THEN 0 ELSE 1 END,
			CASE WHEN a.atthasdef OR a.attidentity <> '' THEN 1 ELSE 0 END
			FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
			WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped
			ORDER BY a.attnum`
	}
	rows, err := q.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []column
	for rows.Next() {
		var c column
		var nullable, filled int
		if err := rows.Scan(&c.name, &c.declared, &nullable, &filled); err != nil {
			return nil, err
		}
		c.nullable, c.filled = nullable == 1, filled == 1
		out = append(out, c)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

func compare(t *schema.Table, actual []column) []string {
	var out []string
	fault := func(column, format string, args ...any) {
		out = append(out, fmt.Sprintf("column %s.%s ", t.Name, column)+fmt.Sprintf(format, args...))
	}
	known := make(map[string]bool)
	for _, want := range t.Columns {
		known[want.Name] = true
		var got *column
		for i := range actual {
			if actual[i].name == want.Name {
				got = &actual[i]
			}
		}
		switch {
		case got == nil:
			fault(want.Name, "does not exist")
		case !fits(want, got.declared):
			fault(want.Name, "is %s, which does not hold the schema's %s", got.declared, strings.TrimPrefix(want.Type.String(), "field."))
		case got.nullable && !want.Nullable:
			fault(want.Name, "can be null, which the schema rules out; make it NOT NULL, or Optional and Nillable in the schema")
		case !got.nullable && want.Nullable && !got.filled:
			fault(want.Name, "cannot be null, which the schema allows; make it required in the schema")
		}
	}
	for _, c := range actual {
		if !known[c.name] && !c.nullable && !c.filled {
			fault(c.name, "is not in the schema and needs a value; rows could not be created")
		}
	}
	return out
}

// families says which words of a database type hold a kind of value.
var families = map[string][]string{
	"integer": {"int", "serial"},
	"float":   {"double", "float", "real", "numeric", "decimal"},
	"text":    {"char", "text", "clob", "citext", "enum", "user-defined"},
	"bool":    {"bool"},
	"time":    {"timestamp", "datetime", "date"},
	"json":    {"json", "text"},
	"bytes":   {"bytea", "blob", "binary"},
	"uuid":    {"uuid", "char(36)", "text", "varchar"},
}

func fits(want *schema.Column, declared string) bool {
	family := ""
	switch {
	case want.Type.Integer():
		family = "integer"
	case want.Type.Float():
		family = "float"
	}
	switch want.Type {
	case field.TypeString, field.TypeEnum:
		family = "text"
	case field.TypeBool:
		family = "bool"
	case field.TypeTime:
		family = "time"
	case field.TypeJSON:
		family = "json"
	case field.TypeBytes:
		family = "bytes"
	case field.TypeUUID:
		family = "uuid"
	}
	words, ok := families[family]
	// A type of the application's own, or one that the schema names itself, is the application's affair.
	if !ok || len(want.SchemaType) > 0 {
		return true
	}
	declared = strings.ToLower(declared)
	for _, word := range words {
		if strings.Contains(declared, word) {
			return true
		}
	}
	return false
}
