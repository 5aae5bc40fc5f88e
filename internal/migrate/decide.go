package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Renaming says that a table, or a column of it, had another name.
type Renaming struct {
	Table string // as it is called now
	// Column is empty if the table was renamed.
	Column string
	From   string
}

// Choices are what a developer decides about changes that the two schemas do not tell.
type Choices struct {
	// Renames are TABLE=NAME and TABLE.COLUMN=NAME.
	Renames []string
	// Drops are TABLE and TABLE.COLUMN.
	Drops []string
	// Fills are TABLE.COLUMN=VALUE: what rows that are there get in a column that is required.
	Fills []string
	// Declared are the renamings that the schema itself states. Those that have happened already do not matter.
	Declared []Renaming
}

// decisions are choices that fit the schemas.
type decisions struct {
	renames []rename
	fills   map[string]string // SQL by table.column
}

// rename is one step; a table has its new name already when its columns are renamed.
type rename struct {
	table, column, to string
}

// UndecidedError lists what has to be decided.
type UndecidedError struct {
	// Questions each have a first line and lines with the ways to go on.
	Questions []string
}

func (e *UndecidedError) Error() string {
	n := "a decision is needed before the migration can be written"
	if len(e.Questions) > 1 {
		n = fmt.Sprintf("%d decisions are needed before the migration can be written", len(e.Questions))
	}
	return n + ":\n\n" + strings.Join(e.Questions, "\n\n") + "\n"
}

// decide finds out what is renamed, dropped and filled between two schemas. Nothing is guessed.
func decide(from, to *state, c Choices) (*decisions, error) {
	d := &decider{
		decisions: decisions{fills: make(map[string]string)}, from: from, to: to,
		oldName: make(map[string]string), wasColumn: make(map[string]string), dropped: make(map[string]bool),
	}
	for _, text := range c.Renames {
		if err := d.rename(text); err != nil {
			return nil, err
		}
	}
	d.declared(c.Declared)
	for _, name := range c.Drops {
		if err := d.drop(name); err != nil {
			return nil, err
		}
	}
	for _, text := range c.Fills {
		if err := d.fill(text); err != nil {
			return nil, err
		}
	}
	if questions := d.open(); len(questions) > 0 {
		return nil, &UndecidedError{questions}
	}
	if err := d.order(); err != nil {
		return nil, err
	}
	return &d.decisions, nil
}

type decider struct {
	decisions
	from, to *state
	// oldName of a table that is renamed, by its new name; wasColumn likewise by table.column with new names.
	oldName, wasColumn map[string]string
	dropped            map[string]bool
}

