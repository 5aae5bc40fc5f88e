package watch

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// files are the hand-written sources of a project, as they were when somebody last looked. They are looked at again and
// again, not subscribed to: it costs less than a millisecond for a project of 300 entities, and is the same on every
// system, mounted folders of containers included.
type files struct {
	root string
	seen map[string]stamp
	// quiet are the folders in which nothing is hand-written, ent's packages for instance, with the time of their last
	// change. As long as nothing is added to them they are left alone.
	quiet map[string]time.Time
}

// stamp tells one state of a file from another.
type stamp struct {
	size      int64
	changed   time.Time
	generated bool
}

func newFiles(root string) *files {
	f := &files{root: root, quiet: make(map[string]time.Time)}
	f.changes()
	return f
}

// changes returns the sources that were added, saved or removed since the last call, by their paths from the root. What
// cannot be read counts as missing: it is there again a moment later, or the build says what is wrong.
func (f *files) changes() []string {
	found := make(map[string]stamp)
	f.look(f.root, found)
	var names []string
	for path, s := range found {
		if old, ok := f.seen[path]; !s.generated && (!ok || old != s) {
			names = append(names, f.name(path))
		}
	}
	for path, old := range f.seen {
		if _, ok := found[path]; !ok && !old.generated {
			names = append(names, f.name(path))
		}
	}
	f.seen = found
	slices.Sort(names)
	return names
}

func (f *files) name(path string) string {
	name, err := filepath.Rel(f.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(name)
}

// look adds the sources in a folder and below it.
func (f *files) look(dir string, found map[string]stamp) {
	info, err := os.Stat(dir)
	if err != nil || f.quiet[dir].Equal(info.ModTime()) {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	if dir != f.root && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == "go.mod" }) {
		return // another module
	}
	quiet := true
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.IsDir():
			if !ignored(e.Name()) {
				quiet = false
				f.look(path, found)
			}
		case isSource(f.name(path)):
			info, err := e.Info()
			if err != nil {
				continue
			}
			s := stamp{size: info.Size(), changed: info.ModTime()}
			if old, ok := f.seen[path]; ok && old.size == s.size && old.changed.Equal(s.changed) {
				s = old
			} else {
				s.generated = isGenerated(path)
			}
			found[path] = s
			quiet = quiet && s.generated
		}
	}
	if quiet {
		f.quiet[dir] = info.ModTime()
	}
}

// ignored says whether a folder holds nothing that the program is built from.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" || name == "vendor"
}

// isSource says whether the program is generated or built from a file.
func isSource(name string) bool {
	switch filepath.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".graphql":
		return true
	case ".json":
		return strings.HasPrefix(name, "graph/") // variables of examples
	}
	return name == "go.mod" || name == generatorConfig
}

// isGenerated says whether a file's first line claims that a program wrote it.
func isGenerated(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	line, _ := bufio.NewReaderSize(file, 512).ReadSlice('\n')
	return strings.Contains(string(line), "Code generated") && strings.Contains(string(line), "DO NOT EDIT")
}
