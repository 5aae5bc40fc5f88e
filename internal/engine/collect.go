package engine

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// collected is all selections of one response key: the fields that the specification merges.
type collected struct {
	key   string
	nodes []*ast.Field
}

func (c *collected) first() *ast.Field { return c.nodes[0] }

// sub is the merged selection set below the key.
func (c *collected) sub() []ast.SelectionSet {
	sets := make([]ast.SelectionSet, len(c.nodes))
	for i, n := range c.nodes {
		sets[i] = n.SelectionSet
	}
	return sets
}

// collector implements CollectFields (GraphQL specification, section 6.3.2) for one operation whose variables are known.
type collector struct {
	doc    *ast.QueryDocument
	schema *ast.Schema
	vars   map[string]any
}

// fields returns the fields of the merged selection sets on an object of type typeName, in response order.
func (c *collector) fields(sets []ast.SelectionSet, typeName string) []*collected {
	var out []*collected
	index := make(map[string]*collected)
	visited := make(map[string]bool)
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, sel := range set {
			switch sel := sel.(type) {
			case *ast.Field:
				if !c.included(sel.Directives) {
					continue
				}
				f := index[sel.Alias]
				if f == nil {
					f = &collected{key: sel.Alias}
					index[sel.Alias] = f
					out = append(out, f)
				}
				f.nodes = append(f.nodes, sel)
			case *ast.InlineFragment:
				if c.included(sel.Directives) && c.applies(sel.TypeCondition, typeName) {
					walk(sel.SelectionSet)
				}
			case *ast.FragmentSpread:
				if visited[sel.Name] || !c.included(sel.Directives) {
					continue
				}
				visited[sel.Name] = true
				if def := c.doc.Fragments.ForName(sel.Name); c.applies(def.TypeCondition, typeName) {
					walk(def.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		walk(set)
	}
	return out
}

func (c *collector) applies(condition, typeName string) bool {
	if condition == "" || condition == typeName {
		return true
	}
	def := c.schema.Types[condition]
	return def != nil && def.IsAbstractType() &&
		slices.ContainsFunc(c.schema.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == typeName })
}

func (c *collector) included(directives ast.DirectiveList) bool {
	if len(directives) == 0 {
		return true
	}
	if d := directives.ForName("skip"); d != nil && c.condition(d) {
		return false
	}
	if d := directives.ForName("include"); d != nil && !c.condition(d) {
		return false
	}
	return true
}

func (c *collector) condition(d *ast.Directive) bool {
	v, _ := d.Arguments.ForName("if").Value.Value(c.vars)
	b, _ := v.(bool)
	return b
}
