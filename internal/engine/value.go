package engine

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/gateway/scalar"
	"github.com/entwine-data/entwine/internal/store"
)

// Times are written with all six digits, so that clients may compare them as texts.
const (
	timeLayout = "2006-01-02T15:04:05.000000Z"
	dateLayout = "2006-01-02"
)

// appendValue appends the JSON form of a column's value as a driver gives it.
func appendValue(dst []byte, f *entity.Field, v any) ([]byte, error) {
	stored := store.ValueOf(v)
	return appendStored(dst, f, &stored)
}

// appendStored appends the JSON form of a column's value.
func appendStored(dst []byte, f *entity.Field, v *store.Value) ([]byte, error) {
	if v.Type == store.Null {
		return append(dst, "null"...), nil
	}
	switch f.Type {
	case entity.ID, entity.Ref:
		dst = append(dst, '"')
		var small [20]byte
		dst = relay.AppendID(dst, f.Target, storedText(small[:0], v))
		return append(dst, '"'), nil
	case entity.Int:
		n, ok := storedInt(v)
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			return dst, apierr.New(apierr.Internal, "The value of %s does not fit a 32-bit integer.", f.Name)
		}
		return strconv.AppendInt(dst, n, 10), nil
	case entity.BigInt:
		if n, ok := storedInt(v); ok {
			dst = append(dst, '"')
			dst = strconv.AppendInt(dst, n, 10)
			return append(dst, '"'), nil
		}
		return appendText(dst, v)
	case entity.Float:
		switch v.Type {
		case store.Float:
			x := v.Float()
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return dst, apierr.New(apierr.Internal, "The value of %s is not a finite number.", f.Name)
			}
			return appendFloat(dst, x), nil
		case store.Int:
			return strconv.AppendInt(dst, v.Int(), 10), nil
		}
	case entity.Boolean:
		switch v.Type {
		case store.Bool:
			return strconv.AppendBool(dst, v.Bool()), nil
		case store.Int:
			return strconv.AppendBool(dst, v.Int() != 0), nil
		}
	case entity.String, entity.UUID:
		return appendText(dst, v)
	case entity.Decimal:
		switch v.Type {
		case store.Int:
			dst = append(dst, '"')
			dst = strconv.AppendInt(dst, v.Int(), 10)
			return append(dst, '"'), nil
		case store.Float:
			dst = append(dst, '"')
			dst = strconv.AppendFloat(dst, v.Float(), 'f', -1, 64)
			return append(dst, '"'), nil
		}
		return appendText(dst, v)
	case entity.Enum:
		for i := range f.Enum {
			if f.Enum[i].Stored == string(v.Data) {
				dst = append(dst, '"')
				dst = append(dst, f.Enum[i].Name...)
				return append(dst, '"'), nil
			}
		}
		return dst, fmt.Errorf("column %s holds %q, which is none of its enum's values", f.Column, text(v.Any()))
	case entity.DateTime, entity.Date:
		if f.Type == entity.DateTime && v.Type == store.Text {
			if dst, ok := appendStoredTime(append(dst, '"'), v.Data); ok {
				return append(dst, '"'), nil
			}
		}
		t, err := storedTime(v)
		if err != nil {
			return dst, fmt.Errorf("column %s: %w", f.Column, err)
		}
		dst = append(dst, '"')
		if f.Type == entity.Date {
			dst = t.AppendFormat(dst, dateLayout)
		} else {
			dst = appendTime(dst, t)
		}
		return append(dst, '"'), nil
	case entity.JSON:
		return appendJSON(dst, f, storedText(nil, v))
	case entity.Changes:
		return append(dst, storedText(nil, v)...), nil
	case entity.Bytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, storedText(nil, v))
		return append(dst, '"'), nil
	}
	return dst, fmt.Errorf("column %s holds a %T, which is no %s", f.Column, v.Any(), f.Type)
}

// handWritten is a column's value as hand-written fields get it.
func handWritten(f *entity.Field, v *store.Value) (any, error) {
	if f.Type == entity.DateTime && v.Type != store.Null {
		t, err := storedTime(v)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Column, err)
		}
		return t, nil
	}
	return v.Any(), nil
}

// appendFloat writes a number as JavaScript does: with an exponent only where the number would be very long.
func appendFloat(dst []byte, v float64) []byte {
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, 64)
}

// appendTime appends timeLayout. It exists because time.AppendFormat, which interprets the layout anew for each value, is
// a tenth of the work of a list with times.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, timeLayout)
	}
	hour, minute, second := t.Clock()
	two := func(n int, after byte) { dst = append(dst, byte('0'+n/10), byte('0'+n%10), after) }
	dst = append(dst, byte('0'+year/1000), byte('0'+year/100%10))
	two(year%100, '-')
	two(int(month), '-')
	two(day, 'T')
	two(hour, ':')
	two(minute, ':')
	two(second, '.')
	micros := t.Nanosecond() / 1000
	for unit := 100_000; unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return append(dst, 'Z')
}

