package access

import (
	"slices"
	"strings"
)

// String says the rule in English: "signed in, and (author is the viewer, or role admin)". A nil rule is "nobody".
func (r *Rule) String() string {
	if r == nil {
		return "nobody"
	}
	switch r.Kind {
	case KindEveryone:
		return "everyone"
	case KindSignedIn:
		return "signed in"
	case KindRole:
		return "role " + list(r.Roles, "or")
	case KindOwner:
		if len(r.Path) == 0 {
			return "the viewer themselves"
		}
		return strings.Join(r.Path, ".") + " is the viewer"
	case KindMatch:
		return r.Field + " is " + list(r.Values, "or")
	case KindCompare:
		return r.Field + " " + r.Op + " " + strings.Join(r.Values, "")
	case KindNull:
		return r.Field + " is empty"
	case KindPast:
		return r.Field + " is past"
	case KindFuture:
		return r.Field + " is still to come"
	case KindKnows:
		return "the viewer knows its " + r.Field
	case KindNamed:
		return "rule " + r.Label
	case KindRelated:
		return "of its " + r.Edge + ": " + r.Rules[0].part()
	case KindNot:
		return "not " + r.Rules[0].part()
	case KindAny:
		return r.join("nobody", ", or ")
	case KindAll:
		return r.join("everyone", ", and ")
	}
	return string(r.Kind)
}

func (r *Rule) join(empty, by string) string {
	if len(r.Rules) == 0 {
		return empty
	}
	if len(r.Rules) == 1 {
		return r.Rules[0].String()
	}
	parts := make([]string, len(r.Rules))
	for i, sub := range r.Rules {
		parts[i] = sub.part()
		if sub != nil && sub.Kind == r.Kind { // any of any needs no brackets
			parts[i] = sub.String()
		}
	}
	return strings.Join(parts, by)
}

// part is the rule as a part of another.
func (r *Rule) part() string {
	if r != nil && (r.Kind == KindAny || r.Kind == KindAll) && len(r.Rules) > 1 || r != nil && r.Kind == KindRelated {
		return "(" + r.String() + ")"
	}
	return r.String()
}

func list(words []string, by string) string {
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " " + by + " " + words[n-1]
	}
}

// Known are the fields whose values the rule asks for, each once.
func (r *Rule) Known() []string {
	if r == nil {
		return nil
	}
	var fields []string
	if r.Kind == KindKnows {
		fields = []string{r.Field}
	}
	for _, sub := range r.Rules {
		fields = append(fields, sub.Known()...)
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// RoleNames are the roles that the rule names, each once.
func (r *Rule) RoleNames() []string {
	if r == nil {
		return nil
	}
	names := slices.Clone(r.Roles)
	for _, sub := range r.Rules {
		names = append(names, sub.RoleNames()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
