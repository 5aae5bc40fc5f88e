package load

import (
	"fmt"
	"strings"
)

// Duplicate is the reason of a [Problem] with a value that has to be unique and is in the table already.
const Duplicate = "is there already"

// Problem is a fault of a file.
type Problem struct {
	File   string
	Line   int    // 0 if it concerns the whole file
	Column string // empty if it concerns the whole line
	Value  string
	Reason string
}

func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ", line %d", p.Line)
	}
	if p.Column != "" {
		fmt.Fprintf(&b, ", column %s", p.Column)
	}
	if p.Value != "" {
		fmt.Fprintf(&b, ", value %s", shorten(p.Value))
	}
	return b.String() + ": " + p.Reason
}

// shorten keeps messages readable if a cell holds a novel.
func shorten(value string) string {
	const most = 60 // runes
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "…"
	}
	return fmt.Sprintf("%q", value)
}
