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
}

// nodeData is what templates for one entity see.
type nodeData struct {
	*node
	Module string
}

func (o *output) writeCatalog(m *model) error {
	data := modelData{m.module(), m.nodes}
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
	data := modelData{m.module(), m.nodes}
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
	"keyExpr":          keyExpr,
	"fieldLiteral":     fieldLiteral,
	"fieldRef":         fieldRef,
	"fieldList":        fieldList,
	"edgeLiteral":      edgeLiteral,
	"ruleLiteral":      ruleLiteral,
	"namesLiteral":     namesLiteral,
	"targets":          targets,
	"children":         children,
	"setCall":          setCall,
	"softDeleteSetter": func(n any) string { return unwrap(n).softDeleteSetter() },
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
		if t.HasOneFieldID() && t.ID.Type.PkgPath != "" {
			set[t.ID.Type.PkgPath] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func keyFunc(data any) string {
	n := unwrap(data)
	switch n.ID[0].Key {
	case entity.IntKey:
		return "IntKey[" + n.Type.ID.Type.String() + "]"
	case entity.UUIDKey:
		return "UUIDKey"
	default:
		return "StringKey[" + n.Type.ID.Type.String() + "]"
	}
}

func keyExpr(data any, expr string) string {
	switch unwrap(data).ID[0].Key {
	case entity.IntKey:
		return "int64(" + expr + ")"
	case entity.UUIDKey:
		return expr + ".String()"
	default:
		return "string(" + expr + ")"
	}
}

// literal writes the fields of a composite literal that are set.
type literal struct{ strings.Builder }

func (l *literal) text(name, value string) {
	if value != "" {
		l.raw(name, quote(value))
	}
}

func (l *literal) flag(name string, value bool) {
	if value {
		l.raw(name, "true")
	}
}

func (l *literal) raw(name, value string) {
	if l.Len() > 0 {
		l.WriteString(", ")
	}
	l.WriteString(name + ": " + value)
}

func fieldLiteral(f *entity.Field) string {
	var l literal
	l.text("Name", f.Name)
	l.text("Schema", f.Schema)
	l.text("Column", f.Column)
	l.raw("Type", "entity."+constant(string(f.Type)))
	l.text("GraphQL", f.GraphQL)
	if f.Key != "" {
		l.raw("Key", map[entity.KeyType]string{entity.IntKey: "entity.IntKey", entity.StringKey: "entity.StringKey", entity.UUIDKey: "entity.UUIDKey"}[f.Key])
	}
	l.text("Target", f.Target)
	l.flag("Nullable", f.Nullable)
	l.flag("NonNull", f.NonNull)
	l.flag("Hidden", f.Hidden)
	l.flag("Filter", f.Filter)
	l.flag("Sort", f.Sort)
	l.text("OrderValue", f.OrderValue)
	if f.MaxLen > 0 {
		l.raw("MaxLen", strconv.Itoa(f.MaxLen))
	}
	l.text("DBType", f.DBType)
	l.text("\nDescription", f.Description)
	if len(f.Enum) > 0 {
		var values strings.Builder
		for _, v := range f.Enum {
			fmt.Fprintf(&values, "{Name: %q, Stored: %q},\n", v.Name, v.Stored)
		}
		l.raw("\nEnum", "[]entity.EnumValue{\n"+values.String()+"}")
	}
	return "{\n" + l.String() + ",\n}"
}

// constant is the Go name of a type or kind: all are named as they are spelled.
func constant(s string) string { return title(s) }

func edgeLiteral(e *entity.Edge) string {
	var l literal
	l.text("Name", e.Name)
	l.text("Schema", e.Schema)
	l.text("Target", e.Target)
	l.raw("Kind", "entity."+constant(string(e.Kind)))
	l.flag("NonNull", e.NonNull)
	l.text("Column", e.Column)
	l.flag("Nullable", e.Nullable)
	l.text("Join", e.Join)
	l.text("JoinOwn", e.JoinOwn)
	l.text("JoinTarget", e.JoinTarget)
	l.text("Input", e.Input)
	l.text("\nDescription", e.Description)
	return "{\n" + l.String() + ",\n}"
}

// fieldRef names a field of the generated slice.
func fieldRef(data any, f *entity.Field) string {
	return "fields[" + strconv.Itoa(slices.Index(unwrap(data).Fields, f)) + "]"
}

func fieldList(data any, fields []*entity.Field) string {
	refs := make([]string, len(fields))
	for i, f := range fields {
		refs[i] = fieldRef(data, f)
	}
	return "[]*entity.Field{" + strings.Join(refs, ", ") + "}"
}

func namesLiteral(n entity.Names) string {
	var l literal
	for _, pair := range [][2]string{
		{"One", n.One},
		{"Many", n.Many},
		{"\nConnection", n.Connection},
		{"Edge", n.Edge},
		{"\nWhere", n.Where},
		{"ToOneWhere", n.ToOneWhere},
		{"\nOrder", n.Order},
		{"OrderField", n.OrderField},
		{"\nCreate", n.Create},
		{"Update", n.Update},
		{"Delete", n.Delete},
	} {
		l.text(pair[0], pair[1])
	}
	return "entity.Names{\n" + l.String() + ",\n}"
}

// ruleLiteral writes a rule as its author did.
func ruleLiteral(r *access.Rule) string {
	args := slices.Concat(r.Roles, r.Path)
	if r.Kind == access.KindMatch {
		args = append([]string{r.Field}, r.Values...)
	}
	calls := make([]string, 0, len(args)+len(r.Rules))
	for _, arg := range args {
		calls = append(calls, quote(arg))
	}
	for _, sub := range r.Rules {
		calls = append(calls, ruleLiteral(sub))
	}
	return "access." + constant(string(r.Kind)) + "(" + strings.Join(calls, ", ") + ")"
}

// targets are the names of the entities that inputs refer to.
func targets(data any) []string {
	set := make(map[string]bool)
	for _, in := range unwrap(data).Inputs {
		if in.Edge != nil {
			set[in.Edge.Target] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// setCall hands one value of an input to the setter of the mutation.
func setCall(data any, in *input) string {
	n := unwrap(data)
	pkg := "ent" + n.Type.PackageDir()
	clear := "nil"
	switch {
	case in.list() && in.Edge.Kind == entity.ToMany:
		return setChildren(n, in)
	case in.list():
		operation := "access.Read"
		if in.entEdge.IsInverse() {
			operation = "access.Update"
		}
		return fmt.Sprintf(`input.SetLinks(v, %q, input.Link[%s]{
			Target: to%s, Operation: %s,
			Add: m.%s, Remove: m.%s, Clear: m.%s,
		})`, in.Name, in.entEdge.Type.ID.Type, in.Edge.Target, operation,
			in.entEdge.MutationAdd(), in.entEdge.MutationRemove(), in.entEdge.MutationClear())
	case in.Edge != nil:
		set := in.entEdge.MutationSet()
		if in.entField != nil {
			set = in.entField.MutationSet()
		}
		if in.Nullable {
			clear = "m." + in.entEdge.MutationClear()
		}
		return fmt.Sprintf("input.SetRef(v, %q, to%s, m.%s, %s)", in.Name, in.Edge.Target, set, clear)
	}
	if in.Nullable {
		clear = "m." + in.entField.MutationClear()
	}
	if in.Field.Type == entity.Enum {
		return fmt.Sprintf("input.SetEnum(v, %q, m.%s, %s)", in.Name, in.entField.MutationSet(), clear)
	}
	validator := ""
	if in.entField.Validators > 0 && !in.entField.HasGoType() {
		validator = ", " + pkg + "." + in.entField.Validator()
	}
	return fmt.Sprintf("input.Set(v, %q, %s, m.%s, %s%s)", in.Name, parsers[in.Field.Type], in.entField.MutationSet(), clear, validator)
}

// setChildren changes the foreign keys of the rows in a list.
func setChildren(n *node, in *input) string {
	e := in.entEdge
	idType := e.Type.ID.Type.String()
	parent := fmt.Sprintf("sql.FieldEQ(%q, parent)", in.Edge.Column)
	update := "client." + e.Type.Name + ".Update().Where("
	signature := fmt.Sprintf("func(ctx context.Context, parent %s, keys []%s) error {\n", n.Type.ID.Type, idType)
	ids := "ent" + e.Type.PackageDir() + ".ID"
	var b strings.Builder
	fmt.Fprintf(&b, "input.SetChildren(v, %q, input.Children[%s, %s]{\nTarget: to%s,\n", in.Name, n.Type.ID.Type, idType, in.Edge.Target)
	fmt.Fprintf(&b, "Connect: %sreturn %s%sIn(keys...)).%s(parent).Exec(ctx)\n},\n", signature, update, ids, e.Ref.MutationSet())
	if in.Nullable {
		fmt.Fprintf(&b, "Disconnect: %sreturn %s%sIn(keys...), %s).%s().Exec(ctx)\n},\n", signature, update, ids, parent, e.Ref.MutationClear())
		fmt.Fprintf(&b, "Keep: %sreturn %s%sNotIn(keys...), %s, to%s.Entity.Where(access.Update, access.FromContext(ctx))).%s().Exec(ctx)\n},\n",
			signature, update, ids, parent, in.Edge.Target, e.Ref.MutationClear())
	}
	b.WriteString("})")
	return b.String()
}

// children are the packages of the entities whose rows a list input changes.
func children(data any) []string {
	n := unwrap(data)
	set := make(map[string]bool)
	for _, in := range n.Inputs {
		if in.list() && in.Edge.Kind == entity.ToMany && in.entEdge.Type != n.Type {
			set[in.entEdge.Type.PackageDir()] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// parsers turn coerced GraphQL values into Go values of the setter's type.
var parsers = map[entity.Type]string{
	entity.Int:      "input.Int",
	entity.BigInt:   "input.BigInt",
	entity.Decimal:  "scalar.UnmarshalDecimal",
	entity.Float:    "input.Float",
	entity.Boolean:  "input.Bool",
	entity.String:   "input.String",
	entity.DateTime: "scalar.UnmarshalDateTime",
	entity.Date:     "scalar.UnmarshalDate",
	entity.JSON:     "input.JSON",
	entity.Bytes:    "scalar.UnmarshalBytes",
	entity.UUID:     "scalar.UnmarshalUUID",
}

func (n *node) softDeleteSetter() string {
	for _, f := range n.Type.Fields {
		if f.Name == n.SoftDelete.Schema {
			return f.MutationSet()
		}
	}
	panic("soft delete without a field")
}
