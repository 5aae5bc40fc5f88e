package migrate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// RebaseOptions say which migrations [Rebase] moves.
type RebaseOptions struct {
	Dir string
	// Steps are the data migrations in Go, which stay where they are.
	Steps []Step
	// Versions are those to move. Without them, they are found: by git's conflict in atlas.sum, by the schema that they were
	// planned from, or by the database, to which they come too late.
	Versions []string
	Now      time.Time
	// Applied and Late are versions in the configured database: those that are applied, and those that cannot be any more.
	Applied, Late []string
}

// Moved is a migration that has a new place.
type Moved struct {
	From, To string // VERSION_NAME; To is empty if there is nothing left to do for it
	// Planned says that its SQL was planned anew. Otherwise it is the same as before.
	Planned bool
}

// AppliedError says that migrations cannot get other versions, because a database has them.
type AppliedError struct{ Names []string }

func (e *AppliedError) Error() string {
	return "the database has these migrations, which would get other names:\n  " + strings.Join(e.Names, "\n  ")
}

// Rebase puts migrations of one branch on top of those of another: they get versions of now. What was generated and is as it was
// generated is planned anew, from the schema that is below it now; other SQL stays as it is. It returns nothing if there is
// nothing to move.
func Rebase(ctx context.Context, o RebaseOptions) ([]Moved, error) {
	line := Line{Files: os.DirFS(o.Dir), Steps: o.Steps}
	b := &rebase{line: line, w: &writer{dir: o.Dir, files: make(map[string][]byte)}, schemas: make(map[string]*state)}
	if err := b.read(); err != nil {
		return nil, err
	}
	chosen := o.Versions
	if len(chosen) == 0 {
		var err error
		if chosen, err = line.ours(o.Dir, b.all[0], o.Late); err != nil {
			return nil, err
		}
	}
	if err := b.choose(chosen); err != nil || len(b.local) == 0 {
		return nil, err
	}
	var applied []string
	for _, i := range b.local {
		if m := b.all[0][i]; slices.Contains(o.Applied, m.version) {
			applied = append(applied, m.String())
		}
	}
	if len(applied) > 0 {
		return nil, &AppliedError{applied}
	}
	moved, err := b.run(ctx, o.Now)
	if err != nil {
		return nil, err
	}
	return moved, b.w.write(line)
}

// rebase is the moving of some migrations.
type rebase struct {
	line Line
	w    *writer
	all  [2][]*migration // by dialect
	// local are the places in all of those that move.
	local   []int
	schemas map[string]*state // by version, as they were
}

// read reads the migrations of both dialects, whatever atlas.sum says.
func (b *rebase) read() error {
	var names [2][]string
	for i, name := range dialects {
		all, err := b.line.unverified(name)
		if err != nil {
			return err
		}
		b.all[i] = all
		for _, m := range all {
			names[i] = append(names[i], m.String())
		}
	}
	if !slices.Equal(names[0], names[1]) {
		return unequal(names)
	}
	versions, err := b.line.states()
	if err != nil {
		return err
	}
	for _, v := range versions {
		if b.schemas[v], err = b.line.state(v); err != nil {
			return err
		}
	}
	return nil
}

// choose adds to the versions those that were planned on top of them.
func (b *rebase) choose(versions []string) error {
	for _, v := range versions {
		if !slices.ContainsFunc(b.all[0], func(m *migration) bool { return m.version == v }) {
			return fmt.Errorf("there is no migration %s", v)
		}
	}
	versions = slices.Clone(versions)
	for i, m := range b.all[0] {
		if s := b.schemas[m.version]; s != nil && s.Parent != "" && slices.Contains(versions, s.Parent) {
			versions = append(versions, m.version)
		}
		if slices.Contains(versions, m.version) {
			if m.kind == goKind {
				return fmt.Errorf("%s is written in Go: change its version there", m)
			}
			b.local = append(b.local, i)
		}
	}
	return nil
}

