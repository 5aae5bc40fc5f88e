package migrate

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// MergeError says that what one branch does cannot be done on top of the other one: both changed the same thing.
type MergeError struct {
	// What they changed. It is empty if Err says why the change cannot be planned there.
	What []string
	Err  error
}

func (e *MergeError) Error() string {
	if e.Err != nil {
		return "it does not fit on top of the other branch: " + e.Err.Error()
	}
	return "both branches change " + strings.Join(e.What, ", ")
}

func (e *MergeError) Unwrap() error { return e.Err }

// mergeStates applies to theirs what leads from base to ours.
func mergeStates(base, ours, theirs *state) (*state, error) {
	m := &merger{}
	out := &state{}
	out.Tables = merge(m, "", base.Tables, ours.Tables, theirs.Tables, func(t *tableState) string { return t.Name }, m.table)
	if len(m.conflicts) > 0 {
		return nil, &MergeError{What: m.conflicts}
	}
	// One may have dropped what the other refers to from now on.
	if _, err := out.tables(); err != nil {
		return nil, &MergeError{Err: err}
	}
	return out, nil
}

type merger struct{ conflicts []string }

func (m *merger) conflict(what string) { m.conflicts = append(m.conflicts, what) }

func (m *merger) table(base, ours, theirs *tableState) *tableState {
	in := theirs.Name + "."
	out := *theirs
	out.Columns = merge(m, in, base.Columns, ours.Columns, theirs.Columns, func(c *columnState) string { return c.Name }, nil)
	// By its columns: the name of a foreign key follows from those of its tables and its edge, of which each may have a new one.
	byColumns := func(k *foreignKey) string { return strings.Join(k.Columns, ", ") }
	out.ForeignKeys = merge(m, in, base.ForeignKeys, ours.ForeignKeys, theirs.ForeignKeys, byColumns, nil)
	out.Indexes = merge(m, in, base.Indexes, ours.Indexes, theirs.Indexes, func(i *indexState) string { return i.Name }, nil)
	out.PrimaryKey = pick(m, in+"the primary key", base.PrimaryKey, ours.PrimaryKey, theirs.PrimaryKey)
	out.Comment = pick(m, in+"the comment", base.Comment, ours.Comment, theirs.Comment)
	out.Check = pick(m, in+"the check", base.Check, ours.Check, theirs.Check)
	out.Start = pick(m, in+"the first id", base.Start, ours.Start, theirs.Start)
	out.Search = pick(m, in+"the search", base.Search, ours.Search, theirs.Search)
	out.Checks = m.checks(in, base.Checks, ours.Checks, theirs.Checks)
	return &out
}

func (m *merger) checks(in string, base, ours, theirs map[string]string) map[string]string {
	type check struct{ name, expr string }
	list := func(checks map[string]string) []*check {
		var out []*check
		for _, name := range slices.Sorted(maps.Keys(checks)) {
			out = append(out, &check{name, checks[name]})
		}
		return out
	}
	var out map[string]string
	for _, c := range merge(m, in, list(base), list(ours), list(theirs), func(c *check) string { return c.name }, nil) {
		if out == nil {
			out = make(map[string]string)
		}
		out[c.name] = c.expr
	}
	return out
}

// pick is the value of whoever changed it.
func pick[T any](m *merger, what string, base, ours, theirs T) T {
	switch {
	case reflect.DeepEqual(base, ours):
		return theirs
	case !reflect.DeepEqual(base, theirs) && !reflect.DeepEqual(ours, theirs):
		m.conflict(what)
	}
	return ours
}