// appendJSON writes a document in one form whatever the database keeps: without white space, keys sorted. Postgres' jsonb
// has an order of keys of its own.
func appendJSON(dst []byte, f *entity.Field, stored []byte) ([]byte, error) {
	dst, err := appendCanonical(dst, stored)
	if err != nil {
		return dst, fmt.Errorf("column %s holds no JSON: %w", f.Column, err)
	}
	return dst, nil
}

// appendCursorValue appends the JSON by which a cursor remembers a value: exact, and in the database's own spelling.
func appendCursorValue(dst []byte, f *entity.Field, v *store.Value) ([]byte, error) {
	if v.Type == store.Null {
		return append(dst, "null"...), nil
	}
	switch f.Type {
	case entity.DateTime, entity.Date, entity.Boolean:
		return appendStored(dst, f, v)
	case entity.Enum:
		return appendText(dst, v)
	}
	switch v.Type {
	case store.Int:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case store.Float:
		if f.Type == entity.Decimal {
			return strconv.AppendFloat(dst, v.Float(), 'f', -1, 64), nil
		}
		return strconv.AppendFloat(dst, v.Float(), 'g', -1, 64), nil
	}
	return appendText(dst, v)
}

// cursorValue is the inverse of appendCursorValue for values that are not null: the value to bind.
func cursorValue(f *entity.Field, v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, f.Type == entity.Boolean
	case json.Number:
		switch {
		case f.Type == entity.Float, f.Type == entity.Decimal:
			x, err := filterValue(f, v)
			return x, err == nil
		case f.Type == entity.Int, f.Type == entity.BigInt, isKey(f) && f.Key == entity.IntKey:
			n, err := v.Int64()
			return n, err == nil
		}
	case string:
		switch {
		case isKey(f) && f.Key != entity.IntKey:
			return entity.ParseKey(f.Key, v)
		case f.Type == entity.Enum: // in its stored spelling
			return v, !strings.ContainsRune(v, 0)
		case f.Type == entity.String, f.Type == entity.DateTime, f.Type == entity.Date, f.Type == entity.Decimal, f.Type == entity.UUID:
			x, err := filterValue(f, v)
			return x, err == nil
		}
	}
	return nil, false
}

func isKey(f *entity.Field) bool { return f.Type == entity.ID || f.Type == entity.Ref }

// filterValue turns a coerced GraphQL value into the value to bind. The error names what is wrong with it.
func filterValue(f *entity.Field, v any) (any, error) {
	switch f.Type {
	case entity.ID, entity.Ref:
		return parseGlobalID(v, f.Target, f.ParseKey)
	case entity.Int:
		n, ok := asInt(v)
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			return nil, fmt.Errorf("must be a 32-bit integer")
		}
		return n, nil
	case entity.BigInt:
		n, ok := asInt(v)
		if s, isText := v.(string); isText {
			parsed, err := strconv.ParseInt(s, 10, 64)
			n, ok = parsed, err == nil
		}
		if !ok {
			return nil, fmt.Errorf("must be a 64-bit integer")
		}
		return n, nil
	case entity.Float:
		switch v := v.(type) {
		case float64:
			return v, nil
		case int64:
			return float64(v), nil
		case json.Number:
			x, err := v.Float64()
			if err != nil {
				return nil, fmt.Errorf("must be a finite number")
			}
			return x, nil
		}
		return nil, fmt.Errorf("must be a number")
	case entity.Boolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("must be true or false")
	case entity.Enum:
		s, _ := v.(string)
		for i := range f.Enum {
			if f.Enum[i].Name == s {
				return f.Enum[i].Stored, nil
			}
		}
		return nil, fmt.Errorf("must be a value of %s", f.GraphQL)
	case entity.DateTime:
		t, err := scalar.UnmarshalDateTime(v)
		if err != nil {
			return nil, fmt.Errorf("must be a time as in RFC 3339, such as 2026-01-31T12:00:00Z, of the years 1 to 9999")
		}
		return t, nil
	case entity.Date:
		t, err := scalar.UnmarshalDate(v)
		if err != nil {
			return nil, fmt.Errorf("must be a date such as 2026-01-31, of the years 1 to 9999")
		}
		return t, nil
	case entity.Decimal:
		s, err := scalar.UnmarshalDecimal(v)
		if err != nil {
			return nil, fmt.Errorf("must be a decimal number in a string")
		}
		return s, nil
	case entity.UUID:
		s, _ := v.(string)
		if key, ok := entity.ParseKey(entity.UUIDKey, strings.ToLower(s)); ok {
			return key, nil
		}
		return nil, fmt.Errorf("must be a UUID")
	case entity.String:
		s, ok := v.(string)
		if !ok || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
			return nil, fmt.Errorf("must be a text without NUL characters")
		}
		return s, nil
	}
	return nil, fmt.Errorf("cannot be filtered by")
}