func (b *rebase) run(ctx context.Context, now time.Time) ([]Moved, error) {
	parent, below := "", &state{}
	last := b.all[0][len(b.all[0])-1].version // no file takes the name of another one
	var renames []rename                      // of the branch below
	for i, m := range b.all[0] {
		if slices.Contains(b.local, i) {
			continue
		}
		if s := b.schemas[m.version]; s != nil {
			parent, below = m.version, s
		}
	}
	first := b.schemas[b.all[0][b.local[0]].version]
	for i, m := range b.all[0] {
		if s := b.schemas[m.version]; s != nil && !slices.Contains(b.local, i) && first != nil && m.version > first.Parent {
			renames = append(renames, s.renames()...)
		}
	}
	var moved []Moved
	for _, i := range b.local {
		m := b.all[0][i]
		last = nextVersion(now, last)
		b.w.base = last + "_" + m.name
		step := Moved{From: m.String(), To: b.w.base}
		if s := b.schemas[m.version]; s != nil {
			next, planned, err := b.move(ctx, i, s, below, parent, renames)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m, err)
			}
			if step.Planned = planned; next == nil {
				step.To = ""
			} else {
				parent, below = last, next
			}
			b.w.remove(filepath.Join(schemaFolder, m.version+".json"))
		} else {
			b.keep(i)
		}
		for d, name := range dialects {
			for _, f := range []file{b.all[d][i].up, b.all[d][i].down} {
				if f.name != "" {
					b.w.remove(filepath.Join(folder(name), f.name))
				}
			}
		}
		moved = append(moved, step)
	}
	return moved, nil
}

// move plans a generated migration anew, or keeps what was made of it by hand. It returns the schema after it, nothing if it
// has nothing to do any more.
func (b *rebase) move(ctx context.Context, i int, s, below *state, parent string, renames []rename) (next *state, planned bool, err error) {
	from := &state{}
	if s.Parent != "" {
		if from = b.schemas[s.Parent]; from == nil {
			return nil, false, fmt.Errorf("it was planned from the schema of %s, which is not there", s.Parent)
		}
	}
	edited, err := b.edited(ctx, i, from, s)
	if err != nil {
		return nil, false, err
	}
	choices, err := s.choices().renamed(renames)
	if err != nil {
		return nil, false, err
	}
	if next, err = merged(from, s, below, renames, choices); err != nil {
		return nil, false, err
	}
	next.Parent = parent
	d, err := decide(below, next, choices)
	if err != nil {
		return nil, false, &MergeError{Err: err}
	}
	next.remember(d, choices)
	if edited {
		b.keep(i)
		return next, false, b.w.schema(next)
	}
	changes, err := b.w.sql(ctx, d, below, next)
	if err != nil {
		return nil, false, err
	}
	if !changes {
		b.w.forget()
		return nil, true, nil
	}
	return next, true, b.w.schema(next)
}

// merged is the schema after a migration in its new place, below which others have renamed things.
func merged(from, to, below *state, theirs []rename, choices Choices) (*state, error) {
	var ours []rename
	for _, text := range choices.Renames {
		ours = append(ours, parseRename(text))
	}
	// What either side renames is the same thing in all three.
	from, err := from.renamed(append(slices.Clone(theirs), ours...))
	if err != nil {
		return nil, err
	}
	if to, err = to.renamed(theirs); err != nil {
		return nil, err
	}
	if below, err = below.renamed(ours); err != nil {
		return nil, err
	}
	return mergeStates(from, to, below)
}

// edited says whether the files are other ones than those that are generated for the change.
func (b *rebase) edited(ctx context.Context, i int, from, to *state) (bool, error) {
	d, err := decide(from, to, to.choices())
	if err != nil {
		return false, err
	}
	for n, name := range dialects {
		p, err := d.plan(ctx, name, from, to)
		if err != nil {
			return false, err
		}
		m := b.all[n][i]
		if hash(m.up.text) != hash(upText(p)) || hash(m.down.text) != hash(downText(p)) {
			return true, nil
		}
	}
	return false, nil
}

// keep takes the SQL over as it is.
func (b *rebase) keep(i int) {
	for d, name := range dialects {
		m := b.all[d][i]
		b.w.add(folder(name), upSuffix, m.up.text)
		if m.down.name != "" {
			b.w.add(folder(name), downSuffix, m.down.text)
		}
	}
}
