// Package search finds rows by words: it says how a table's text is indexed on each database, cuts text into words alike for
// both, and turns what a client looks for into their query languages.
package search

import (
	"encoding/json"
	"slices"
	"strings"
)

// Definition is the search of one table.
type Definition struct {
	Table string
	// Key is the column of the primary key. Integer says that it is SQLite's own key of the row too.
	Key     string
	Integer bool
	Fields  []Field
}

// Field is a column of text in which words are looked for.
type Field struct {
	Column string `json:"column"`
	// Weight says how much it counts that a word is found there, from A, the most, to D.
	Weight string `json:"weight"`
}

// ranks are what a word adds to the rank of a row by the weight of the field in which it stands.
var ranks = map[string]int{"A": 10, "B": 4, "C": 2, "D": 1}

// IsWeight says whether a text is one of the weights.
func IsWeight(text string) bool { return ranks[text] > 0 }

// maxRunes is how much text of a row is indexed, all fields together: Postgres keeps at most a megabyte of words.
const maxRunes = 200_000

func (d *Definition) maxRunes() int { return maxRunes / len(d.Fields) }

// Name is that of the table with the index on SQLite, and of the index on Postgres as long as it fits.
func (d *Definition) Name() string { return prefix + d.Table + suffix }

// rows is the table in which SQLite finds the number of a row whose key is no integer.
func (d *Definition) rows() string { return d.Name() + "_rows" }

const (
	prefix, suffix = "entwine_", "_search"
	// Column holds the words on Postgres.
	Column = "entwine_search"
)

// weights are those of the fields, the greatest first.
func (d *Definition) weights() []string {
	var out []string
	for _, f := range d.Fields {
		if !slices.Contains(out, f.Weight) {
			out = append(out, f.Weight)
		}
	}
	slices.Sort(out)
	return out
}

// options is how a table in ent's description carries its search: as table options, which only MySQL has otherwise.
type options struct {
	Search []Field `json:"search"`
}

// Options writes fields as options of a table.
func Options(fields []Field) (string, error) {
	text, err := json.Marshal(options{fields})
	return string(text), err
}

// FromOptions reads the fields from the options of a table, none if they are about something else.
func FromOptions(text string) []Field {
	var o options
	if json.Unmarshal([]byte(text), &o) != nil {
		return nil
	}
	return o.Search
}

// Statement is one step, with what it is for.
type Statement struct{ Comment, SQL string }

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
