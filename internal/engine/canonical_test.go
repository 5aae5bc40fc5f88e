package engine

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// decoded is the form as encoding/json makes it.
func decoded(doc []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// The form is that of encoding/json, byte by byte, of whatever is valid; and what is not is refused.
func FuzzCanonical(f *testing.F) {
	for _, doc := range []string{
		`null`, ` true `, `-0.10e+05`, `123456789012345678901234567890.5`, `""`, `[]`, `{}`, `[ ]`, `{ }`, "\t[1 ,\r\n2]",
		`{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"b":{"d":1,"c":[{"y":0,"x":[]}]},"a":{"f":1,"e":2},"b":{"d":0}}`, `{"aa":1,"b":2,"":3}`,
		`"\/\u0041\ud83d\ude00\ud800\b\f\n\r\t\"\\<>&` + "\u2028 ä 😀\x7f" + `"`, `{"\u0062":1,"a\"":2,"a!":3,"a":4,"<":5}`, `{"ä":1,"z":2,"é":3}`,
		"\"\xff\"", "{\"\xff\":1,\"\xfe\":2}", `{"a":1}x`, `{"a"}`, `[1,]`, `01`, ``, ` `, `{"a":1`, `"a`, "\"\n\"", `nul`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := appendCanonical([]byte("before"), doc)
		if err != nil {
			if json.Valid(doc) {
				t.Fatalf("%q: %v", doc, err)
			}
			return
		}
		want, err := decoded(doc)
		if err != nil {
			t.Fatalf("%q is %s, which it is not: %v", doc, got, err)
		}
		if string(got) != "before"+string(want) {
			t.Errorf("%q becomes\n%s instead of\n%s", doc, got, want)
		}
	})
}

// document is one of a megabyte as Postgres keeps it: shorter keys first, with white space.
func document() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	var lines []map[string]any
	for range 15_000 {
		lines = append(lines, map[string]any{"name": random.Uint64(), "value": random.IntN(1000), "id": 1, "done": true})
	}
	text, err := json.Marshal(lines)
	if err != nil {
		panic(err)
	}
	return []byte(strings.NewReplacer(`"done":true,"id":1,`, `"id": 1, "done": true, `).Replace(string(text)))
}

func BenchmarkCanonical(b *testing.B) {
	doc := document()
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		var err error
		if dst, err = appendCanonical(dst[:0], doc); err != nil {
			b.Fatal(err)
		}
	}
}
