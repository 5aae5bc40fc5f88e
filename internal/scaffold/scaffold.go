// Package scaffold writes the files of a new project: the part of an application that its developers own. A test keeps the
// files that do not depend on the schema equal to those of the reference application.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Files are templates; a name ends in .tmpl so that Go does not take them for its own, and "dot" stands for a leading dot.
//
//go:embed template
var files embed.FS

// Project is what a new project is made from.
type Project struct {
	// Module is the project's module path, "example.com/shop".
	Module string
	// Name is shown to people. Defaults to the program's name with a capital letter.
	Name string
	// Framework is the framework's module path, and Version the one to require.
	Framework, Version string
	// Replace is a checkout of the framework to use instead of a published version; empty for none. Its requirements are
	// taken over, so that nothing has to be looked up.
	Replace string
	// Go is the language version for go.mod, "1.26". A checkout's own is used instead.
	Go string
}

// Check reports what is wrong with the project's description.
func (p Project) Check() error {
	if err := module.CheckImportPath(p.Module); err != nil {
		return fmt.Errorf("%q is not a module path such as example.com/shop", p.Module)
	}
	if p.Replace == "" {
		if p.Version == "" {
			return fmt.Errorf("no version of %s is published: say where its source is by --replace DIR", p.Framework)
		}
		return nil
	}
	if mod, err := os.ReadFile(filepath.Join(p.Replace, "go.mod")); err != nil || modfile.ModulePath(mod) != p.Framework {
		return fmt.Errorf("%s is not a checkout of %s", p.Replace, p.Framework)
	}
	return nil
}

// Program is what `go build` calls the program.
func (p Project) Program() string {
	prefix, _, _ := module.SplitPathVersion(p.Module)
	return path.Base(prefix)
}

// Write writes the project's files into dir, which it makes if necessary and which must be empty otherwise. It returns
// their names. If it fails, nothing is left of them.
func (p Project) Write(dir string) (names []string, err error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if p.Name == "" {
		p.Name = strings.ToUpper(p.Program()[:1]) + p.Program()[1:]
	}
	entries, err := os.ReadDir(dir)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return nil, fmt.Errorf("look into the project's folder: %w", err)
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty; choose a new folder", dir)
	}
	rendered, err := p.render()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the project: %w", err), clear(dir, isNew))
		}
	}()
	for _, f := range rendered {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, f.content, 0o644); err != nil {
			return nil, err
		}
		names = append(names, f.name)
	}
	return names, nil
}

// clear removes what is in a folder that was empty, and the folder too if it was not there.
func clear(dir string, isNew bool) error {
	if isNew {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

type file struct {
	name    string
	content []byte
}

func (p Project) render() ([]file, error) {
	var out []file
	err := fs.WalkDir(files, "template", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := p.renderFile(path)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("render the project: %w", err)
	}
	mod, sum, err := p.goMod()
	if err != nil {
		return nil, fmt.Errorf("write go.mod: %w", err)
	}
	out = append(out, file{"go.mod", mod})
	if sum != nil {
		out = append(out, file{"go.sum", sum})
	}
	return out, nil
}

func (p Project) renderFile(source string) (file, error) {
	text, err := fs.ReadFile(files, source)
	if err != nil {
		return file{}, err
	}
	// GraphQL and Go are full of braces of their own.
	t, err := template.New(source).Delims("<<", ">>").Parse(string(text))
	if err != nil {
		return file{}, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return file{}, err
	}
	name := strings.TrimSuffix(strings.TrimPrefix(source, "template/"), ".tmpl")
	if hidden, ok := strings.CutPrefix(name, "dot"); ok {
		name = "." + hidden
	}
	content := b.Bytes()
	if path.Ext(name) == ".go" {
		// The order of imports depends on the module's path.
		if content, err = format.Source(content); err != nil {
			return file{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return file{name, content}, nil
}

// direct are the modules that the project's own and its generated code imports.
var direct = []string{"entgo.io/ent", "github.com/99designs/gqlgen", "github.com/vektah/gqlparser/v2"}

// goMod makes go.mod and go.sum. With a checkout at hand its requirements are taken over.
func (p Project) goMod() (mod, sum []byte, err error) {
	f := &modfile.File{}
	version, language := p.Version, p.Go
	var checkout *modfile.File
	if p.Replace != "" {
		text, err := os.ReadFile(filepath.Join(p.Replace, "go.mod"))
		if err != nil {
			return nil, nil, err
		}
		if checkout, err = modfile.Parse("go.mod", text, nil); err != nil {
			return nil, nil, err
		}
		version, language = "v0.0.0", checkout.Go.Version
	}
	if err := errors.Join(f.AddModuleStmt(p.Module), f.AddGoStmt(language), f.AddRequire(p.Framework, version)); err != nil {
		return nil, nil, err
	}
	if checkout != nil {
		for _, r := range checkout.Require {
			f.AddNewRequire(r.Mod.Path, r.Mod.Version, !slices.Contains(direct, r.Mod.Path))
		}
		path, err := filepath.Abs(p.Replace)
		if err != nil {
			return nil, nil, err
		}
		if err := f.AddReplace(p.Framework, "", path, ""); err != nil {
			return nil, nil, err
		}
		if sum, err = os.ReadFile(filepath.Join(p.Replace, "go.sum")); err != nil {
			return nil, nil, err
		}
		f.SetRequireSeparateIndirect(f.Require)
	}
	f.Cleanup()
	mod, err = f.Format()
	return mod, sum, err
}