func (s *state) table(name string) *tableState {
	for _, t := range s.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func (t *tableState) column(name string) *columnState {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// old is the table as it was that is called name now.
func (d *decider) old(name string) *tableState {
	if was, ok := d.oldName[name]; ok {
		return d.from.table(was)
	}
	if d.renamedAway(name) {
		return nil
	}
	return d.from.table(name)
}

func (d *decider) renamedAway(name string) bool {
	for _, was := range d.oldName {
		if was == name {
			return true
		}
	}
	return false
}

// current is what a table is called now, by its old or its new name.
func (d *decider) current(name string) string {
	for now, was := range d.oldName {
		if was == name {
			return now
		}
	}
	return name
}

func (d *decider) rename(text string) error {
	from, to, ok := strings.Cut(text, "=")
	if !ok || from == "" || to == "" || strings.Contains(to, ".") {
		return fmt.Errorf("--rename %s: say TABLE.COLUMN=NAME or TABLE=NAME, such as posts.text=body", text)
	}
	table, column, isColumn := strings.Cut(from, ".")
	if !isColumn {
		switch {
		case d.from.table(from) == nil:
			return fmt.Errorf("--rename %s: the migrations have no table %s", text, from)
		case d.to.table(to) == nil:
			return fmt.Errorf("--rename %s: the schema has no table %s", text, to)
		case d.to.table(from) != nil:
			return fmt.Errorf("--rename %s: the schema still has the table %s", text, from)
		case d.from.table(to) != nil:
			return fmt.Errorf("--rename %s: there was a table %s before", text, to)
		}
		d.oldName[to] = from
		d.renames = append(d.renames, rename{table: from, to: to})
		return nil
	}
	table = d.current(table)
	was, now := d.old(table), d.to.table(table)
	switch {
	case was == nil || now == nil:
		return fmt.Errorf("--rename %s: there is no table %s before and after", text, table)
	case was.column(column) == nil:
		return fmt.Errorf("--rename %s: the migrations have no column %s.%s", text, table, column)
	case now.column(to) == nil:
		return fmt.Errorf("--rename %s: the schema has no column %s.%s", text, table, to)
	case now.column(column) != nil && d.wasColumn[table+"."+column] == "":
		return fmt.Errorf("--rename %s: the schema still has the column %s.%s", text, table, column)
	}
	d.wasColumn[table+"."+to] = column
	d.renames = append(d.renames, rename{table, column, to})
	return nil
}

// declared takes the renamings of the schema that are news.
func (d *decider) declared(list []Renaming) {
	for _, r := range list {
		if r.Column == "" && d.from.table(r.From) != nil && d.to.table(r.From) == nil && d.from.table(r.Table) == nil && d.oldName[r.Table] == "" {
			d.oldName[r.Table] = r.From
			d.renames = append(d.renames, rename{table: r.From, to: r.Table})
		}
	}
	for _, r := range list {
		was, now := d.old(r.Table), d.to.table(r.Table)
		if r.Column != "" && was != nil && now != nil && was.column(r.From) != nil && now.column(r.From) == nil && was.column(r.Column) == nil &&
			d.wasColumn[r.Table+"."+r.Column] == "" {
			d.wasColumn[r.Table+"."+r.Column] = r.From
			d.renames = append(d.renames, rename{r.Table, r.From, r.Column})
		}
	}
}

func (d *decider) drop(name string) error {
	table, column, isColumn := strings.Cut(name, ".")
	table = d.current(table)
	was, now := d.old(table), d.to.table(table)
	switch {
	case was == nil:
		return fmt.Errorf("--drop %s: the migrations have no table %s", name, table)
	case !isColumn && now != nil:
		return fmt.Errorf("--drop %s: the schema still has it", name)
	case isColumn && was.column(column) == nil:
		return fmt.Errorf("--drop %s: the migrations have no such column", name)
	case isColumn && now != nil && now.column(column) != nil:
		return fmt.Errorf("--drop %s: the schema still has it", name)
	}
	if isColumn {
		table += "." + column
	}
	d.dropped[table] = true
	return nil
}

func (d *decider) fill(text string) error {
	name, value, ok := strings.Cut(text, "=")
	table, column, isColumn := strings.Cut(name, ".")
	if !ok || !isColumn {
		return fmt.Errorf("--fill %s: say TABLE.COLUMN=VALUE, such as posts.kind=note", text)
	}
	table = d.current(table)
	t := d.to.table(table)
	if t == nil || t.column(column) == nil {
		return fmt.Errorf("--fill %s: the schema has no column %s", text, name)
	}
	c := t.column(column)
	if c.Nullable {
		return fmt.Errorf("--fill %s: the column is not required, so that rows can do without", text)
	}
	literal, err := c.literal(value)
	if err != nil {
		return fmt.Errorf("--fill %s: %w", text, err)
	}
	d.fills[table+"."+column] = literal
	return nil
}

// literal is a value of the column in SQL.
func (c *columnState) literal(value string) (string, error) {
	t, err := parseType(c.Type)
	if err != nil {
		return "", err
	}
	switch {
	case c.Type == "bool":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return "", fmt.Errorf("%q is neither true nor false", value)
		}
		return strconv.FormatBool(b), nil
	case t.Integer():
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return "", fmt.Errorf("%q is not a whole number", value)
		}
		return strconv.FormatInt(n, 10), nil
	case t.Float():
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return "", fmt.Errorf("%q is not a number", value)
		}
		return value, nil
	case len(c.Enums) > 0 && !slices.Contains(c.Enums, value):
		return "", fmt.Errorf("%q is none of %s", value, strings.Join(c.Enums, ", "))
	}
	return quoted(value), nil
}

