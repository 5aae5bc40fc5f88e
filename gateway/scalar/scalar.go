// Package scalar holds the Go side of the API's custom scalars: how their values are read from inputs and written by
// hand-written operations. Each has a Marshal and an Unmarshal function of the shape that gqlgen binds.
package scalar

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// dateTimeLayout writes up to six decimals.
const dateTimeLayout = "2006-01-02T15:04:05.999999Z"

func malformed(want string) error {
	return apierr.Input("Malformed value.", apierr.Field{Code: apierr.InvalidFormat, Message: "must be " + want})
}

func outOfRange(want string) error {
	return apierr.Input("Value out of range.", apierr.Field{Code: apierr.OutOfRange, Message: "must be " + want})
}

func quoted(s string) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(s)) })
}

// MarshalDateTime writes a point in time.
func MarshalDateTime(t time.Time) graphql.Marshaler { return quoted(t.UTC().Format(dateTimeLayout)) }

// UnmarshalDateTime reads RFC 3339 and keeps microseconds, which is what both databases hold.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, malformed("a point in time such as 2014-01-21T20:26:05Z")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, malformed("a point in time such as 2014-01-21T20:26:05Z")
	}
	t = t.UTC().Truncate(time.Microsecond)
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}, outOfRange("in the years 1 to 9999")
	}
	return t, nil
}

// MarshalDate writes the day of t.
func MarshalDate(t time.Time) graphql.Marshaler { return quoted(t.Format(time.DateOnly)) }

// UnmarshalDate reads a day, as its first moment in UTC.
func UnmarshalDate(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, malformed("a day such as 2014-01-21")
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, malformed("a day such as 2014-01-21")
	}
	if t.Year() < 1 {
		return time.Time{}, outOfRange("in the years 1 to 9999")
	}
	return t, nil
}

// MarshalBigInt writes an integer as a string.
func MarshalBigInt(n int64) graphql.Marshaler { return quoted(strconv.FormatInt(n, 10)) }

// UnmarshalBigInt reads an integer from a string or from a number.
func UnmarshalBigInt(v any) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case string:
		return parseInt(v)
	case json.Number:
		return parseInt(v.String())
	}
	return 0, malformed("an integer, as a string of digits")
}

func parseInt(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err == nil:
		return n, nil
	case isInteger.MatchString(s):
		return 0, outOfRange("an integer of 64 bits")
	}
	return 0, malformed("an integer, as a string of digits")
}

var (
	isInteger = regexp.MustCompile(`^-?[0-9]+$`)
	isDecimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
)

// MarshalDecimal writes an exact number as a string.
func MarshalDecimal(s string) graphql.Marshaler { return quoted(s) }

// UnmarshalDecimal reads an exact number from a string or from a number, digit by digit as it was sent.
func UnmarshalDecimal(v any) (string, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	case int64:
		s = strconv.FormatInt(v, 10)
	}
	// The length bounds what a database must be able to hold.
	if !isDecimal.MatchString(s) || len(s) > 1000 {
		return "", malformed("a decimal number, as a string such as 12.50")
	}
	return s, nil
}

// MarshalBytes writes binary data as base64.
func MarshalBytes(b []byte) graphql.Marshaler { return quoted(base64.StdEncoding.EncodeToString(b)) }

// UnmarshalBytes reads base64.
func UnmarshalBytes(v any) ([]byte, error) {
	s, ok := v.(string)
	if !ok {
		return nil, malformed("base64")
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, malformed("base64")
	}
	return b, nil
}

// MarshalUUID writes a UUID in its canonical form.
func MarshalUUID(id uuid.UUID) graphql.Marshaler { return quoted(id.String()) }

// UnmarshalUUID reads the form of 36 characters only: the others would be second names of the same value.
func UnmarshalUUID(v any) (uuid.UUID, error) {
	s, ok := v.(string)
	if !ok || len(s) != 36 {
		return uuid.UUID{}, malformed("a UUID of 36 characters")
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.UUID{}, malformed("a UUID of 36 characters")
	}
	return id, nil
}

// MarshalJSON writes any value.
func MarshalJSON(v any) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		b, err := json.Marshal(v)
		if err != nil {
			// gqlgen gives a marshaler no way to fail; null is what a missing value looks like.
			b = []byte("null")
		}
		_, _ = w.Write(b)
	})
}

// UnmarshalJSON keeps the value as it is.
func UnmarshalJSON(v any) (any, error) { return v, nil }
