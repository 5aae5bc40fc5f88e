package migrate

import (
	"fmt"
	"reflect"
	"slices"

	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/internal/store"
)

// rename gives the tables and columns of old their new names, and returns how. On Postgres it also renames the indexes and
// constraints that differ in name alone; for SQLite, indexes are made anew and constraints have no name that matters.
func (d *decisions) rename(p *planner, old, desired *atlas.Schema) []planned {
	var out []planned
	add := func(comment, sql, reverse string) {
		out = append(out, planned{comment: comment, sql: sql, reverse: reverse})
	}
	for _, r := range d.renames {
		if r.column == "" {
			t, ok := old.Table(r.table)
			if !ok {
				continue
			}
			t.Name = r.to
			from, to := store.Quote(r.table), store.Quote(r.to)
			add(fmt.Sprintf("Rename table %q to %q", r.table, r.to), "ALTER TABLE "+from+" RENAME TO "+to, "ALTER TABLE "+to+" RENAME TO "+from)
			if key, renamed := r.table+"_pkey", r.to+"_pkey"; p.name == dialect.Postgres && t.PrimaryKey != nil && max(len(key), len(renamed)) < 64 {
				from, to := store.Quote(key), store.Quote(renamed)
				add(fmt.Sprintf("Rename the primary key of %q", r.to), "ALTER INDEX "+from+" RENAME TO "+to, "ALTER INDEX "+to+" RENAME TO "+from)
			}
			continue
		}
		t, ok := old.Table(r.table)
		if !ok {
			continue
		}
		c, ok := t.Column(r.column)
		if !ok {
			continue
		}
		c.Name = r.to
		table, from, to := store.Quote(r.table), store.Quote(r.column), store.Quote(r.to)
		add(fmt.Sprintf("Rename column %q of %q to %q", r.column, r.table, r.to),
			"ALTER TABLE "+table+" RENAME COLUMN "+from+" TO "+to, "ALTER TABLE "+table+" RENAME COLUMN "+to+" TO "+from)
	}
	if p.name != dialect.Postgres {
		return out
	}
	for _, t := range old.Tables {
		same, ok := desired.Table(t.Name)
		if !ok {
			continue
		}
		for _, i := range t.Indexes {
			if renamed := sameIndex(t, same, i); renamed != "" {
				from, to := store.Quote(i.Name), store.Quote(renamed)
				add(fmt.Sprintf("Rename index %q to %q", i.Name, renamed), "ALTER INDEX "+from+" RENAME TO "+to, "ALTER INDEX "+to+" RENAME TO "+from)
				i.Name = renamed
			}
		}
		for _, k := range t.ForeignKeys {
			if renamed := sameKey(t, same, k); renamed != "" {
				table, from, to := store.Quote(t.Name), store.Quote(k.Symbol), store.Quote(renamed)
				add(fmt.Sprintf("Rename constraint %q to %q", k.Symbol, renamed),
					"ALTER TABLE "+table+" RENAME CONSTRAINT "+from+" TO "+to, "ALTER TABLE "+table+" RENAME CONSTRAINT "+to+" TO "+from)
				k.Symbol = renamed
			}
		}
	}
	return out
}

// sameIndex returns the name of an index of the desired table that is new and equals one that is gone but for its name.
func sameIndex(old, desired *atlas.Table, i *atlas.Index) string {
	if _, ok := desired.Index(i.Name); ok {
		return ""
	}
	for _, other := range desired.Indexes {
		if _, ok := old.Index(other.Name); ok || other.Unique != i.Unique || !slices.EqualFunc(other.Parts, i.Parts, samePart) {
			continue
		}
		if reflect.DeepEqual(other.Attrs, i.Attrs) {
			return other.Name
		}
	}
	return ""
}

func samePart(a, b *atlas.IndexPart) bool {
	return a.C != nil && b.C != nil && a.C.Name == b.C.Name && a.Desc == b.Desc && reflect.DeepEqual(a.Attrs, b.Attrs)
}

// sameKey is sameIndex for foreign keys.
func sameKey(old, desired *atlas.Table, k *atlas.ForeignKey) string {
	if _, ok := desired.ForeignKey(k.Symbol); ok {
		return ""
	}
	sameColumn := func(a, b *atlas.Column) bool { return a.Name == b.Name }
	for _, other := range desired.ForeignKeys {
		if _, ok := old.ForeignKey(other.Symbol); ok || other.RefTable.Name != k.RefTable.Name || other.OnDelete != k.OnDelete || other.OnUpdate != k.OnUpdate {
			continue
		}
		if slices.EqualFunc(other.Columns, k.Columns, sameColumn) && slices.EqualFunc(other.RefColumns, k.RefColumns, sameColumn) {
			return other.Symbol
		}
	}
	return ""
}
