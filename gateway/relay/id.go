// Package relay holds what the Relay specifications ask for: global object ids and connection cursors.
package relay

import (
	"encoding/base64"
	"strings"
)

// ID returns the global id of a row, encoded as graphql-relay's toGlobalId does: base64 of "Post:42".
// For composite keys, key is the JSON array of the key columns in declared order.
func ID(typeName, key string) string {
	return base64.StdEncoding.EncodeToString([]byte(typeName + ":" + key))
}

// AppendID appends [ID] to dst.
func AppendID(dst []byte, typeName string, key []byte) []byte {
	var buf [64]byte
	src := append(append(append(buf[:0], typeName...), ':'), key...)
	return base64.StdEncoding.AppendEncode(dst, src)
}

var strict = base64.StdEncoding.Strict()

// ParseID is the inverse of [ID]. ok is false if the text is not a global id in its one canonical form.
func ParseID(id string) (typeName, key string, ok bool) {
	if len(id) > 1024 {
		return "", "", false
	}
	var space [128]byte
	raw, err := strict.AppendDecode(space[:0], []byte(id))
	if err != nil || strings.ContainsAny(id, "\r\n") {
		return "", "", false
	}
	typeName, key, ok = strings.Cut(string(raw), ":")
	return typeName, key, ok && typeName != "" && key != ""
}
