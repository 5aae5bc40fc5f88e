package store

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/lib/pq/oid"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/entwine-data/entwine/internal/pgwire"
	"github.com/entwine-data/entwine/internal/vdbe"
)

// ValueType says which part of a [Value] holds it.
type ValueType uint8

// The types of values.
const (
	Null  ValueType = iota
	Int             // every integer
	Float           //
	Bool            // of Postgres; SQLite has integers
	Text            //
	Bytes           // binary data, and what lib/pq has no Go type for, as text: numbers of any precision, UUIDs, JSON
	Other           // what a driver has made a Go value of, such as a time
)

// Value is a value of a column as the database has it, without a box for each.
type Value struct {
	Type ValueType
	bits uint64
	// Data is the value of Text and Bytes. It is the driver's, see [Querier], and must not be written to.
	Data  []byte
	other any
}

// Int is the value of an Int.
func (v Value) Int() int64 { return int64(v.bits) } //nolint:gosec // the same bits

// Float is the value of a Float.
func (v Value) Float() float64 { return math.Float64frombits(v.bits) }

// Bool is the value of a Bool.
func (v Value) Bool() bool { return v.bits != 0 }

// Any is the value as drivers give it: nil, int64, float64, bool, string, []byte or time.Time. It may be kept.
func (v Value) Any() any {
	switch v.Type {
	case Null:
		return nil
	case Int:
		return v.Int()
	case Float:
		return v.Float()
	case Bool:
		return v.Bool()
	case Text:
		return string(v.Data)
	case Bytes:
		return slices.Clone(v.Data)
	}
	return v.other
}

// ValueOf is the inverse of [Value.Any].
func ValueOf(v any) Value {
	switch v := v.(type) {
	case nil:
		return Value{}
	case int64:
		return intValue(v)
	case float64:
		return floatValue(v)
	case bool:
		return boolValue(v)
	case string:
		return Value{Type: Text, Data: unsafe.Slice(unsafe.StringData(v), len(v))} //nolint:gosec // which nobody writes to
	case []byte:
		return Value{Type: Bytes, Data: v}
	}
	return Value{Type: Other, other: v}
}

func intValue(n int64) Value { return Value{Type: Int, bits: uint64(n)} } //nolint:gosec // the same bits

func floatValue(x float64) Value { return Value{Type: Float, bits: math.Float64bits(x)} }

func boolValue(b bool) Value {
	if b {
		return Value{Type: Bool, bits: 1}
	}
	return Value{Type: Bool}
}

// decode fills values with a row as Postgres has sent it. Nothing that is common is copied.
func decode(values []Value, row [][]byte, columns []pgwire.Column) error {
	for i, v := range row {
		if v == nil {
			values[i] = Value{}
			continue
		}
		switch columns[i].Type {
		case oid.T_int8, oid.T_int4, oid.T_int2:
			values[i] = intValue(pgwire.Int(v))
		case oid.T_text, oid.T_varchar:
			values[i] = Value{Type: Text, Data: v}
		case oid.T_bytea, oid.T_uuid, oid.T_numeric, oid.T_json, oid.T_jsonb:
			values[i] = Value{Type: Bytes, Data: v}
		case oid.T_float8:
			values[i] = floatValue(pgwire.Float(v))
		case oid.T_bool:
			values[i] = boolValue(pgwire.Bool(v))
		default:
			x, err := columns[i].Value(v)
			if err != nil {
				return fmt.Errorf("column %s: %w", columns[i].Name, err)
			}
			values[i] = ValueOf(x)
		}
	}
	return nil
}

// view fills values with a row of SQLite. No text is copied, and none made a time unless its column is declared as one.
func view(values []Value, row *vdbe.Rows) {
	for i := range values {
		switch v := row.Column(i); v.Type() {
		case sqlite3.SQLITE_INTEGER:
			values[i] = intValue(v.Int())
		case sqlite3.SQLITE_TEXT:
			values[i] = Value{Type: Text, Data: v.Bytes()}
			if row.HoldsTimes(i) {
				if t, ok := vdbe.ParseTime(string(v.Bytes())); ok {
					values[i] = ValueOf(t)
				}
			}
		case sqlite3.SQLITE_FLOAT:
			values[i] = floatValue(v.Float())
		case sqlite3.SQLITE_BLOB:
			values[i] = Value{Type: Bytes, Data: v.Bytes()}
		default:
			values[i] = Value{}
		}
	}
}
