package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/internal/search"
)

// state is the part of an ent schema that becomes tables, in a form that can be kept in a file. It knows no dialect.
type state struct {
	// Parent is the version whose schema the migration to this one was planned from.
	Parent string `json:"parent,omitempty"`
	// Choices were made when it was planned.
	Choices *madeChoices  `json:"choices,omitempty"`
	Tables  []*tableState `json:"tables"`
}

// madeChoices are what is needed to plan a migration again.
type madeChoices struct {
	Renames []string `json:"renames,omitempty"`
	Drops   []string `json:"drops,omitempty"`
	Fills   []string `json:"fills,omitempty"`
}

// choices are those that were made when the migration to this schema was planned.
func (s *state) choices() Choices {
	if s.Choices == nil {
		return Choices{}
	}
	return Choices{Renames: s.Choices.Renames, Drops: s.Choices.Drops, Fills: s.Choices.Fills}
}

// renames are those of the migration to this schema.
func (s *state) renames() []rename {
	var out []rename
	for _, text := range s.choices().Renames {
		out = append(out, parseRename(text))
	}
	return out
}

// remember keeps what was decided.
func (s *state) remember(d *decisions, c Choices) {
	made := &madeChoices{Drops: c.Drops, Fills: c.Fills}
	for _, r := range d.renames {
		made.Renames = append(made.Renames, r.text())
	}
	if len(made.Renames)+len(made.Drops)+len(made.Fills) > 0 {
		s.Choices = made
	}
}

type tableState struct {
	Name        string            `json:"name"`
	Comment     string            `json:"comment,omitempty"`
	Columns     []*columnState    `json:"columns"`
	PrimaryKey  []string          `json:"primaryKey,omitempty"`
	ForeignKeys []*foreignKey     `json:"foreignKeys,omitempty"`
	Indexes     []*indexState     `json:"indexes,omitempty"`
	Check       string            `json:"check,omitempty"`
	Checks      map[string]string `json:"checks,omitempty"`
	Start       *int              `json:"start,omitempty"` // of the ids
	Search      []search.Field    `json:"search,omitempty"`
}

type columnState struct {
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	SchemaType map[string]string `json:"schemaType,omitempty"`
	Size       int64             `json:"size,omitempty"`
	Unique     bool              `json:"unique,omitempty"`
	Increment  bool              `json:"increment,omitempty"`
	Nullable   bool              `json:"nullable,omitempty"`
	Default    *defaultState     `json:"default,omitempty"`
	Enums      []string          `json:"enums,omitempty"`
	Collation  string            `json:"collation,omitempty"`
	Comment    string            `json:"comment,omitempty"`
}

// defaultState is a column's default: one of the fields.
type defaultState struct {
	Text *string           `json:"text,omitempty"` // a text
	Raw  string            `json:"raw,omitempty"`  // a number or a truth value
	Expr string            `json:"expr,omitempty"`
	Per  map[string]string `json:"per,omitempty"` // expressions by dialect
}

type foreignKey struct {
	Name       string   `json:"name"`
	Columns    []string `json:"columns"`
	RefTable   string   `json:"refTable"`
	RefColumns []string `json:"refColumns"`
	OnUpdate   string   `json:"onUpdate,omitempty"`
	OnDelete   string   `json:"onDelete,omitempty"`
}

type indexState struct {
	Name       string                  `json:"name"`
	Unique     bool                    `json:"unique,omitempty"`
	Columns    []string                `json:"columns"`
	Annotation *entsql.IndexAnnotation `json:"annotation,omitempty"`
}

// newState describes tables as ent generates them. Views are not migrated.
func newState(tables []*schema.Table) *state {
	s := &state{}
	for _, t := range tables {
		if t.View {
			continue
		}
		out := &tableState{Name: t.Name, Comment: t.Comment, PrimaryKey: names(t.PrimaryKey)}
		for _, c := range t.Columns {
			out.Columns = append(out.Columns, &columnState{
				Name: c.Name, Type: typeName(c.Type), SchemaType: c.SchemaType, Size: c.Size, Unique: c.Unique,
				Increment: c.Increment, Nullable: c.Nullable, Default: newDefault(c.Default), Enums: c.Enums,
				Collation: c.Collation, Comment: c.Comment,
			})
		}
		for _, fk := range t.ForeignKeys {
			out.ForeignKeys = append(out.ForeignKeys, &foreignKey{
				Name: fk.Symbol, Columns: names(fk.Columns), RefTable: fk.RefTable.Name, RefColumns: names(fk.RefColumns),
				OnUpdate: string(fk.OnUpdate), OnDelete: string(fk.OnDelete),
			})
		}
		for _, i := range t.Indexes {
			out.Indexes = append(out.Indexes, &indexState{Name: i.Name, Unique: i.Unique, Columns: names(i.Columns), Annotation: i.Annotation})
		}
		if a := t.Annotation; a != nil {
			out.Check, out.Checks, out.Start, out.Search = a.Check, a.Checks, a.IncrementStart, search.FromOptions(a.Options)
		}
		s.Tables = append(s.Tables, out)
	}
	return s
}

func names(columns []*schema.Column) []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.Name)
	}
	return out
}

