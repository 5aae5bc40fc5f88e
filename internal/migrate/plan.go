package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"

	"github.com/entwine-data/entwine/internal/store"
)

// planned is a statement of a migration, with what it is for.
type planned struct {
	comment, sql string
	reverse      string // of renames only
}

// plan is what leads from one state to another on one dialect, and back.
type plan struct {
	up, down []planned
	losses   []loss // by down
}

// plan works out how to change the tables, as decided.
func (d *decisions) plan(ctx context.Context, name string, from, to *state) (*plan, error) {
	p := &planner{name: name, ctx: ctx}
	old, desired := p.realm(from), p.realm(to)
	if p.err != nil {
		return nil, p.err
	}
	out := &plan{}
	renames := d.rename(p, old, desired)
	out.up = slices.Concat(renames, d.fillNulls(old, desired))
	out.up = append(out.up, p.through(old, func() *atlas.Schema { return p.realm(to) }, d.fills)...)

	// Back, to the old tables with their new names first.
	before := func() *atlas.Schema {
		s := p.realm(from)
		d.rename(p, s, p.realm(to))
		return s
	}
	out.losses = p.losses(p.realm(to), before())
	out.down = p.through(p.realm(to), before, d.firstValues(from))
	for _, r := range slices.Backward(renames) {
		out.down = append(out.down, planned{comment: "Reverse: " + r.comment, sql: r.reverse})
	}
	if p.err != nil {
		return nil, p.err
	}
	if name == dialect.SQLite {
		out.up, out.down = withoutForeignKeys(out.up), withoutForeignKeys(out.down)
	}
	out.up = p.aroundSearches(from, to, d.renames, out.up)
	out.down = p.aroundSearches(to, from, d.renames, out.down)
	return out, nil
}

// firstValues are those of the enums, for rows whose own a rollback cannot bring back.
func (d *decisions) firstValues(s *state) map[string]string {
	out := make(map[string]string)
	for _, t := range s.Tables {
		table := t.Name
		for _, r := range d.renames {
			if r.column == "" && r.table == table {
				table = r.to
			}
		}
		for _, c := range t.Columns {
			name := c.Name
			for _, r := range d.renames {
				if r.table == table && r.column == name {
					name = r.to
				}
			}
			if len(c.Enums) > 0 {
				out[table+"."+name] = quoted(c.Enums[0])
			}
		}
	}
	return out
}

// ahead returns what the tables need on a dialect that the migrations do not do.
func (l Line) ahead(ctx context.Context, name string, tables []*schema.Table) ([]planned, error) {
	s, err := l.state(newestVersion)
	if err != nil {
		return nil, err
	}
	p := &planner{name: name, ctx: ctx}
	to := newState(tables)
	changes := p.changes(p.realm(s), p.realm(to))
	return p.aroundSearches(s, to, nil, changes), p.err
}

// planner plans on one dialect. It keeps the first error.
type planner struct {
	name string
	ctx  context.Context //nolint:containedctx // of the one call that the planner lives for
	err  error
}

func (p *planner) realm(s *state) *atlas.Schema {
	if p.err != nil {
		return &atlas.Schema{}
	}
	tables, err := s.tables()
	if err == nil {
		var out *atlas.Schema
		if out, err = realm(p.ctx, p.name, tables); err == nil {
			return out
		}
	}
	p.err = fmt.Errorf("describe the schema for %s: %w", folder(p.name), err)
	return &atlas.Schema{}
}

// through plans the changes to what target returns. Where rows that are there get a required column without a default, it goes
// by way of tables in which the column has one.
func (p *planner) through(from *atlas.Schema, target func() *atlas.Schema, fills map[string]string) []planned {
	stage, to := target(), target()
	needed := false
	for _, c := range requiredColumns(from, stage) {
		needed = true
		value, ok := fills[c.table+"."+c.column.Name]
		if !ok {
			value = zero(c.column)
		}
		c.column.Default = &atlas.Literal{V: value}
	}
	if !needed {
		return p.changes(from, to)
	}
	return append(p.changes(from, stage), p.changes(stage, to)...)
}

// requiredColumn is one that rows that are there cannot have.
type requiredColumn struct {
	table  string
	column *atlas.Column
}

// requiredColumns are the columns of to that are new in a table of from, cannot be null and have no default.
func requiredColumns(from, to *atlas.Schema) []requiredColumn {
	var out []requiredColumn
	for _, t := range to.Tables {
		old, ok := from.Table(t.Name)
		if !ok {
			continue
		}
		for _, c := range t.Columns {
			if _, ok := old.Column(c.Name); !ok && !c.Type.Null && c.Default == nil && len(c.Attrs) == len(collations(c)) {
				out = append(out, requiredColumn{t.Name, c})
			}
		}
	}
	return out
}

// collations are the attributes of a column that do not give it a value, as identities and generation expressions do.
func collations(c *atlas.Column) []atlas.Attr {
	var out []atlas.Attr
	for _, a := range c.Attrs {
		switch a.(type) {
		case *atlas.Collation, *atlas.Comment:
			out = append(out, a)
		}
	}
	return out
}

