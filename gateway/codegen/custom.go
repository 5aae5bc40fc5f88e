package codegen

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/entwine-data/entwine/gateway/entity"
)

const sdlFile = "schema.graphql"

// emptyField is what the reduced schema's Query holds if there is no hand-written query: GraphQL has no empty types.
const emptyField = "_empty"

// directives are for hand-written files only: @needs is ours, the others tell gqlgen how to bind Go code. None of them is
// part of the schema that clients see.
const directives = `
directive @needs(fields: [String!]!) on FIELD_DEFINITION
directive @goField(forceResolver: Boolean, name: String, omittable: Boolean, type: String, batch: Boolean) on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @goModel(model: String, models: [String!], forceGenerate: Boolean) on OBJECT | INPUT_OBJECT | SCALAR | ENUM | INTERFACE | UNION
directive @goTag(key: String!, value: String) on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @goExtraField(name: String, type: String!, overrideTags: String, description: String) repeatable on OBJECT | INPUT_OBJECT
directive @goEnum(value: String) on ENUM_VALUE
`

// sdl is the complete schema in its two forms.
type sdl struct {
	full    string // what clients see
	reduced string // what gqlgen generates code for
}

// readCustom reads the hand-written *.graphql files of graph.
func readCustom(dir string) ([]*ast.Source, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.graphql"))
	if err != nil {
		return nil, err
	}
	var all []*ast.Source
	for _, name := range names {
		if filepath.Base(name) == sdlFile {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read hand-written operations: %w", err)
		}
		all = append(all, &ast.Source{Name: "graph/" + filepath.Base(name), Input: string(text)})
	}
	return all, nil
}

// mergeSDL joins the generated and the hand-written schema, and fills what the hand-written part says about entities into
// the model.
func mergeSDL(m *model, custom []*ast.Source) (*sdl, error) {
	generated := &ast.Source{Name: "graph/" + sdlFile, Input: m.entitySDL()}
	prelude := &ast.Source{Name: "directives", Input: directives}
	if _, err := gqlparser.LoadSchema(append([]*ast.Source{generated, prelude}, custom...)...); err != nil {
		return nil, fmt.Errorf("hand-written operations: %w", err)
	}
	doc, err := parser.ParseSchema(generated)
	if err != nil {
		return nil, err
	}
	own := &ast.SchemaDocument{}
	for _, source := range custom {
		part, err := parser.ParseSchema(source)
		if err != nil {
			return nil, err
		}
		own.Merge(part)
	}
	reduced, err := m.reduce(doc, own)
	if err != nil {
		return nil, err
	}
	// The definitions are shared: what follows takes out of them what gqlgen still has to see.
	forGqlgen := directives + formatSDL(reduced)
	doc.Definitions = append(doc.Definitions, own.Definitions...)
	for _, ext := range own.Extensions {
		def := doc.Definitions.ForName(ext.Name)
		if def == nil {
			return nil, fmt.Errorf("%s: extend %s: there is no such type", ext.Position.Src.Name, ext.Name)
		}
		def.Fields = append(def.Fields, ext.Fields...)
		def.EnumValues = append(def.EnumValues, ext.EnumValues...)
	}
	for _, def := range doc.Definitions {
		def.Directives = clientDirectives(def.Directives)
		for _, f := range def.Fields {
			f.Directives = clientDirectives(f.Directives)
		}
		for _, v := range def.EnumValues {
			v.Directives = clientDirectives(v.Directives)
		}
	}
	return &sdl{full: "# " + strings.TrimPrefix(header, "// ") + "\n\n" + formatSDL(doc), reduced: forGqlgen}, nil
}

func formatSDL(doc *ast.SchemaDocument) string {
	var b bytes.Buffer
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
	return b.String()
}

func clientDirectives(list ast.DirectiveList) ast.DirectiveList {
	return slices.DeleteFunc(slices.Clone(list), func(d *ast.Directive) bool {
		return d.Name == "needs" || strings.HasPrefix(d.Name, "go")
	})
}

