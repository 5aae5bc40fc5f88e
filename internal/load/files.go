package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// Folder loads the files of a folder: *.csv with a header line, and *.jsonl or *.ndjson with one object per line. Other files
// are ignored. A file is named for its table or entity, and its columns have their names in the database or in the API.
//
// Ids are kept. An empty CSV cell is null, or empty text where the column is text and cannot be null. Columns that are left
// out get their default. All is loaded or nothing: a fault of a file is a [*Problem], all unknown names at once are
// several, joined.
func Folder(ctx context.Context, db *store.DB, tables []*schema.Table, catalog *entity.Catalog, dir string, opts Options) (Result, error) {
	files, skipped, err := target{tables, catalog}.open(dir, opts)
	if err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	result := Result{Skipped: skipped}
	err = db.Update(ctx, func(ctx context.Context) error {
		w, err := begin(ctx, db, opts.Progress)
		if err != nil {
			return err
		}
		for _, f := range files {
			var fault error
			f.rows = func(yield func([]any) bool) {
				for row, err := range f.read() {
					if err != nil {
						fault = err
						return
					}
					if !yield(row) {
						return
					}
				}
			}
			err := w.write(ctx, f.step)
			if fault != nil {
				return fault
			}
			if err != nil {
				return explain(files, f, err)
			}
		}
		result.Tables = w.counts
		if err := w.finish(ctx); err != nil {
			return explain(files, nil, err)
		}
		return nil
	})
	if err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	return result, nil
}

// target knows what files and columns can be named for.
type target struct {
	tables  []*schema.Table
	catalog *entity.Catalog // nil if there are only the names in the database
}

// file is a file and the table that it belongs to.
type file struct {
	step
	path   string
	format format
	// fields are the columns of the table in the order of the step's columns, and names what the file calls them.
	fields []*schema.Column
	names  []string
	line   int // of the row that was read last
}

// format reads files of one kind.
type format interface {
	// header returns the names of the columns.
	header(r io.Reader) ([]string, error)
	// rows yields the named columns of each row. The cells are used again for the next row.
	rows(r io.Reader, names []string) iter.Seq2[record, error]
}

type record struct {
	line  int
	cells []cell
}

// cell is one value of a file.
type cell struct {
	text string
	kind cellKind
}

type cellKind int

const (
	textCell   cellKind = iota // the text itself
	emptyCell                  // an empty CSV cell
	absentCell                 // nothing at all
	nullCell                   // JSON null
	stringCell                 // a JSON string, still quoted
	otherCell                  // other JSON, such as a number
)

var formats = map[string]format{".csv": csvFormat{}, ".jsonl": jsonFormat{}, ".ndjson": jsonFormat{}}

// open finds out which files there are and what is in them, in the order in which they have to be loaded.
func (t target) open(dir string, opts Options) (files []*file, skipped []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	var faults []error
	unknown := func(p *Problem) {
		if opts.SkipUnknown {
			skipped = append(skipped, p.Error())
		} else {
			faults = append(faults, p)
		}
	}
	byTable := map[*schema.Table]*file{}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		format := formats[ext]
		if e.IsDir() || format == nil {
			continue
		}
		table, ent := t.find(strings.TrimSuffix(e.Name(), ext))
		if table == nil {
			unknown(&Problem{File: e.Name(), Reason: "there is no table or entity of this name"})
			continue
		}
		f := &file{step: step{table: table}, path: filepath.Join(dir, e.Name()), format: format}
		if other := byTable[table]; other != nil {
			faults = append(faults, &Problem{File: e.Name(), Reason: "belongs to the same table as " + filepath.Base(other.path)})
			continue
		}
		names, err := f.header()
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, name := range names {
			c := column(table, ent, name)
			switch {
			case c == nil:
				unknown(&Problem{File: e.Name(), Column: name, Reason: "the table " + table.Name + " has no such column"})
			case slices.Contains(f.fields, c):
				faults = append(faults, &Problem{File: e.Name(), Column: name, Reason: "is there twice"})
			default:
				f.fields, f.names, f.columns = append(f.fields, c), append(f.names, name), append(f.columns, c.Name)
			}
		}
		if missing := f.missing(); len(names) > 0 && missing != nil {
			faults = append(faults, &Problem{File: e.Name(), Reason: "lacks the columns " + strings.Join(missing, ", ") + ", which need a value; of defaults only fixed values count here, not what Go code makes"})
		}
		if len(f.fields) > 0 {
			byTable[table] = f
		}
	}
	if len(faults) > 0 {
		if len(skipped) == 0 && slices.ContainsFunc(faults, isUnknown) {
			faults = append(faults, errors.New("nothing was loaded; --skip-unknown leaves out what is unknown"))
		}
		return nil, nil, errors.Join(faults...)
	}
	if len(byTable) == 0 {
		return nil, nil, fmt.Errorf("%s has no .csv, .jsonl or .ndjson file to load", dir)
	}
	var tables []*schema.Table
	for _, table := range t.tables {
		if byTable[table] != nil {
			tables = append(tables, table)
		}
	}
	tables, later, err := order(tables)
	if err != nil {
		return nil, nil, err
	}
	for _, table := range tables {
		f := byTable[table]
		f.later = later[table]
		files = append(files, f)
	}
	return files, skipped, nil
}

