package migrate

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// hash of a text, whatever the ends of its lines: a checkout on Windows may have changed them.
func hash(text string) string {
	sum := sha256.Sum256([]byte(strings.ReplaceAll(text, "\r\n", "\n")))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// sum is the content of atlas.sum: a line for each file, each of which depends on those before it, so that two branches
// that both add a migration conflict when they are merged.
func sum(files []file) ([]byte, error) {
	list := make([]migrate.File, len(files))
	for i, f := range files {
		list[i] = migrate.NewLocalFile(f.name, []byte(strings.ReplaceAll(f.text, "\r\n", "\n")))
	}
	h, err := migrate.NewHashFile(list)
	if err != nil {
		return nil, err
	}
	return h.MarshalText()
}

// TamperedError says that the files of a folder are not those that atlas.sum was made from.
type TamperedError struct {
	Folder string // such as migrate/sqlite
	Reason string
}

func (e *TamperedError) Error() string { return e.Folder + ": " + e.Reason }

// verify compares the files with atlas.sum.
func (l Line) verify(name string, files []file) error {
	tampered := func(format string, args ...any) error {
		return &TamperedError{Folder: "migrate/" + folder(name), Reason: fmt.Sprintf(format, args...)}
	}
	recorded, err := fs.ReadFile(l.Files, path.Join(folder(name), sumFile))
	if errors.Is(err, fs.ErrNotExist) {
		if len(files) == 0 {
			return nil
		}
		return tampered("%s is missing", sumFile)
	}
	if err != nil {
		return fmt.Errorf("read the checksums: %w", err)
	}
	want, err := sum(files)
	if err != nil {
		return fmt.Errorf("compute the checksums: %w", err)
	}
	if strings.ReplaceAll(string(recorded), "\r\n", "\n") == string(want) {
		return nil
	}
	if strings.Contains(string(recorded), "<<<<<<<") {
		return &ForkError{}
	}
	// The first line is the sum of all. Each other line depends on the files before it: the first that differs says where.
	old, now := strings.Split(string(recorded), "\n")[1:], strings.Split(string(want), "\n")[1:]
	for i, line := range now {
		is, _, _ := strings.Cut(line, " ")
		was := ""
		if i < len(old) {
			was, _, _ = strings.Cut(old[i], " ")
		}
		switch {
		case i < len(old) && old[i] == line:
		case was == is && is != "":
			return tampered("%s was changed after it was written", is)
		case was != "" && (is == "" || was < is):
			return tampered("%s is missing", was)
		default:
			return tampered("%s is not in %s", is, sumFile)
		}
	}
	return tampered("%s was changed by hand", sumFile)
}
