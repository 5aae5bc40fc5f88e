package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/search"
	"github.com/entwine-data/entwine/internal/store"
)

// What it takes to search tables (on Postgres a column and its index, on SQLite tables and triggers) is no part of ent's tables: it
// is planned beside them, and looked at beside them.

// definition is the search of a table, nil if it cannot be searched.
func (t *tableState) definition() *search.Definition {
	if t == nil || len(t.Search) == 0 || len(t.PrimaryKey) != 1 {
		return nil
	}
	d := &search.Definition{Table: t.Name, Key: t.PrimaryKey[0], Fields: t.Search}
	if key := t.column(d.Key); key != nil {
		typ, err := parseType(key.Type)
		d.Integer = err == nil && typ.Integer()
	}
	return d
}

// definitions are those of all tables.
func (s *state) definitions() []*search.Definition {
	var out []*search.Definition
	for _, t := range s.Tables {
		if d := t.definition(); d != nil {
			out = append(out, d)
		}
	}
	return out
}

func steps(list []search.Statement) []planned {
	var out []planned
	for _, s := range list {
		out = append(out, planned{comment: s.Comment, sql: s.SQL})
	}
	return out
}

// aroundSearches adds to changes, which lead from one state to another, what has to happen to searches: those that are not to be any
// more, or that the changes would break, are dropped first, and made last.
func (p *planner) aroundSearches(from, to *state, renames []rename, changes []planned) []planned {
	var first, last []planned
	kept := func(was, now *tableState) bool {
		if was.definition() == nil || now.definition() == nil || !slices.Equal(was.Search, now.Search) || was.PrimaryKey[0] != now.PrimaryKey[0] {
			return false
		}
		if slices.ContainsFunc(renames, func(r rename) bool { return r.table == now.Name || r.to == now.Name }) {
			return false
		}
		for _, name := range append(columnsSearched(now), now.PrimaryKey[0]) {
			a, b := was.column(name), now.column(name)
			if a == nil || b == nil || a.Type != b.Type || a.Size != b.Size || a.SchemaType[p.name] != b.SchemaType[p.name] {
				return false
			}
		}
		// SQLite drops the triggers with a table that it makes anew.
		return !slices.ContainsFunc(changes, func(c planned) bool { return c.sql == "DROP TABLE `"+now.Name+"`" })
	}
	for _, t := range from.Tables {
		goes := to.table(t.Name) == nil && !slices.ContainsFunc(renames, func(r rename) bool { return r.table == t.Name || r.to == t.Name })
		if p.name == dialect.Postgres && goes {
			continue // with its column
		}
		if d := t.definition(); d != nil && !kept(t, to.table(t.Name)) {
			first = append(first, steps(d.Drop(p.name))...)
		}
	}
	for _, t := range to.Tables {
		if d := t.definition(); d != nil && (from.table(t.Name) == nil || !kept(from.table(t.Name), t)) {
			last = append(last, steps(d.Create(p.name))...)
		}
	}
	return slices.Concat(first, changes, last)
}

func columnsSearched(t *tableState) []string {
	var out []string
	for _, f := range t.Search {
		out = append(out, f.Column)
	}
	return out
}

// pushSearches is a hook of [Push]: searches that are not as they should be are made anew together with the changes to the tables.
func pushSearches(name string, tables *state, done func(change string)) func(context.Context, dialect.ExecQuerier, *migrate.Plan, func() error) error {
	return func(ctx context.Context, tx dialect.ExecQuerier, plan *migrate.Plan, apply func() error) error {
		found, err := search.Find(ctx, tx, name)
		if err != nil {
			return err
		}
		for _, d := range tables.definitions() {
			broken := found[d.Table] != "" && found[d.Table] != d.Found(name)
			retyped := slices.ContainsFunc(plan.Changes, func(c *migrate.Change) bool {
				return strings.HasPrefix(c.Cmd, "ALTER TABLE "+store.Quote(d.Table)) && strings.Contains(c.Cmd, " TYPE ")
			})
			if broken || found[d.Table] != "" && retyped {
				if err := execute(ctx, tx, d.Drop(name)); err != nil {
					return err
				}
			}
		}
		if err := apply(); err != nil {
			return err
		}
		if found, err = search.Find(ctx, tx, name); err != nil {
			return err
		}
		for _, d := range tables.definitions() {
			if found[d.Table] == d.Found(name) {
				continue
			}
			if err := execute(ctx, tx, slices.Concat(d.Drop(name), d.Create(name))); err != nil {
				return err
			}
			done(fmt.Sprintf("make %q searchable", d.Table))
		}
		return nil
	}
}

func execute(ctx context.Context, tx dialect.ExecQuerier, list []search.Statement) error {
	for _, s := range list {
		if err := tx.Exec(ctx, s.SQL, []any{}, nil); err != nil {
			return fmt.Errorf("%s: %w", statement{text: s.SQL}.head(), err)
		}
	}
	return nil
}

// searchesRight says whether nothing has to be done about searches.
func searchesRight(ctx context.Context, q dialect.ExecQuerier, name string, tables *state) (bool, error) {
	list := tables.definitions()
	if len(list) == 0 {
		return true, nil
	}
	found, err := search.Find(ctx, q, name)
	return err == nil && !slices.ContainsFunc(list, func(d *search.Definition) bool { return found[d.Table] != d.Found(name) }), err
}

// withoutSearches takes what belongs to searches on Postgres out of inspected tables.
func withoutSearches(s *atlas.Schema) {
	for _, t := range s.Tables {
		ours := func(p *atlas.IndexPart) bool { return p.C != nil && p.C.Name == search.Column }
		t.Indexes = slices.DeleteFunc(t.Indexes, func(i *atlas.Index) bool { return slices.ContainsFunc(i.Parts, ours) })
		t.Columns = slices.DeleteFunc(t.Columns, func(c *atlas.Column) bool { return c.Name == search.Column })
	}
}

// addSearches adds what is different about searches.
func (d *difference) addSearches(is, want map[string]string) {
	for table, text := range want {
		switch is[table] {
		case text:
		case "":
			d.missing = append(d.missing, fmt.Sprintf("make %s searchable", store.Quote(table)))
		default:
			d.missing = append(d.missing, fmt.Sprintf("make the search of %s anew", store.Quote(table)))
		}
	}
	for table := range is {
		if want[table] == "" {
			d.surplus = append(d.surplus, fmt.Sprintf("drop the search of %s", store.Quote(table)))
		}
	}
	slices.Sort(d.missing)
	slices.Sort(d.surplus)
}
