package engine

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/entwine-data/entwine/gateway/entity"
)

// statement is a SQL text under construction with its arguments. It implements [entity.SQL].
type statement struct {
	buf      []byte
	args     []any
	postgres bool
	// steady says that Postgres should keep the plan: the best one does not depend on arguments.
	steady bool
	// request and order are those of a list, whose order may lead to other tables.
	request request
	order   []step
}

var _ entity.SQL = (*statement)(nil)

func (s *statement) WriteSQL(text string) { s.buf = append(s.buf, text...) }

func (s *statement) WriteColumn(alias, name string) {
	s.buf = append(s.buf, alias...)
	s.buf = append(s.buf, '.')
	s.ident(name)
}

func (s *statement) WriteTable(name, alias string) {
	s.ident(name)
	s.buf = append(s.buf, ' ')
	s.buf = append(s.buf, alias...)
}

func (s *statement) WriteArg(value any) {
	s.args = append(s.args, value)
	if s.postgres {
		s.buf = append(s.buf, '$')
		s.buf = strconv.AppendInt(s.buf, int64(len(s.args)), 10)
		if _, ok := value.(int64); ok {
			// Beside a smaller column, Postgres would refuse a value that does not fit it rather than find nothing.
			s.buf = append(s.buf, "::bigint"...)
		}
		return
	}
	s.buf = append(s.buf, '?')
}

func (s *statement) Postgres() bool { return s.postgres }

// ident writes a quoted name. Both databases take double quotes, and names come from the schema.
func (s *statement) ident(name string) {
	s.buf = append(s.buf, '"')
	s.buf = append(s.buf, strings.ReplaceAll(name, `"`, `""`)...)
	s.buf = append(s.buf, '"')
}

func (s *statement) int(n int) { s.buf = strconv.AppendInt(s.buf, int64(n), 10) }

// writeIn writes "= ANY(array)" or its SQLite form. One parameter holds all values, so that neither a parameter limit nor a
// statement per length exists.
func (s *statement) writeIn(values []any, cast string) {
	if s.postgres {
		s.WriteSQL(" = ANY(")
		s.WriteArg(arrayLiteral(values))
		s.WriteSQL("::")
		s.WriteSQL(cast)
		s.WriteSQL("[])")
		return
	}
	s.WriteSQL(" IN (SELECT value FROM json_each(")
	s.WriteArg(jsonArray(values))
	s.WriteSQL("))")
}

// keyColumn is a column by which rows are found, with the type of its values on Postgres.
type keyColumn struct{ name, cast string }

func primaryKey(e *entity.Entity) []keyColumn {
	by := make([]keyColumn, len(e.ID))
	for i, f := range e.ID {
		by[i] = keyColumn{f.Column, pgKeyType(f)}
	}
	return by
}

// writeKeys writes that the columns of the row under alias hold one of the keys. Several columns hold those of e.
func (s *statement) writeKeys(alias string, e *entity.Entity, by []keyColumn, keys []any) {
	if len(by) == 1 {
		s.WriteColumn(alias, by[0].name)
		if len(keys) == 1 {
			s.WriteSQL(" = ")
			s.WriteArg(keys[0])
		} else {
			s.writeIn(keys, by[0].cast)
		}
		return
	}
	if !s.postgres && len(keys) > 1 {
		// SQLite would use the first column only of an index for a row value IN a list.
		s.WriteColumn(alias, rowID)
		s.WriteSQL(" IN (SELECT ")
		s.WriteColumn("k", rowID)
		s.WriteSQL(" FROM json_each(")
		texts := make([]string, len(keys))
		for i, key := range keys {
			texts[i] = text(key)
		}
		s.WriteArg("[" + strings.Join(texts, ",") + "]")
		s.WriteSQL(") i CROSS JOIN ")
		s.WriteTable(e.Table, "k")
		s.WriteSQL(" ON ")
		for i, c := range by {
			if i > 0 {
				s.WriteSQL(" AND ")
			}
			s.WriteColumn("k", c.name)
			s.WriteSQL(" = i.value ->> ")
			s.int(i)
		}
		s.WriteSQL(")")
		return
	}
	s.WriteSQL("(")
	for i, c := range by {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteColumn(alias, c.name)
	}
	s.WriteSQL(") ")
	if len(keys) == 1 {
		s.WriteSQL("= (")
		for i, v := range e.KeyValues(keys[0]) {
			if i > 0 {
				s.WriteSQL(", ")
			}
			s.WriteArg(v)
		}
		s.WriteSQL(")")
		return
	}
	columns := make([][]any, len(by))
	for _, key := range keys {
		for i, v := range e.KeyValues(key) {
			columns[i] = append(columns[i], v)
		}
	}
	s.WriteSQL("IN (SELECT * FROM unnest(")
	for i, c := range by {
		if i > 0 {
			s.WriteSQL(", ")
		}
		s.WriteArg(arrayLiteral(columns[i]))
		s.WriteSQL("::" + c.cast + "[]")
	}
	s.WriteSQL("))")
}

// rowID is SQLite's own key of a row, in the place of one of several columns.
const rowID = "rowid"

// appendPlain appends values that need no quotes, in the form that Postgres' arrays and JSON share. SQLite stores booleans
// as integers, and json_each gives 1 and 0 for true and false.
func appendPlain(b []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case int64:
		return strconv.AppendInt(b, v, 10), true
	case float64:
		return strconv.AppendFloat(b, v, 'g', -1, 64), true
	case bool:
		return strconv.AppendBool(b, v), true
	}
	return b, false
}

// arrayLiteral writes the text form of a Postgres array.
func arrayLiteral(values []any) string {
	b := append(make([]byte, 0, 8*len(values)+2), '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = appendPlain(b, v); ok {
			continue
		}
		b = append(b, '"')
		text := bindText(v)
		for j := range len(text) {
			if text[j] == '"' || text[j] == '\\' {
				b = append(b, '\\')
			}
			b = append(b, text[j])
		}
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

// jsonArray writes the values as SQLite's json_each yields them in the same storage class as the columns hold.
func jsonArray(values []any) string {
	b := append(make([]byte, 0, 8*len(values)+2), '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = appendPlain(b, v); !ok {
			text, _ := json.Marshal(bindText(v))
			b = append(b, text...)
		}
	}
	return string(append(b, ']'))
}

// typeModifier is what a cast must leave out: it would cut texts and round numbers until they match.
var typeModifier = regexp.MustCompile(`\s*\([^)]*\)`)

// pgType is the array element type to which a list of values of the field is cast.
func pgType(f *entity.Field) string {
	switch f.Type {
	case entity.ID, entity.Ref:
		return pgKeyType(f)
	case entity.Int, entity.BigInt:
		return "bigint"
	case entity.Decimal:
		return "numeric"
	}
	switch t := typeModifier.ReplaceAllString(f.DBType, ""); t {
	case "":
	case "char", "character":
		return "bpchar"
	default:
		return t
	}
	switch f.Type {
	case entity.Float:
		return "double precision"
	case entity.Boolean:
		return "boolean"
	case entity.DateTime:
		return "timestamptz"
	case entity.Date:
		return "date"
	case entity.UUID:
		return "uuid"
	}
	return "text"
}

func pgKeyType(f *entity.Field) string {
	switch f.Key {
	case entity.IntKey:
		return "bigint"
	case entity.UUIDKey:
		return "uuid"
	}
	return "text"
}
