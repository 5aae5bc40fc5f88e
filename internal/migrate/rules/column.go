package rules

import "strings"

// endsType are the words that end a column's type or default.
var endsType = map[string]bool{
	"constraint": true, "not": true, "null": true, "default": true, "primary": true, "unique": true, "check": true, "references": true,
	"generated": true, "collate": true, "autoincrement": true, "on": true, "deferrable": true, "initially": true, "as": true,
	"storage": true, "compression": true, "using": true, "cascade": true,
}

// parseType reads a type, with a single space between its words: character varying(20), bigint[].
func parseType(r *reader) string {
	var b strings.Builder
	for len(r.rest) > 0 {
		t := r.rest[0]
		if t.kind == wordToken && endsType[t.text] || t.kind == signToken && t.text == ";" {
			break
		}
		if group := r.group(); group != nil {
			b.WriteByte('(')
			for _, t := range group {
				b.WriteString(t.text)
			}
			b.WriteByte(')')
			continue
		}
		if b.Len() > 0 && t.kind == wordToken {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
		r.rest = r.rest[1:]
	}
	return b.String()
}

// parseColumn reads the definition of a column.
func parseColumn(r *reader) *column {
	c := &column{name: r.ident()}
	c.typ = parseType(r)
	c.generated = strings.Contains(c.typ, "serial")
	for len(r.rest) > 0 {
		switch {
		case r.take("not", "null"):
			c.notNull = true
		case r.take("primary", "key"):
			c.unique, c.notNull = true, true
		case r.take("unique"):
			c.unique = true
		case r.take("default"):
			c.value = parseDefault(r)
		case r.take("references"):
			c.refers = r.ident()
			r.group()
		case r.take("on", "delete"), r.take("on", "update"):
			if !r.take("set", "null") && !r.take("set", "default") && !r.take("no", "action") {
				r.ident()
			}
		case r.take("check"):
			c.checked = true
			r.group()
		case r.take("generated"):
			c.generated = true
		case r.take("as"):
			c.computed = r.group() != nil && has(r.rest, "stored")
			c.generated = true
		default:
			r.rest = r.rest[1:]
		}
	}
	return c
}

// parseDefault reads an expression. NULL is no default.
func parseDefault(r *reader) []token {
	start := r.rest
	if r.take("null") {
		return nil
	}
	for len(r.rest) > 0 {
		t := r.rest[0]
		if t.kind == wordToken && endsType[t.text] && len(r.rest) < len(start) {
			break
		}
		if r.group() == nil && len(r.rest) > 0 {
			r.rest = r.rest[1:]
		}
	}
	return start[:len(start)-len(r.rest)]
}

// parseConstraint reads a constraint of a table, or nothing if that is not what comes next.
func parseConstraint(r *reader) *constraint {
	c := &constraint{}
	if r.take("constraint") {
		c.name = r.ident()
	}
	switch {
	case r.take("primary", "key"):
		c.kind = primaryConstraint
	case r.take("unique"):
		c.kind = uniqueConstraint
	case r.take("foreign", "key"):
		c.kind = foreignConstraint
	case r.take("check"):
		c.kind, c.expr = checkConstraint, r.group()
	case r.take("exclude"):
		c.kind = excludeConstraint
	default:
		return nil
	}
	c.usingIndex, c.notValid = has(r.rest, "using", "index"), has(r.rest, "not", "valid")
	if c.kind != checkConstraint {
		c.columns = idents(r.group())
	}
	return c
}
