package migrate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ForkError says that two branches each added migrations.
type ForkError struct {
	// Later and Earlier are versions that were both written as the next one after the same.
	Later, Earlier string
}

func (e *ForkError) Error() string {
	if e.Later == "" {
		return "two branches added migrations: atlas.sum holds both"
	}
	return "two branches added migrations: " + e.Later + " was written without knowledge of " + e.Earlier
}

// fork finds the first migration that was planned from another schema than the one that comes before it.
func (l Line) fork() error {
	versions, err := l.states()
	if err != nil {
		return err
	}
	before := ""
	for _, v := range versions {
		s, err := l.state(v)
		if err != nil {
			return err
		}
		if s.Parent != "" && before != "" && s.Parent != before {
			return &ForkError{Later: v, Earlier: before}
		}
		before = v
	}
	return nil
}

// ours are the versions of a branch that is to go on top of the other one. late are those that the configured database cannot
// apply any more, because newer ones are there.
func (l Line) ours(dir string, all []*migration, late []string) ([]string, error) {
	list, err := l.conflicting(dir)
	if err != nil {
		return nil, err
	}
	// In the middle of a git rebase, atlas.sum still names those that were moved for an earlier commit.
	list = slices.DeleteFunc(list, func(v string) bool {
		return !slices.ContainsFunc(all, func(m *migration) bool { return m.version == v })
	})
	if len(list) > 0 {
		return list, nil
	}
	forked := (*ForkError)(nil)
	if err := l.fork(); errors.As(err, &forked) {
		var out []string
		for _, m := range all {
			if m.version >= forked.Later && m.kind == sqlKind {
				out = append(out, m.version)
			}
		}
		return out, nil
	} else if err != nil {
		return nil, err
	}
	return late, nil
}

// conflicting reads the files atlas.sum as git has left them, and returns the versions that only our branch has.
func (l Line) conflicting(dir string) ([]string, error) {
	var out []string
	for _, name := range dialects {
		text, err := fs.ReadFile(l.Files, folder(name)+"/"+sumFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		first, second := sides(string(text))
		if rebasing(dir) {
			first, second = second, first // git puts our commits on theirs, and calls theirs HEAD
		}
		for _, v := range first {
			if !slices.Contains(second, v) && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// sides are the versions in the two halves of conflicts.
func sides(text string) (first, second []string) {
	var side *[]string
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "<<<<<<<"):
			side = &first
		case strings.HasPrefix(line, "|||||||"):
			side = nil
		case strings.HasPrefix(line, "======="):
			side = &second
		case strings.HasPrefix(line, ">>>>>>>"):
			side = nil
		case side != nil:
			if m := fileName.FindStringSubmatch(strings.Fields(line + " .")[0]); m != nil {
				*side = append(*side, m[1])
			}
		}
	}
	return first, second
}

// rebasing says whether git is in the middle of a rebase of the repository that holds the folder.
func rebasing(dir string) bool {
	dir, err := filepath.Abs(dir)
	for err == nil {
		git := filepath.Join(dir, ".git")
		if text, e := os.ReadFile(git); e == nil { //nolint:gosec // a worktree's pointer to its folder
			git = strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:"))
		}
		if _, e := os.Stat(git); e == nil {
			for _, state := range []string{"rebase-merge", "rebase-apply"} {
				if _, e := os.Stat(filepath.Join(git, state)); e == nil {
					return true
				}
			}
			return false
		}
		if filepath.Dir(dir) == dir {
			return false
		}
		dir = filepath.Dir(dir)
	}
	return false
}