// reduce makes the schema that gqlgen generates code for: the hand-written operations and the types that they reach.
// Entities are scalars there, whose marshalers leave a mark that the engine replaces by what the client selected.
func (m *model) reduce(doc, own *ast.SchemaDocument) (*ast.SchemaDocument, error) {
	out := &ast.SchemaDocument{}
	roots := map[string]*ast.Definition{}
	for _, name := range []string{"Query", "Mutation", "Subscription"} {
		roots[name] = &ast.Definition{Kind: ast.Object, Name: name}
	}
	for _, def := range own.Definitions {
		if root := roots[def.Name]; root != nil { // Only Subscription can be: the others exist and are extended.
			root.Fields = append(root.Fields, def.Fields...)
			continue
		}
		out.Definitions = append(out.Definitions, copyDefinition(def))
	}
	for _, ext := range own.Extensions {
		switch n := m.node(ext.Name); {
		case roots[ext.Name] != nil:
			roots[ext.Name].Fields = append(roots[ext.Name].Fields, ext.Fields...)
		case n != nil:
			if err := n.addCustom(ext, out); err != nil {
				return nil, err
			}
		default:
			def := out.Definitions.ForName(ext.Name)
			if def == nil {
				return nil, fmt.Errorf("%s: extend %s: only Query, Mutation, entities and your own types can be extended", ext.Position.Src.Name, ext.Name)
			}
			def.Fields = append(def.Fields, ext.Fields...)
			def.EnumValues = append(def.EnumValues, ext.EnumValues...)
		}
	}
	for _, n := range m.nodes {
		if n.CustomRoot != "" {
			roots["Query"].Fields = append(roots["Query"].Fields, &ast.FieldDefinition{
				Name: n.CustomRoot,
				Type: ast.NonNullListType(ast.NamedType(n.customType(), nil), nil),
			})
		}
	}
	if len(roots["Query"].Fields) == 0 {
		roots["Query"].Fields = ast.FieldList{{Name: emptyField, Type: ast.NamedType("Boolean", nil)}}
	}
	for _, name := range []string{"Query", "Mutation", "Subscription"} {
		if len(roots[name].Fields) > 0 {
			out.Definitions = append(out.Definitions, roots[name])
		}
	}
	for _, f := range roots["Mutation"].Fields {
		// Only a field that cannot be null takes data with it when it fails, which is when the transaction is undone.
		if !f.Type.NonNull {
			return nil, fmt.Errorf("%s: mutation %s returns %s, which can be null: write %s!, so that nothing is committed when it fails", f.Position.Src.Name, f.Name, f.Type, f.Type)
		}
	}
	for i := 0; i < len(out.Definitions); i++ {
		def := out.Definitions[i]
		if def.Kind == ast.Union && slices.ContainsFunc(def.Types, func(name string) bool { return m.node(name) != nil }) {
			return nil, fmt.Errorf("graph: union %s holds entities, which unions cannot do yet: make it a type with one nullable field for each", def.Name)
		}
		names := slices.Clone(def.Types)
		where := def.Name
		for _, f := range def.Fields {
			names = append(names, f.Type.Name())
			for _, arg := range f.Arguments {
				names = append(names, arg.Type.Name())
			}
		}
		for _, name := range names {
			if err := m.reach(doc, out, where, name); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// reach adds the generated type that a hand-written one mentions.
func (m *model) reach(doc, out *ast.SchemaDocument, where, name string) error {
	def := doc.Definitions.ForName(name)
	switch {
	case def == nil || out.Definitions.ForName(name) != nil:
		return nil
	case m.node(name) != nil:
		out.Definitions = append(out.Definitions, &ast.Definition{Kind: ast.Scalar, Name: name})
	case def.Kind == ast.Object || def.Kind == ast.Interface:
		return fmt.Errorf("graph: %s mentions %s: hand-written operations return entities (Post or [Post!]!) and types of their own, no connections, payloads or Node", where, name)
	default:
		out.Definitions = append(out.Definitions, copyDefinition(def))
	}
	return nil
}

func copyDefinition(def *ast.Definition) *ast.Definition {
	c := *def
	c.Fields = slices.Clone(def.Fields)
	c.EnumValues = slices.Clone(def.EnumValues)
	return &c
}

// customType is the object type of the reduced schema that holds an entity's hand-written fields.
func (n *node) customType() string { return n.Name + "Fields" }

// addCustom takes over the hand-written fields of an entity. All of them get their parents in one call.
func (n *node) addCustom(ext *ast.Definition, out *ast.SchemaDocument) error {
	def := out.Definitions.ForName(n.customType())
	if def == nil {
		def = &ast.Definition{Kind: ast.Object, Name: n.customType()}
		out.Definitions = append(out.Definitions, def)
		n.CustomRoot = "_" + camel(n.Name) + "Parents"
	}
	for _, f := range ext.Fields {
		c := &entity.CustomField{Name: f.Name, Needs: slices.Clone(n.ID)}
		if needs := f.Directives.ForName("needs"); needs != nil {
			for _, child := range needs.Arguments.ForName("fields").Value.Children {
				need := n.Field(child.Value.Raw)
				if need == nil {
					return fmt.Errorf("%s: %s.%s needs %q: the entity has no such field", ext.Position.Src.Name, n.Name, f.Name, child.Value.Raw)
				}
				if !slices.Contains(c.Needs, need) {
					c.Needs = append(c.Needs, need)
				}
			}
		}
		n.Custom = append(n.Custom, c)
		batched := *f
		batched.Directives = ast.DirectiveList{{Name: "goField", Arguments: ast.ArgumentList{
			{Name: "forceResolver", Value: &ast.Value{Raw: "true", Kind: ast.BooleanValue}},
			{Name: "batch", Value: &ast.Value{Raw: "true", Kind: ast.BooleanValue}},
		}}}
		def.Fields = append(def.Fields, &batched)
	}
	return nil
}
