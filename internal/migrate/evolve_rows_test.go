package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/internal/search"
	"github.com/entwine-data/entwine/internal/store"
)

// The rows that TestEvolution puts into tables, and how it finds out that they are still there.

// value is the n-th value of a column in SQL.
func value(c *columnState, n int, name string) string {
	switch c.Type {
	case "int", "int32", "int64":
		return fmt.Sprint(n * 11)
	case "bool":
		return fmt.Sprint(n%2 == 0)
	case "float64":
		return fmt.Sprintf("%d.25", n)
	case "time":
		return fmt.Sprintf("'2024-01-02 03:04:%02d'", n)
	case "json":
		return fmt.Sprintf(`'{"n": %d}'`, n)
	case "uuid":
		return fmt.Sprintf("'00000000-0000-4000-8000-%012d'", n)
	case "bytes":
		if name == dialect.SQLite {
			return fmt.Sprintf("X'62%02d'", n+30)
		}
		return fmt.Sprintf("'b%d'", n)
	case "enum":
		return "'" + c.Enums[n%2] + "'"
	}
	return fmt.Sprintf("'text ''%d''; --'", n)
}

// finds looks for a word that all texts hold.
func (e *evolution) finds(s *state, when string) {
	e.t.Helper()
	for _, d := range s.definitions() {
		var b entsql.Builder
		b.SetDialect(e.db.Dialect())
		w := &queryWriter{Builder: &b}
		q, err := search.Parse("tex*")
		must(e.t, err)
		d.Match(w, e.db.Dialect() == dialect.Postgres, q, d.Table)
		var like []string
		for _, f := range d.Fields {
			like = append(like, store.Quote(f.Column)+" LIKE 'text%'")
		}
		match, args := b.Query()
		query := "SELECT count(*) FROM " + store.Quote(d.Table) + " WHERE (" + match + ") IS DISTINCT FROM (" + strings.Join(like, " IS TRUE OR ") + " IS TRUE)"
		rows := &entsql.Rows{}
		must(e.t, e.db.Driver().Query(e.ctx, query, args, rows))
		n, err := entsql.ScanInt(rows)
		must(e.t, errors.Join(err, rows.Close()))
		if n != 0 {
			e.t.Fatalf("%s, a search in %s errs about %d rows\n%s", when, d.Table, n, e.files())
		}
	}
}

// queryWriter lets a search write to ent's builder.
type queryWriter struct{ *entsql.Builder }

func (w *queryWriter) WriteSQL(text string) { w.WriteString(text) }
func (w *queryWriter) WriteColumn(alias, column string) {
	w.WriteString(store.Quote(alias) + "." + store.Quote(column))
}
func (w *queryWriter) WriteArg(value any) { w.Arg(value) }

// populate adds rows to the tables that have none.
func (e *evolution) populate() {
	for _, t := range e.state.Tables {
		if len(e.rowsOf(t)) > 0 {
			continue
		}
		for n := 1; n <= 3; n++ {
			var columns, values []string
			for _, c := range t.Columns[1:] {
				if slices.ContainsFunc(t.ForeignKeys, func(k *foreignKey) bool { return k.Columns[0] == c.Name }) || c.Nullable && n == 2 {
					continue // keys follow
				}
				columns, values = append(columns, store.Quote(c.Name)), append(values, value(c, n, e.db.Dialect()))
			}
			query := "INSERT INTO " + store.Quote(t.Name) + " (" + strings.Join(columns, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
			if len(columns) == 0 {
				query = "INSERT INTO " + store.Quote(t.Name) + " DEFAULT VALUES"
			}
			e.exec(e.db, query)
		}
	}
	for _, t := range e.state.Tables {
		for _, k := range t.ForeignKeys {
			c, ref := store.Quote(k.Columns[0]), store.Quote(k.RefTable)
			e.exec(e.db, "UPDATE "+store.Quote(t.Name)+" SET "+c+" = (SELECT min(id) FROM "+ref+") WHERE "+c+" IS NULL AND id % 2 = 1")
		}
	}
}

// rows are the values of all tables: table, id, column.
func (e *evolution) rows(s *state) map[string]map[string]map[string]string {
	out := make(map[string]map[string]map[string]string)
	for _, t := range s.Tables {
		out[t.Name] = e.rowsOf(t)
	}
	return out
}

func (e *evolution) rowsOf(t *tableState) map[string]map[string]string {
	out := make(map[string]map[string]string)
	var columns []string
	for _, c := range t.Columns {
		text := "CAST(" + store.Quote(c.Name) + " AS text)"
		if c.Type == "bytes" && e.db.Dialect() == dialect.Postgres {
			text = "encode(" + store.Quote(c.Name) + ", 'hex')"
		}
		columns = append(columns, "COALESCE("+text+", '<null>')")
	}
	must(e.t, e.db.View(e.ctx, false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+store.Quote(t.Name))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			values, dest := make([]string, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := rows.Scan(dest...); err != nil {
				return err
			}
			row := make(map[string]string)
			for i, c := range t.Columns {
				row[c.Name] = values[i]
			}
			out[row["id"]] = row
		}
		return rows.Err()
	}))
	return out
}

type values = map[string]map[string]map[string]string

// same proves that all values are there under their new names.
func (e *evolution) same(before, after values, s *state, when string) {
	e.t.Helper()
	for _, t := range s.Tables {
		name := e.tables[t.Name]
		if name == "" {
			continue
		}
		if len(before[t.Name]) != len(after[name]) {
			e.t.Fatalf("%s, %s has %d rows instead of %d\n%s", when, name, len(after[name]), len(before[t.Name]), e.files())
		}
		for id, row := range before[t.Name] {
			for _, c := range t.Columns {
				column := e.column[t.Name+"."+c.Name]
				if column == "" {
					continue
				}
				was, is := row[c.Name], after[name][id][column]
				filled := was == "<null>" && !e.state.table(name).column(column).Nullable
				if was != is && !filled || filled && is == "<null>" {
					e.t.Fatalf("%s, %s.%s of row %s is %q instead of %q\n%s", when, name, column, id, is, was, e.files())
				}
			}
		}
	}
}

// kept proves that after going back all values are there that were not in what the step dropped.
func (e *evolution) kept(before, after values, s *state) {
	e.t.Helper()
	for _, t := range s.Tables {
		if e.tables[t.Name] == "" {
			continue
		}
		now := e.state.table(e.tables[t.Name])
		for _, rows := range []map[string]map[string]string{before[t.Name], after[t.Name]} {
			for _, row := range rows {
				for _, c := range t.Columns {
					column := e.column[t.Name+"."+c.Name]
					if column == "" || c.Nullable && !now.column(column).Nullable {
						delete(row, c.Name) // dropped, or filled
					}
				}
			}
		}
		if diff := cmp.Diff(before[t.Name], after[t.Name]); diff != "" {
			e.t.Fatalf("after down, %s has changed:\n%s\n%s", t.Name, diff, e.files())
		}
	}
}
