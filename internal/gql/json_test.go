package gql

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"
)

// theirs decodes as encoding/json does.
func theirs(text []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return nil, false
	}
	_, err := dec.Token()
	return v, err == io.EOF
}

// checkJSON compares what is decoded with what encoding/json decodes. What is refused is refused there, too, or for the reason that is
// given.
func checkJSON(t interface{ Fatalf(string, ...any) }, text []byte) {
	v, flaw := decodeJSON(string(text))
	want, ok := theirs(text)
	switch {
	case flaw == sound && (!ok || !reflect.DeepEqual(v, want)):
		t.Fatalf("%q is decoded to %#v, and to %#v, %v by encoding/json", text, v, want, ok)
	case flaw == notJSON && ok && utf8.Valid(text):
		t.Fatalf("%q is JSON", text)
	case flaw == notUTF8 && utf8.Valid(text):
		t.Fatalf("%q is UTF-8", text)
	case flaw == tooDeep && bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) <= deepest:
		t.Fatalf("%q is not deep", text)
	case flaw == holdsNUL && !bytes.Contains(text, []byte(`\u0000`)):
		t.Fatalf("%q has no NUL", text)
	case flaw == loneSurrogate && !bytes.Contains(bytes.ToLower(text), []byte(`\ud`)):
		t.Fatalf("%q has no surrogate", text)
	}
	checkParams(t, text, v, flaw)
}

// checkParams compares the parameters of a request with the same text decoded to v.
func checkParams(t interface{ Fatalf(string, ...any) }, text []byte, v any, flaw flaw) {
	params, because := decodeParams(bytes.Clone(text))
	fields, isObject := v.(map[string]any)
	typed := func(name string, zero any) bool {
		return fields[name] == nil || reflect.TypeOf(fields[name]) == reflect.TypeOf(zero)
	}
	want := ""
	switch {
	case flaw == notJSON, flaw == sound && !isObject:
		want = "The request's body must be a JSON object."
	case flaw != sound:
		want = "The request's body " + string(flaw) + "."
	case !typed("query", ""):
		want = "query must be a string."
	case !typed("operationName", ""):
		want = "operationName must be a string."
	case !typed("variables", fields):
		want = "variables must be a JSON object."
	case !typed("extensions", fields):
		want = "extensions must be a JSON object."
	}
	if because != want {
		t.Fatalf("%q: %q, want %q", text, because, want)
	}
	if params == nil {
		return
	}
	wanted := graphql.RawParams{}
	wanted.Query, _ = fields["query"].(string)
	wanted.OperationName, _ = fields["operationName"].(string)
	wanted.Variables, _ = fields["variables"].(map[string]any)
	wanted.Extensions, _ = fields["extensions"].(map[string]any)
	if !reflect.DeepEqual(*params, wanted) {
		t.Fatalf("%q: %+v, want %+v", text, params, wanted)
	}
}

func TestDecodeJSON(t *testing.T) {
	for text, want := range map[string]flaw{
		`{"a":[1,-0.5e+3,true,false,null,"x\n\"\\\/\b\f\r\t\u00e9\ud83d\ude00é"],"a":{}}`:                    sound,
		`{"query":1,"query":"{a}","variables":{"a":1},"variables":null,"other":{"query":1},"extensions":{}}`: sound,
		" \t\r\n[ ] ": sound, `0`: sound, `1E5`: sound, `"` + "\u007f" + `"`: sound,
		``: notJSON, `01`: notJSON, `+1`: notJSON, `1.`: notJSON, `.5`: notJSON, `1e`: notJSON, `-`: notJSON, `tru`: notJSON, `nulll`: notJSON,
		`[1,]`: notJSON, `[,1]`: notJSON, `{"a":1,}`: notJSON, `{a:1}`: notJSON, `{"a"}`: notJSON, `{"a" 1}`: notJSON, `[1 2]`: notJSON, `[`: notJSON,
		`{} {}`: notJSON, `"\x"`: notJSON, `"\u12"`: notJSON, "\"\n\"": notJSON, `"abc`: notJSON, `"abc\`: notJSON, "\x00": notJSON, "[\x00]": notJSON,
		"\"\xff\"": notUTF8, "\"\\n\xc3\"": notUTF8,
		`"\u0000"`: holdsNUL, `{"\u0000":1}`: holdsNUL,
		`"\ud800"`: loneSurrogate, `"\udc00"`: loneSurrogate, `"\ud800\ud800"`: loneSurrogate, `"\ud800x"`: loneSurrogate, `"\uD83D\u00e9"`: loneSurrogate,
		strings.Repeat("[", 200) + strings.Repeat("]", 200): sound,
		strings.Repeat("[", 201) + strings.Repeat("]", 201): tooDeep,
		strings.Repeat(`{"a":`, 100_000):                    tooDeep,
		strings.Repeat("[],", 300):                          notJSON,
		"[" + strings.Repeat("[[]],", 300) + "1]":           sound,
	} {
		if _, got := decodeJSON(text); got != want {
			t.Errorf("%.60q: %q, want %q", text, got, want)
		}
		checkJSON(t, []byte(text))
	}
}

func TestDecodedAsByEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{`{`, `}`, `[`, `]`, `,`, `:`, ` `, `"a"`, `"b":`, `true`, `null`, `1`, `-2.5`, `"`, `\`, `\ud83d`, `\ude00`, `\u0041`, `{"k":[`, `]}`}),
			rapid.String(),
		), 0, 12).Draw(t, "tokens")
		checkJSON(t, []byte(strings.Join(tokens, "")))
		// And what is JSON.
		var value func(depth int) any
		value = func(depth int) any {
			switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
			case kind == 0 && depth < 4:
				return rapid.SliceOfN(rapid.Custom(func(*rapid.T) any { return value(depth + 1) }), 0, 3).Draw(t, "list")
			case kind == 1 && depth < 4:
				object := make(map[string]any)
				for range rapid.IntRange(0, 3).Draw(t, "fields") {
					key := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"query", "operationName", "variables", "extensions"}))
					object[key.Draw(t, "key")] = value(depth + 1)
				}
				return object
			case kind == 2:
				return rapid.Float64Range(-1e300, 1e300).Draw(t, "number")
			case kind == 3:
				return rapid.Bool().Draw(t, "bool")
			}
			return rapid.String().Draw(t, "text")
		}
		text, err := json.Marshal(value(0))
		if err != nil {
			t.Fatal(err)
		}
		checkJSON(t, text)
		if _, flaw := decodeJSON(string(text)); flaw == notJSON || flaw == notUTF8 || flaw == loneSurrogate {
			t.Fatalf("%q: %s", text, flaw)
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"query":"{a}","variables":{"x":[1,2.5e-3,"\u00e9\ud83d\ude00",null,true]}}`))
	f.Fuzz(func(t *testing.T, text []byte) { checkJSON(t, text) })
}
