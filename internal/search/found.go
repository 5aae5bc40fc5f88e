package search

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// Create is what makes the search of a table, and fills it from the rows that are there.
func (d *Definition) Create(name string) []Statement {
	if name == dialect.SQLite {
		return d.sqliteCreate()
	}
	return d.postgresCreate()
}

// Drop is what removes the search of a table, as far as it is there.
func (d *Definition) Drop(name string) []Statement {
	if name == dialect.SQLite {
		return d.sqliteDrop()
	}
	return d.postgresDrop()
}

// Found is what [Find] finds if the search of a table is as it should be.
func (d *Definition) Found(name string) string {
	if name != dialect.SQLite {
		return d.summary()
	}
	var texts []string
	for _, o := range slices.SortedFunc(slices.Values(d.sqliteObjects()), func(a, b object) int { return strings.Compare(a.name, b.name) }) {
		texts = append(texts, o.SQL)
	}
	return strings.Join(texts, ";\n")
}

// Find looks which tables of a database can be searched, and how.
func Find(ctx context.Context, q dialect.ExecQuerier, name string) (map[string]string, error) {
	query := postgresFound
	if name == dialect.SQLite {
		query = sqliteFound
	}
	rows := &entsql.Rows{}
	if err := q.Query(ctx, query, []any{}, rows); err != nil {
		return nil, fmt.Errorf("look for searches: %w", err)
	}
	defer rows.Close()
	out := make(map[string]string)
	for rows.Next() {
		var table, text string
		if err := rows.Scan(&table, &text); err != nil {
			return nil, fmt.Errorf("look for searches: %w", err)
		}
		if name == dialect.SQLite {
			table = strings.TrimSuffix(strings.TrimPrefix(table, prefix), suffix)
		}
		out[table] = text
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

func checksum(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32()
}
