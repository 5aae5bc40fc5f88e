// Package scaffold writes the files of a new project: the part of an application that its developers own. A test keeps the
// files that do not depend on the schema equal to those of the reference application.
package scaffold

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

// Files are templates; a name ends in .tmpl so that Go does not take them for its own, and "dot" stands for a leading dot.
//
//go:embed all:template
var files embed.FS

// Project is what a new project is made from.
type Project struct {
	// Module is the project's module path, "example.com/shop".
	Module string
	// Name is shown to people. Defaults to the last part of the module path with a capital letter.
	Name string
	// Framework is the framework's module path, and Version the one to require.
	Framework, Version string
	// Replace is a checkout of the framework to use instead of a published version; empty for none. Its requirements are
	// taken over, so that nothing has to be looked up.
	Replace string
	// Go is the language version for go.mod, "1.26".
	Go string
}

var modulePath = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._~-]*(/[a-zA-Z0-9._~-]+)*$`)

// Check reports what is wrong with the project's description.
func (p Project) Check() error {
	if !modulePath.MatchString(p.Module) {
		return fmt.Errorf("%q is not a module path such as example.com/shop", p.Module)
	}
	if p.Replace != "" {
		if _, err := os.Stat(filepath.Join(p.Replace, "gateway", "gateway.go")); err != nil {
			return fmt.Errorf("%s is not a checkout of %s", p.Replace, p.Framework)
		}
	}
	return nil
}

// Write writes the project's files into dir, which it makes if necessary and which must be empty otherwise. It returns
// their names.
func (p Project) Write(dir string) ([]string, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if p.Name == "" {
		last := p.Module[strings.LastIndex(p.Module, "/")+1:]
		p.Name = strings.ToUpper(last[:1]) + last[1:]
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty; choose a new folder", dir)
	}
	rendered, err := p.render()
	if err != nil {
		return nil, err
	}
	var names []string
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
		source, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		// GraphQL and Go are full of braces of their own.
		t, err := template.New(path).Delims("<<", ">>").Parse(string(source))
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, p); err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "template/"), ".tmpl")
		out = append(out, file{strings.Replace(name, "dot", ".", strings.Count(filepath.Base(name), "dot")), b.Bytes()})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("render the project: %w", err)
	}
	mod, sum, err := p.goMod()
	if err != nil {
		return nil, err
	}
	out = append(out, file{"go.mod", mod})
	if sum != nil {
		out = append(out, file{"go.sum", sum})
	}
	return out, nil
}

// goMod makes go.mod and go.sum. With a checkout at hand its requirements are copied.
func (p Project) goMod() (mod, sum []byte, err error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "module %s\n\ngo %s\n\nrequire %s %s\n", p.Module, p.Go, p.Framework, p.Version)
	if p.Replace == "" {
		return b.Bytes(), nil, nil
	}
	source, err := os.ReadFile(filepath.Join(p.Replace, "go.mod"))
	if err != nil {
		return nil, nil, err
	}
	for _, block := range regexp.MustCompile(`(?ms)^require \(.*?^\)$`).FindAllString(string(source), -1) {
		b.WriteString("\n" + block + "\n")
	}
	path, err := filepath.Abs(p.Replace)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(&b, "\nreplace %s => %s\n", p.Framework, path)
	sum, err = os.ReadFile(filepath.Join(p.Replace, "go.sum"))
	return b.Bytes(), sum, err
}
