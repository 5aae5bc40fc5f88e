package entity

import (
	"cmp"
	"slices"

	"github.com/entwine-data/entwine/gateway/access"
)

// Link gives named rules their code. It returns the name of one that has none. It must be called before the catalog is used.
func (c *Catalog) Link(named map[string]access.Dynamic) (missing string) {
	for _, e := range c.Entities {
		for _, op := range access.Operations() {
			if name := e.Rules.For(op).Link(named); name != "" {
				return name
			}
		}
		if name := cmp.Or(e.Deleted.Link(named), e.historyRule().Link(named)); name != "" {
			return name
		}
		for _, f := range e.Fields {
			if name := cmp.Or(f.Read.Link(named), f.Write.Link(named)); name != "" {
				return name
			}
		}
		for _, ed := range e.Edges {
			if name := cmp.Or(ed.Guard.Link(named), ed.Write.Link(named)); name != "" {
				return name
			}
		}
	}
	return ""
}

// Roles are the roles that some rule names, sorted.
func (c *Catalog) Roles() []string {
	var roles []string
	add := func(rules ...*access.Rule) {
		for _, r := range rules {
			roles = append(roles, r.RoleNames()...)
		}
	}
	for _, e := range c.Entities {
		add(e.Rules.Read, e.Rules.Create, e.Rules.Update, e.Rules.Delete, e.Bypass, e.Deleted, e.historyRule())
		for _, f := range e.Fields {
			add(f.Read, f.Write)
		}
		for _, ed := range e.Edges {
			add(ed.Guard, ed.Write)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// WithCan adds the query `can` for those whom the rule allows. Generated code calls it.
func (c *Catalog) WithCan(rule *access.Rule) *Catalog {
	c.Can = rule
	c.root("can", Root{Kind: RootCan})
	return c
}
