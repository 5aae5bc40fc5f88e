package gql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/entwine-data/entwine/gateway/apierr"
)

// Limits bound what one request may ask of the server before it is executed. A zero field means its default.
type Limits struct {
	// Body is the size of a request's body in bytes. Defaults to 1 MiB.
	Body int
	// Tokens of a document. Defaults to 1000; more than 2000 counts as 2000, where validation takes too long already.
	Tokens int
	// Selections are the fields, spreads and inline fragments that are written in a document. Defaults to 500.
	Selections int
	// Expanded is the number of fields of an operation when every fragment is written out. Defaults to 2000.
	Expanded int
	// Fragments counts fragment definitions and spreads together. Defaults to 200.
	Fragments int
	// Operations in a document. Defaults to 10.
	Operations int
	// Depth is how many objects deep an operation may nest. edges, node, nodes and pageInfo are free. Defaults to 12.
	Depth int
	// IntrospectionDepth is Depth inside __schema and __type, where nothing is free. Defaults to 20.
	IntrospectionDepth int
	// Aliases in a document. Defaults to 30.
	Aliases int
	// Directives in a document. Defaults to 20.
	Directives int
	// Errors is how many errors a response may list. Defaults to 20.
	Errors int
}

const mostTokens = 2000

func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	set(&l.Body, 1<<20)
	set(&l.Tokens, 1000)
	l.Tokens = min(l.Tokens, mostTokens)
	set(&l.Selections, 500)
	set(&l.Expanded, 2000)
	set(&l.Fragments, 200)
	set(&l.Operations, 10)
	set(&l.Depth, 12)
	set(&l.IntrospectionDepth, 20)
	set(&l.Aliases, 30)
	set(&l.Directives, 20)
	set(&l.Errors, 20)
	return l
}

// check measures a document that is parsed and not yet validated: it may spread fragments that do not exist or that spread
// themselves, which is for validation to report.
func (l Limits) check(doc *ast.QueryDocument) *gqlerror.Error {
	c := counter{document: doc, sizes: make(map[string]*size, len(doc.Fragments)), bound: l.Expanded}
	for _, f := range doc.Fragments {
		c.directives += len(f.Directives)
		c.count(f.SelectionSet)
	}
	for _, op := range doc.Operations {
		c.directives += len(op.Directives)
		for _, v := range op.VariableDefinitions {
			c.directives += len(v.Directives)
		}
		c.count(op.SelectionSet)
	}
	switch {
	case len(doc.Operations) > l.Operations:
		return tooMany("operations", len(doc.Operations), l.Operations)
	case len(doc.Fragments)+c.spreads > l.Fragments:
		return tooMany("fragments and fragment spreads", len(doc.Fragments)+c.spreads, l.Fragments)
	case c.selections > l.Selections:
		return tooMany("selections", c.selections, l.Selections)
	case c.aliases > l.Aliases:
		return tooMany("aliases", c.aliases, l.Aliases)
	case c.directives > l.Directives:
		return tooMany("directives", c.directives, l.Directives)
	}
	for _, op := range doc.Operations {
		switch s := c.measure(op.SelectionSet); {
		case s.depth > l.Depth:
			return requestError(apierr.ValidationFailed, op.Position,
				"The operation is %d levels deep; at most %d are allowed.", s.depth, l.Depth)
		case s.introspection > l.IntrospectionDepth:
			return requestError(apierr.ValidationFailed, op.Position,
				"The introspection is %d levels deep; at most %d are allowed.", s.introspection, l.IntrospectionDepth)
		case s.fields > l.Expanded:
			return requestError(apierr.ValidationFailed, op.Position,
				"The operation selects more than %d fields once its fragments are written out, which is the limit.", l.Expanded)
		}
	}
	return nil
}

func tooMany(what string, n, limit int) *gqlerror.Error {
	return requestError(apierr.ValidationFailed, nil, "The document has %d %s; at most %d are allowed.", n, what, limit)
}

// counter measures a document. The parser bounds how deep a selection may nest, and sizes sees to it that every fragment is
// measured once, so a walk is linear in the document's length.
type counter struct {
	document                                 *ast.QueryDocument
	selections, spreads, aliases, directives int

	sizes map[string]*size // by fragment; an entry that is still nil belongs to a fragment being measured
	bound int              // fields beyond it are not told apart, so that sums cannot overflow
}

// count adds what is written in a selection set, fragments not written out.
func (c *counter) count(set ast.SelectionSet) {
	for _, s := range set {
		c.selections++
		switch s := s.(type) {
		case *ast.Field:
			// The parser fills Alias with the name where none is written, so an alias equal to the name is not counted.
			if s.Alias != s.Name {
				c.aliases++
			}
			c.directives += len(s.Directives)
			c.count(s.SelectionSet)
		case *ast.InlineFragment:
			c.directives += len(s.Directives)
			c.count(s.SelectionSet)
		case *ast.FragmentSpread:
			c.spreads++
			c.directives += len(s.Directives)
		}
	}
}

// size is what a selection set amounts to with fragments written out.
type size struct {
	fields        int
	depth         int // in objects, free ones not counted
	plain         int // in objects
	introspection int // in objects, below __schema or __type
}

func (c *counter) measure(set ast.SelectionSet) size {
	var total size
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			total.fields++
			if len(s.SelectionSet) > 0 {
				total.add(c.object(s), c.bound)
			}
		case *ast.InlineFragment:
			total.add(c.measure(s.SelectionSet), c.bound)
		case *ast.FragmentSpread:
			total.add(c.fragment(s.Name), c.bound)
		}
	}
	return total
}

func (c *counter) object(f *ast.Field) size {
	s := c.measure(f.SelectionSet)
	s.plain++
	switch {
	case isIntrospection(f.Name):
		s.introspection, s.depth = s.plain, 0
	case f.Name == "edges", f.Name == "node", f.Name == "nodes", f.Name == "pageInfo":
	default:
		s.depth++
	}
	return s
}

func (c *counter) fragment(name string) size {
	if s, ok := c.sizes[name]; ok {
		if s == nil {
			return size{}
		}
		return *s
	}
	f := c.document.Fragments.ForName(name)
	if f == nil {
		return size{}
	}
	c.sizes[name] = nil
	s := c.measure(f.SelectionSet)
	c.sizes[name] = &s
	return s
}

func (s *size) add(o size, bound int) {
	s.fields = min(s.fields+o.fields, bound+1)
	s.depth = max(s.depth, o.depth)
	s.plain = max(s.plain, o.plain)
	s.introspection = max(s.introspection, o.introspection)
}

// isIntrospection says whether a field opens the schema to the client. __typename does not.
func isIntrospection(field string) bool {
	return strings.HasPrefix(field, "__") && field != "__typename"
}