func newDefault(value any) *defaultState {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return &defaultState{Text: &v}
	case schema.Expr:
		return &defaultState{Expr: string(v)}
	case map[string]schema.Expr:
		per := make(map[string]string)
		for name, x := range v {
			per[name] = string(x)
		}
		return &defaultState{Per: per}
	default:
		return &defaultState{Raw: fmt.Sprint(v)}
	}
}

// rawDefault prints as ent prints the number or the truth value that it stands for.
type rawDefault string

func (d *defaultState) value() any {
	switch {
	case d == nil:
		return nil
	case d.Text != nil:
		return *d.Text
	case d.Expr != "":
		return schema.Expr(d.Expr)
	case d.Per != nil:
		per := make(map[string]schema.Expr)
		for name, x := range d.Per {
			per[name] = schema.Expr(x)
		}
		return per
	default:
		return rawDefault(d.Raw)
	}
}

func typeName(t field.Type) string {
	return strings.ToLower(strings.TrimPrefix(t.ConstName(), "Type"))
}

func parseType(name string) (field.Type, error) {
	for t := field.TypeInvalid + 1; t.Valid(); t++ {
		if typeName(t) == name {
			return t, nil
		}
	}
	return 0, fmt.Errorf("unknown type %q", name)
}

// tables is the reverse of newState.
func (s *state) tables() ([]*schema.Table, error) {
	var out []*schema.Table
	byName := make(map[string]*schema.Table)
	for _, t := range s.Tables {
		table := &schema.Table{Name: t.Name, Comment: t.Comment}
		for _, c := range t.Columns {
			typ, err := parseType(c.Type)
			if err != nil {
				return nil, fmt.Errorf("column %s.%s: %w", t.Name, c.Name, err)
			}
			table.Columns = append(table.Columns, &schema.Column{
				Name: c.Name, Type: typ, SchemaType: c.SchemaType, Size: c.Size, Unique: c.Unique, Increment: c.Increment,
				Nullable: c.Nullable, Default: c.Default.value(), Enums: c.Enums, Collation: c.Collation, Comment: c.Comment,
			})
		}
		if t.Check != "" || t.Checks != nil || t.Start != nil || t.Search != nil {
			table.Annotation = &entsql.Annotation{Check: t.Check, Checks: t.Checks, IncrementStart: t.Start}
		}
		if t.Search != nil {
			var err error
			if table.Annotation.Options, err = search.Options(t.Search); err != nil {
				return nil, fmt.Errorf("table %s: %w", t.Name, err)
			}
		}
		byName[t.Name] = table
		out = append(out, table)
	}
	for i, t := range s.Tables {
		table := out[i]
		var err error
		if table.PrimaryKey, err = columnsOf(table, t.PrimaryKey); err != nil {
			return nil, err
		}
		for _, i := range t.Indexes {
			index := &schema.Index{Name: i.Name, Unique: i.Unique, Annotation: i.Annotation}
			if index.Columns, err = columnsOf(table, i.Columns); err != nil {
				return nil, err
			}
			table.Indexes = append(table.Indexes, index)
		}
		if _, err = columnsOf(table, columnsSearched(t)); err != nil {
			return nil, err
		}
		for _, k := range t.ForeignKeys {
			fk := &schema.ForeignKey{
				Symbol: k.Name, RefTable: byName[k.RefTable],
				OnUpdate: schema.ReferenceOption(k.OnUpdate), OnDelete: schema.ReferenceOption(k.OnDelete),
			}
			if fk.RefTable == nil {
				return nil, fmt.Errorf("foreign key %s: there is no table %s", k.Name, k.RefTable)
			}
			if fk.Columns, err = columnsOf(table, k.Columns); err != nil {
				return nil, err
			}
			if fk.RefColumns, err = columnsOf(fk.RefTable, k.RefColumns); err != nil {
				return nil, err
			}
			table.ForeignKeys = append(table.ForeignKeys, fk)
		}
	}
	return out, nil
}

func columnsOf(t *schema.Table, names []string) ([]*schema.Column, error) {
	var out []*schema.Column
	for _, name := range names {
		c, ok := t.Column(name)
		if !ok {
			return nil, fmt.Errorf("there is no column %s.%s", t.Name, name)
		}
		out = append(out, c)
	}
	return out, nil
}

// text is the state as it is kept in a file: a line for each column, key and index, so that a change is a change of lines.
func (s *state) text() ([]byte, error) {
	compact, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, compact, "", "  "); err != nil {
		return nil, err
	}
	const deep = "        " // an element of a table's lists
	var out bytes.Buffer
	inside := false
	for line := range strings.Lines(indented.String()) {
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, deep+"{"):
			inside = true
			out.WriteString(deep + trimmed)
		case inside && strings.HasPrefix(line, deep+"}"):
			inside = false
			out.WriteString(trimmed + "\n")
		case inside:
			out.WriteString(trimmed)
			if strings.HasSuffix(trimmed, ",") {
				out.WriteByte(' ')
			}
		default:
			out.WriteString(line)
		}
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func parseState(text []byte) (*state, error) {
	s := &state{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	return s, nil
}
