package search

import (
	"fmt"
	"strings"
)

// On SQLite the words of a table stand in one of FTS5's, which keeps no text and which triggers bring along. It knows rows by
// numbers: those of integer keys are the keys themselves, others get one in a table of their own, since the numbers that
// SQLite gives them change when the file is compacted.

// column names the position of a field by its weight: names as rank have a meaning of their own there.
func (d *Definition) column(i int) string {
	return fmt.Sprintf("%s%d", strings.ToLower(d.Fields[i].Weight), i+1)
}

func (d *Definition) columns() string {
	names := make([]string, len(d.Fields))
	for i := range d.Fields {
		names[i] = d.column(i)
	}
	return strings.Join(names, ", ")
}

// texts are the values of the fields of the row under alias.
func (d *Definition) texts(alias string) string {
	parts := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		parts[i] = fmt.Sprintf("substr(%s%s, 1, %d)", alias, quote(f.Column), d.maxRunes())
	}
	return strings.Join(parts, ", ")
}

// object is a table or a trigger.
type object struct {
	name string
	Statement
}

func (d *Definition) sqliteObjects() []object {
	name, table, key, rows := quote(d.Name()), quote(d.Table), quote(d.Key), quote(d.rows())
	insert := fmt.Sprintf("INSERT OR REPLACE INTO %s (rowid, %s) VALUES (new.%s, %s)", name, d.columns(), key, d.texts("new."))
	remove := fmt.Sprintf("DELETE FROM %s WHERE rowid = old.%s", name, key)
	update := remove + ";\n  " + insert
	if !d.Integer {
		fill := fmt.Sprintf("INSERT OR REPLACE INTO %s (rowid, %s) SELECT doc, %s FROM %s WHERE key = new.%s", name, d.columns(), d.texts("new."), rows, key)
		unfill := fmt.Sprintf("DELETE FROM %s WHERE rowid = (SELECT doc FROM %s WHERE key = old.%s)", name, rows, key)
		insert = fmt.Sprintf("INSERT INTO %s (key) VALUES (new.%s) ON CONFLICT DO NOTHING;\n  %s", rows, key, fill)
		update = fmt.Sprintf("%s;\n  UPDATE %s SET key = new.%s WHERE key = old.%s;\n  %s", unfill, rows, key, key, fill)
		remove = fmt.Sprintf("%s;\n  DELETE FROM %s WHERE key = old.%s", unfill, rows, key)
	}
	out := []object{{d.Name(), Statement{
		fmt.Sprintf("Make the words of %q searchable", d.Table),
		fmt.Sprintf(`CREATE VIRTUAL TABLE %s USING fts5(%s, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2 categories 'L* Nd'")`, name, d.columns()),
	}}}
	if !d.Integer {
		out = append(out, object{d.rows(), Statement{SQL: fmt.Sprintf("CREATE TABLE %s (doc integer PRIMARY KEY, key NOT NULL UNIQUE)", rows)}})
	}
	of := []string{key}
	for _, f := range d.Fields {
		of = append(of, quote(f.Column))
	}
	for _, t := range [...]struct{ on, event, body string }{
		{"insert", "INSERT", insert},
		{"update", "UPDATE OF " + strings.Join(of, ", "), update},
		{"delete", "DELETE", remove},
	} {
		trigger := d.Name() + "_" + t.on
		out = append(out, object{trigger, Statement{SQL: fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s BEGIN\n  %s;\nEND", quote(trigger), t.event, table, t.body)}})
	}
	return out
}

func (d *Definition) sqliteCreate() []Statement {
	var out []Statement
	for _, o := range d.sqliteObjects() {
		out = append(out, o.Statement)
	}
	fill := Statement{
		fmt.Sprintf("Read the rows of %q that are there", d.Table),
		fmt.Sprintf("INSERT INTO %s (rowid, %s) SELECT %s, %s FROM %s", quote(d.Name()), d.columns(), quote(d.Key), d.texts(""), quote(d.Table)),
	}
	if !d.Integer {
		out = append(out, Statement{fill.Comment, fmt.Sprintf("INSERT INTO %s (key) SELECT %s FROM %s", quote(d.rows()), quote(d.Key), quote(d.Table))})
		fill = Statement{SQL: fmt.Sprintf("INSERT INTO %s (rowid, %s) SELECT doc, %s FROM %s t JOIN %s r ON r.key = t.%s",
			quote(d.Name()), d.columns(), d.texts("t."), quote(d.Table), quote(d.rows()), quote(d.Key))}
	}
	return append(out, fill)
}

func (d *Definition) sqliteDrop() []Statement {
	out := []Statement{{
		fmt.Sprintf("Drop the index of the words of %q", d.Table),
		"DROP TRIGGER IF EXISTS " + quote(d.Name()+"_insert"),
	}}
	for _, sql := range []string{
		"DROP TRIGGER IF EXISTS " + quote(d.Name()+"_update"),
		"DROP TRIGGER IF EXISTS " + quote(d.Name()+"_delete"),
		"DROP TABLE IF EXISTS " + quote(d.Name()),
	} {
		out = append(out, Statement{SQL: sql})
	}
	if !d.Integer {
		out = append(out, Statement{SQL: "DROP TABLE IF EXISTS " + quote(d.rows())})
	}
	return out
}

// sqliteFound is postgresFound for SQLite.
const sqliteFound = `SELECT s.name, (
		SELECT group_concat(sql, ';' || char(10) ORDER BY name) FROM sqlite_master WHERE name IN (
			s.name, s.name || '_rows', s.name || '_insert', s.name || '_update', s.name || '_delete'
		)
	) FROM sqlite_master s WHERE s.type = 'table' AND s.name GLOB '` + prefix + `*` + suffix + `' AND s.sql LIKE 'CREATE VIRTUAL TABLE%'`
