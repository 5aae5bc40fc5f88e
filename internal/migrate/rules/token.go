package rules

import (
	"strings"
	"unicode"

	"entgo.io/ent/dialect"
)

// token of a statement.
type token struct {
	kind tokenKind
	text string // a word in lower case, a name without its quotes, a text without its own
}

type tokenKind byte

const (
	wordToken   tokenKind = 'w'
	nameToken   tokenKind = 'q' // in quotes
	textToken   tokenKind = 's'
	numberToken tokenKind = 'n'
	signToken   tokenKind = 'p'
)

// tokens splits a statement. Comments are left out.
func tokens(dialectName, s string) []token {
	var out []token
	postgres := dialectName == dialect.Postgres
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case unicode.IsSpace(rune(c)):
			i++
		case strings.HasPrefix(s[i:], "--"):
			i += until(s[i:], "\n")
		case strings.HasPrefix(s[i:], "/*"):
			i += 2 + until(s[i+2:], "*/")
		case c == '\'':
			value, n := quotedText(s[i:], '\'', false)
			out, i = append(out, token{textToken, value}), i+n
		case postgres && (c == 'e' || c == 'E') && strings.HasPrefix(s[i+1:], "'"):
			value, n := quotedText(s[i+1:], '\'', true)
			out, i = append(out, token{textToken, value}), i+1+n
		case c == '"' || c == '`' && !postgres:
			value, n := quotedText(s[i:], c, false)
			out, i = append(out, token{nameToken, value}), i+n
		case c == '[' && !postgres:
			n := until(s[i:], "]")
			out, i = append(out, token{nameToken, strings.Trim(s[i:i+n], "[]")}), i+n
		case c == '$' && postgres && dollarTag(s[i:]) != "":
			tag := dollarTag(s[i:])
			n := until(s[i+len(tag):], tag)
			out, i = append(out, token{textToken, strings.TrimSuffix(s[i+len(tag):i+len(tag)+n], tag)}), i+len(tag)+n
		case isWord(c) && (c < '0' || c > '9'):
			n := 1
			for i+n < len(s) && isWord(s[i+n]) {
				n++
			}
			out, i = append(out, token{wordToken, strings.ToLower(s[i : i+n])}), i+n
		case c >= '0' && c <= '9':
			n := 1
			for i+n < len(s) && (isWord(s[i+n]) || s[i+n] == '.') {
				n++
			}
			out, i = append(out, token{numberToken, s[i : i+n]}), i+n
		default:
			out, i = append(out, token{signToken, string(c)}), i+1
		}
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// until is the length of s up to the end of the first occurrence of a mark, or all of it.
func until(s, mark string) int {
	if i := strings.Index(s, mark); i >= 0 {
		return i + len(mark)
	}
	return len(s)
}

// quotedText reads what begins with a quote. A doubled quote is one of the text.
func quotedText(s string, quote byte, escapes bool) (value string, length int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] != quote:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == quote:
			i++
			b.WriteByte(quote)
		default:
			return b.String(), i + 1
		}
	}
	return b.String(), len(s)
}

// dollarTag is the mark $tag$ that s begins with.
func dollarTag(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] == '$' {
			return s[:i+1]
		}
		if !isWord(s[i]) || i == 1 && s[i] >= '0' && s[i] <= '9' {
			break
		}
	}
	return ""
}

// reader goes through tokens.
type reader struct {
	rest []token
}

// take goes past words, if they are next.
func (r *reader) take(words ...string) bool {
	if len(r.rest) < len(words) {
		return false
	}
	for i, w := range words {
		if t := r.rest[i]; t.kind != wordToken && t.kind != signToken || t.text != w {
			return false
		}
	}
	r.rest = r.rest[len(words):]
	return true
}

// skip goes past each of the words that is next.
func (r *reader) skip(words ...string) {
	for _, w := range words {
		r.take(w)
	}
}

// ident reads a name, of which the last part counts: public.posts is posts.
func (r *reader) ident() string {
	for {
		if len(r.rest) == 0 || r.rest[0].kind != wordToken && r.rest[0].kind != nameToken {
			return ""
		}
		id := r.rest[0].text
		r.rest = r.rest[1:]
		if !r.take(".") {
			return id
		}
	}
}

// group reads what stands in brackets, if they are next.
func (r *reader) group() []token {
	if len(r.rest) == 0 || r.rest[0].text != "(" || r.rest[0].kind != signToken {
		return nil
	}
	depth := 0
	for i, t := range r.rest {
		if t.kind != signToken {
			continue
		}
		switch t.text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			inside := r.rest[1:i]
			r.rest = r.rest[i+1:]
			return inside
		}
	}
	inside := r.rest[1:]
	r.rest = nil
	return inside
}

// commas splits at the commas outside of brackets.
func commas(list []token) [][]token {
	var out [][]token
	depth, start := 0, 0
	for i, t := range list {
		if t.kind != signToken {
			continue
		}
		switch t.text {
		case "(":
			depth++
		case ")":
			depth--
		case ",":
			if depth == 0 {
				out, start = append(out, list[start:i]), i+1
			}
		}
	}
	if start < len(list) {
		out = append(out, list[start:])
	}
	return out
}

// has says whether a word stands outside of brackets.
func has(list []token, words ...string) bool {
	depth := 0
	for i, t := range list {
		switch {
		case t.kind == signToken && t.text == "(":
			depth++
		case t.kind == signToken && t.text == ")":
			depth--
		case depth == 0 && (&reader{list[i:]}).take(words...):
			return true
		}
	}
	return false
}

// idents are the names in a list of columns. What is no plain name is empty.
func idents(list []token) []string {
	var out []string
	for _, part := range commas(list) {
		r := reader{part}
		id := r.ident()
		if len(r.rest) > 0 && r.rest[0].text == "(" {
			id = ""
		}
		out = append(out, id)
	}
	return out
}
