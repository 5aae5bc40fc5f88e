// Package migrate brings the tables of a database to what the ent schema says.
package migrate

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/internal/store"
)

// Push creates the tables that are not there and adds to the others what they lack, in one transaction. It removes nothing.
// It returns what it did, a line for each change, nothing if everything was up to date. It is for development: a change
// that would need a decision about the data fails, or loses some.
func Push(ctx context.Context, db *store.DB, tables []*schema.Table) (changes []string, err error) {
	return pushOn(ctx, db.Driver(), tables)
}

func pushOn(ctx context.Context, drv dialect.Driver, tables []*schema.Table) (changes []string, err error) {
	name, state := drv.Dialect(), newState(tables)
	tables, err = desired(name, tables)
	if err != nil {
		return nil, fmt.Errorf("push tables: %w", err)
	}
	searches := pushSearches(name, state, func(change string) { changes = append(changes, change) })
	m, err := schema.NewMigrate(drv, schema.WithApplyHook(func(next schema.Applier) schema.Applier {
		return schema.ApplyFunc(func(ctx context.Context, conn dialect.ExecQuerier, plan *migrate.Plan) error {
			for _, c := range plan.Changes {
				changes = append(changes, c.Comment)
			}
			return searches(ctx, conn, plan, func() error { return next.Apply(ctx, conn, plan) })
		})
	}))
	if err != nil {
		return nil, fmt.Errorf("push tables: %w", err)
	}
	if err := m.Create(ctx, tables...); err != nil {
		return nil, fmt.Errorf("push tables: %w", err)
	}
	// Where the tables are up to date, the hook was not called.
	right, err := searchesRight(ctx, drv, name, state)
	if err != nil || right {
		return changes, err
	}
	tx, err := drv.Tx(ctx)
	if err != nil {
		return nil, fmt.Errorf("push searches: %w", err)
	}
	if err := searches(ctx, tx, &migrate.Plan{}, func() error { return nil }); err != nil {
		return nil, fmt.Errorf("push searches: %w", errors.Join(err, tx.Rollback()))
	}
	return changes, tx.Commit()
}

// desired returns a copy of the tables, which ent's migration would change otherwise, in which text on Postgres is compared
// by code point, as SQLite does, whatever the database was created with.
func desired(name string, tables []*schema.Table) ([]*schema.Table, error) {
	out, err := schema.CopyTables(tables)
	if err != nil {
		return nil, err
	}
	for i, t := range out {
		// CopyTables leaves these out.
		t.Schema, t.Comment, t.View = tables[i].Schema, tables[i].Comment, tables[i].View
		if name != dialect.Postgres {
			continue
		}
		for _, c := range t.Columns {
			if c.Collation == "" && isText(c) {
				c.Collation = "C"
			}
		}
	}
	return out, nil
}

func isText(c *schema.Column) bool {
	switch c.SchemaType[dialect.Postgres] {
	case "":
		return c.Type == field.TypeString || c.Type == field.TypeEnum
	case "text", "varchar", "character varying":
		return true
	}
	return false
}

// Missing returns the names of the tables that do not exist.
func Missing(ctx context.Context, db *store.DB, tables []*schema.Table) ([]string, error) {
	var missing []string
	err := db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		there, err := existing(ctx, q, db.Dialect())
		for _, t := range tables {
			if !there[t.Name] {
				missing = append(missing, t.Name)
			}
		}
		return err
	})
	return missing, err
}

// Empty says whether none of the tables, which must exist, has a row.
func Empty(ctx context.Context, db *store.DB, tables []*schema.Table) (bool, error) {
	empty := true
	err := db.View(ctx, false, func(ctx context.Context, q store.Querier) error {
		for _, t := range tables {
			found, err := findsRow(ctx, q, "SELECT 1 FROM "+store.Quote(t.Name)+" LIMIT 1")
			if err != nil {
				return fmt.Errorf("look into %s: %w", t.Name, err)
			}
			empty = empty && !found
		}
		return nil
	})
	return empty, err
}