// parseGlobalID returns the key inside a global id of the given entity, whose keys parse understands.
func parseGlobalID(v any, target string, parse func(string) (any, bool)) (any, error) {
	s, _ := v.(string)
	typeName, raw, ok := relay.ParseID(s)
	if !ok {
		return nil, fmt.Errorf("is not an id of this API")
	}
	if typeName != target {
		return nil, fmt.Errorf("is not the id of a %s", target)
	}
	k, ok := parse(raw)
	if !ok {
		return nil, fmt.Errorf("is not an id of this API")
	}
	return k, nil
}

func appendKey(dst []byte, v any) []byte {
	if n, ok := v.(int64); ok {
		return strconv.AppendInt(dst, n, 10)
	}
	return append(dst, text(v)...)
}

// normalKey makes keys of one value equal as Go values, whatever form the driver gave them.
func normalKey(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}

// storedKey is a key as a Go value.
func storedKey(v store.Value) any {
	if v.Type == store.Bytes {
		return string(v.Data)
	}
	return v.Any()
}

// storedText is a value as text. Only what is none is made one, in the space of dst.
func storedText(dst []byte, v *store.Value) []byte {
	switch v.Type {
	case store.Text, store.Bytes:
		return v.Data
	case store.Int:
		return strconv.AppendInt(dst, v.Int(), 10)
	}
	return append(dst, text(v.Any())...)
}

func storedInt(v *store.Value) (int64, bool) {
	if v.Type == store.Int {
		return v.Int(), true
	}
	return asInt(v.Any())
}

func storedTime(v *store.Value) (time.Time, error) {
	switch v.Type {
	case store.Bytes:
		if t, ok := binaryTime(v.Data); ok {
			return t, nil
		}
		return store.ParseTime(string(v.Data))
	case store.Text:
		return store.ParseTime(string(v.Data))
	}
	if t, ok := v.Any().(time.Time); ok {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("a %T is no time", v.Any())
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(v)
}

// bindText is the text by which an array carries a value.
func bindText(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.Format("2006-01-02 15:04:05.999999-07:00")
	}
	return text(v)
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case json.Number:
		n, err := v.Int64()
		return n, err == nil
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

// binaryTime reads a time as Postgres sends it: microseconds since 2000. The first byte tells it from a text as long: that of
// any year up to 75000 is no letter and no digit. What remains is infinity.
func binaryTime(b []byte) (time.Time, bool) {
	if len(b) != 8 || b[0] >= ' ' && b[0] < utf8.RuneSelf {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b)) + epoch).UTC(), true
}

// epoch is the beginning of 2000, from which Postgres counts.
const epoch = 946_684_800_000_000

// appendStoredTime appends timeLayout for a time as SQLite holds it, if it is one that we wrote: "2006-01-02 15:04:05.999999+00:00",
// without zeros at the end.
func appendStoredTime(dst, s []byte) ([]byte, bool) {
	const layout, zone = "0000-00-00 00:00:00", "+00:00"
	if len(s) < len(layout)+len(zone) || len(s) > len(layout)+7+len(zone) || string(s[len(s)-len(zone):]) != zone {
		return dst, false
	}
	for i := range layout {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (layout[i] == '0') || !digit && s[i] != layout[i] {
			return dst, false
		}
	}
	if month, day := string(s[5:7]), string(s[8:10]); month < "01" || month > "12" || day < "01" || day > "28" ||
		string(s[11:13]) > "23" || string(s[14:16]) > "59" || string(s[17:19]) > "59" {
		return dst, false // the calendar knows
	}
	fraction := s[len(layout) : len(s)-len(zone)]
	for i := range len(fraction) {
		if digit := fraction[i] >= '0' && fraction[i] <= '9'; digit != (i > 0) || !digit && fraction[i] != '.' {
			return dst, false
		}
	}
	if len(fraction) == 1 {
		return dst, false
	}
	dst = append(append(append(dst, s[:10]...), 'T'), s[11:len(layout)]...)
	dst = append(append(dst, fraction...), ".000000Z"[len(fraction):]...)
	return dst, true
}

func appendText(dst []byte, v *store.Value) ([]byte, error) {
	if v.Type == store.Text || v.Type == store.Bytes {
		return appendString(dst, v.Data), nil
	}
	return dst, fmt.Errorf("a %T is no text", v.Any())
}

const hexDigits = "0123456789abcdef"

// eight returns eight bytes as one number, which the compiler makes a single load of.
func eight[T string | []byte](s T) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plain says of eight bytes that none of them needs a look: no control character, quote, backslash or part of a longer
// character. A byte beside such a one may be taken for one, which costs the look.
func plain(x uint64) bool {
	const each, top = 0x0101010101010101, 0x8080808080808080
	return (x|(x-' '*each)|((x^'"'*each)-each)|((x^'\\'*each)-each))&top == 0
}

// appendString appends a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		for i+8 <= len(s) && plain(eight(s[i:i+8])) {
			i += 8
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			start = i
			continue
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
