package demo

import (
	_ "embed"
	"strings"
)

//go:embed words.txt
var wordList string

var words = strings.Fields(wordList)

func (s source) word(draw uint64) string { return words[s.below(draw, len(words))] }

// phrase returns n words, using as many draws.
func (s source) phrase(first uint64, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s.word(first + uint64(i)))
	}
	return b.String()
}

// prose returns n words in sentences.
func (s source) prose(n int) string {
	const first, sentence = 64, 12 // the purpose of the first word, and words
	var b strings.Builder
	for i := 0; i < n; i += sentence {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(capital(s.phrase(first+uint64(i), min(sentence, n-i))))
		b.WriteByte('.')
	}
	return b.String()
}

// capital makes the first letter a capital one. The words are ASCII.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
