package codegen

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"entgo.io/ent/entc/gen"
	"golang.org/x/tools/imports"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

var (
	//go:embed template/rows.tmpl
	rowsTemplate string
	//go:embed template/bulk.tmpl
	bulkTemplate string
	//go:embed template/conn.tmpl
	connTemplate string
	//go:embed template/edges.tmpl
	edgesTemplate string
	//go:embed template/insert.tmpl
	insertTemplate string
	//go:embed template/joins.tmpl
	joinsTemplate string
	//go:embed template/renames.tmpl
	renamesTemplate string
	//go:embed template/catalog.tmpl
	catalogTemplate string
	//go:embed template/entity.tmpl
	entityTemplate string
	//go:embed template/refs.tmpl
	refsTemplate string
	//go:embed template/loaders.tmpl
	loadersTemplate string
	//go:embed template/open.tmpl
	openTemplate string
	//go:embed template/roots.tmpl
	rootsTemplate string
)

// output writes whole files below the application's folder.
type output struct {
	root    string
	written map[string]bool
}

func newOutput(root string) *output { return &output{root: root, written: make(map[string]bool)} }

// write keeps a file that is already right as it is, so that builds stay cached.
func (o *output) write(name string, content []byte) error {
	o.written[name] = true
	path := filepath.Join(o.root, name)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// execute writes a Go file from a template.
func (o *output) execute(name, text string, data any) error {
	tmpl, err := template.New(name).Funcs(funcs).Parse(text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, data); err != nil {
		return fmt.Errorf("generate %s: %w", name, err)
	}
	// This drops the imports that a template names for some entities only.
	source, err := imports.Process(filepath.Join(o.root, name), b.Bytes(), nil)
	if err != nil {
		return fmt.Errorf("generate %s: %w\n%s", name, err, b.Bytes())
	}
	return o.write(name, source)
}

// finish removes the files of earlier runs that this one did not write.
func (o *output) finish(dirs ...string) error {
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(o.root, dir, "*.go"))
		if err != nil {
			return err
		}
		for _, path := range names {
			name := filepath.ToSlash(filepath.Join(dir, filepath.Base(path)))
			if o.written[name] {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if bytes.HasPrefix(text, []byte(header)) {
				if err := os.Remove(path); err != nil {
					return fmt.Errorf("remove stale %s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// modelData is what templates for all entities see.
type modelData struct {
	Module string
	Nodes  []*node
	Can    *access.Rule
}

// nodeData is what templates for one entity see.
type nodeData struct {
	*node
	Module string
}

func (o *output) writeCatalog(m *model) error {
	data := modelData{m.module(), m.nodes, m.can}
	if err := o.execute("ent/catalog/catalog.go", catalogTemplate, data); err != nil {
		return err
	}
	if err := o.execute("ent/catalog/refs.go", refsTemplate, data); err != nil {
		return err
	}
	for _, n := range m.nodes {
		// The suffix keeps names such as linux.go and user_test.go, which mean something to Go, out of reach.
		err := o.execute("ent/catalog/"+n.Type.PackageDir()+"_entity.go", entityTemplate, nodeData{n, m.module()})
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *output) writeGraph(m *model, s *sdl) error {
	if err := o.write("graph/"+sdlFile, []byte(s.full)); err != nil {
		return err
	}
	data := modelData{m.module(), m.nodes, m.can}
	if err := o.execute("graph/loaders.go", loadersTemplate, data); err != nil {
		return err
	}
	return o.execute("graph/open.go", openTemplate, data)
}

var funcs = template.FuncMap{
	"header":           func() string { return header },
	"quote":            quote,
	"lower":            camel,
	"single":           func(n *node) bool { return n.Type.HasOneFieldID() },
	"idPackages":       idPackages,
	"keyFunc":          keyFunc,
	"tenantField":      tenantField,
	"keyExpr":          keyExpr,
	"fieldLiteral":     fieldLiteral,
	"fieldRef":         fieldRef,
	"fieldList":        fieldList,
	"edgeLiteral":      edgeLiteral,
	"ruleLiteral":      ruleLiteral,
	"namesLiteral":     namesLiteral,
	"targets":          targets,
	"linked":           func(data any) []*input { return unwrap(data).linked() },
	"linkCall":         linkCall,
	"databaseDefaults": databaseDefaults,
	"children":         children,
	"setCall":          setCall,
	"softDelete":       func(n any) *gen.Field { return unwrap(n).softDelete() },
}

func quote(s string) string { return strconv.Quote(s) }

// unwrap finds the node in the data of a template.
func unwrap(data any) *node {
	switch data := data.(type) {
	case *node:
		return data
	case nodeData:
		return data.node
	}
	panic(fmt.Sprintf("template data %T", data))
}

// idPackages are the packages of the id types that the template may name.
func idPackages(data any) []string {
	var types []*gen.Type
	switch data := data.(type) {
	case modelData:
		for _, n := range data.Nodes {
			types = append(types, n.Type)
		}
	case nodeData:
		types = append(types, data.Type)
		for _, e := range data.Type.Edges {
			types = append(types, e.Type)
		}
	}
	set := make(map[string]bool)
	for _, t := range types {
		keys := t.EdgeSchema.ID
		if t.HasOneFieldID() {
			keys = []*gen.Field{t.ID}
		}
		for _, f := range keys {
			if f.Type.PkgPath != "" {
				set[f.Type.PkgPath] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// tenantField is the field of an entity that holds the tenant of a row, nil if there is none.
func tenantField(data any) *gen.Field {
	n := unwrap(data)
	if n.Tenant == nil {
		return nil
	}
	return n.Type.Fields[slices.IndexFunc(n.Type.Fields, func(f *gen.Field) bool { return f.Name == n.Tenant.Schema })]
}

// keyFunc is the function of package input that turns the value of a key column into its Go type.
func keyFunc(f *gen.Field) string {
	switch key, _ := keyType(f); {
	case scannedKey(f):
		return "ScanKey[" + f.Type.String() + "]"
	case key == entity.IntKey:
		return "IntKey[" + f.Type.String() + "]"
	case key == entity.UUIDKey:
		return "UUIDKey"
	default:
		return "StringKey[" + f.Type.String() + "]"
	}
}

// scannedKey says whether a key is of a Go type that only knows itself how to become a value of the database.
func scannedKey(f *gen.Field) bool {
	if f.IsUUID() {
		return f.Type.String() != "uuid.UUID" || f.Type.PkgPath != "github.com/google/uuid"
	}
	return f.HasGoType() && f.Type.ValueScanner()
}

// keyExpr is the key of the row that a Go expression holds.
func keyExpr(data any, row string) string {
	n := unwrap(data)
	part := func(f *gen.Field, expr string) string {
		switch key, _ := keyType(f); {
		case scannedKey(f):
			return "input.ValueKey(" + expr + ")"
		case key == entity.IntKey:
			return "int64(" + expr + ")"
		case key == entity.UUIDKey:
			return expr + ".String()"
		default:
			return "string(" + expr + ")"
		}
	}
	if !n.Composite() {
		return part(n.Type.ID, row+".ID")
	}
	parts := make([]string, len(n.Type.EdgeSchema.ID))
	for i, f := range n.Type.EdgeSchema.ID {
		parts[i] = part(f, row+"."+f.StructField())
	}
	return "entity.CompositeKey(" + strings.Join(parts, ", ") + ")"
}
