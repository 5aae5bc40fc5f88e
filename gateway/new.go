package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/modfile"

	"github.com/entwine-data/entwine/internal/scaffold"
)

// framework is the module path of this package.
const framework = "github.com/entwine-data/entwine"

func (c *command) new() *cobra.Command {
	var p scaffold.Project
	var bare bool
	cmd := &cobra.Command{
		Use: "new DIR --module PATH", Short: "Start a new project",
		Long: `Write a small working project into a new folder: two entities with rules, a hand-written field, tests. Then generate
what follows from its schema, so that it can be built, run and tested at once. Its README teaches the next steps.`,
		Example: "  " + invocation() + " new ../shop --module example.com/shop",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || p.Module == "" {
				return &usageError{fmt.Errorf("new needs a folder and a module path, such as: %s new ../shop --module example.com/shop", invocation())}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&p.Module, "module", "", "the module path of the project, such as example.com/shop")
	cmd.Flags().StringVar(&p.Name, "name", "", "the name to show (default: from the module path)")
	cmd.Flags().StringVar(&p.Replace, "replace", "", "use the framework in this folder (default: the checkout that is the working folder, or that this program was built with)")
	cmd.Flags().BoolVar(&bare, "no-generate", false, "write the files and leave `go generate ./...` to you")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p.Framework, p.Go = framework, strings.TrimPrefix(runtime.Version(), "go")
		version, checkout := origin()
		if p.Version = version; p.Replace == "" {
			p.Replace = checkout
		}
		if err := p.Check(); err != nil {
			return &usageError{err}
		}
		if _, err := exec.LookPath("go"); err != nil && !bare {
			return errors.New("there is no go command in PATH: install Go (https://go.dev/dl), or write the files alone with --no-generate")
		}
		dir := args[0]
		names, err := p.Write(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			c.say("  %s", filepath.Join(dir, name))
		}
		next := []string{"cd " + dir}
		if bare {
			next = append(next, "go generate ./...", "go run . migrate new init")
		} else if err := c.generate(cmd.Context(), dir, p.Replace == ""); err != nil {
			c.say("\nThe files above are complete. When the problem is solved, run `go generate ./...` and `go run . migrate new init` in %s.", dir)
			return err
		}
		next = append(next, "go run . dev", "go test ./...")
		c.say("\nNext:\n\n  %s\n\nREADME.md there teaches the next three steps.", strings.Join(next, "\n  "))
		return nil
	}
	return cmd
}

// origin says which framework this program holds: its version if that is a published one, and the folder of its source if
// that is known.
func origin() (version, checkout string) {
	if mod, err := os.ReadFile("go.mod"); err == nil && modfile.ModulePath(mod) == framework {
		return "", "."
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		switch {
		case m.Path != framework:
		case m.Replace != nil && filepath.IsAbs(m.Replace.Path):
			return "", m.Replace.Path
		case m.Replace == nil && m.Sum != "": // it was downloaded
			return m.Version, ""
		}
	}
	return "", ""
}

// generate runs the project's generator, after a look-up of its modules if they are not known, and writes the first migration.
func (c *command) generate(ctx context.Context, dir string, tidy bool) error {
	steps := [][]string{{"go", "generate", "./..."}, {"go", "run", ".", "migrate", "new", "init"}}
	if tidy {
		steps = append([][]string{{"go", "get", "./ent", framework + "/gateway/codegen"}}, steps...)
	}
	for _, step := range steps {
		c.say("\n%s (the first time takes a while)", strings.Join(step, " "))
		start := time.Now()
		cmd := exec.CommandContext(ctx, step[0], step[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, c.log, c.log
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s in %s: %w", strings.Join(step, " "), dir, err)
		}
		c.say("done in %d s", int(time.Since(start).Seconds()))
	}
	return nil
}
