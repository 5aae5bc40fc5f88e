// Package access says who may see and do what.
//
// An entity states its rules as an annotation of its ent schema:
//
//	func (Post) Annotations() []schema.Annotation {
//		return []schema.Annotation{
//			access.Rules{
//				Read:   access.Any(access.Match("status", "published"), access.Owner("author")),
//				Create: access.All(access.SignedIn(), access.Owner("author")),
//				Update: access.Owner("author"),
//				Delete: access.Any(access.Owner("author"), access.Role("moderator")),
//			},
//		}
//	}
//
// An operation that is not stated is allowed to nobody. A rule is compiled to one SQL predicate for a viewer, and that
// predicate is part of every statement that chooses rows of the entity.
package access

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/schema"
)

// Operation is what a rule is about.
type Operation string

// The operations of [Rules].
const (
	Read   Operation = "read"
	Create Operation = "create"
	Update Operation = "update"
	Delete Operation = "delete"
)

// Operations are all of them.
func Operations() []Operation { return []Operation{Read, Create, Update, Delete} }

// Rules is the schema annotation that states who may do what with the rows of an entity. A nil rule allows nobody.
type Rules struct {
	Read   *Rule `json:"read,omitempty"`
	Create *Rule `json:"create,omitempty"`
	Update *Rule `json:"update,omitempty"`
	Delete *Rule `json:"delete,omitempty"`
}

// Name implements [schema.Annotation].
func (Rules) Name() string { return "EntwineRules" }

// Merge implements [schema.Merger]: what the entity itself states replaces what its mixins state, operation by operation.
func (r Rules) Merge(other schema.Annotation) schema.Annotation {
	o, ok := other.(Rules)
	if !ok {
		p, ok := other.(*Rules)
		if !ok || p == nil {
			return r
		}
		o = *p
	}
	if o.Read != nil {
		r.Read = o.Read
	}
	if o.Create != nil {
		r.Create = o.Create
	}
	if o.Update != nil {
		r.Update = o.Update
	}
	if o.Delete != nil {
		r.Delete = o.Delete
	}
	return r
}

// FieldRules is the schema annotation that states who may read and write one field, or follow one edge. A nil rule allows
// everybody who may read or write the row.
//
// A field that the viewer may not read is null in the API, and if there is any row of which they may not read it, it can be
// neither filtered, sorted, grouped, aggregated nor looked up by. An edge whose foreign key the viewer may not read leads
// nowhere, from both sides.
type FieldRules struct {
	Read  *Rule `json:"read,omitempty"`
	Write *Rule `json:"write,omitempty"`
}

// Name implements [schema.Annotation].
func (FieldRules) Name() string { return "EntwineFieldRules" }

// Decode fills r from the form in which ent hands annotations to generators.
func (r *FieldRules) Decode(annotation any) error {
	b, err := json.Marshal(annotation)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, r)
}

// Decode fills r from the form in which ent hands annotations to generators.
func (r *Rules) Decode(annotation any) error {
	b, err := json.Marshal(annotation)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, r)
}

// For returns the rule of one operation, nil if nobody is allowed.
func (r Rules) For(op Operation) *Rule {
	switch op {
	case Read:
		return r.Read
	case Create:
		return r.Create
	case Update:
		return r.Update
	case Delete:
		return r.Delete
	}
	return nil
}

// Kind tells rules apart.
type Kind string

// The kinds of rules, one for each constructor below.
const (
	KindEveryone Kind = "everyone"
	KindSignedIn Kind = "signedIn"
	KindRole     Kind = "role"
	KindOwner    Kind = "owner"
	KindMatch    Kind = "match"
	KindCompare  Kind = "compare"
	KindNull     Kind = "null"
	KindPast     Kind = "past"
	KindFuture   Kind = "future"
	KindRelated  Kind = "related"
	KindKnows    Kind = "knows"
	KindNamed    Kind = "named"
	KindAny      Kind = "any"
	KindAll      Kind = "all"
	KindNot      Kind = "not"
)

