package entity

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Composite says whether the key of the entity has several columns. The key of a row is then the text of a JSON array of
// its values in declared order, and else an int64 or a string: something that can be compared and be the key of a map.
func (e *Entity) Composite() bool { return len(e.ID) > 1 }

// ParseKey turns the text of a key, as global ids hold it, into the key of a row. ok is false if the text is not the
// canonical text of a key of the entity.
func (e *Entity) ParseKey(text string) (key any, ok bool) {
	if !e.Composite() {
		return ParseKey(e.ID[0].Key, text)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var parts []any
	if d.Decode(&parts) != nil || len(parts) != len(e.ID) {
		return nil, false
	}
	values := make([]any, len(parts))
	for i, f := range e.ID {
		part, isText := parts[i].(string)
		if number, isNumber := parts[i].(json.Number); isNumber {
			part = number.String()
		}
		if isText == (f.Key == IntKey) {
			return nil, false
		}
		if values[i], ok = ParseKey(f.Key, part); !ok {
			return nil, false
		}
	}
	// White space and other escapes would be second names of the same row.
	return text, e.Key(values...) == text
}

// Key makes the key of a row from the values of its key columns, as the database driver gives them.
func (e *Entity) Key(values ...any) any {
	if e.Composite() {
		return CompositeKey(values...)
	}
	if b, ok := values[0].([]byte); ok {
		return string(b)
	}
	return values[0]
}

// CompositeKey makes the key of a row from the values of several columns: int64, string or []byte.
func CompositeKey(values ...any) string {
	values = slices.Clone(values)
	for i, v := range values {
		if b, ok := v.([]byte); ok {
			values[i] = string(b)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(values) // Integers and texts always have a JSON form.
	return strings.TrimSuffix(b.String(), "\n")
}

// KeyValues are the values of the key columns of a row, in the form that the drivers take.
func (e *Entity) KeyValues(key any) []any {
	if !e.Composite() {
		return []any{key}
	}
	var parts []any
	text, _ := key.(string)
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&parts) != nil || len(parts) != len(e.ID) {
		panic("entity " + e.Name + ": a key that is none: " + text)
	}
	for i := range parts {
		if number, ok := parts[i].(json.Number); ok {
			parts[i], _ = number.Int64()
		}
	}
	return parts
}

// ParseKey turns the text of a key into the value that the drivers take: int64 or string. ok is false if the text is not
// the canonical text of a key of that type.
func ParseKey(t KeyType, text string) (value any, ok bool) {
	switch t {
	case IntKey:
		n, err := strconv.ParseInt(text, 10, 64)
		// "+1" and "01" would be second names of the same row.
		if err != nil || strconv.FormatInt(n, 10) != text {
			return nil, false
		}
		return n, true
	case UUIDKey:
		if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' || strings.ToLower(text) != text {
			return nil, false
		}
		if _, err := hex.DecodeString(strings.ReplaceAll(text, "-", "")); err != nil {
			return nil, false
		}
		return text, true
	default:
		return text, text != "" && !strings.ContainsRune(text, 0) && utf8.ValidString(text)
	}
}
