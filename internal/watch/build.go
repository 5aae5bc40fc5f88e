package watch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// generatorConfig is read by the generator beside ent/schema and graph/*.graphql.
const generatorConfig = "gqlgen.yml"

// feedsGenerator says whether generated code depends on a file.
func feedsGenerator(name string) bool {
	dir, _ := filepath.Split(name)
	return strings.HasPrefix(name, "ent/schema/") || dir == "ent/" || name == generatorConfig ||
		dir == "graph/" && filepath.Ext(name) == ".graphql"
}

// builder makes the program of a project anew.
type builder struct {
	root string
	out  string // the folder for programs
	n    int
	// stale is that the generated code does not follow from its sources, because they changed or the last try failed.
	stale bool
}

// build makes the program after the named files changed. It returns the path of the program and says how long it took. The
// error is what the tools said, with paths as seen from the project's folder.
func (b *builder) build(ctx context.Context, changed []string) (program, times string, err error) {
	if slices.ContainsFunc(changed, feedsGenerator) {
		b.stale = true
	}
	if b.stale {
		start := time.Now()
		if err := b.run(ctx, "go", "generate", "./ent"); err != nil {
			return "", "", err
		}
		b.stale = false
		times = fmt.Sprintf("generated in %.1f s, ", time.Since(start).Seconds())
	}
	b.n++
	program = filepath.Join(b.out, fmt.Sprintf("server-%d", b.n))
	start := time.Now()
	if err := b.run(ctx, "go", "build", "-o", program, "."); err != nil {
		return "", "", err
	}
	return program, times + fmt.Sprintf("built in %.1f s", time.Since(start).Seconds()), nil
}

func (b *builder) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.root
	// The generator runs programs of its own, which hold the pipe of a command that was killed.
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if text := b.readable(string(out)); text != "" {
		return fmt.Errorf("%s", text)
	}
	return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
}

var (
	// noise is what each program of the chain adds about the one that it called.
	noise = regexp.MustCompile(`^((.*: )?exit status \d+|ent/generate\.go:\d+: running .*|# .*)$`)
	// preface is what they put before the message.
	preface = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d generate: (load ent/schema: entc/load: parse schema dir: # .*)?`)
	place   = regexp.MustCompile(`^[^\s:]+\.\w+:\d+`)
)

// readable keeps the lines of a failed command that say what is wrong and where.
func (b *builder) readable(out string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(out, "\n"), "\n") {
		line = preface.ReplaceAllString(line, "")
		line = strings.ReplaceAll(line, b.root+string(filepath.Separator), "")
		if strings.TrimSpace(line) == "" && len(lines) == 0 || noise.MatchString(line) {
			continue
		}
		if at := place.FindString(line); at != "" {
			name, _, _ := strings.Cut(at, ":")
			line = b.fromRoot(name) + line[len(name):]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// fromRoot returns the path of a file as seen from the project's folder. The generator runs in ent.
func (b *builder) fromRoot(name string) string {
	if _, err := os.Stat(filepath.Join(b.root, name)); err == nil {
		return filepath.ToSlash(filepath.Clean(name))
	}
	below := filepath.Join("ent", name)
	if _, err := os.Stat(filepath.Join(b.root, below)); err == nil {
		return filepath.ToSlash(below)
	}
	return name
}