// open returns the questions that are left.
func (d *decider) open() []string {
	var out []string
	for _, was := range d.from.Tables {
		name := was.Name
		if d.renamedAway(name) || d.dropped[name] {
			continue
		}
		if d.to.table(name) == nil {
			out = append(out, d.goneTable(was))
		}
	}
	for _, now := range d.to.Tables {
		was := d.old(now.Name)
		if was == nil {
			continue
		}
		for _, c := range was.Columns {
			if now.column(c.Name) == nil && !d.dropped[now.Name+"."+c.Name] && !d.isRenamed(now.Name, c.Name) {
				out = append(out, d.goneColumn(was, now, c))
			}
		}
		for _, c := range now.Columns {
			_, filled := d.fills[now.Name+"."+c.Name]
			isNew := was.column(c.Name) == nil && d.wasColumn[now.Name+"."+c.Name] == ""
			if isNew && !c.Nullable && c.Default == nil && !c.Increment && !filled {
				out = append(out, requiredQuestion(now, c))
			}
		}
	}
	return out
}

func (d *decider) isRenamed(table, column string) bool {
	return slices.ContainsFunc(d.renames, func(r rename) bool { return r.table == table && r.column == column })
}

func (d *decider) goneTable(was *tableState) string {
	text := fmt.Sprintf("  The table %s is not in the schema any more.", was.Name)
	for _, now := range d.to.Tables {
		if d.from.table(now.Name) == nil && d.oldName[now.Name] == "" && alike(was, now) {
			text += way("If it is called "+now.Name+" now:", "--rename "+was.Name+"="+now.Name)
		}
	}
	return text + way("If it is to go with all its rows:", "--drop "+was.Name)
}

// alike says whether most columns of a table are in another one too.
func alike(was, now *tableState) bool {
	same := 0
	for _, c := range was.Columns {
		if other := now.column(c.Name); other != nil && other.Type == c.Type {
			same++
		}
	}
	return 2*same >= len(was.Columns)
}

func (d *decider) goneColumn(was, now *tableState, c *columnState) string {
	name := now.Name + "." + c.Name
	text := fmt.Sprintf("  The column %s is not in the schema any more.", name)
	for _, other := range now.Columns {
		if other.Type == c.Type && was.column(other.Name) == nil && d.wasColumn[now.Name+"."+other.Name] == "" {
			text += way("If it is called "+other.Name+" now:", "--rename "+name+"="+other.Name)
		}
	}
	return text + way("If it is to go with all its values:", "--drop "+name)
}

// way is a line that shows one way to go on.
func way(condition, option string) string { return fmt.Sprintf("\n    %-40s %s", condition, option) }

func requiredQuestion(t *tableState, c *columnState) string {
	name := t.Name + "." + c.Name
	text := fmt.Sprintf("  The column %s is new and required, but rows that are there have no value for it.", name)
	for _, k := range t.ForeignKeys {
		if slices.Contains(k.Columns, c.Name) {
			return text + way("If they refer to the same row of "+k.RefTable+":", "--fill "+name+"=KEY") + "\n    Or make it optional, fill it, and require it in a later migration."
		}
	}
	return text + way("If they get the same value:", "--fill "+name+"=VALUE") + "\n    Or give it a default in the schema, or make it optional."
}

// order puts renamings in an order in which no name is taken.
func (d *decider) order() error {
	var done []rename
	left := slices.Clone(d.renames)
	slices.SortStableFunc(left, func(a, b rename) int { // tables first
		return min(len(a.column), 1) - min(len(b.column), 1)
	})
	for len(left) > 0 {
		free := slices.IndexFunc(left, func(r rename) bool {
			return !slices.ContainsFunc(left, func(other rename) bool {
				return other.table == r.table && other.column == r.to && r.column != ""
			})
		})
		if free < 0 {
			return fmt.Errorf("columns of %s change names with each other: rename one of them to a third name first", left[0].table)
		}
		done = append(done, left[free])
		left = slices.Delete(left, free, free+1)
	}
	d.renames = done
	return nil
}
