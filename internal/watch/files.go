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
// again, not subscribed to: it takes a millisecond or two for hundreds of folders, and is the same on every system, mounted
// folders of containers included.
type files struct {
	root    string
	seen    map[string]stamp
	folders map[string]folder
}

// stamp tells one state of a file from another.
type stamp struct {
	size    int64
	changed time.Time
}

// folder is what a folder holds as long as nothing is added to it or removed. Most files of a project are generated, and
// need not be looked at.
type folder struct {
	changed        time.Time
	sources, below []string
}

func newFiles(root string) *files {
	f := &files{root: root, folders: make(map[string]folder)}
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
		if old, ok := f.seen[path]; !ok || old != s {
			names = append(names, f.name(path))
		}
	}
	for path := range f.seen {
		if _, ok := found[path]; !ok {
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
	if err != nil {
		return
	}
	in, ok := f.folders[dir]
	if !ok || !in.changed.Equal(info.ModTime()) {
		if in, err = f.list(dir); err != nil {
			return
		}
		in.changed = info.ModTime()
		// A change that follows within the same tick of the file system's clock does not show.
		if time.Since(in.changed) > time.Second {
			f.folders[dir] = in
		}
	}
	for _, path := range in.sources {
		if info, err := os.Stat(path); err == nil {
			found[path] = stamp{info.Size(), info.ModTime()}
		}
	}
	for _, path := range in.below {
		f.look(path, found)
	}
}

func (f *files) list(dir string) (in folder, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return folder{}, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case e.Name() == "go.mod" && dir != f.root:
			return folder{}, nil // another module
		case e.IsDir() && !ignored(e.Name()):
			in.below = append(in.below, path)
		case !e.IsDir() && isSource(f.name(path)) && !isGenerated(path):
			in.sources = append(in.sources, path)
		}
	}
	return in, nil
}

// ignored says whether a folder holds nothing that the program is built from.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" || name == "vendor"
}

// isSource says whether the program is generated or built from a file.
func isSource(name string) bool {
	if strings.HasPrefix(name, "migrate/") && filepath.Ext(name) != ".go" {
		return true // the migrations are built into the program
	}
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
