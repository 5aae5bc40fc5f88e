package search

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Words are runs of letters and decimal digits, in lower case, Latin ones without their accents. SQLite's tokenizer, the
// expression on Postgres and this function agree on that for every character; see words_test.go.

// folded are the letters that are alike in lower case and still written in two ways.
var folded = map[rune]rune{
	'µ': 'μ', 'ſ': 's', 'ς': 'σ', 'ϐ': 'β', 'ϑ': 'θ', 'ϕ': 'φ', 'ϖ': 'π', 'ϰ': 'κ', 'ϱ': 'ρ', 'ϵ': 'ε', 'ẛ': 'ṡ',
}

// accents are those that SQLite's tokenizer takes away.
const accents = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331"

// words cuts text into words.
func words(text string) []string {
	text = strings.Map(func(r rune) rune {
		if to, ok := folded[r]; ok {
			return to
		}
		return r
	}, strings.ToLower(text))
	var b strings.Builder
	latin := false
	for _, r := range norm.NFD.String(text) {
		if latin && strings.ContainsRune(accents, r) {
			continue
		}
		latin = r >= 'a' && r <= 'z'
		b.WriteRune(r)
	}
	return strings.FieldsFunc(norm.NFC.String(b.String()), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.Is(unicode.Nd, r)
	})
}
