package relay

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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
	raw := append(small[:0], `["`+cursorVersion+`",`...)
	raw = append(appendChecksum(raw, checksum(scope, values)), ',')
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
	const start, sum = `["` + cursorVersion + `",`, `"00000000",`
	if len(raw) <= len(start)+len(sum) || raw[len(raw)-1] != ']' {
		return nil, false
	}
	list := raw[len(start)+len(sum) : len(raw)-1]
	if string(raw[:len(raw)-1-len(list)]) != string(append(appendChecksum([]byte(start), checksum(scope, list)), ',')) {
		return nil, false
	}
	array := append(append(append(make([]byte, 0, len(list)+2), '['), list...), ']')
	d := json.NewDecoder(bytes.NewReader(array))
	d.UseNumber()
	if d.Decode(&values) != nil || int(d.InputOffset()) != len(array) || len(values) != n {
		return nil, false
	}
	return values, true
}

func appendChecksum(dst []byte, sum uint32) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, digits[sum>>shift&15])
	}
	return append(dst, '"')
}

// checksum is FNV-1a over scope, a zero byte and the values. It guards against mistakes, not against forgery: a forged
// cursor can name another position of a list that its sender may read anyway, and nothing else.
func checksum(scope string, values []byte) uint32 {
	const start, prime = 2166136261, 16777619
	sum := uint32(start)
	for i := range len(scope) {
		sum = (sum ^ uint32(scope[i])) * prime
	}
	sum *= prime
	for _, b := range values {
		sum = (sum ^ uint32(b)) * prime
	}
	return sum
}
