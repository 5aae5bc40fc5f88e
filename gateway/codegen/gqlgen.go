package codegen

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/entwine-data/entwine/gateway/entity"
)

// runGqlgen lets gqlgen generate the execution of the hand-written operations from the reduced schema.
func runGqlgen(root string, m *model, s *sdl) error {
	cfg, err := config.LoadConfig(filepath.Join(root, "gqlgen.yml"))
	if err != nil {
		return fmt.Errorf("gqlgen.yml: %w", err)
	}
	cfg.Exec.Filename = filepath.Join(root, cfg.Exec.Filename)
	if cfg.Model.IsDefined() {
		cfg.Model.Filename = filepath.Join(root, cfg.Model.Filename)
	}
	cfg.Sources = []*ast.Source{{Name: "graph/" + sdlFile, Input: s.reduced}}
	// gqlgen would upgrade modules behind the user's back.
	cfg.SkipModTidy = true
	cfg.Directives["needs"] = config.DirectiveConfig{SkipRuntime: true}
	bind := func(name, goName string) {
		if !cfg.Models.UserDefined(name) {
			cfg.Models.Add(name, goName)
		}
	}
	for _, n := range m.nodes {
		if !n.Hidden {
			bind(n.Name, m.module()+"/ent/catalog."+n.Name)
		}
		if n.CustomRoot != "" {
			bind(n.customType(), m.module()+"/ent."+n.Type.Name)
		}
	}
	for _, e := range m.enums {
		// In hand-written code, too, an enum is the ORM's, with its stored spellings.
		if e.field.HasGoType() || cfg.Models.UserDefined(e.Name) {
			continue
		}
		pkg, goType, _ := strings.Cut(e.field.Type.String(), ".")
		pkg = m.module() + "/ent/" + pkg + "."
		values := make(map[string]config.EnumValue)
		for i, v := range e.Values {
			values[v.Name] = config.EnumValue{Value: pkg + e.field.Enums[i].Name}
		}
		cfg.Models[e.Name] = config.TypeMapEntry{Model: config.StringList{pkg + goType}, EnumValues: values}
	}
	for _, t := range []entity.Type{entity.DateTime, entity.Date, entity.BigInt, entity.Decimal, entity.JSON, entity.Bytes, entity.UUID} {
		bind(string(t), "github.com/entwine-data/entwine/gateway/scalar."+string(t))
	}
	if err := api.Generate(cfg, api.AddPlugin(&rootsPlugin{root: root, model: m})); err != nil {
		return fmt.Errorf("generate the hand-written operations' execution: %w", err)
	}
	return nil
}

// rootsPlugin writes the types that hand-written resolvers are methods of, which gqlgen leaves to its users.
type rootsPlugin struct {
	root  string
	model *model
}

func (*rootsPlugin) Name() string { return "entwine" }

type resolver struct{ Object, Entity, Method, Interface, Type string }

func (p *rootsPlugin) GenerateCode(data *codegen.Data) error {
	var resolvers []resolver
	empty := ""
	entities := make(map[string]string)
	for _, n := range p.model.nodes {
		entities[n.customType()] = n.Name
	}
	for _, object := range data.Objects {
		if !object.HasResolvers() {
			continue
		}
		name := title(object.Name)
		resolvers = append(resolvers, resolver{
			Object: object.Name, Entity: entities[object.Name], Method: name, Interface: name + "Resolver",
			Type: templates.LcFirst(object.Name) + "Resolver",
		})
		for _, f := range object.Fields {
			if object.Name == "Query" && f.Name == emptyField {
				empty = f.GoFieldName
			}
		}
	}
	slices.SortFunc(resolvers, func(a, b resolver) int {
		if a.Object < b.Object {
			return -1
		}
		return 1
	})
	type parents struct{ Name, Type, Method string }
	var all []parents
	for _, n := range p.model.nodes {
		if n.CustomRoot != "" {
			all = append(all, parents{n.Name, n.Type.Name, templates.ToGo(n.CustomRoot)})
		}
	}
	return newOutput(p.root).execute("graph/roots.go", rootsTemplate, struct {
		Module    string
		Resolvers []resolver
		Parents   []parents
		Empty     string
	}{p.model.module(), resolvers, all, empty})
}
