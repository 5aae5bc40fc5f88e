// Command size measures what a project of many entities costs its developers: the time and memory of generation and of
// builds. docs/size.md has the results.
//
//	go run ./bench/size -entities 10,100,300
//
// The project is the same for the same number of entities. Its folder is a new one each time, so that nothing of its own is
// compiled before; what it depends on is. Generation compiles package ent, because gqlgen asks Go for its types; the build
// after it finds it compiled.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"
)

func main() {
	counts := flag.String("entities", "10,100", "numbers of entities, separated by commas")
	keep := flag.Bool("keep", false, "keep the projects and print where they are")
	lean := flag.Bool("lean", false, "compile package ent as docs/size.md advises for large projects")
	flag.Parse()
	log.SetFlags(0)
	checkout, err := filepath.Abs(".")
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range strings.Split(*counts, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 2 {
			log.Fatalf("-entities: %q is not a number from 2", text)
		}
		p := &project{checkout: checkout, entities: n, env: os.Environ()}
		if *lean {
			p.env = append(p.env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+leanFlags), "GOGC=25")
		}
		if p.dir, err = os.MkdirTemp("", fmt.Sprintf("entwine-size-%d-", n)); err != nil {
			log.Fatal(err)
		}
		if err := p.write(); err != nil {
			log.Fatal(err)
		}
		if err := p.measure(); err != nil {
			log.Fatal(err)
		}
		if *keep {
			log.Print(p.dir)
		} else if err := os.RemoveAll(p.dir); err != nil {
			log.Fatal(err)
		}
	}
}

// leanFlags leave out what costs the compiler most and a running server does not miss: calls that are inlined, and what
// debuggers read.
const leanFlags = ` "-gcflags=example.com/size/ent=-l -dwarf=false"`

type project struct {
	checkout, dir string
	entities      int
	env           []string
}

// write makes a new project and puts the entities in the place of its first ones.
func (p *project) write() error {
	create := exec.CommandContext(context.Background(), "go", "run", ".", "new", p.dir, "--module", "example.com/size", "--replace", p.checkout, "--no-generate")
	create.Dir = p.checkout
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("make the project: %w\n%s", err, out)
	}
	for _, pattern := range []string{"*_test.go", "ent/schema/*.go", "graph/*.graphql", "graph/*.resolvers.go"} {
		names, err := filepath.Glob(filepath.Join(p.dir, pattern))
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(p.dir, "ent", "entc.go"), []byte(entc), 0o644); err != nil {
		return err
	}
	for i := range p.entities {
		if err := p.writeEntity(i, false); err != nil {
			return err
		}
	}
	return nil
}

func (p *project) writeEntity(i int, more bool) error {
	name := func(i int) string { return fmt.Sprintf("Item%03d", (i+p.entities)%p.entities) }
	var b bytes.Buffer
	err := schema.Execute(&b, map[string]any{
		// A step of three leads elsewhere than a step of one, from five entities on.
		"Name": name(i), "Next": name(i + 1), "Previous": name(i - 1), "Far": name(i + 3), "FarBack": name(i - 3), "More": more,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, "ent", "schema", strings.ToLower(name(i))+".go"), b.Bytes(), 0o644)
}

func (p *project) measure() error {
	// What the project depends on is no part of the measurement.
	deps := exec.CommandContext(context.Background(), "go", "build", "./gateway/...")
	deps.Dir, deps.Env = p.checkout, p.env
	if out, err := deps.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the dependencies: %w\n%s", err, out)
	}
	if err := p.run("generate, first", "go", "generate", "./..."); err != nil {
		return err
	}
	if err := p.run("build after it", "go", "build", "-o", "app", "."); err != nil {
		return err
	}
	if err := p.run("build, nothing changed", "go", "build", "-o", "app", "."); err != nil {
		return err
	}
	if err := p.writeEntity(0, true); err != nil {
		return err
	}
	if err := p.run("generate, one field more", "go", "generate", "./..."); err != nil {
		return err
	}
	return p.run("build after it", "go", "build", "-o", "app", ".")
}

func (p *project) run(step string, args ...string) error {
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = p.dir, p.env
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", step, err, out)
	}
	wall := time.Since(start)
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	// The largest of all processes below, in KiB.
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	fmt.Printf("| %d | %s | %.0f s | %.0f s | %d MiB |\n", p.entities, step, wall.Seconds(), used.Seconds(), peak>>10)
	return nil
}

const entc = `//go:build ignore

package main

import (
	"log"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/codegen"
)

func main() {
	rules := access.Rules{Read: access.Everyone(), Create: access.Everyone(), Update: access.Everyone(), Delete: access.Everyone()}
	if err := codegen.Run(codegen.Config{DefaultRules: rules}); err != nil {
		log.Fatalf("generate: %v", err)
	}
}
`

var schema = template.Must(template.New("").Parse(`package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"

	"github.com/entwine-data/entwine/gateway/entity"
)

type {{ .Name }} struct{ ent.Schema }

func ({{ .Name }}) Fields() []ent.Field {
	return []ent.Field{
		field.String("title").NotEmpty().MaxRuneLen(200),
		field.String("code").Unique(),
		field.Text("body").Optional(),
		field.Enum("state").Values("open", "closed", "archived").Default("open"),
		field.Int("amount").Default(0),
		field.Bool("active").Default(true),
		field.Float("weight").Optional().Nillable(),
		field.JSON("details", map[string]any{}).Optional(),
		field.UUID("token", uuid.UUID{}).Default(uuid.New),
		field.Time("created_at").Default(entity.Now).Immutable(),
		{{- if .More }}
		field.String("more").Optional(),
		{{- end }}
	}
}

func ({{ .Name }}) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("parts", {{ .Next }}.Type),
		edge.From("owner", {{ .Previous }}.Type).Ref("parts").Unique(),
		edge.To("tags", {{ .Far }}.Type),
		edge.From("tagged", {{ .FarBack }}.Type).Ref("tags"),
	}
}

func ({{ .Name }}) Indexes() []ent.Index { return []ent.Index{index.Fields("state", "created_at")} }
`))
