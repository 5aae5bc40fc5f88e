// Package rules finds in migrations what would hurt on a database that is full and in use. It reads SQL and needs no database:
// the tables before a statement are those that the statements before it have made.
package rules

import (
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
)

// Severity of a finding.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // data is lost, the file fails on rows that are there, or the running version breaks
	Warning Severity = "warning" // it may, or everybody waits for as long as a large table takes
	Note    Severity = "note"    // good to know
)

// Rule is one thing not to do to a database in use.
type Rule struct {
	Name     string
	Severity Severity
	// Dialect is the only one that it is for, or empty.
	Dialect string
	// Reason is a sentence.
	Reason string
	// Safer is how to do it instead. {table}, {column}, {type}, {name}, {unique} and {using} stand for what was found.
	Safer string

	check func(f *scan, o *op) *match
}

// match is what a rule has found in an operation.
type match struct {
	what                      string // "drops the column posts.title"
	table, column, typ, label string
	unique                    bool
	method                    string // of an index
	safer                     string // in place of the rule's
}

// All returns the rules, in the order in which they are explained.
func All() []Rule {
	return []Rule{
		dropTable, dropColumn, renameTable, renameColumn, narrowType, rewriteTable, requiredColumn, dropDefault, setNotNull,
		uniqueOnRows, blockingIndex, dropIndexRule, concurrentlyInTransaction, foreignKeyAtOnce, checkAtOnce, validateAtOnce, lockTimeout,
		sqliteRebuild, deleteAll, updateAll, longTransaction, cascade, allow,
	}
}

// Named returns a rule by its name.
func Named(name string) (Rule, bool) {
	for _, r := range All() {
		if r.Name == name {
			return r, true
		}
	}
	return Rule{}, false
}

// Explain is the rule in a few lines, with an example of the safer way.
func (r Rule) Explain() string {
	on := ""
	if r.Dialect != "" {
		on = ", on " + map[string]string{dialect.Postgres: "Postgres", dialect.SQLite: "SQLite"}[r.Dialect] + " only"
	}
	example := match{table: "posts", column: "title", typ: "bigint", label: "post_title"}
	return fmt.Sprintf("%s (%s%s)\n  %s\n\n%s", r.Name, r.Severity, on, r.Reason, indent(example.fill(r.Safer)))
}

func (m match) fill(text string) string {
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	unique := ""
	if m.unique {
		unique = "UNIQUE "
	}
	using := ""
	if m.method != "" {
		using = "USING " + m.method + " "
	}
	return strings.NewReplacer(
		"{unique}", unique, "{using}", using,
		"{table}", or(m.table, "posts"), "{column}", or(m.column, "title"), "{type}", or(m.typ, "bigint"), "{name}", or(m.label, m.table+"_"+m.column),
	).Replace(text)
}

// indent sets a text off from what stands before it.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
