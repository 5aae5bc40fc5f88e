package relay

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
)

// cursorVersion changes when the meaning of a cursor changes, so that old cursors are refused rather than misread.
const cursorVersion = "1"

// maxCursor bounds what is decoded. A cursor holds the values of the ordered columns, which may be long texts.
const maxCursor = 256 << 10

// AppendCursor appends the cursor of a row to dst. Scope names the list's entity and order; values are the row's values
// of that order, the key last, as comma-separated JSON.
//
// A cursor is the base64url of the JSON array ["1", checksum, values…]. The checksum covers scope and values: a cursor
// that was made for another list or order, or changed on its way, is refused by [ParseCursor].
func AppendCursor(dst []byte, scope string, values []byte) []byte {
	var small [128]byte
	raw := fmt.Appendf(small[:0], `["%s","%08x",`, cursorVersion, checksum(scope, values))
	raw = append(append(raw, values...), ']')
	return base64.RawURLEncoding.AppendEncode(dst, raw)
}

// ParseCursor returns the n values of a cursor that [AppendCursor] made for the same scope. ok is false for anything else.
// Numbers are json.Number.
func ParseCursor(cursor, scope string, n int) (values []any, ok bool) {
	if len(cursor) > maxCursor {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return nil, false
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) != n+2 || string(parts[0]) != `"`+cursorVersion+`"` {
		return nil, false
	}
	sum := fmt.Sprintf(`"%08x"`, checksum(scope, bytes.Join(asBytes(parts[2:]), []byte(","))))
	if string(parts[1]) != sum {
		return nil, false
	}
	values = make([]any, n)
	for i, p := range parts[2:] {
		d := json.NewDecoder(bytes.NewReader(p))
		d.UseNumber()
		if d.Decode(&values[i]) != nil {
			return nil, false
		}
	}
	return values, true
}

func asBytes(parts []json.RawMessage) [][]byte {
	out := make([][]byte, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

// checksum is FNV-1a over scope, a zero byte and the values. It guards against mistakes, not against forgery: a forged
// cursor can name another position of a list that its sender may read anyway, and nothing else.
func checksum(scope string, values []byte) uint32 {
	h := fnv.New32a()
	h.Write([]byte(scope))
	h.Write([]byte{0})
	h.Write(values)
	return h.Sum32()
}
