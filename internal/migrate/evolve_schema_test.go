package migrate

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/internal/search"
)

// The changes that TestEvolution makes to schemas.

func (e *evolution) name(kind string) string { e.names++; return fmt.Sprintf("%s%d", kind, e.names) }

var types = []string{"int", "int64", "int32", "string", "bool", "float64", "time", "json", "uuid", "bytes", "enum"}

func (e *evolution) newColumn() *columnState {
	c := &columnState{Name: e.name("c"), Type: rapid.SampledFrom(types).Draw(e.t, "type"), Nullable: rapid.Bool().Draw(e.t, "nullable")}
	if c.Type == "enum" {
		c.Enums = []string{"red", "green"}
	}
	if c.Type == "string" && rapid.Bool().Draw(e.t, "long") {
		c.Size = 1 << 31
	}
	if rapid.Bool().Draw(e.t, "default") {
		c.Default = defaultFor(c)
	}
	return c
}

func defaultFor(c *columnState) *defaultState {
	text := func(s string) *defaultState { return &defaultState{Text: &s} }
	switch c.Type {
	case "string":
		return text("it's")
	case "enum":
		return text("green")
	case "json":
		return text(`{"a": 1}`)
	case "bool":
		return &defaultState{Raw: "true"}
	case "int", "int32", "int64":
		return &defaultState{Raw: "7"}
	case "float64":
		return &defaultState{Raw: "1.5"}
	}
	return nil
}

func (e *evolution) addTable() *tableState {
	t := &tableState{Name: e.name("t"), Columns: []*columnState{{Name: "id", Type: "int", Increment: true}}, PrimaryKey: []string{"id"}}
	for range rapid.IntRange(1, 4).Draw(e.t, "columns") {
		t.Columns = append(t.Columns, e.newColumn())
	}
	e.state.Tables = append(e.state.Tables, t)
	if rapid.Bool().Draw(e.t, "key") {
		e.addKey(t, true)
	}
	if rapid.Bool().Draw(e.t, "index") {
		e.addIndex(t)
	}
	if rapid.Bool().Draw(e.t, "searched") {
		e.search(t)
	}
	return t
}

func (e *evolution) table() *tableState { return rapid.SampledFrom(e.state.Tables).Draw(e.t, "table") }

func (e *evolution) addKey(t *tableState, nullable bool) {
	ref := e.table()
	c := &columnState{Name: e.name("k"), Type: "int", Nullable: nullable}
	t.Columns = append(t.Columns, c)
	t.ForeignKeys = append(t.ForeignKeys, &foreignKey{
		Name: t.Name + "_" + ref.Name + "_" + c.Name, Columns: []string{c.Name}, RefTable: ref.Name, RefColumns: []string{"id"},
		OnDelete: rapid.SampledFrom([]string{"CASCADE", "SET NULL", "NO ACTION"}).Draw(e.t, "on delete"),
	})
}

func (e *evolution) addIndex(t *tableState) {
	c := rapid.SampledFrom(t.Columns).Draw(e.t, "indexed")
	if c.Type != "json" {
		t.Indexes = append(t.Indexes, &indexState{Name: e.name(t.Name + "_i"), Columns: []string{c.Name, "id"}[:1+rapid.IntRange(0, 1).Draw(e.t, "two")]})
		if i := t.Indexes[len(t.Indexes)-1]; c.Name == "id" {
			i.Columns = i.Columns[:1]
		}
	}
}

// search lets words be looked for in some of the table's texts.
func (e *evolution) search(t *tableState) {
	t.Search = nil
	for _, c := range t.Columns {
		if c.Type == "string" && rapid.Bool().Draw(e.t, "search") {
			t.Search = append(t.Search, search.Field{Column: c.Name, Weight: rapid.SampledFrom([]string{"A", "D"}).Draw(e.t, "weight")})
		}
	}
}

