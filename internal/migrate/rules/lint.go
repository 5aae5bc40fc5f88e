package rules

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// File is an up file.
type File struct {
	// Path is what findings call it.
	Path, Text string
	// NoTransaction says that each statement is executed on its own.
	NoTransaction bool
	Statements    []Statement
	// Known says that the file is not looked at itself: it is there for the tables that it makes.
	Known bool
}

// Statement is one of a file.
type Statement struct {
	Text string
	Line int
}

// Finding is something that would hurt.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	What     string   `json:"what"`
	Reason   string   `json:"reason"`
	Safer    string   `json:"safer"`
}

// String is the finding as people read it.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s (%s)\n  %s\n  Safer:\n%s", f.File, f.Line, f.Severity, f.What, f.Rule, f.Reason, indent(f.Safer))
}

// scan is the state of the reading of one file.
type scan struct {
	dialect       string
	noTransaction bool
	tables        catalog         // before the operation
	fresh         map[string]bool // tables that the file makes
	added         map[string]*column
	earlier       []*op
}

// Lint reads the files of a dialect, which must be all of a line in their order, and returns what it finds.
func Lint(dialect string, files []File) []Finding {
	var out []Finding
	tables := make(catalog)
	for _, file := range files {
		tables.forget()
		f := &scan{
			dialect: dialect, noTransaction: file.NoTransaction, tables: tables,
			fresh: make(map[string]bool), added: make(map[string]*column),
		}
		silenced, problems := directives(file)
		if !file.Known {
			out = append(out, problems...)
		}
		for _, o := range rebuilds(parseAll(dialect, file.Statements)) {
			for _, o := range f.expand(o) {
				for _, r := range All() {
					if file.Known || r.check == nil || silenced[r.Name] || r.Dialect != "" && r.Dialect != dialect {
						continue
					}
					if m := r.check(f, o); m != nil {
						out = append(out, r.finding(file, o.line, *m))
					}
				}
				f.proceed(o)
			}
		}
	}
	return out
}

func (r Rule) finding(file File, line int, m match) Finding {
	return Finding{
		File: file.Path, Line: line, Rule: r.Name, Severity: r.Severity, What: m.what, Reason: r.Reason, Safer: strings.TrimSpace(m.fill(cmp.Or(m.safer, r.Safer))),
	}
}

// proceed notes what an operation has done.
func (f *scan) proceed(o *op) {
	switch o.kind {
	case createTable:
		f.fresh[o.table] = true
	case renameTableOp:
		if f.fresh[o.table] {
			f.fresh[o.name] = true
		}
	case addColumn:
		as := *o.column // what becomes of it later does not change what its rows were given
		f.added[o.table+"."+o.column.name] = &as
	}
	f.tables.apply(o)
	f.earlier = append(f.earlier, o)
}

// there says whether a table has rows already when the file begins.
func (f *scan) there(table string) bool { return table != "" && !f.fresh[table] && !derived(table) }

// derived says whether a table or a column is one of those that searches are made of, whose content is made again from others.
func derived(name string) bool { return strings.HasPrefix(name, "entwine_") }

// allNull says that the columns came with this file and hold nothing yet.
func (f *scan) allNull(table string, columns []string) bool {
	for _, name := range columns {
		if c := f.added[table+"."+name]; c == nil || c.notNull || c.value != nil || c.generated {
			return false
		}
	}
	return len(columns) > 0
}

var allowLine = regexp.MustCompile(`^--\s*entwine:allow\b[ \t]*(\S*)[ \t]*(.*?)\s*$`)

// directives are the rules that a file silences, and what is wrong with the lines that do so.
func directives(file File) (silenced map[string]bool, problems []Finding) {
	silenced = make(map[string]bool)
	for i, line := range strings.Split(file.Text, "\n") {
		m := allowLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name, reason := m[1], m[2]
		wrong := ""
		if _, known := Named(name); !known {
			wrong = fmt.Sprintf("there is no rule %q to allow", name)
		} else if reason == "" {
			wrong = "allows " + name + " without a reason"
		}
		if wrong != "" {
			problems = append(problems, allow.finding(file, i+1, match{what: wrong, label: name}))
			continue
		}
		silenced[name] = true
	}
	return silenced, problems
}
