// Package doctor looks at a database for what makes a gateway slow: indexes that its statements need and the database lacks,
// columns that must be sorted anew for each request, settings, and the statements that took the most time.
package doctor

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// Severity says how much a finding matters.
type Severity string

// The severities, the worst first.
const (
	Wrong Severity = "wrong" // costs more the more rows there are
	Slow  Severity = "slow"  // costs a constant factor, or matters for large tables only
	Note  Severity = "note"  // worth knowing
)

// Finding is one thing that was found.
type Finding struct {
	Severity Severity
	What     string
	Why      string
	// Do is what to do about it, as a schema, SQL or a setting.
	Do string
}

// Examine looks at a database. Catalog must know the columns that do not sort by code point, if somebody else made the tables.
// External says that somebody else migrates them, so that advice is SQL and not a schema.
func Examine(ctx context.Context, db *store.DB, c *entity.Catalog, external bool) ([]Finding, error) {
	tables, err := readTables(ctx, db)
	if err != nil {
		return nil, err
	}
	e := examiner{postgres: db.Dialect() == dialect.Postgres, external: external, tables: tables}
	for _, ent := range c.Entities {
		e.entity(ent)
	}
	found := e.found
	settings, err := e.settings(ctx, db)
	if err != nil {
		return nil, err
	}
	found = append(found, settings...)
	if e.postgres {
		statements, err := slowStatements(ctx, db)
		if err != nil {
			return nil, err
		}
		found = append(found, statements...)
	}
	return found, nil
}

type examiner struct {
	postgres, external bool
	tables             map[string]*table
	found              []Finding
}

func (e *examiner) add(s Severity, what, why, do string) {
	e.found = append(e.found, Finding{s, what, why, do})
}

// query reads rows of a statement into dest, and calls each after every one of them.
func query(ctx context.Context, db *store.DB, statement string, dest []any, each func()) error {
	return db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, statement)
		if err != nil {
			return fmt.Errorf("look at the database: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				return fmt.Errorf("look at the database: %w", err)
			}
			each()
		}
		return rows.Err()
	})
}
