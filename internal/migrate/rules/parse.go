package rules

import (
	"strings"

	"entgo.io/ent/dialect"
)

// parseAll returns what statements do. Those that no rule is about do otherOp.
func parseAll(dialectName string, statements []Statement) []*op {
	var out []*op
	for _, st := range statements {
		for _, o := range parse(dialectName, tokens(dialectName, st.Text)) {
			o.line = st.Line
			out = append(out, o)
		}
	}
	return out
}

func parse(dialectName string, list []token) []*op {
	r := &reader{list}
	switch {
	case r.take("create"):
		return parseCreate(r)
	case r.take("alter", "table"):
		return parseAlter(r)
	case r.take("drop", "trigger"):
		r.skip("if", "exists")
		return parseTrigger(r)
	case r.take("drop", "table"):
		r.skip("if", "exists")
		return parseNames(r, dropTableOp)
	case r.take("drop", "index"):
		o := &op{kind: dropIndex, concurrently: r.take("concurrently")}
		r.skip("if", "exists")
		o.name = r.ident()
		return []*op{o}
	case r.take("truncate"):
		r.skip("table", "only")
		return parseNames(r, deleteOp)
	case r.take("reindex"), r.take("vacuum"), r.take("cluster"):
		return parseUpkeep(dialectName, list)
	case r.take("set"):
		return parseSetting(r)
	case r.take("pragma"):
		o := &op{kind: setting, name: r.ident()}
		o.value = settingValue(r)
		return []*op{o}
	}
	return parseData(r)
}

// parseNames reads a list of tables.
func parseNames(r *reader, kind opKind) []*op {
	cascade := has(r.rest, "cascade")
	var out []*op
	for _, part := range commas(r.rest) {
		p := reader{part}
		p.skip("only")
		out = append(out, &op{kind: kind, table: p.ident(), cascade: cascade})
	}
	return out
}

func parseUpkeep(dialectName string, list []token) []*op {
	if dialectName != dialect.Postgres {
		return nil
	}
	r := &reader{list}
	switch {
	case r.take("reindex"):
		r.group()
		what := r.ident() // INDEX, TABLE, …
		o := &op{kind: rewriteOp, what: "REINDEX", concurrently: r.take("concurrently")}
		if o.name = r.ident(); what == "table" {
			o.table = o.name
		}
		return []*op{o}
	case r.take("cluster"):
		return []*op{{kind: rewriteOp, what: "CLUSTER", table: r.ident()}}
	}
	full := has(list, "full")
	r.take("vacuum")
	for _, t := range r.group() {
		full = full || t.text == "full"
	}
	r.skip("full", "freeze", "verbose", "analyze")
	table := r.ident()
	out := []*op{{kind: vacuum, table: table}}
	if full {
		out = append(out, &op{kind: rewriteOp, what: "VACUUM FULL", table: table})
	}
	return out
}

func parseSetting(r *reader) []*op {
	if !r.take("local") {
		r.take("session")
	}
	o := &op{kind: setting, name: r.ident()}
	o.value = settingValue(r)
	return []*op{o}
}

func settingValue(r *reader) string {
	if !r.take("=") {
		r.take("to")
	}
	var parts []string
	for _, t := range r.rest {
		if t.text != ";" {
			parts = append(parts, t.text)
		}
	}
	return strings.ToLower(strings.Join(parts, ""))
}

// parseData reads what changes rows, also behind WITH.
func parseData(r *reader) []*op {
	if r.take("with") {
		depth := 0
		for len(r.rest) > 0 {
			t := r.rest[0]
			if t.kind == signToken && t.text == "(" {
				depth++
			} else if t.kind == signToken && t.text == ")" {
				depth--
			}
			if depth == 0 && t.kind == wordToken && (t.text == "insert" || t.text == "update" || t.text == "delete") {
				break
			}
			r.rest = r.rest[1:]
		}
	}
	o := &op{where: has(r.rest, "where"), reads: true}
	switch {
	case r.take("update"):
		if r.take("or") {
			r.ident()
		}
		r.skip("only")
		o.kind, o.table = updateOp, r.ident()
	case r.take("delete", "from"):
		r.skip("only")
		o.kind, o.table = deleteOp, r.ident()
	case r.take("insert"), r.take("replace"):
		if r.take("or") {
			r.ident()
		}
		r.take("into")
		o.kind, o.table, o.reads = insertOp, r.ident(), has(r.rest, "select")
	default:
		return []*op{{kind: otherOp}}
	}
	return []*op{o}
}

// parseTrigger knows of the triggers of searches that they write nothing but the search. What others do is anybody's guess.
func parseTrigger(r *reader) []*op {
	if id := r.ident(); derived(id) {
		return []*op{{kind: otherOp, table: id}}
	}
	return []*op{{kind: otherOp}}
}

func parseCreate(r *reader) []*op {
	r.skip("global", "local", "temp", "temporary", "unlogged", "virtual")
	switch {
	case r.take("trigger"):
		return parseTrigger(r)
	case r.take("table"):
		if r.take("if", "not") {
			r.take("exists")
		}
		t := &table{name: r.ident(), checks: make(map[string][]token), unproven: make(map[string][]token)}
		for _, part := range commas(r.group()) {
			p := &reader{part}
			if c := parseConstraint(p); c != nil {
				t.constrain(c)
			} else if c := parseColumn(p); c.name != "" {
				t.columns = append(t.columns, c)
			}
		}
		return []*op{{kind: createTable, table: t.name, made: t}}
	case has(r.rest, "index"):
		i := &index{unique: r.take("unique")}
		r.take("index")
		o := &op{kind: createIndex, index: i, concurrently: r.take("concurrently")}
		if r.take("if", "not") {
			r.take("exists")
		}
		if !r.take("on") {
			i.name = r.ident()
			r.take("on")
		}
		r.skip("only")
		o.table, o.name = r.ident(), i.name
		if r.take("using") {
			i.method = r.ident()
		}
		i.columns = idents(r.group())
		return []*op{o}
	}
	return []*op{{kind: otherOp}}
}
