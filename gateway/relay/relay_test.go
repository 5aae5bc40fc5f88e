package relay_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/relay"
)

func TestIDs(t *testing.T) {
	if id := relay.ID("Post", "42"); id != "UG9zdDo0Mg==" {
		t.Errorf("not the id that graphql-relay makes: %s", id)
	}
	rapid.Check(t, func(t *rapid.T) {
		typeName := rapid.StringMatching(`[A-Z][A-Za-z0-9_]{0,30}`).Draw(t, "type")
		key := rapid.StringN(1, 100, 400).Draw(t, "key")
		id := relay.ID(typeName, key)
		if appended := relay.AppendID([]byte("x"), typeName, []byte(key)); string(appended) != "x"+id {
			t.Fatalf("AppendID gives %s, ID %s", appended, id)
		}
		gotType, gotKey, ok := relay.ParseID(id)
		if !ok || gotType != typeName || gotKey != key {
			t.Fatalf("%s means %q %q %v", id, gotType, gotKey, ok)
		}
	})
}

// TestIDsHaveOneName makes sure that no two texts are ids of the same row.
func TestIDsHaveOneName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[A-Za-z0-9+/_=\r\n -]{0,24}`),
			rapid.Map(rapid.StringMatching(`[A-Z][a-z]*:[0-9]{1,5}`), func(s string) string {
				typeName, key, _ := strings.Cut(s, ":")
				return relay.ID(typeName, key)
			}),
			rapid.String(),
		).Draw(t, "text")
		if rapid.Bool().Draw(t, "changed") && text != "" {
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			text = text[:at] + rapid.SampledFrom([]string{"", "=", "\n", "A", "_"}).Draw(t, "put") + text[at+1:]
		}
		if typeName, key, ok := relay.ParseID(text); ok && relay.ID(typeName, key) != text {
			t.Fatalf("%q is another name of %q", text, relay.ID(typeName, key))
		}
	})
	for _, text := range []string{"", "=", relay.ID("", "1"), relay.ID("Post", ""), relay.ID("Post", strings.Repeat("x", 2000))} {
		if _, _, ok := relay.ParseID(text); ok {
			t.Errorf("%q is no id", text)
		}
	}
}

// values draws the values of a cursor, and the JSON that holds them.
func values(t *rapid.T) ([]any, []byte) {
	vs := rapid.SliceOfN(rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), toAny), rapid.Map(rapid.String(), toAny),
		rapid.Map(rapid.Int64(), func(n int64) any { b, _ := json.Marshal(n); return json.Number(b) }),
	), 1, 5).Draw(t, "values")
	parts := make([][]byte, len(vs))
	for i, v := range vs {
		parts[i], _ = json.Marshal(v)
		if s, ok := v.(string); ok {
			// Bytes that are not UTF-8 do not survive JSON, and never come from a database.
			vs[i] = strings.ToValidUTF8(s, "\ufffd")
			parts[i], _ = json.Marshal(vs[i])
		}
	}
	return vs, bytes.Join(parts, []byte(","))
}

func toAny[T any](v T) any { return v }

func TestCursors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, raw := values(t)
		scope := rapid.String().Draw(t, "scope")
		cursor := string(relay.AppendCursor(nil, scope, raw))
		got, ok := relay.ParseCursor(cursor, scope, len(want))
		if !ok || !slices.Equal(got, want) {
			t.Fatalf("%s means %v %v, not %v", cursor, got, ok, want)
		}
		if _, ok := relay.ParseCursor(cursor, scope, len(want)+1); ok {
			t.Fatal("accepted with another number of values")
		}
		if other := rapid.String().Draw(t, "other scope"); other != scope {
			if _, ok := relay.ParseCursor(cursor, other, len(want)); ok {
				t.Fatalf("accepted in the scope %q", other)
			}
		}
	})
}

func TestChangedCursors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, raw := values(t)
		cursor := relay.AppendCursor(nil, "Post id", raw)
		at := rapid.IntRange(0, len(cursor)-1).Draw(t, "at")
		changed := slices.Clone(cursor)
		changed[at] = rapid.Byte().Draw(t, "to")
		if bytes.Equal(changed, cursor) {
			return
		}
		if got, ok := relay.ParseCursor(string(changed), "Post id", len(want)); ok {
			t.Fatalf("%s was changed to %s and means %v", cursor, changed, got)
		}
	})
	for _, cursor := range []string{"", "=", "W10", "bnVsbA", strings.Repeat("A", 300<<10)} {
		if _, ok := relay.ParseCursor(cursor, "Post id", 0); ok {
			t.Errorf("%.20q is no cursor", cursor)
		}
	}
}

// Whatever is sent as a cursor is refused or has its values, and is not stumbled over.
func FuzzParseCursor(f *testing.F) {
	whole := string(relay.AppendCursor(nil, "Post.CREATED_AT", []byte(`"2026-01-31T12:00:00.000000Z",7`)))
	for i := range len(whole) + 1 {
		f.Add(whole[:i])
	}
	for _, raw := range []string{"", "[", `["1","00000000",`, `["1","00000000",]`, `["1","00000000"]`, `["2","00000000",1,2]`} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(raw)))
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		values, ok := relay.ParseCursor(cursor, "Post.CREATED_AT", 2)
		if ok != (len(values) == 2) || cursor == whole && !ok {
			t.Errorf("%q: %v, %v", cursor, values, ok)
		}
	})
}
