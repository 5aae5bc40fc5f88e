package gateway

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
what follows from its schema, so that it can be built, run and tested at once.`,
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
	cmd.Flags().StringVar(&p.Replace, "replace", "", "use the framework in this folder (default: the checkout in the working folder, if it is one)")
	cmd.Flags().BoolVar(&bare, "no-generate", false, "write the files and leave `go generate ./...` to you")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p.Framework, p.Version = framework, frameworkVersion()
		p.Go = strings.TrimPrefix(runtime.Version(), "go")
		if _, err := os.Stat(filepath.Join("gateway", "gateway.go")); p.Replace == "" && err == nil {
			p.Replace = "."
		}
		names, err := p.Write(args[0])
		if err != nil {
			return err
		}
		for _, name := range names {
			c.say("  %s", filepath.Join(args[0], name))
		}
		if !bare {
			if err := c.generate(cmd.Context(), args[0], p.Replace == ""); err != nil {
				return err
			}
		}
		c.say("\nNext:\n\n  cd %s\n  go run . dev\n  go test ./...\n\nREADME.md there says how to go on.", args[0])
		return nil
	}
	return cmd
}

// frameworkVersion is the version of the framework in this binary; v0.0.0 in a build from a checkout.
func frameworkVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == framework && strings.HasPrefix(m.Version, "v") && m.Replace == nil {
				return m.Version
			}
		}
	}
	return "v0.0.0"
}

// generate runs the project's generator, after a look-up of its modules if they are not known.
func (c *command) generate(ctx context.Context, dir string, tidy bool) error {
	steps := [][]string{{"go", "generate", "./..."}}
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
