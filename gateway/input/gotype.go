package input

import (
	"database/sql"
	"math/big"
	"reflect"
	"strconv"

	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/scalar"
)

// The functions in this file make parsers for fields of Go types that the application chose. They take the setter for its
// type only, so that generated code need not name (and import) that.

// Scan is for types that read themselves from the database's values.
func Scan[T, B any, P interface {
	*T
	sql.Scanner
}](_ func(T), parse func(any) (B, error)) func(any) (T, error) {
	return func(v any) (T, error) {
		var t T
		b, err := parse(v)
		if err != nil {
			return t, err
		}
		return t, unreadable(P(&t).Scan(b))
	}
}

// ScanPointer is [Scan] for fields that hold pointers.
func ScanPointer[T, B any, P interface {
	*T
	sql.Scanner
}](_ func(P), parse func(any) (B, error)) func(any) (P, error) {
	return func(v any) (P, error) {
		b, err := parse(v)
		if err != nil {
			return nil, err
		}
		p := P(new(T))
		return p, unreadable(p.Scan(b))
	}
}

// FromValue is for types that a ValueScanner of the schema reads.
func FromValue[T, B any](s field.TypeValueScanner[T], parse func(any) (B, error)) func(any) (T, error) {
	return func(v any) (T, error) {
		var t T
		b, err := parse(v)
		if err != nil {
			return t, err
		}
		value := s.ScanValue()
		if err := value.Scan(b); err != nil {
			return t, unreadable(err)
		}
		t, err = s.FromValue(value)
		return t, unreadable(err)
	}
}

// Convert is for types that Go converts from the basic one.
func Convert[T, B any](_ func(T), parse func(any) (B, error)) func(any) (T, error) {
	return func(v any) (T, error) {
		var t T
		b, err := parse(v)
		if err == nil {
			reflect.ValueOf(&t).Elem().Set(reflect.ValueOf(b).Convert(reflect.TypeFor[T]()))
		}
		return t, err
	}
}

func unreadable(err error) error {
	if err == nil {
		return nil
	}
	e := apierr.Wrap(err, apierr.BadUserInput, "Malformed value.")
	e.Fields = []apierr.Field{{Code: apierr.InvalidFormat, Message: "does not have the right form"}}
	return e
}

// DecimalFloat parses an exact number for a field that Go holds as a float. Numbers with more digits than that keeps are
// refused.
func DecimalFloat[T ~float32 | ~float64](v any) (T, error) {
	text, err := scalar.UnmarshalDecimal(v)
	if err != nil {
		return 0, err
	}
	bits := reflect.TypeFor[T]().Bits()
	f, err := strconv.ParseFloat(text, bits)
	if err != nil {
		return 0, outOfRange()
	}
	given, _ := new(big.Rat).SetString(text)
	kept, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, bits))
	if given.Cmp(kept) != 0 {
		return 0, outOfRange()
	}
	return T(f), nil
}

// UUIDText parses a UUID and keeps its canonical text.
func UUIDText(v any) (string, error) {
	id, err := scalar.UnmarshalUUID(v)
	return id.String(), err
}

// Enum parses an enum's value for a type that is no text: it gives the stored spelling.
func Enum(v *Values, name string) func(any) (string, error) {
	return func(raw any) (string, error) {
		f := v.field(name)
		for _, value := range f.Enum {
			if value.Name == raw {
				return value.Stored, nil
			}
		}
		return "", malformed("one of the values of " + f.GraphQL)
	}
}
