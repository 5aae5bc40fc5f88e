package search

import (
	"fmt"
	"strings"
	"unicode"
)

// Query is what a client looks for: rows in which each of the terms occurs, and none of the excluded ones.
type Query struct {
	Terms, Excluded []Term
}

// Term is a word, or several that follow each other.
type Term struct {
	Words []string
	// Prefix says that the last word may go on.
	Prefix bool
}

// The bounds of a query. Each term is looked for in the fields of each weight.
const (
	MaxRunes = 500
	MaxTerms = 16
)

// TooLongError says that a query is beyond a bound.
type TooLongError struct {
	Limit int
	What  string
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("search must not hold more than %d %s.", e.Limit, e.What)
}

// Parse reads what a client looks for. Terms are words or, in quotes, phrases, a minus before them excludes, a star after them
// stands for any ending, and nothing else has a meaning: no text is wrong. What holds no letter and no digit is no term.
func Parse(text string) (*Query, error) {
	runes := []rune(text)
	if len(runes) > MaxRunes {
		return nil, &TooLongError{MaxRunes, "characters"}
	}
	q := &Query{}
	for i := 0; i < len(runes); {
		if unicode.IsSpace(runes[i]) {
			i++
			continue
		}
		excluded := runes[i] == '-'
		if excluded {
			i++
		}
		end := i
		var term Term
		if i < len(runes) && runes[i] == '"' {
			for end = i + 1; end < len(runes) && runes[end] != '"'; end++ {
			}
			term.Words = words(string(runes[i+1 : end]))
			end = min(end+1, len(runes))
		} else {
			for end < len(runes) && !unicode.IsSpace(runes[end]) && runes[end] != '"' {
				end++
			}
			word := string(runes[i:end])
			term.Words, term.Prefix = words(word), strings.HasSuffix(word, "*")
		}
		if end < len(runes) && runes[end] == '*' {
			term.Prefix, end = true, end+1
		}
		if i = end; len(term.Words) == 0 {
			continue
		}
		if excluded {
			q.Excluded = append(q.Excluded, term)
		} else {
			q.Terms = append(q.Terms, term)
		}
	}
	if len(q.Terms)+len(q.Excluded) > MaxTerms {
		return nil, &TooLongError{MaxTerms, "words and phrases"}
	}
	return q, nil
}

// String is the query in its plainest form. Queries that find and rank the same have one form.
func (q *Query) String() string {
	var parts []string
	for _, t := range q.Terms {
		parts = append(parts, t.String())
	}
	for _, t := range q.Excluded {
		parts = append(parts, "-"+t.String())
	}
	return strings.Join(parts, " ")
}

func (t Term) String() string {
	text := `"` + strings.Join(t.Words, " ") + `"`
	if t.Prefix {
		text += "*"
	}
	return text
}

// rank is one figure of the rank: a term in the fields of a weight.
type rank struct {
	weight string
	term   Term
}

// figures are what the rank of a row is the sum of. Where all fields have one weight the rows that are found have one rank: each
// term stands in one of them.
func (d *Definition) figures(q *Query) []rank {
	if len(d.weights()) == 1 {
		return nil
	}
	var out []rank
	for _, t := range q.Terms {
		for _, w := range d.weights() {
			out = append(out, rank{w, t})
		}
	}
	return out
}
