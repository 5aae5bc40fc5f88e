package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// content is what a database holds, in a form that can be compared.
type content struct {
	schema *atlas.Schema
	tables map[string]*digest
}

// digest of a table.
type digest struct {
	rows int64
	// columns are sums of hashes of each value with the key of its row, so that the order of the rows does not matter.
	columns map[string]string
}

// readContent reads every row of every table.
func readContent(ctx context.Context, db *store.DB) (*content, error) {
	c := &content{tables: make(map[string]*digest)}
	err := withConn(ctx, db, func(conn *sql.Conn) error {
		var err error
		if c.schema, _, err = inspect(ctx, conn, db.Dialect(), applications); err != nil {
			return err
		}
		for _, t := range c.schema.Tables {
			d, err := readDigest(ctx, conn, db.Dialect(), t)
			if err != nil {
				return fmt.Errorf("read %s: %w", t.Name, err)
			}
			c.tables[t.Name] = d
		}
		return nil
	})
	return c, err
}

func readDigest(ctx context.Context, conn *sql.Conn, name string, t *atlas.Table) (*digest, error) {
	var columns, keys []string
	for _, c := range t.Columns {
		columns = append(columns, c.Name)
	}
	if t.PrimaryKey != nil {
		for _, p := range t.PrimaryKey.Parts {
			if p.C != nil {
				keys = append(keys, p.C.Name)
			}
		}
	}
	if name == dialect.Postgres {
		return digestInPostgres(ctx, conn, t.Name, keys, columns)
	}
	return digestHere(ctx, conn, t.Name, keys, columns)
}

func digestInPostgres(ctx context.Context, conn *sql.Conn, table string, keys, columns []string) (*digest, error) {
	query := "SELECT count(*)"
	for _, c := range columns {
		var row []string
		for _, part := range append(slices.Clone(keys), c) {
			row = append(row, store.Quote(part))
		}
		query += ", coalesce(sum(hashtextextended(ROW(" + strings.Join(row, ", ") + ")::text, 0)::numeric), 0)::text"
	}
	d := &digest{columns: make(map[string]string)}
	sums, dest := make([]string, len(columns)), []any{&d.rows}
	for i := range sums {
		dest = append(dest, &sums[i])
	}
	if err := conn.QueryRowContext(ctx, query+" FROM "+store.Quote(table)).Scan(dest...); err != nil {
		return nil, err
	}
	for i, c := range columns {
		d.columns[c] = sums[i]
	}
	return d, nil
}

// digestHere hashes in this process, since SQLite has no function for it.
func digestHere(ctx context.Context, conn *sql.Conn, table string, keys, columns []string) (*digest, error) {
	var list []string
	for _, c := range slices.Concat(keys, columns) {
		list = append(list, "quote("+store.Quote(c)+")") // which tells 1 from '1'
	}
	rows, err := conn.QueryContext(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+store.Quote(table))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	values, dest := make([]string, len(list)), make([]any, len(list))
	for i := range values {
		dest[i] = &values[i]
	}
	d := &digest{columns: make(map[string]string)}
	sums := make([]uint64, len(columns))
	for ; rows.Next(); d.rows++ {
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		key := strings.Join(values[:len(keys)], "\x00")
		for i, value := range values[len(keys):] {
			h := fnv.New64a()
			_, _ = h.Write([]byte(key + "\x00" + value))
			sums[i] += h.Sum64()
		}
	}
	for i, c := range columns {
		d.columns[c] = fmt.Sprint(sums[i])
	}
	return d, errors.Join(rows.Err(), rows.Close())
}

// changes says in words what is different in a table, nothing if it is the same as far as both know its columns.
func (d *digest) changes(now *digest) string {
	switch {
	case now == nil:
		return "it is gone"
	case d.rows != now.rows:
		return fmt.Sprintf("%s, now %d", counted(d.rows, "row"), now.rows)
	}
	var different []string
	for c, sum := range d.columns {
		if other, ok := now.columns[c]; ok && other != sum {
			different = append(different, c)
		}
	}
	if len(different) == 0 {
		return ""
	}
	slices.Sort(different)
	return "other values in " + strings.Join(different, ", ")
}

func counted(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