// mutate makes one change.
func (e *evolution) mutate() {
	t := e.table()
	c := t.Columns[rapid.IntRange(0, len(t.Columns)-1).Draw(e.t, "column")]
	known := e.oldColumn(t, c)
	switch change := rapid.IntRange(0, 17).Draw(e.t, "change"); {
	case change == 0:
		e.addTable()
	case change == 1 && len(e.state.Tables) > 1:
		e.dropTable(t)
	case change == 2:
		n := e.newColumn()
		t.Columns = append(t.Columns, n)
		if !n.Nullable && n.Default == nil && e.isOld(t) {
			e.choices.Fills = append(e.choices.Fills, t.Name+"."+n.Name+"="+fillFor(n))
		}
	case change == 3 && c.Name != "id" && known != "" && !e.before.table(e.oldTable(t)).unique(known): // rows would agree on the way back
		e.dropColumn(t, c)
		e.choices.Drops = append(e.choices.Drops, t.Name+"."+known)
	case change == 4 && c.Name != "id" && known == c.Name:
		e.renameColumn(t, c)
	case change == 5 && e.isOld(t) && e.oldTable(t) == t.Name:
		e.renameTable(t)
	case change == 6 && c.Name != "id" && known != "":
		e.toggleNull(t, c)
	case change == 7 && c.Name != "id" && c.Name[0] != 'k':
		if c.Default = defaultFor(c); rapid.Bool().Draw(e.t, "none") {
			c.Default = nil
		}
	case change == 8 && known != "":
		switch c.Type {
		case "int32":
			c.Type = "int64"
		case "string":
			c.Size = (1 << 31) - c.Size
		}
	case change == 9:
		e.addIndex(t)
	case change == 10 && len(t.Indexes) > 0:
		t.Indexes = t.Indexes[1:]
	case change == 11 && len(t.ForeignKeys) > 0:
		t.ForeignKeys[0].OnDelete = "RESTRICT"
	case change == 12:
		e.addKey(t, true)
	case change == 13:
		e.search(t)
	case change == 14:
		t.Search = nil
	case change == 15 && len(c.Enums) == 2:
		c.Enums = append(c.Enums, "blue")
	case change == 16 && c.Name != "id" && known != "" && e.distinct(t, known):
		t.Indexes = append(t.Indexes, &indexState{Name: e.name(t.Name + "_u"), Unique: true, Columns: []string{c.Name}})
	case change == 17 && c.Type == "int" && c.Name != "id" && known != "" && c.Name[0] != 'k' && c.Default == nil:
		c.Type = "string"
	}
	e.requireDefaults()
}

// distinct says whether no rows agree in a column, nor will after the step.
func (e *evolution) distinct(t *tableState, known string) bool {
	if slices.ContainsFunc(e.choices.Fills, func(f string) bool { return strings.HasPrefix(f, t.Name+".") }) {
		return false
	}
	if e.db == nil { // no rows
		return true
	}
	seen := make(map[string]bool)
	for _, row := range e.rowsOf(&tableState{Name: e.oldTable(t), Columns: []*columnState{{Name: "id"}, {Name: known}}}) {
		if seen[row[known]] && row[known] != "<null>" {
			return false
		}
		seen[row[known]] = true
	}
	return true
}

// requireDefaults fills columns that lost their default in the same step in which they were added.
func (e *evolution) requireDefaults() {
	for _, t := range e.state.Tables {
		for _, c := range t.Columns {
			fill := t.Name + "." + c.Name + "="
			isNew := e.isOld(t) && e.oldColumn(t, c) == ""
			has := slices.IndexFunc(e.choices.Fills, func(f string) bool { return strings.HasPrefix(f, fill) })
			switch needs := isNew && !c.Nullable && c.Default == nil && !c.Increment; {
			case needs && has < 0:
				e.choices.Fills = append(e.choices.Fills, fill+fillFor(c))
			case c.Nullable && has >= 0:
				e.choices.Fills = slices.Delete(e.choices.Fills, has, has+1)
			}
		}
	}
}

func fillFor(c *columnState) string {
	return strings.Trim(value(c, 3, dialect.Postgres), "'")
}

// oldTable is what a table was called before the step, nothing if it is new.
func (e *evolution) oldTable(t *tableState) string {
	for old, now := range e.tables {
		if now == t.Name {
			return old
		}
	}
	return ""
}

func (e *evolution) isOld(t *tableState) bool { return e.oldTable(t) != "" }

func (e *evolution) oldColumn(t *tableState, c *columnState) string {
	old := e.oldTable(t)
	for name, now := range e.column {
		if table, column, _ := strings.Cut(name, "."); old != "" && table == old && now == c.Name {
			return column
		}
	}
	return ""
}

