package migrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect/sql/schema"
)

// ErrNothingToDo says that the migrations lead to the schema already.
var ErrNothingToDo = errors.New("the migrations lead to the schema already")

// NewOptions says what [New] writes.
type NewOptions struct {
	// Dir is the folder of the line, such as ./migrate.
	Dir string
	// Name is what the migration does, "add bio". It becomes a part of the file names.
	Name string
	// Empty writes files without statements, for those that are written by hand.
	Empty bool
	// Now decides the version. It is moved on if there is a newer one.
	Now     time.Time
	Choices Choices
	// Steps are the data migrations in Go, whose versions are taken.
	Steps []Step
}

// Written is what [New] wrote.
type Written struct {
	// Version is that of the migration.
	Version string
	// Files are the new files, as paths below the folder of the line.
	Files []string
	// SQL is what the migration does, by the name of the dialect's folder.
	SQL map[string]string
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// New writes the migration that leads from the newest one in the folder to the tables, up and down, for both dialects. It needs
// no database. What the two schemas do not tell (whether a column was renamed or dropped) has to be decided by the
// options: otherwise the error is an [UndecidedError]. If there is nothing to do it is [ErrNothingToDo].
func New(ctx context.Context, tables []*schema.Table, o NewOptions) (*Written, error) {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(o.Name), "_"), "_")
	if name == "" {
		return nil, fmt.Errorf("%q holds no letter or digit to name the migration by", o.Name)
	}
	line := Line{Files: os.DirFS(o.Dir), Steps: o.Steps}
	last, err := line.last()
	if err != nil {
		return nil, err
	}
	w := &writer{dir: o.Dir, files: make(map[string][]byte)}
	w.Version = nextVersion(o.Now, last)
	w.base = w.Version + "_" + name
	from, err := line.state(newestVersion)
	if err != nil {
		return nil, err
	}
	to := newState(tables)
	if to.Parent, err = line.newestState(); err != nil {
		return nil, err
	}
	if o.Empty {
		w.empty()
	} else if err := w.plan(ctx, from, to, o.Choices); err != nil {
		return nil, err
	}
	if err := w.write(line); err != nil {
		return nil, err
	}
	return &w.Written, nil
}

// last returns the newest version, after it has verified that the folder is whole for both dialects.
func (l Line) last() (string, error) {
	var versions [2][]string
	for i, name := range dialects {
		all, err := l.read(name)
		if err != nil {
			return "", err
		}
		for _, m := range all {
			versions[i] = append(versions[i], m.String())
		}
	}
	if !slices.Equal(versions[0], versions[1]) {
		return "", unequal(versions)
	}
	if err := l.fork(); err != nil {
		return "", err
	}
	if n := len(versions[0]); n > 0 {
		return versions[0][n-1][:len(newestVersion)], nil
	}
	return "", nil
}

func unequal(names [2][]string) error {
	return fmt.Errorf("the two dialects do not have the same migrations: %s has %s, %s has %s",
		folder(dialects[0]), strings.Join(names[0], ", "), folder(dialects[1]), strings.Join(names[1], ", "))
}

// nextVersion is the time, or the second after the last version if that is later.
func nextVersion(now time.Time, last string) string {
	const layout = "20060102150405"
	version := now.UTC().Format(layout)
	if version > last {
		return version
	}
	t, err := time.Parse(layout, last)
	if err != nil { // fourteen digits that are no time
		var n int64
		_, _ = fmt.Sscan(last, &n)
		return fmt.Sprintf("%014d", n+1)
	}
	return t.Add(time.Second).Format(layout)
}

// writer collects files and writes them together.
type writer struct {
	Written
	dir, base string
	files     map[string][]byte
}

const byHand = "-- Write the statements here. When the file is complete, run `migrate hash`: it notes its checksum.\n"

func (w *writer) empty() {
	w.SQL = make(map[string]string)
	for _, name := range dialects {
		w.add(folder(name), upSuffix, byHand)
		w.add(folder(name), downSuffix, "-- Undo here what the other file does, or delete this file if that is not possible. Say what is lost by it:\n"+
			"-- entwine:loses nothing\n")
		w.SQL[folder(name)] = byHand
	}
}

func (w *writer) add(dir, suffix, text string) {
	w.files[filepath.Join(dir, w.base+suffix)] = []byte(text)
}

func (w *writer) plan(ctx context.Context, from, to *state, c Choices) error {
	d, err := decide(from, to, c)
	if err != nil {
		return err
	}
	changes, err := w.sql(ctx, d, from, to)
	if err != nil {
		return err
	}
	if !changes {
		return ErrNothingToDo
	}
	to.remember(d, c)
	return w.schema(to)
}

