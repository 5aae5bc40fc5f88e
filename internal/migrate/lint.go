package migrate

import (
	"path"

	"github.com/entwine-data/entwine/internal/migrate/rules"
)

// Lint returns what would hurt on a live and populated database in the up files that chosen picks by their versions. The files
// are found in dir, as findings name them. Checksums do not matter: a file may be looked at while it is written.
func Lint(l Line, dir string, chosen func(version string) bool) ([]rules.Finding, error) {
	var out []rules.Finding
	for _, name := range dialects {
		all, err := l.unverified(name)
		if err != nil {
			return nil, err
		}
		var files []rules.File
		for _, m := range all {
			if m.kind != sqlKind {
				continue
			}
			f := rules.File{
				Path: path.Join(dir, folder(name), m.up.name), Text: m.up.text,
				NoTransaction: m.up.noTransaction(), Known: !chosen(m.version),
			}
			if f.Statements, err = m.up.ruleStatements(name); err != nil {
				return nil, err
			}
			files = append(files, f)
		}
		out = append(out, rules.Lint(name, files)...)
	}
	return out, nil
}

// ruleStatements are those of a file as the rules read them.
func (f file) ruleStatements(name string) ([]rules.Statement, error) {
	list, err := f.statements(name)
	var out []rules.Statement
	for _, st := range list {
		out = append(out, rules.Statement{Text: st.text, Line: st.line})
	}
	return out, err
}
