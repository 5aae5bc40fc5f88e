package testenv

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// App copies the application in folder into a module of the given name that uses this one, as a stranger's does, and generates
// what follows from its schema. What is generated is not committed: it is tens of thousands of lines that nobody would read.
func App(t *testing.T, folder, name string) (root string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a module")
	}
	WatchSources(t)
	repository := Root(t)
	root = t.TempDir()
	if err := os.CopyFS(root, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	const module = "github.com/entwine-data/entwine"
	for _, file := range []string{"go.mod", "go.sum", "gqlgen.yml"} {
		b, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if file == "go.mod" {
			text = strings.Replace(text, "module "+module, "module "+name, 1) +
				"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + repository + "\n"
		}
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), fs.FileMode(0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := Go(t, root, nil, "generate", "./..."); err != nil {
		t.Fatalf("go generate: %v\n%s", err, out)
	}
	return root
}

// Go runs the go command in the root of a module that [App] made. Nothing may be downloaded: what the application needs is in
// this repository's go.mod.
func Go(t *testing.T, root string, env []string, args ...string) (out string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	start := time.Now()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(append(os.Environ(), "GOPROXY=off", "GOWORK=off", "GOFLAGS=-mod=mod"), env...)
	b, err := cmd.CombinedOutput()
	t.Logf("go %s: %.1f s", strings.Join(args, " "), time.Since(start).Seconds())
	return string(b), err
}