// sql adds the files for both dialects, and says whether there is something to do on one of them.
func (w *writer) sql(ctx context.Context, d *decisions, from, to *state) (changes bool, err error) {
	w.SQL = make(map[string]string)
	for _, name := range dialects {
		p, err := d.plan(ctx, name, from, to)
		if err != nil {
			return false, err
		}
		changes = changes || len(p.up) > 0
		up := upText(p)
		w.add(folder(name), upSuffix, up)
		w.add(folder(name), downSuffix, downText(p))
		w.SQL[folder(name)] = up
	}
	return changes, nil
}

// schema adds the file that describes the schema.
func (w *writer) schema(s *state) error {
	text, err := s.text()
	if err != nil {
		return fmt.Errorf("describe the schema: %w", err)
	}
	w.files[filepath.Join(schemaFolder, w.base[:len(newestVersion)]+".json")] = text
	return nil
}

// remove takes a file away when the others are written.
func (w *writer) remove(path string) { w.files[path] = nil }

// forget leaves out the files of the migration that was added last.
func (w *writer) forget() {
	for path := range w.files {
		if strings.HasPrefix(filepath.Base(path), w.base) {
			delete(w.files, path)
		}
	}
}

func upText(p *plan) string { return sqlText(p.up) }

func downText(p *plan) string {
	var b strings.Builder
	for _, l := range p.losses {
		fmt.Fprintf(&b, "-- entwine:loses %s: %s\n", l.what, l.query)
	}
	if len(p.losses) == 0 {
		b.WriteString("-- entwine:loses nothing\n")
	}
	return b.String() + sqlText(p.down)
}

func sqlText(list []planned) string {
	if len(list) == 0 {
		return "-- Nothing to do on this database.\n"
	}
	var b strings.Builder
	for i, p := range list {
		if i > 0 && (p.comment != "" || strings.HasPrefix(p.sql, "CREATE TABLE")) {
			b.WriteString("\n")
		}
		if p.comment != "" {
			b.WriteString("-- " + p.comment + ".\n")
		}
		b.WriteString(p.sql + ";\n")
	}
	return b.String()
}

// write writes all files and the checksums, or leaves none.
func (w *writer) write(line Line) (err error) {
	for _, name := range dialects {
		files, err := line.folder(name)
		if err != nil {
			return err
		}
		files = slices.DeleteFunc(files, func(f file) bool { _, replaced := w.files[filepath.Join(folder(name), f.name)]; return replaced })
		for path, text := range w.files {
			if text != nil && filepath.Dir(path) == folder(name) {
				files = append(files, file{filepath.Base(path), string(text)})
			}
		}
		if err := w.sum(name, files); err != nil {
			return err
		}
	}
	before := make(map[string][]byte)
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the migration: %w", err), restore(w.dir, before))
		}
	}()
	for path, text := range w.files {
		full := filepath.Join(w.dir, path)
		if before[path], err = os.ReadFile(full); err != nil && !errors.Is(err, fs.ErrNotExist) { //nolint:gosec // in the developer's folder
			return err
		}
		if text == nil {
			if err := os.Remove(full); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil { //nolint:gosec // sources
			return err
		}
		if err := os.WriteFile(full, text, 0o644); err != nil { //nolint:gosec // sources
			return err
		}
		if filepath.Base(path) != sumFile {
			w.Files = append(w.Files, path)
		}
	}
	slices.Sort(w.Files)
	return nil
}

// restore puts files back as they were.
func restore(dir string, before map[string][]byte) error {
	var errs []error
	for path, text := range before {
		full := filepath.Join(dir, path)
		if text == nil {
			if err := os.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
			continue
		}
		errs = append(errs, os.WriteFile(full, text, 0o644)) //nolint:gosec // sources
	}
	return errors.Join(errs...)
}

func (w *writer) sum(name string, files []file) error {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	text, err := sum(files)
	if err != nil {
		return fmt.Errorf("compute the checksums: %w", err)
	}
	w.files[filepath.Join(folder(name), sumFile)] = text
	return nil
}

// Hash writes the checksums of the folder anew, after files were written or changed by hand. It returns the folders whose
// checksums were out of date.
func Hash(dir string) (changed []string, err error) {
	line := Line{Files: os.DirFS(dir)}
	w := &writer{dir: dir, files: make(map[string][]byte)}
	for _, name := range dialects {
		files, err := line.folder(name)
		if err != nil {
			return nil, err
		}
		if _, err := line.assemble(files); err != nil {
			return nil, err
		}
		for _, f := range files {
			if _, err := f.statements(name); err != nil {
				return nil, err
			}
		}
		if err := w.sum(name, files); err != nil {
			return nil, err
		}
		path := filepath.Join(folder(name), sumFile)
		old, err := os.ReadFile(filepath.Join(dir, path)) //nolint:gosec // in the developer's folder
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the checksums: %w", err)
		}
		if len(files) == 0 && old == nil || bytes.Equal(old, w.files[path]) {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, path), w.files[path], 0o644); err != nil { //nolint:gosec // sources
			return nil, fmt.Errorf("write the checksums: %w", err)
		}
		changed = append(changed, folder(name))
	}
	return changed, nil
}
