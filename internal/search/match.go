package search

import (
	"strconv"
	"strings"
)

// Writer is what conditions are written to.
type Writer interface {
	WriteSQL(text string)
	WriteColumn(alias, column string)
	WriteArg(value any)
}

// Match writes that the row under alias is one that the query finds.
func (d *Definition) Match(w Writer, postgres bool, q *Query, alias string) {
	switch {
	case len(q.Terms)+len(q.Excluded) == 0:
		w.WriteSQL("1=1")
	case postgres:
		var parts []string
		for _, t := range q.Terms {
			parts = append(parts, t.tsquery(""))
		}
		for _, t := range q.Excluded {
			parts = append(parts, "!("+t.tsquery("")+")")
		}
		d.matchPostgres(w, alias, strings.Join(parts, " & "))
	default:
		if len(q.Terms) > 0 {
			d.matchSQLite(w, alias, "", join(q.Terms, " AND "))
		}
		if len(q.Excluded) > 0 {
			if len(q.Terms) > 0 {
				w.WriteSQL(" AND ")
			}
			d.matchSQLite(w, alias, "NOT ", join(q.Excluded, " OR "))
		}
	}
}

// Rank writes the rank of the row under alias, the best first: the weights of the fields in which a term of the query
// occurs, of all terms together, below zero. It depends on the row alone, so that a cursor holds whatever is
// written beside it.
func (d *Definition) Rank(w Writer, postgres bool, q *Query, alias string) {
	w.WriteSQL("(0 - 0") // an ORDER BY takes a number alone for a column's position
	for _, r := range d.figures(q) {
		w.WriteSQL(" - CASE WHEN ")
		if postgres {
			d.matchPostgres(w, alias, r.term.tsquery(r.weight))
		} else {
			d.matchSQLite(w, alias, "", d.columnsOf(r.weight)+" : "+r.term.fts())
		}
		w.WriteSQL(" THEN " + strconv.Itoa(ranks[r.weight]) + " ELSE 0 END")
	}
	w.WriteSQL(")")
}

func (d *Definition) matchPostgres(w Writer, alias, query string) {
	w.WriteColumn(alias, Column)
	w.WriteSQL(" @@ ")
	w.WriteArg(query)
	w.WriteSQL("::tsquery")
}

func (d *Definition) matchSQLite(w Writer, alias, not, query string) {
	w.WriteColumn(alias, d.Key)
	w.WriteSQL(" " + not + "IN (SELECT ")
	name := quote(d.Name())
	if d.Integer {
		w.WriteSQL("rowid FROM " + name + " WHERE " + name + " MATCH ")
	} else {
		w.WriteSQL("r.key FROM " + name + " f JOIN " + quote(d.rows()) + " r ON r.doc = f.rowid WHERE f." + name + " MATCH ")
	}
	w.WriteArg(query)
	w.WriteSQL(")")
}

// columnsOf are the columns of FTS5's table for the fields of a weight.
func (d *Definition) columnsOf(weight string) string {
	var names []string
	for i, f := range d.Fields {
		if f.Weight == weight {
			names = append(names, d.column(i))
		}
	}
	return "{" + strings.Join(names, " ") + "}"
}

// tsquery is the term for Postgres, in fields of a weight or, without one, in all. Words hold nothing but letters and digits.
func (t Term) tsquery(weight string) string {
	parts := make([]string, len(t.Words))
	for i, word := range t.Words {
		flags := weight
		if t.Prefix && i == len(t.Words)-1 {
			flags = "*" + flags
		}
		if parts[i] = "'" + word + "'"; flags != "" {
			parts[i] += ":" + flags
		}
	}
	return strings.Join(parts, " <-> ")
}

// fts is the term for FTS5.
func (t Term) fts() string {
	text := `"` + strings.Join(t.Words, " ") + `"`
	if t.Prefix {
		text += " *"
	}
	return text
}

func join(terms []Term, operator string) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = t.fts()
	}
	return strings.Join(parts, operator)
}
