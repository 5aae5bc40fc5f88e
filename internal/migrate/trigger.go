package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"entgo.io/ent/dialect"
)

var dropsTrigger = regexp.MustCompile(`(?i)^\s*DROP\s+TRIGGER\b`)

// triggers lists the triggers of a SQLite database, each with its table. A table that is made anew loses its own.
func (s *session) triggers(ctx context.Context, tx *sql.Tx) (map[string]string, error) {
	if s.dialect != dialect.SQLite {
		return nil, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'`)
	if err != nil {
		return nil, fmt.Errorf("list triggers: %w", err)
	}
	defer rows.Close()
	out := make(map[string]string)
	for rows.Next() {
		var name, table string
		if err := rows.Scan(&name, &table); err != nil {
			return nil, fmt.Errorf("list triggers: %w", err)
		}
		out[name] = table
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// keepsTriggers refuses a file after which a trigger is gone although its table is not, and although the file drops none.
func (s *session) keepsTriggers(ctx context.Context, tx *sql.Tx, before map[string]string, list []statement) error {
	if len(before) == 0 || slices.ContainsFunc(list, func(st statement) bool { return dropsTrigger.MatchString(st.text) }) {
		return nil
	}
	after, err := s.triggers(ctx, tx)
	if err != nil {
		return err
	}
	for name, table := range before {
		if _, ok := after[name]; ok {
			continue
		}
		there, err := findsRow(ctx, tx, `SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?`, table)
		if err != nil {
			return fmt.Errorf("look for the table of a trigger: %w", err)
		}
		if there {
			return fmt.Errorf("the trigger %s would be lost, because its table %s is made anew: make it again at the end of the file", name, table)
		}
	}
	return nil
}
