package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// appendCanonical appends a JSON document in the form that encoding/json gives to what it decoded from it: without white space,
// keys sorted, of equal ones the last, each text in one spelling. The document is copied piece by piece: to decode it
// and to encode it again takes five times as long, and a piece of memory for each value in it.
func appendCanonical(dst, doc []byte) ([]byte, error) {
	if !json.Valid(doc) {
		return dst, errors.New("not valid JSON")
	}
	c := canonical{doc: doc, dst: dst}
	c.value()
	return c.dst, nil
}

// canonical walks through a document that is known to be valid.
type canonical struct {
	doc     []byte
	at      int
	dst     []byte
	members []property // of the objects that are open
	moved   []byte     // of an object whose members change places
}

// property is one of an object that is being written: its key, if that has to be decoded, and where in dst it lies.
type property struct {
	decoded         []byte
	start, key, end int // key is where the key ends
}

// name is what members are sorted by: the key without its quotes and escapes.
func (c *canonical) name(m property) []byte {
	if m.decoded != nil {
		return m.decoded
	}
	return c.dst[m.start+1 : m.key-1]
}

func (c *canonical) space() {
	for c.at < len(c.doc) && c.doc[c.at] <= ' ' {
		c.at++
	}
}

func (c *canonical) value() {
	c.space()
	switch c.doc[c.at] {
	case '{':
		c.object()
	case '[':
		c.list()
	case '"':
		c.text()
	default: // a number, true, false or null
		start := c.at
		for c.at < len(c.doc) && c.doc[c.at] > ' ' && c.doc[c.at] != ',' && c.doc[c.at] != ']' && c.doc[c.at] != '}' {
			c.at++
		}
		c.dst = append(c.dst, c.doc[start:c.at]...)
	}
}

func (c *canonical) list() {
	c.dst = append(c.dst, '[')
	c.at++
	for first := true; ; first = false {
		if c.space(); c.doc[c.at] == ']' {
			break
		}
		if !first {
			c.at++ // the comma
			c.dst = append(c.dst, ',')
		}
		c.value()
	}
	c.at++
	c.dst = append(c.dst, ']')
}

func (c *canonical) object() {
	c.dst = append(c.dst, '{')
	c.at++
	outer, start, sorted := len(c.members), len(c.dst), true
	for first := true; ; first = false {
		if c.space(); c.doc[c.at] == '}' {
			break
		}
		if !first {
			c.at++ // the comma
			c.space()
			c.dst = append(c.dst, ',')
		}
		m := property{start: len(c.dst)}
		c.text()
		m.key = len(c.dst)
		if key := c.dst[m.start:m.key]; bytes.IndexByte(key, '\\') >= 0 {
			var decoded string
			_ = json.Unmarshal(key, &decoded) // it is what was written just now
			m.decoded = []byte(decoded)
		}
		c.space()
		c.at++ // the colon
		c.dst = append(c.dst, ':')
		c.value()
		m.end = len(c.dst)
		if n := len(c.members); n > outer && sorted {
			sorted = bytes.Compare(c.name(c.members[n-1]), c.name(m)) < 0
		}
		c.members = append(c.members, m)
	}
	c.at++
	if !sorted {
		c.sort(start, c.members[outer:])
	}
	c.members = c.members[:outer]
	c.dst = append(c.dst, '}')
}

// sort puts the members of the object that begins at start in order.
func (c *canonical) sort(start int, members []property) {
	slices.SortStableFunc(members, func(a, b property) int { return bytes.Compare(c.name(a), c.name(b)) })
	c.moved = c.moved[:0]
	for i, m := range members {
		if i+1 < len(members) && bytes.Equal(c.name(m), c.name(members[i+1])) {
			continue // the last one holds
		}
		if len(c.moved) > 0 {
			c.moved = append(c.moved, ',')
		}
		c.moved = append(c.moved, c.dst[m.start:m.end]...)
	}
	c.dst = append(c.dst[:start], c.moved...)
}

// text copies a text, unless encoding/json would write it otherwise.
func (c *canonical) text() {
	start, ascii, same := c.at, true, true
	for c.at++; c.doc[c.at] != '"'; c.at++ {
		switch b := c.doc[c.at]; {
		case b == '\\':
			c.at++
			same = same && c.doc[c.at] != 'u' && c.doc[c.at] != '/'
		case b == '<' || b == '>' || b == '&':
			same = false
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	c.at++
	text := c.doc[start:c.at]
	if same && (ascii || utf8.Valid(text) && !bytes.Contains(text, []byte("\u2028")) && !bytes.Contains(text, []byte("\u2029"))) {
		c.dst = append(c.dst, text...)
		return
	}
	var decoded string
	_ = json.Unmarshal(text, &decoded) // it is valid
	again, _ := json.Marshal(decoded)  // as any text can be
	c.dst = append(c.dst, again...)
}