// Rule is a condition on the viewer and on a row. Use the constructors; the fields are exported for generated code.
type Rule struct {
	Kind   Kind     `json:"kind"`
	Roles  []string `json:"roles,omitempty"`  // KindRole
	Path   []string `json:"path,omitempty"`   // KindOwner: names of to-one edges
	Field  string   `json:"field,omitempty"`  // KindMatch, KindCompare, KindNull, KindPast, KindFuture, KindKnows: name of a field in the ent schema
	Values []string `json:"values,omitempty"` // KindMatch, KindCompare: stored spellings
	Op     string   `json:"op,omitempty"`     // KindCompare
	Edge   string   `json:"edge,omitempty"`   // KindRelated: name of an edge in the ent schema
	Label  string   `json:"label,omitempty"`  // KindNamed
	Rules  []*Rule  `json:"rules,omitempty"`  // KindAny, KindAll, KindNot, KindRelated

	dynamic Dynamic // KindNamed, once it is linked
}

// Dynamic is the Go code behind a named rule. It returns the rule for one viewer, built of the same parts as those in a
// schema; nil allows nobody. It is called for each statement, so that it should be quick and must not use the database.
type Dynamic func(Viewer) *Rule

// Everyone allows every viewer, anonymous ones too.
func Everyone() *Rule { return &Rule{Kind: KindEveryone} }

// SignedIn allows every known viewer.
func SignedIn() *Rule { return &Rule{Kind: KindSignedIn} }

// Role allows viewers that have one of the roles.
func Role(roles ...string) *Rule { return &Rule{Kind: KindRole, Roles: roles} }

// Owner allows the user to whom the path of to-one edges leads: Owner("author") for a post,
// Owner("post", "author") for a comment that the post's author may handle. Without a path the row itself is the user.
func Owner(path ...string) *Rule { return &Rule{Kind: KindOwner, Path: path} }

// Match allows rows whose field (by its name in the ent schema) holds one of the values in stored spelling: "draft", "5",
// "true", a UUID, a time as in RFC 3339. A row where the field is null does not match.
func Match(field string, values ...string) *Rule {
	return &Rule{Kind: KindMatch, Field: field, Values: values}
}

// Compare allows rows whose field is "<", "<=", ">" or ">=" than the value: a number, a text, or a [time.Time]. A row where the
// field is null does not match.
func Compare(field, op string, value any) *Rule {
	text := fmt.Sprint(value)
	if t, ok := value.(time.Time); ok {
		text = t.UTC().Format(time.RFC3339Nano)
	}
	return &Rule{Kind: KindCompare, Field: field, Op: op, Values: []string{text}}
}

// Null allows rows whose field has no value.
func Null(field string) *Rule { return &Rule{Kind: KindNull, Field: field} }

// Past allows rows whose time field is not later than now: Past("published_at"). Null does not match.
func Past(field string) *Rule { return &Rule{Kind: KindPast, Field: field} }

// Future allows rows whose time field is later than now. Null does not match; where it means never, say
// Any(Future("expires_at"), Null("expires_at")).
func Future(field string) *Rule { return &Rule{Kind: KindFuture, Field: field} }

// Related allows rows with an edge to a row for which the rule holds: Related("members", Owner("user")) for a team that the
// viewer belongs to. The rules of that row's own entity are not asked; deleted rows do not count.
func Related(edge string, rule *Rule) *Rule {
	return &Rule{Kind: KindRelated, Edge: edge, Rules: []*Rule{rule}}
}

// Knows allows whoever names the value of the field, a unique key, to look its row up by that key, and nothing else: Knows("slug") shares
// rows by a link. The row is in no list, and neither is it found by its id. It is for read rules of entities, and of use only
// if values cannot be guessed.
func Knows(field string) *Rule { return &Rule{Kind: KindKnows, Field: field} }

// Named is a rule that Go code makes for each viewer. The application hands it over as App.Rules; starting fails if it does
// not.
func Named(name string) *Rule { return &Rule{Kind: KindNamed, Label: name} }

// Any allows what one of the rules allows; with no rules, nothing.
func Any(rules ...*Rule) *Rule { return &Rule{Kind: KindAny, Rules: rules} }

// All allows what all of the rules allow; with no rules, everything.
func All(rules ...*Rule) *Rule { return &Rule{Kind: KindAll, Rules: rules} }

// Not allows what the rule does not allow.
func Not(rule *Rule) *Rule { return &Rule{Kind: KindNot, Rules: []*Rule{rule}} }

// Made is the rule that Go code makes for the viewer, for a named rule that is linked; nil otherwise.
func (r *Rule) Made(v Viewer) *Rule {
	if r.dynamic == nil {
		return nil
	}
	return r.dynamic(v)
}