// zero stands for values that a rollback cannot bring back.
func zero(c *atlas.Column) string {
	switch t := c.Type.Type.(type) {
	case *atlas.BoolType:
		return "false"
	case *atlas.IntegerType, *atlas.FloatType, *atlas.DecimalType:
		return "0"
	case *atlas.TimeType:
		return quoted("1970-01-01 00:00:00")
	case *atlas.JSONType:
		return quoted("{}")
	case *atlas.UUIDType:
		return quoted("00000000-0000-0000-0000-000000000000")
	case *atlas.EnumType:
		return quoted(t.Values[0])
	default:
		return quoted("")
	}
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// changes plans what leads from one schema to another of the same dialect.
func (p *planner) changes(from, to *atlas.Schema) []planned {
	if p.err != nil {
		return nil
	}
	diff, err := toolsFor(p.name).SchemaDiff(from, to)
	if err != nil {
		p.err = fmt.Errorf("compare the schemas: %w", err)
		return nil
	}
	before := p.conversions(diff)
	steps, err := toolsFor(p.name).PlanChanges(p.ctx, "", diff, plain)
	if err != nil {
		p.err = fmt.Errorf("plan the changes: %w", err)
		return nil
	}
	out := before
	for _, c := range steps.Changes {
		if foreignKeys.MatchString(c.Cmd) {
			continue // once for the whole file
		}
		out = append(out, planned{comment: remark(c), sql: c.Cmd})
		if table, ok := strings.CutPrefix(c.Cmd, "CREATE TABLE `new_"); ok && strings.Contains(c.Cmd, "AUTOINCREMENT") {
			table, _, _ = strings.Cut(table, "`")
			out = append(out, planned{
				comment: "Go on counting where the old table did, so that ids of deleted rows are not given again",
				sql:     fmt.Sprintf("INSERT INTO sqlite_sequence (name, seq) SELECT 'new_%[1]s', seq FROM sqlite_sequence WHERE name = '%[1]s'", table),
			})
		}
	}
	return out
}

// plain leaves the name of the schema out of the statements, and breaks long ones into lines.
func plain(o *migrate.PlanOptions) { o.SchemaQualifier, o.Indent = new(string), "  " }

// conversions has Postgres change columns as SQLite does: existing values are converted, and nulls become the default of a
// column that is required from now on. It returns what has to be done before.
func (p *planner) conversions(diff []atlas.Change) []planned {
	if p.name != dialect.Postgres {
		return nil
	}
	var out []planned
	for _, change := range diff {
		m, ok := change.(*atlas.ModifyTable)
		if !ok {
			continue
		}
		for _, change := range m.Changes {
			c, ok := change.(*atlas.ModifyColumn)
			if !ok {
				continue
			}
			table, column := store.Quote(m.T.Name), store.Quote(c.To.Name)
			if c.Change.Is(atlas.ChangeNull) && !c.To.Type.Null && c.To.Default != nil {
				out = append(out, planned{
					comment: fmt.Sprintf("Give rows without %s.%s its default", m.T.Name, c.To.Name),
					sql:     "UPDATE " + table + " SET " + column + " = DEFAULT WHERE " + column + " IS NULL",
				})
				if c.Change.Is(atlas.ChangeDefault) {
					out[len(out)-1].sql = "UPDATE " + table + " SET " + column + " = " + defaultText(c.To) + " WHERE " + column + " IS NULL"
				}
			}
			if !c.Change.Is(atlas.ChangeType) {
				continue
			}
			if typ, err := postgres.FormatType(c.To.Type.Type); err == nil {
				c.Extra = append(c.Extra, &postgres.ConvertUsing{X: column + "::" + typ})
			}
			if c.From.Default != nil {
				// The old default may not be a value of the new type.
				out = append(out, planned{
					comment: fmt.Sprintf("Set the default of %s.%s aside", m.T.Name, c.To.Name),
					sql:     "ALTER TABLE " + table + " ALTER COLUMN " + column + " DROP DEFAULT",
				})
				c.Change &^= atlas.ChangeDefault
				if c.To.Default != nil {
					c.Change |= atlas.ChangeDefault
				}
			}
		}
	}
	return out
}

// defaultText is a column's default as SQL.
func defaultText(c *atlas.Column) string {
	switch x := c.Default.(type) {
	case *atlas.Literal:
		return x.V
	case *atlas.RawExpr:
		return x.X
	}
	return "NULL"
}

// withoutForeignKeys adds what SQLite needs to make a table anew: dropping the old one would delete the rows that refer to
// it. The runner does what these lines say before it begins the transaction, in which they have no effect.
func withoutForeignKeys(list []planned) []planned {
	if !slices.ContainsFunc(list, func(p planned) bool { return dropsTable.MatchString(p.sql) }) {
		return list
	}
	first := planned{comment: "Foreign keys are checked when everything is done", sql: "PRAGMA foreign_keys = off"}
	last := planned{sql: "PRAGMA foreign_keys = on"}
	return slices.Concat([]planned{first}, list, []planned{last})
}

// remark says what a statement is for where it does not say so itself.
func remark(c *migrate.Change) string {
	for _, part := range []string{"copy rows", "after copying", "without copying", "temporary table", "sequence"} {
		if strings.Contains(c.Comment, part) {
			return sentence(c.Comment)
		}
	}
	return ""
}

// sentence begins a comment with a capital letter.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// fillNulls replaces nulls of columns that are required from now on by the values that were given for them.
func (d *decisions) fillNulls(old, desired *atlas.Schema) []planned {
	var out []planned
	for _, t := range desired.Tables {
		before, ok := old.Table(t.Name)
		if !ok {
			continue
		}
		for _, c := range t.Columns {
			value, ok := d.fills[t.Name+"."+c.Name]
			if was, there := before.Column(c.Name); ok && there && was.Type.Null && !c.Type.Null {
				column := store.Quote(c.Name)
				out = append(out, planned{
					comment: fmt.Sprintf("Fill %s.%s where it is null", t.Name, c.Name),
					sql:     "UPDATE " + store.Quote(t.Name) + " SET " + column + " = " + value + " WHERE " + column + " IS NULL",
				})
			}
		}
	}
	return out
}
