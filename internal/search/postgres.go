package search

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// On Postgres the words of a row stand in a column that is generated from the fields, so that no way of writing misses it.

// postgresCreate makes the column, which is filled for the rows that are there, and its index. A comment keeps what the column was
// made from.
func (d *Definition) postgresCreate() []Statement {
	var parts []string
	for _, f := range d.Fields {
		words := normalized(quote(f.Column), d.maxRunes())
		parts = append(parts, fmt.Sprintf("setweight(to_tsvector('pg_catalog.simple', COALESCE(%s, '')), '%s')", words, f.Weight))
	}
	// What stands between the fields is no word, so that no phrase goes from one to the next.
	expression := strings.Join(parts, "\n    || '''|'':1'::tsvector || ")
	table := quote(d.Table)
	return []Statement{
		{
			fmt.Sprintf("Make the words of %q searchable, those of the rows that are there too", d.Table),
			"ALTER TABLE " + table + " ADD COLUMN " + quote(Column) + " tsvector NOT NULL GENERATED ALWAYS AS (\n    " + expression + "\n  ) STORED",
		},
		{SQL: "CREATE INDEX " + quote(shortened(d.Name())) + " ON " + table + " USING gin (" + quote(Column) + ")"},
		{SQL: "COMMENT ON COLUMN " + table + "." + quote(Column) + " IS " + literal(d.summary())},
	}
}

func (d *Definition) postgresDrop() []Statement {
	return []Statement{{
		fmt.Sprintf("Drop the index of the words of %q", d.Table),
		"ALTER TABLE " + quote(d.Table) + " DROP COLUMN IF EXISTS " + quote(Column),
	}}
}

// summary says what is searched. The number is that of the way in which text becomes words: who changes it makes all
// indexes anew.
func (d *Definition) summary() string {
	parts := []string{"words 1"}
	for _, f := range d.Fields {
		parts = append(parts, f.Column+" "+f.Weight)
	}
	return strings.Join(parts, ", ")
}

// postgresFound finds what is searched on a database: for each table what [Definition.Found] is compared with.
const postgresFound = `SELECT c.relname, COALESCE(col_description(c.oid, a.attnum), '') || CASE WHEN EXISTS (
		SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND a.attnum = ANY (i.indkey)
	) THEN '' ELSE ', without an index' END
	FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
	WHERE a.attname = '` + Column + `' AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(c.oid)`

// shortened is a name as Postgres takes it whole. No two tables have indexes of one name, since a table's own stands in it.
func shortened(name string) string {
	const most = 63
	if len(name) <= most {
		return name
	}
	return fmt.Sprintf("%s_%08x", strings.ToValidUTF8(name[:most-9], ""), checksum(name))
}

// normalized is an expression for the words of a text, with one space between them. See words.go.
func normalized(expression string, runes int) string {
	var from, to []rune
	for _, r := range slices.Sorted(maps.Keys(folded)) {
		from, to = append(from, r), append(to, folded[r])
	}
	lower := fmt.Sprintf(`lower("left"(%s, %d) COLLATE "und-x-icu")`, expression, runes)
	plain := fmt.Sprintf(`normalize(translate(%s, %s, %s), NFD)`, lower, literal(string(from)), literal(string(to)))
	plain = fmt.Sprintf(`normalize(regexp_replace(%s, '([a-z])[%s]+', '\1', 'g'), NFC)`, plain, escaped(accents))
	// To most texts, which are ASCII, none of this does anything, and it takes most of the time.
	plain = fmt.Sprintf(`CASE WHEN octet_length(%[1]s) = length(%[1]s) THEN %[2]s ELSE %[3]s END`, expression, lower, plain)
	return fmt.Sprintf(`regexp_replace(%s, '[^[:alnum:]]+', ' ', 'g')`, plain)
}

// escaped writes characters as regular expressions have them, since editors may change accents that stand alone.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}
