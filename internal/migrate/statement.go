package migrate

import (
	"fmt"
	"regexp"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
)

// statement is one statement of a file.
type statement struct {
	text string
	line int
}

// head is the beginning of a statement on one line, for messages.
func (s statement) head() string {
	text := strings.Join(strings.Fields(s.text), " ")
	if runes := []rune(text); len(runes) > 100 {
		text = string(runes[:100]) + "…"
	}
	return strings.TrimSuffix(text, ";")
}

// statements splits a file. Bodies of triggers and functions stay whole.
func (f file) statements(name string) ([]statement, error) {
	options := migrate.ScannerOptions{MatchBegin: true}
	if name == dialect.Postgres {
		options.MatchBeginAtomic, options.MatchDollarQuote, options.EscapedStringExt = true, true, true
	}
	parsed, err := (&migrate.Scanner{ScannerOptions: options}).Scan(f.text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	var out []statement
	for _, s := range parsed {
		if strings.Trim(s.Text, "; \t\r\n") == "" {
			continue
		}
		st := statement{text: s.Text, line: 1 + strings.Count(f.text[:s.Pos], "\n")}
		if transaction.MatchString(st.text) && !f.noTransaction() {
			return nil, fmt.Errorf("%s, line %d: %s: each file is a transaction already; leave it out, or begin the file with the line `-- atlas:txmode none`", f.name, st.line, st.head())
		}
		out = append(out, st)
	}
	return out, nil
}

// The directives, each on a line of its own.
var (
	noTransaction = regexp.MustCompile(`(?m)^--\s*atlas:txmode\s+none\s*$`)
	compatible    = regexp.MustCompile(`(?m)^--\s*entwine:compatible\s*$`)
	loses         = regexp.MustCompile(`(?m)^--\s*entwine:loses\s+(.+?)\s*$`)
)

// noTransaction says whether each statement of the file is to be executed on its own.
func (f file) noTransaction() bool { return noTransaction.MatchString(f.text) }

// compatible says whether servers that were built before the file was written can work with what it makes.
func (f file) compatible() bool { return compatible.MatchString(f.text) }

// loss is something that a file destroys.
type loss struct {
	what  string // "posts.title"
	query string // finds a row that proves it
}

// losses returns what the file says it destroys. told is false if it says nothing.
func (f file) losses() (list []loss, told bool) {
	for _, m := range loses.FindAllStringSubmatch(f.text, -1) {
		told = true
		if what, query, ok := strings.Cut(m[1], ": "); ok {
			list = append(list, loss{what, query})
		}
	}
	return list, told
}

var (
	transaction   = regexp.MustCompile(`(?i)^\s*(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK)\b`)
	destroys      = regexp.MustCompile(`(?i)^\s*(DROP\s+TABLE|DELETE|TRUNCATE|ALTER\s+TABLE\b.*\bDROP\s+(COLUMN\s+)?["\x60\w])`)
	foreignKeys   = regexp.MustCompile(`(?i)^\s*PRAGMA\s+foreign_keys\b`)
	dropsTable    = regexp.MustCompile(`(?i)^\s*DROP\s+TABLE\b`)
	concurrently  = regexp.MustCompile(`(?i)^\s*(CREATE|DROP|REINDEX)\b.*\bCONCURRENTLY\b`)
	createsIndex  = regexp.MustCompile(`(?is)^\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|[\w$]+)\s+ON\s+(?:ONLY\s+)?((?:(?:"(?:[^"]|"")+"|[\w$]+)\.)?(?:"(?:[^"]|"")+"|[\w$]+))`)
	dropsNoColumn = regexp.MustCompile(`(?i)\bDROP\s+(CONSTRAINT|DEFAULT|NOT\s+NULL|EXPRESSION|IDENTITY)\b`)
)

// destroys says whether a statement looks as if it removes data.
func (s statement) destroys() bool {
	text := strings.Join(strings.Fields(s.text), " ")
	return destroys.MatchString(dropsNoColumn.ReplaceAllString(text, ""))
}
