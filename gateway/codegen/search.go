package codegen

import (
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/entc/gen"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/search"
)

// addSearch reads which fields are searched. Everybody who may read a row must be able to read them: what is found, and in which
// order, tells what they hold.
func (n *node) addSearch() error {
	if len(n.api.Search) == 0 {
		return nil
	}
	if n.Composite() {
		return fault(n.Type, "entity.Search: a key of several columns cannot be searched; give the entity an id of its own in place of field.ID(…)")
	}
	for _, text := range n.api.Search {
		name, weight, _ := strings.Cut(text, ":")
		f := n.field(name)
		problem := ""
		switch {
		case weight != "" && !search.IsWeight(weight):
			problem = fmt.Sprintf("the weight %q is none of A, B, C and D", weight)
		case f == nil:
			problem = fmt.Sprintf("the entity has no field %q", name)
		case f.Hidden || !f.Filter:
			problem = fmt.Sprintf("the field %q is Sensitive or Hidden, and a search would tell what it holds", name)
		case f.Read != nil && !f.Read.AllowsAll():
			problem = fmt.Sprintf("the field %q has a rule that says who may read it, and a search would tell others what it holds", name)
		case f.Type != entity.String:
			problem = fmt.Sprintf("the field %q is no text", name)
		case slices.ContainsFunc(n.Search, func(s entity.SearchField) bool { return s.Field == f }):
			problem = fmt.Sprintf("the field %q stands there twice", name)
		}
		if problem != "" {
			return fault(n.Type, "entity.Search(%q): %s", text, problem)
		}
		n.Search = append(n.Search, entity.SearchField{Field: f, Weight: orText(weight, "D")})
	}
	for _, f := range n.Fields {
		switch {
		case f.OrderValue == entity.OrderByRank && f.Sort:
			return fault(n.Type, "field %s: orders of an entity with entity.Search have a %s of their own; name the field by .Annotations(entity.Rename(\"…\"))", f.Schema, entity.OrderByRank)
		case f.Column == search.Column:
			return fault(n.Type, "field %s: entity.Search needs a column of the name %s; give the field another by StorageKey", f.Schema, search.Column)
		}
	}
	return nil
}

// markSearches adds to ent's description of the tables what is searched in them, for the migrations.
func (m *model) markSearches() error {
	for _, n := range m.nodes {
		if len(n.Search) == 0 {
			continue
		}
		var fields []search.Field
		for _, s := range n.Search {
			fields = append(fields, search.Field{Column: s.Field.Column, Weight: s.Weight})
		}
		table := entsql.Annotation{}
		if given := n.Type.EntSQL(); given != nil {
			table = *given
		}
		if table.Options != "" {
			return fault(n.Type, "entity.Search: its table has options of its own, %q, which only MySQL has; take them away", table.Options)
		}
		var err error
		if table.Options, err = search.Options(fields); err != nil {
			return fault(n.Type, "entity.Search: %v", err)
		}
		if n.Type.Annotations == nil {
			n.Type.Annotations = gen.Annotations{}
		}
		n.Type.Annotations.Set(table.Name(), table)
	}
	return nil
}

func (n *node) searchArguments() [][2]string {
	if len(n.Search) == 0 {
		return nil
	}
	var names []string
	for _, s := range n.Search {
		names = append(names, "`"+s.Field.Name+"`")
	}
	return [][2]string{{"search: String", "Words that must all occur in " + strings.Join(names, ", ") + ". `\"two words\"` in quotes follow each other, `-word` must not occur, `wor*` is any word that begins so."}}
}