// Reduce answers the parts of the rule that depend on the viewer alone. The result holds only conditions on rows and
// their combinations, or is KindEveryone (all rows) or nil (no row); KindEveryone stands inside KindRelated too. A nil rule
// reduces to nil.
func (r *Rule) Reduce(v Viewer) *Rule {
	switch {
	case v.System:
		return everyone
	case r == nil:
		return nil
	}
	verdict := func(ok bool) *Rule {
		if ok {
			return everyone
		}
		return nil
	}
	switch r.Kind {
	case KindEveryone:
		return r
	case KindSignedIn:
		return verdict(v.SignedIn())
	case KindRole:
		return verdict(v.HasRole(r.Roles...))
	case KindOwner:
		if v.UserID == "" {
			return nil
		}
		return r
	case KindMatch, KindCompare, KindNull, KindPast, KindFuture:
		return r
	case KindKnows:
		return verdict(v.Known == r.Field)
	case KindNamed:
		return r.Made(v).Reduce(v)
	case KindRelated:
		inner := r.Rules[0].Reduce(v)
		if inner == nil {
			return nil
		}
		return Related(r.Edge, inner)
	case KindNot:
		switch inner := r.Rules[0].Reduce(v); {
		case inner == nil:
			return everyone
		case inner.Kind == KindEveryone:
			return nil
		default:
			return Not(inner)
		}
	case KindAny:
		var rest combination
		for _, sub := range r.Rules {
			s := sub.Reduce(v)
			if s != nil && s.Kind == KindEveryone {
				return s
			}
			if s != nil {
				rest.add(s)
			}
		}
		return rest.rule(KindAny, nil)
	case KindAll:
		var rest combination
		for _, sub := range r.Rules {
			s := sub.Reduce(v)
			if s == nil {
				return nil
			}
			if s.Kind != KindEveryone {
				rest.add(s)
			}
		}
		return rest.rule(KindAll, everyone)
	}
	return nil
}

// everyone is what rules are reduced to. It must not be changed.
var everyone = Everyone()

// combination is the rules that are left of several, without a list if it is one, as it mostly is.
type combination struct {
	one  *Rule
	many []*Rule
}

func (c *combination) add(r *Rule) {
	switch {
	case c.one == nil:
		c.one = r
	case c.many == nil:
		c.many = []*Rule{c.one, r}
	default:
		c.many = append(c.many, r)
	}
}

// rule combines the rules. Of none it is empty.
func (c *combination) rule(kind Kind, empty *Rule) *Rule {
	switch {
	case c.one == nil:
		return empty
	case c.many == nil:
		return c.one
	}
	return &Rule{Kind: kind, Rules: c.many}
}

// DependsOnRow says whether the rule, which may be nil, has parts that are about rows.
func (r *Rule) DependsOnRow() bool {
	if r == nil {
		return false
	}
	switch r.Kind {
	case KindEveryone, KindSignedIn, KindRole, KindKnows:
		return false
	case KindAny, KindAll, KindNot:
		return slices.ContainsFunc(r.Rules, (*Rule).DependsOnRow)
	}
	return true
}

// Link gives the named rules in r their code. It returns the name of one that has none.
func (r *Rule) Link(named map[string]Dynamic) (missing string) {
	if r == nil {
		return ""
	}
	if r.Kind == KindNamed {
		if r.dynamic = named[r.Label]; r.dynamic == nil {
			return r.Label
		}
	}
	for _, sub := range r.Rules {
		if name := sub.Link(named); name != "" {
			missing = name
		}
	}
	return missing
}

// AllowsAll says whether the rule allows every viewer every row, so that nothing is ever hidden by it. It does not look
// for a rule and its opposite that do so together.
func (r *Rule) AllowsAll() bool {
	if r == nil {
		return false
	}
	switch r.Kind {
	case KindEveryone:
		return true
	case KindAny:
		return slices.ContainsFunc(r.Rules, (*Rule).AllowsAll)
	case KindAll:
		return !slices.ContainsFunc(r.Rules, func(sub *Rule) bool { return !sub.AllowsAll() })
	}
	return false
}

var (
	_ schema.Annotation = Rules{}
	_ schema.Annotation = FieldRules{}
	_ schema.Merger     = Rules{}
)