// merge merges lists of things with names. What all three have and ours has changed goes to inner, if there is one.
func merge[T any](m *merger, in string, base, ours, theirs []*T, key func(*T) string, inner func(base, ours, theirs *T) *T) []*T {
	byName := func(list []*T) map[string]*T {
		out := make(map[string]*T)
		for _, x := range list {
			out[key(x)] = x
		}
		return out
	}
	inBase, inOurs, inTheirs := byName(base), byName(ours), byName(theirs)
	var out []*T
	for _, t := range theirs {
		name := key(t)
		b, o := inBase[name], inOurs[name]
		switch {
		case o != nil && b != nil && inner != nil:
			out = append(out, inner(b, o, t))
		case o == nil && b != nil && reflect.DeepEqual(b, t): // ours has dropped it
		default:
			if x := pick(m, in+name, b, o, t); x != nil {
				out = append(out, x)
			}
		}
	}
	for _, o := range ours {
		name := key(o)
		if inTheirs[name] != nil {
			continue
		}
		if b := inBase[name]; b == nil {
			out = append(out, o)
		} else if !reflect.DeepEqual(b, o) {
			m.conflict(in + name) // theirs has dropped what ours has changed
		}
	}
	return out
}

// renamed is a copy with new names.
func (s *state) renamed(list []rename) (*state, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	out, err := parseState(text)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		t := out.table(r.table)
		if t == nil || r.column != "" && t.column(r.column) == nil {
			continue // it is gone, or was called otherwise already
		}
		out.rename(t, r)
	}
	return out, nil
}

func (s *state) rename(t *tableState, r rename) {
	replace := func(names []string) {
		for i, name := range names {
			if name == r.column {
				names[i] = r.to
			}
		}
	}
	for _, other := range s.Tables {
		for _, k := range other.ForeignKeys {
			switch {
			case k.RefTable != r.table:
			case r.column == "":
				k.RefTable = r.to
			default:
				replace(k.RefColumns)
			}
		}
	}
	if r.column == "" {
		t.Name = r.to
		return
	}
	t.column(r.column).Name = r.to
	replace(t.PrimaryKey)
	for i := range t.Search {
		if t.Search[i].Column == r.column {
			t.Search[i].Column = r.to
		}
	}
	for _, k := range t.ForeignKeys {
		replace(k.Columns)
	}
	for _, i := range t.Indexes {
		replace(i.Columns)
	}
}

// renamed are the choices after somebody else's renamings. What both rename in the same way needs no renaming any more.
func (c Choices) renamed(list []rename) (Choices, error) {
	out := Choices{Drops: renameAll(c.Drops, list), Fills: renameAll(c.Fills, list)}
	for _, text := range renameAll(c.Renames, list) {
		r := parseRename(text)
		i := slices.IndexFunc(list, func(theirs rename) bool {
			if r.column == "" {
				return theirs.column == "" && theirs.to == r.table
			}
			return theirs.table == r.table && theirs.column != "" && theirs.to == r.column
		})
		switch {
		case i < 0:
			out.Renames = append(out.Renames, text)
		case list[i].to != r.to:
			return Choices{}, &MergeError{What: []string{"the name of " + strings.TrimSuffix(list[i].text(), "="+list[i].to)}}
		}
	}
	return out, nil
}

// renameAll gives tables and columns in options their new names: TABLE and TABLE.COLUMN, what follows an equals sign left alone.
func renameAll(options []string, list []rename) []string {
	var out []string
	for _, text := range options {
		name, value, isAssigned := strings.Cut(text, "=")
		table, column, isColumn := strings.Cut(name, ".")
		for _, r := range list {
			switch {
			case r.table != table:
			case r.column == "":
				table = r.to
			case r.column == column:
				column = r.to
			}
		}
		if text = table; isColumn {
			text += "." + column
		}
		if isAssigned {
			text += "=" + value
		}
		out = append(out, text)
	}
	return out
}

// text is a renaming as the option --rename has it.
func (r rename) text() string {
	if r.column == "" {
		return r.table + "=" + r.to
	}
	return fmt.Sprintf("%s.%s=%s", r.table, r.column, r.to)
}

// parseRename is the reverse.
func parseRename(text string) rename {
	from, to, _ := strings.Cut(text, "=")
	table, column, _ := strings.Cut(from, ".")
	return rename{table, column, to}
}