func isUnknown(err error) bool {
	var p *Problem
	return errors.As(err, &p) && (strings.HasPrefix(p.Reason, "there is no table") || strings.Contains(p.Reason, "has no such column"))
}

// find returns the table that a file is named for, and its entity if it has one.
func (t target) find(name string) (*schema.Table, *entity.Entity) {
	if t.catalog != nil {
		for _, e := range t.catalog.Entities {
			if name == e.Name || name == e.Schema || name == e.Table {
				return find(t.tables, e.Table), e
			}
		}
	}
	return find(t.tables, name), nil
}

// column returns the column that a file calls name.
func column(table *schema.Table, ent *entity.Entity, name string) *schema.Column {
	if ent != nil {
		if f := ent.Field(name); f != nil {
			name = f.Column
		}
		for _, ed := range ent.Edges {
			if ed.Kind == entity.ToOne && ed.Input == name {
				name = ed.Column
			}
		}
	}
	c, _ := table.Column(name)
	return c
}

// missing returns the columns that need a value and are not in the file.
func (f *file) missing() (names []string) {
	for _, c := range f.table.Columns {
		if !c.Nullable && !c.Increment && c.Default == nil && !slices.Contains(f.fields, c) {
			names = append(names, c.Name)
		}
	}
	return names
}

func (f *file) problem(line int, column, value string, err error) *Problem {
	return &Problem{File: filepath.Base(f.path), Line: line, Column: column, Value: value, Reason: err.Error()}
}

func (f *file) header() ([]string, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	names, err := f.format.header(r)
	if err != nil {
		return nil, f.located(err)
	}
	return names, nil
}

// located adds the file's name to a problem that a format found.
func (f *file) located(err error) error {
	var p *Problem
	if errors.As(err, &p) {
		p.File = filepath.Base(f.path)
		return p
	}
	return fmt.Errorf("read %s: %w", filepath.Base(f.path), err)
}

// read yields the converted rows. The slice is used again for the next row.
func (f *file) read() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		r, err := os.Open(f.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.Close()
		row := make([]any, len(f.fields))
		for rec, err := range f.format.rows(r, f.names) {
			if err != nil {
				yield(nil, f.located(err))
				return
			}
			f.line = rec.line
			for i, c := range f.fields {
				if row[i], err = rec.cells[i].value(c); err != nil {
					yield(nil, f.problem(rec.line, f.names[i], rec.cells[i].text, err))
					return
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (c cell) value(column *schema.Column) (any, error) {
	switch c.kind {
	case emptyCell:
		return empty(column)
	case absentCell:
		return absent(column)
	case nullCell:
		if !column.Nullable {
			return nil, errors.New("is null, but the column needs a value")
		}
		return nil, nil
	case stringCell:
		if column.Type != field.TypeJSON {
			var text string
			if err := json.Unmarshal([]byte(c.text), &text); err != nil {
				return nil, errors.New("is not a JSON string")
			}
			return convert(column, text)
		}
	case otherCell:
		if column.Type != field.TypeJSON && column.Type != field.TypeBool && !column.Type.Numeric() {
			return nil, errors.New("is not a JSON string")
		}
	}
	return convert(column, c.text)
}

// explain says where in the files an error of the database comes from, if that can be found out.
func explain(files []*file, current *file, err error) error {
	var failed *store.RowError
	if current != nil && errors.As(err, &failed) {
		n := 0
		for row := range current.read() {
			if n++; n == failed.Row {
				return current.databaseProblem(row, store.Classify(err))
			}
		}
	}
	table, column, value, reason := "", "", "", ""
	var ref *referenceError
	if v := store.Classify(err); errors.As(err, &ref) {
		table, column, value, reason = ref.table, ref.column, ref.value, "refers to a row of "+ref.target+" that does not exist"
	} else if v.Kind == store.ForeignKey && len(v.Columns) == 1 {
		table, column, value, reason = v.Table, v.Columns[0], v.Value, "refers to a row that does not exist"
	}
	for _, f := range files {
		i := indexOf(f.columns, column)
		if f.table.Name != table || i < 0 {
			continue
		}
		for row := range f.read() {
			if row != nil && row[i] != nil && fmt.Sprint(row[i]) == value {
				return &Problem{File: filepath.Base(f.path), Line: f.line, Column: f.names[i], Value: value, Reason: reason}
			}
		}
	}
	return err
}

// databaseProblem words an error of the database about the row that was read last.
func (f *file) databaseProblem(row []any, v *store.Violation) *Problem {
	p := &Problem{File: filepath.Base(f.path), Line: f.line, Reason: v.Error()}
	switch v.Kind {
	case store.Unique:
		p.Reason = Duplicate
	case store.NotNull:
		p.Reason = "needs a value"
	}
	var names, values []string
	for _, column := range v.Columns {
		if i := indexOf(f.columns, column); i >= 0 {
			names, values = append(names, f.names[i]), append(values, fmt.Sprint(row[i]))
		}
	}
	p.Column, p.Value = strings.Join(names, ", "), strings.Join(values, ", ")
	return p
}
