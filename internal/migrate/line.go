package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
)

// Line is a sequence of migrations with a history of its own: that of an application, or that of the framework's tables.
type Line struct {
	// Files holds the folders sqlite and postgres with the migrations, and schema with the schema after each of them.
	Files fs.FS
	// Steps are the data migrations that are written in Go. They take their places among the files by their versions.
	Steps []Step
	// Table holds the history. Defaults to entwine_migrations.
	Table string
	// Owns says which tables belong to the line, by their names. Defaults to those of the application: all but the framework's.
	Owns func(table string) bool
}

func (l Line) owns(table string) bool {
	if l.Owns == nil {
		return applications(table)
	}
	return l.Owns(table)
}

// Step is a data migration in Go. It runs in the transaction that records it.
type Step struct {
	Version, Name string
	Up            func(ctx context.Context, tx *sql.Tx, dialect string) error
	// Down undoes it. Without one it cannot be undone.
	Down func(ctx context.Context, tx *sql.Tx, dialect string) error
}

// kind says what a migration is, and in the history how it came there.
type kind string

const (
	sqlKind      kind = "sql"
	goKind       kind = "go"
	baselineKind kind = "baseline" // it was there before there was a history
	adoptedKind  kind = "adopted"  // dev had brought the tables along before the file was written
	pushedKind   kind = "pushed"   // no migration: dev brought the tables ahead of the files
	undoingKind  kind = "undoing"  // a part of a down file without a transaction was executed
)

// migration is one entry of a line for one dialect.
type migration struct {
	version, name string
	kind          kind
	up, down      file
	step          Step
	generated     bool // there is a schema for its version: the file does nothing but what leads there
}

// file is one SQL file.
type file struct {
	name, text string
}

func (m *migration) String() string { return m.version + "_" + m.name }

// hash is what the history keeps of a migration, to find out whether it was changed after it was applied.
func (m *migration) hash() string {
	if m.kind == goKind {
		return ""
	}
	return hash(m.up.text)
}

const (
	upSuffix, downSuffix = ".up.sql", ".down.sql"
	sumFile              = "atlas.sum"
	schemaFolder         = "schema"
	historyTable         = "entwine_migrations"
)

// Dialects are the folders of a line, and what database/sql and ent call the databases.
var dialects = []string{dialect.SQLite, dialect.Postgres}

// folder is the name of a dialect's folder, and what people call the database.
func folder(name string) string {
	if name == dialect.SQLite {
		return "sqlite"
	}
	return name
}

var (
	fileName    = regexp.MustCompile(`^([0-9]{14})_([a-z0-9_]+)\.(up|down)\.sql$`)
	versionName = regexp.MustCompile(`^[0-9]{14}$`)
)

// read returns the migrations for a dialect, the oldest first, after it has verified the checksums.
func (l Line) read(name string) ([]*migration, error) {
	files, err := l.folder(name)
	if err != nil {
		return nil, err
	}
	if err := l.verify(name, files); err != nil {
		return nil, err
	}
	return l.assemble(files)
}

// unverified is read without a look at the checksums, for files that are being written.
func (l Line) unverified(name string) ([]*migration, error) {
	files, err := l.folder(name)
	if err != nil {
		return nil, err
	}
	return l.assemble(files)
}

// folder reads the SQL files of a dialect, sorted by name.
func (l Line) folder(name string) ([]file, error) {
	dir := folder(name)
	entries, err := fs.ReadDir(l.Files, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	var files []file
	for _, e := range entries {
		if e.Name() == sumFile || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if !fileName.MatchString(e.Name()) {
			return nil, fmt.Errorf("migrate/%s/%s is not named as a migration, such as 20060102150405_add_bio.up.sql", dir, e.Name())
		}
		text, err := fs.ReadFile(l.Files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the migrations: %w", err)
		}
		files = append(files, file{e.Name(), string(text)})
	}
	return files, nil
}

// assemble pairs the files and puts the steps between them.
func (l Line) assemble(files []file) ([]*migration, error) {
	byVersion := make(map[string]*migration)
	for _, f := range files {
		part := fileName.FindStringSubmatch(f.name)
		m := byVersion[part[1]]
		if m == nil {
			m = &migration{version: part[1], name: part[2], kind: sqlKind}
			_, err := fs.Stat(l.Files, path.Join(schemaFolder, m.version+".json"))
			m.generated = err == nil
			byVersion[part[1]] = m
		}
		if m.name != part[2] {
			return nil, fmt.Errorf("two migrations have the version %s: %s and %s", m.version, m.name, part[2])
		}
		if part[3] == "up" {
			m.up = f
		} else {
			m.down = f
		}
	}
	for _, s := range l.Steps {
		if !versionName.MatchString(s.Version) || s.Name == "" || s.Up == nil {
			return nil, fmt.Errorf("the data migration %q %q needs a version of 14 digits, a name and a function Up", s.Version, s.Name)
		}
		if m := byVersion[s.Version]; m != nil {
			return nil, fmt.Errorf("two migrations have the version %s: %s and %s", s.Version, m.name, s.Name)
		}
		byVersion[s.Version] = &migration{version: s.Version, name: s.Name, kind: goKind, step: s}
	}
	var all []*migration
	for _, m := range byVersion {
		if m.kind == sqlKind && m.up.name == "" {
			return nil, fmt.Errorf("%s has no file to go with it that ends in %s", m.down.name, upSuffix)
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *migration) int { return strings.Compare(a.version, b.version) })
	return all, nil
}

// state returns the schema after a version: that of the newest migration up to it that has one.
func (l Line) state(version string) (*state, error) {
	versions, err := l.states()
	if err != nil {
		return nil, err
	}
	newest := ""
	for _, v := range versions {
		if v <= version {
			newest = v
		}
	}
	if newest == "" {
		return &state{}, nil
	}
	text, err := fs.ReadFile(l.Files, path.Join(schemaFolder, newest+".json"))
	if err != nil {
		return nil, fmt.Errorf("read the schema of a migration: %w", err)
	}
	s, err := parseState(text)
	if err != nil {
		return nil, fmt.Errorf("read migrate/schema/%s.json: %w", newest, err)
	}
	return s, nil
}

// newestVersion is above every version.
const newestVersion = "99999999999999"

// newestState is the newest version that has a schema, empty if there is none.
func (l Line) newestState() (string, error) {
	versions, err := l.states()
	if err != nil || len(versions) == 0 {
		return "", err
	}
	return versions[len(versions)-1], nil
}

// states returns the versions that have a schema, sorted.
func (l Line) states() ([]string, error) {
	entries, err := fs.ReadDir(l.Files, schemaFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the schemas of the migrations: %w", err)
	}
	var versions []string
	for _, e := range entries {
		if v, ok := strings.CutSuffix(e.Name(), ".json"); ok && versionName.MatchString(v) {
			versions = append(versions, v)
		}
	}
	return versions, nil
}
