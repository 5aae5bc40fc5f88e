package entity

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"
)

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
