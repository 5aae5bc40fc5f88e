package gql

import (
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"
)

// deepest bounds how deep the JSON of a request may nest. It is far above what inputs need and far below what databases
// and recursive code can take.
const deepest = 200

// flaw says why a text is not JSON that a request may hold.
type flaw string

const (
	sound         flaw = ""
	notJSON       flaw = "must be JSON"
	notUTF8       flaw = "must be UTF-8"
	tooDeep       flaw = "nests too deep"
	holdsNUL      flaw = "must not contain NUL characters"
	loneSurrogate flaw = "must not contain half of a surrogate pair"
)

// decodeJSON reads a JSON text (RFC 8259) as encoding/json does, of equal keys the last, but in one walk, and keeps numbers as they
// were written, so that large ones lose no digits. It refuses what encoding/json would accept or repair although no
// database can store what comes out.
//
// Values come out as nil, bool, json.Number, string, []any and map[string]any. Strings without escapes, and numbers, are pieces of
// the text: who keeps one beyond the request keeps all of it.
func decodeJSON(text string) (any, flaw) {
	d := decoder{text: text}
	v := d.value()
	d.end()
	if d.flaw != sound {
		return nil, d.flaw
	}
	return v, sound
}

// decoder walks through a text. After the first flaw it is at its end.
type decoder struct {
	text  string
	at    int
	depth int
	flaw  flaw
}

func (d *decoder) fail(because flaw) {
	if d.flaw == sound {
		d.flaw = because
	}
	d.at = len(d.text)
}

// next returns the byte at which the decoder stands, 0 at the end, where it never is one of JSON.
func (d *decoder) next() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

func (d *decoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return
		}
	}
}

// take steps over c, if it stands there.
func (d *decoder) take(c byte) bool {
	if d.next() != c {
		return false
	}
	d.at++
	return true
}

func (d *decoder) value() any {
	d.space()
	switch c := d.next(); c {
	case '{':
		return d.object()
	case '[':
		return d.list()
	case '"':
		return d.string()
	case 't':
		d.word("true")
		return true
	case 'f':
		d.word("false")
		return false
	case 'n':
		d.word("null")
		return nil
	default:
		return d.number()
	}
}

func (d *decoder) word(word string) {
	if end := d.at + len(word); end <= len(d.text) && d.text[d.at:end] == word {
		d.at = end
		return
	}
	d.fail(notJSON)
}

// enter steps over an opening bracket, and says whether there is something before the closing one.
func (d *decoder) enter(closing byte) bool {
	d.at++
	if d.depth++; d.depth > deepest {
		d.fail(tooDeep)
		return false
	}
	d.space()
	if d.take(closing) {
		d.depth--
		return false
	}
	return true
}

// more steps over a comma, or over the closing bracket.
func (d *decoder) more(closing byte) bool {
	d.space()
	if d.take(',') {
		return true
	}
	if !d.take(closing) {
		d.fail(notJSON)
	}
	d.depth--
	return false
}

// end fails if there is something behind the value.
func (d *decoder) end() {
	if d.space(); d.flaw == sound && d.at < len(d.text) {
		d.fail(notJSON)
	}
}

func (d *decoder) object() map[string]any {
	fields := make(map[string]any)
	for again := d.enter('}'); again; again = d.more('}') {
		if name, ok := d.name(); ok {
			fields[name] = d.value()
		}
	}
	return fields
}

// name reads the name of a member, up to its value.
func (d *decoder) name() (name string, ok bool) {
	if d.space(); d.next() != '"' {
		d.fail(notJSON)
		return "", false
	}
	name = d.string()
	if d.space(); !d.take(':') {
		d.fail(notJSON)
		return "", false
	}
	return name, true
}

// objectOrNull reads an object that may be null.
func (d *decoder) objectOrNull() (fields map[string]any, ok bool) {
	if d.space(); d.next() == '{' {
		return d.object(), true
	}
	return nil, d.value() == nil
}

// stringOrNull reads a string that may be null.
func (d *decoder) stringOrNull() (text string, ok bool) {
	if d.space(); d.next() == '"' {
		return d.string(), true
	}
	return "", d.value() == nil
}

func (d *decoder) list() []any {
	items := []any{}
	for again := d.enter(']'); again; again = d.more(']') {
		items = append(items, d.value())
	}
	return items
}

func (d *decoder) number() json.Number {
	start := d.at
	digits := func() {
		if c := d.next(); c < '0' || c > '9' {
			d.fail(notJSON)
		}
		for c := d.next(); '0' <= c && c <= '9'; c = d.next() {
			d.at++
		}
	}
	d.take('-')
	if !d.take('0') {
		digits()
	}
	if d.take('.') {
		digits()
	}
	if d.take('e') || d.take('E') {
		if !d.take('+') {
			d.take('-')
		}
		digits()
	}
	return json.Number(d.text[start:d.at])
}

func (d *decoder) string() string {
	d.at++
	start, ascii := d.at, true
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case c == '"':
			piece := d.text[start:d.at]
			d.at++
			if !ascii && !utf8.ValidString(piece) {
				d.fail(notUTF8)
			}
			return piece
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			d.fail(notJSON)
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	d.fail(notJSON)
	return ""
}

// escaped reads a string that holds escapes, of which the decoder stands at the first.
func (d *decoder) escaped(start int) string {
	out := make([]byte, 0, 2*(d.at-start)+64)
	for d.at < len(d.text) {
		switch c := d.text[d.at]; {
		case c == '"':
			out = append(out, d.text[start:d.at]...)
			d.at++
			if !utf8.Valid(out) {
				d.fail(notUTF8)
			}
			return string(out)
		case c == '\\':
			out = append(out, d.text[start:d.at]...)
			d.at++
			out = d.escape(out)
			start = d.at
		case c < ' ':
			d.fail(notJSON)
		default:
			d.at++
		}
	}
	d.fail(notJSON)
	return ""
}

// escape reads what stands after a backslash.
func (d *decoder) escape(out []byte) []byte {
	c := d.next()
	d.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
	default:
		d.fail(notJSON)
		return out
	}
	unit, ok := hex4(d.text, d.at)
	switch {
	case !ok:
		d.fail(notJSON)
		return out
	case unit == 0:
		d.fail(holdsNUL)
		return out
	}
	d.at += 4
	r := rune(unit)
	if utf16.IsSurrogate(r) {
		low, ok := hex4(d.text, d.at+2)
		if r = utf16.DecodeRune(r, rune(low)); !ok || d.text[d.at] != '\\' || d.text[d.at+1] != 'u' || r == utf8.RuneError {
			d.fail(loneSurrogate)
			return out
		}
		d.at += 6
	}
	return utf8.AppendRune(out, r)
}
