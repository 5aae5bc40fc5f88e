package idempotency

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
)

// The headers of a request with a key, and of an answer that is not the first.
const (
	Header       = "Idempotency-Key"
	ReplayHeader = "Idempotent-Replayed"
)

// maxKey is the length of the longest key.
const maxKey = 255

// parseKey reads the header: a string of RFC 8941, in quotes, as the draft of the IETF asks for, or the same without quotes
// and spaces, as most clients send it.
func parseKey(values []string) (string, error) {
	if len(values) != 1 {
		return "", malformed
	}
	text := strings.Trim(values[0], " \t")
	key, ok := text, plain(text)
	if inner, quoted := strings.CutPrefix(text, `"`); quoted {
		key, ok = unquote(inner)
	}
	if !ok || key == "" || len(key) > maxKey {
		return "", malformed
	}
	return key, nil
}

var malformed = apierr.New(apierr.BadUserInput,
	"The Idempotency-Key must be one text of 1 to %d printable ASCII characters, such as a UUID.", maxKey)

// plain says whether a key needs no quotes.
func plain(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`"\,;`, c) })
}

// unquote reads the rest of a quoted string, which must end with its quote.
func unquote(text string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), i == len(text)-1
		case c == '\\':
			if i++; i == len(text) || text[i] != '"' && text[i] != '\\' {
				return "", false
			}
			b.WriteByte(text[i])
		case c < ' ' || c > '~':
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// id is what a key is stored by: the sum of the viewer who sent it, and itself. Users are told apart by their id, services
// that have none by their roles, both within their tenant.
type id [sha256.Size]byte

func identify(v access.Viewer, key string) id {
	parts := []string{"user", v.UserID}
	switch {
	case v.System:
		parts = []string{"system"}
	case v.UserID == "":
		parts = append([]string{"roles"}, slices.Sorted(slices.Values(v.Roles))...)
	}
	var b []byte
	for _, part := range append(parts, v.Tenant, key) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // they come in headers
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// Request is what has to be the same in a repeat.
type Request struct {
	Query, OperationName  string
	Variables, Extensions map[string]any
}

// sum is the same for two requests whose JSON differs only in spaces and in the order of keys.
func (r Request) sum() ([sha256.Size]byte, error) {
	text, err := json.Marshal(r) // maps are written in the order of their keys
	return sha256.Sum256(text), err
}