func (e *evolution) dropTable(t *tableState) {
	// The columns that refer to it go too, as those of edges do. Their keys could not come back: the rows are gone.
	for _, other := range e.state.Tables {
		for _, k := range slices.Clone(other.ForeignKeys) {
			if c := other.column(k.Columns[0]); k.RefTable == t.Name && other != t && c != nil {
				if known := e.oldColumn(other, c); known != "" {
					e.choices.Drops = append(e.choices.Drops, other.Name+"."+known)
				}
				e.dropColumn(other, c)
			}
		}
	}
	e.state.Tables = slices.DeleteFunc(e.state.Tables, func(other *tableState) bool { return other == t })
	forget := func(list []string) []string {
		return slices.DeleteFunc(list, func(s string) bool { return strings.HasPrefix(s, t.Name+".") || strings.HasSuffix(s, "="+t.Name) })
	}
	e.choices.Renames, e.choices.Drops, e.choices.Fills = forget(e.choices.Renames), forget(e.choices.Drops), forget(e.choices.Fills)
	if old := e.oldTable(t); old != "" {
		e.choices.Renames = slices.DeleteFunc(e.choices.Renames, func(s string) bool { return strings.HasPrefix(s, old+".") })
		e.choices.Drops = slices.DeleteFunc(e.choices.Drops, func(s string) bool { return strings.HasPrefix(s, old+".") })
		e.choices.Fills = slices.DeleteFunc(e.choices.Fills, func(s string) bool { return strings.HasPrefix(s, old+".") })
		e.choices.Drops = append(e.choices.Drops, old)
		e.tables[old] = ""
	}
}

func (e *evolution) dropColumn(t *tableState, c *columnState) {
	t.Columns = slices.DeleteFunc(t.Columns, func(other *columnState) bool { return other == c })
	t.Indexes = slices.DeleteFunc(t.Indexes, func(i *indexState) bool { return slices.Contains(i.Columns, c.Name) })
	if t.Search = slices.DeleteFunc(t.Search, func(f search.Field) bool { return f.Column == c.Name }); len(t.Search) == 0 {
		t.Search = nil
	}
	t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(k *foreignKey) bool { return slices.Contains(k.Columns, c.Name) })
	e.choices.Renames = slices.DeleteFunc(e.choices.Renames, func(s string) bool { return strings.HasSuffix(s, "="+c.Name) })
	e.choices.Fills = slices.DeleteFunc(e.choices.Fills, func(s string) bool { return strings.HasPrefix(s, t.Name+"."+c.Name+"=") })
	for name, now := range e.column {
		if table, _, _ := strings.Cut(name, "."); table == e.oldTable(t) && now == c.Name {
			e.column[name] = ""
		}
	}
}

func (e *evolution) renameColumn(t *tableState, c *columnState) {
	old, name := c.Name, e.name("r")
	e.column[e.oldTable(t)+"."+old] = name
	e.choices.Renames = append(e.choices.Renames, t.Name+"."+old+"="+name)
	c.Name = name
	for i := range t.Search {
		if t.Search[i].Column == old {
			t.Search[i].Column = name
		}
	}
	for i, fill := range e.choices.Fills {
		if rest, ok := strings.CutPrefix(fill, t.Name+"."+old+"="); ok {
			e.choices.Fills[i] = t.Name + "." + name + "=" + rest
		}
	}
	for _, i := range t.Indexes {
		for n := range i.Columns {
			if i.Columns[n] == old {
				i.Columns[n] = name
			}
		}
	}
	for _, k := range t.ForeignKeys {
		if k.Columns[0] == old {
			k.Columns[0], k.Name = name, t.Name+"_"+k.RefTable+"_"+name
		}
	}
}

func (e *evolution) renameTable(t *tableState) {
	old, name := t.Name, e.name("n")
	e.tables[old] = name
	for _, list := range [][]string{e.choices.Renames, e.choices.Drops, e.choices.Fills} {
		for i, s := range list {
			if rest, ok := strings.CutPrefix(s, old+"."); ok {
				list[i] = name + "." + rest
			}
		}
	}
	e.choices.Renames = append([]string{old + "=" + name}, e.choices.Renames...)
	t.Name = name
	for _, other := range e.state.Tables {
		for _, k := range other.ForeignKeys {
			if k.RefTable == old {
				k.RefTable, k.Name = name, other.Name+"_"+name+"_"+k.Columns[0]
			}
		}
	}
}

// unique says whether no rows may agree in a column.
func (t *tableState) unique(column string) bool {
	return slices.ContainsFunc(t.Indexes, func(i *indexState) bool { return i.Unique && i.Columns[0] == column })
}

func (e *evolution) toggleNull(t *tableState, c *columnState) {
	isKey := slices.ContainsFunc(t.ForeignKeys, func(k *foreignKey) bool { return k.Columns[0] == c.Name })
	switch {
	case isKey, t.unique(c.Name):
	case c.Nullable:
		c.Nullable = false
		e.choices.Fills = append(e.choices.Fills, t.Name+"."+c.Name+"="+fillFor(c))
	default:
		c.Nullable = true
	}
}
