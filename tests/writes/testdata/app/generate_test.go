package writes_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// generator draws operations that mostly succeed: it knows what is in the world.
type generator struct {
	t    *rapid.T
	next int // numbers marks and fresh values
	w    *world
	used map[string]int
	rows int // that the operation may still write
	// ids are those of rows that a client can know: not of those that are made in the same operation.
	ids map[string]map[string]int64
}

func (g *generator) use(name string) { g.used[name]++ }

func (g *generator) n(below int, label string) int {
	return rapid.IntRange(0, below-1).Draw(g.t, label)
}

// known are the marks of rows that an input can refer to.
func (g *generator) known(entity string, pass func(*row) bool) []string {
	return slices.DeleteFunc(g.w.marks(entity, pass), func(mark string) bool {
		person, project, both := strings.Cut(mark, "/")
		if both {
			return g.ids["Person"][person] == 0 || g.ids["Project"][project] == 0
		}
		return g.ids[entity][mark] == 0
	})
}

// once is true once in so many times.
func (g *generator) once(in int, label string) bool { return g.n(in, label) == in-1 }

func (g *generator) fresh(prefix string) string {
	g.next++
	return fmt.Sprintf("%s%04d", prefix, g.next)
}

func pick[T any](g *generator, from []T, label string) T { return from[g.n(len(from), label)] }

// world draws the content of a database: some of its rows are deleted, secret or done.
func drawWorld(t *rapid.T, used map[string]int) *generator {
	g := &generator{t: t, w: newWorld(), used: used}
	for _, s := range specs {
		for range 2 + g.n(3, s.name) {
			r := &row{values: make(object), version: 1 + g.n(3, "version")}
			for _, f := range s.fields {
				r.values[f.name] = g.value(f, true)
			}
			m, _ := r.values["mark"].(string)
			for _, e := range s.edges {
				if e.kind != toOne {
					continue
				}
				r.values[e.column] = nil
				taken := func(o string) bool {
					return e.unique && len(g.w.marks(s.name, func(r *row) bool { return r.values[e.column] == o })) > 0
				}
				free := slices.DeleteFunc(g.w.marks(e.target, nil), taken)
				if len(free) > 0 && (e.required || g.n(2, e.name) == 0) {
					r.values[e.column] = pick(g, free, e.name)
				}
				if r.values[e.column] == nil && e.required {
					m = ""
				}
			}
			if s.name == "Membership" {
				m = fmt.Sprint(r.values["person_id"], "/", r.values["project_id"])
			}
			if m == "" || g.w.rows[s.name][m] != nil {
				continue
			}
			if s.soft && g.once(3, "deleted") {
				g.next++
				r.deleted = g.next
			}
			if s.name == "Task" {
				// Those of a project are deleted with it, or were before.
				if p := g.w.rows["Project"][r.values["project_id"].(string)]; p.deleted != 0 && r.deleted == 0 {
					r.deleted = p.deleted
				}
			}
			g.w.rows[s.name][m] = r
			if a := (&attempt{w: g.w}); true {
				if a.unique(s, m, ""); len(a.problems) > 0 {
					delete(g.w.rows[s.name], m)
				}
			}
		}
	}
	for _, task := range g.w.marks("Task", nil) {
		for _, label := range g.w.marks("Label", nil) {
			if g.n(3, "label") == 0 {
				g.w.labels[[2]string{task, label}] = true
			}
		}
	}
	return g
}

// value draws the value of a field, a valid one if it must be.
func (g *generator) value(f field, valid bool) any {
	wrong := !valid && g.once(60, "wrong")
	if wrong {
		g.use("invalid value")
	}
	switch {
	case f.name == "mark":
		return g.fresh("m")
	case wrong && f.required && g.n(2, "null") == 0, !f.required && g.n(4, "null") == 0:
		return nil
	case f.values != nil:
		return pick(g, f.values, f.name)
	case f.most > 0 && wrong:
		return pick(g, []string{"", "too long"}, f.name)
	case f.most > 0:
		return pick(g, []string{"a", "é", "lon😀g", "five5"}, f.name)
	case f.below == 10 && wrong:
		return pick(g, []any{-1, 10}, f.name)
	case f.below == 10:
		return g.n(10, f.name)
	case f.below > 10:
		return g.n(4, f.name)
	case !valid && g.once(20, "taken"):
		var taken []any
		for _, s := range specs {
			for _, m := range g.w.marks(s.name, nil) {
				if v := g.w.rows[s.name][m].values[f.name]; v != nil && slices.ContainsFunc(s.fields, func(o field) bool { return o.name == f.name && o.unique }) {
					taken = append(taken, v)
				}
			}
		}
		if len(taken) > 0 {
			g.use("value that may be taken")
			return pick(g, taken, f.name)
		}
	}
	return g.fresh(f.name)
}

// id draws one of a row, now and then one that leads nowhere or is none.
func (g *generator) id(entity string, pass func(*row) bool) any {
	all := g.known(entity, pass)
	if len(all) > 0 && g.n(8, "visible") > 0 {
		if shown := g.known(entity, func(r *row) bool {
			return r.deleted == 0 && r.values["reach"] != "secret" && r.values["state"] != "done" && (pass == nil || pass(r))
		}); len(shown) > 0 {
			all = shown
		}
	}
	if len(all) == 0 || g.once(150, "nowhere") {
		g.use("id that leads nowhere")
		return ref{entity, "?"}
	}
	if g.once(200, "malformed") {
		g.use("malformed id")
		return "nonsense"
	}
	return ref{entity, pick(g, all, entity)}
}

func (g *generator) idList(entity string, pass func(*row) bool) []any {
	var all []any
	for range g.n(4, "ids") {
		all = append(all, g.id(entity, pass))
	}
	return append([]any{}, all...)
}

// version draws the version of a row that an input carries.
func (g *generator) version(s *spec, of string, in object) {
	r := g.w.rows[s.name][of]
	switch {
	case s.version == "" || s.version == "optional" && g.n(2, "version") == 0:
	case r == nil:
		in["version"] = 1
	case g.once(12, "stale"):
		g.use("stale version")
		in["version"] = r.version + 1 - 2*g.n(2, "stale")
	default:
		in["version"] = r.version
	}
}

// create draws the input of a new row, without what its place says. Nothing stands along edges below depth.
func (g *generator) create(s *spec, back string, depth int) object {
	g.rows--
	in := make(object)
	for _, f := range s.fields {
		if f.required && f.def == nil || g.n(2, "give "+f.name) == 0 && (!f.admin || g.once(4, "admin")) {
			in[f.name] = g.value(f, false)
			if in[f.name] == nil && f.required {
				delete(in, f.name)
				in[f.name] = g.value(f, true) // a null is refused before the gateway sees it
			}
		}
	}
	for _, e := range s.edges {
		g.edge(s, e, "create", "", in, e.name == back, depth)
	}
	return in
}

func (g *generator) update(s *spec, of, back string, lists bool, depth int) object {
	g.rows--
	in := make(object)
	for _, f := range s.fields {
		if f.name != "mark" && g.n(3, "change "+f.name) == 0 && (!f.admin || g.once(4, "admin")) {
			in[f.name] = g.value(f, false)
		}
	}
	for _, e := range s.edges {
		switch {
		case lists:
			g.edge(s, e, "update", of, in, e.name == back, depth)
		case e.kind == toOne && e.name != back && s.name != "Membership" && g.once(4, e.name):
			in[e.input()] = g.id(e.target, nil)
		}
	}
	g.version(s, of, in)
	return in
}

// edge draws what an input says of an edge.
func (g *generator) edge(s *spec, e edge, op, of string, in object, back bool, depth int) {
	target := specOf(e.target)
	nested := depth < 2 && g.rows > 0 && g.n(2+depth, "nested") == 0
	frozen := s.name == "Membership" && op == "update" // its key
	if e.kind == toOne {
		switch {
		case back:
			if g.once(80, "said twice") {
				g.use("instruction that conflicts")
				if !frozen {
					in[e.input()] = g.id(e.target, nil)
				}
			}
		case nested && op == "create":
			g.use("nested create of a to-one edge")
			in[e.name] = object{"create": g.create(target, e.back, depth+1)}
		case nested && !frozen && g.n(2, "create") == 0:
			g.use("nested create of a to-one edge")
			in[e.name] = object{"create": g.create(target, e.back, depth+1)}
		case nested && op == "update":
			mark := (&attempt{before: g.w}).behindEdge(e, of, nil)
			if mark == "" && g.n(12, "missing") > 0 {
				return
			}
			g.use("nested update of a to-one edge")
			patch := g.update(target, mark, "", false, depth+1)
			in[e.name] = object{"update": patch}
		case frozen:
		case op == "create" && (e.required || g.n(2, e.name) == 0), op == "update" && g.once(4, e.name):
			in[e.input()] = g.id(e.target, nil)
			if op == "update" && g.once(3, "clear") {
				in[e.input()] = nil
			}
		}
		if in[e.name] != nil && !frozen && g.once(60, "both") {
			g.use("instruction that conflicts")
			in[e.input()] = g.id(e.target, nil)
		}
		return
	}
	if !nested || back && g.n(3, "back") > 0 {
		return
	}
	changes := make(object)
	if e.kind == inverse {
		switch action := pick(g, []string{"create", "connect", "update", "disconnect"}, "action"); {
		case action == "create":
			g.use("nested create of an inverse to-one edge")
			changes[action] = g.create(target, e.back, depth+1)
		case action == "connect":
			g.use("connect of an inverse to-one edge")
			changes[action] = g.id(e.target, nil)
		case action == "update" && op == "update":
			mark := (&attempt{before: g.w}).behindEdge(e, of, nil)
			if mark == "" && g.n(12, "missing") > 0 {
				return
			}
			g.use("nested update of an inverse to-one edge")
			changes[action] = g.update(target, mark, e.back, false, depth+1)
		case action == "disconnect" && op == "update" && !e.required:
			g.use("disconnect of an inverse to-one edge")
			changes[action] = true
		default:
			return
		}
		in[e.name] = changes
		return
	}
	names := map[kind]string{toMany: "a to-many edge", manyToMany: "a many-to-many edge", through: "an edge through an edge schema"}
	use := func(action string) { g.use(action + " of " + names[e.kind]) }
	there := func(r *row) bool { return r.values[e.column] == of }
	connected := func() any {
		if e.kind != through {
			return g.idList(e.target, nil)
		}
		links := []any{}
		for _, id := range g.idList(e.target, nil) {
			link := object{"id": id}
			for _, f := range specOf("Membership").fields {
				if g.n(2, f.name) == 0 {
					if v := g.value(f, false); v != nil {
						link[f.name] = v
					}
				}
			}
			links = append(links, link)
		}
		return links
	}
	links := e.target != "Membership" // which are created and updated only
	if links && op == "update" && (!e.required || e.kind == through) && g.once(3, "set") {
		use("set")
		changes["set"] = connected()
		if g.once(20, "set with connect") {
			g.use("instruction that conflicts")
			changes["connect"] = connected()
		}
	} else if links {
		if g.n(2, "connect") == 0 {
			use("connect")
			changes["connect"] = connected()
		}
		if op == "update" && (!e.required || e.kind == through) && g.n(3, "disconnect") == 0 {
			use("disconnect")
			pass := there
			if e.kind != toMany || g.once(4, "others") {
				pass = nil
			}
			changes["disconnect"] = g.idList(e.target, pass)
		}
	}
	if e.kind != through && g.n(2, "create") == 0 {
		use("nested create")
		all := []any{}
		for range g.n(3, "new") {
			if g.rows > 0 {
				all = append(all, g.create(target, e.back, depth+1))
			}
		}
		changes["create"] = all
	}
	if op == "update" && g.n(2, "update") == 0 {
		use("nested update")
		all := []any{}
		var candidates []string
		a := &attempt{before: g.w}
		for _, m := range g.known(e.target, nil) {
			if a.behindEdge(e, of, object{"id": ref{e.target, m}}) != "" || g.once(80, "elsewhere") {
				candidates = append(candidates, m)
			}
		}
		for _, m := range candidates {
			if g.rows > 0 && g.n(2, "which") == 0 {
				in := g.update(target, m, e.back, true, depth+1)
				in["id"] = ref{e.target, m}
				if all = append(all, in); g.once(40, "twice") {
					g.use("instruction that conflicts")
					all = append(all, in)
				}
			}
		}
		changes["update"] = all
	}
	in[e.name] = changes
}

// call draws a root field.
func (g *generator) call() call {
	g.rows = 12
	s := pick(g, specs, "entity")
	kinds := []string{"create", "create", "update", "update", "update", "update", "upsert", "delete", "createMany", "updateMany", "deleteMany"}
	if s.soft {
		kinds = append(kinds, "restore", "restore")
	}
	c := call{kind: pick(g, kinds, "kind"), s: s, in: make(object), plain: g.n(2, "plain") == 0}
	if s.name == "Membership" && (c.kind == "updateMany" || c.kind == "deleteMany") {
		c.kind = "upsert" // there are none for keys of two columns
	}
	target := func(pass func(*row) bool) string {
		if id, ok := g.id(s.name, pass).(ref); ok {
			c.in["id"] = id
			return id.mark
		}
		c.in["id"] = ref{s.name, "?"}
		return "?"
	}
	switch c.kind {
	case "create":
		c.in = g.create(s, "", 0)
	case "createMany":
		all := []any{}
		for range g.n(4, "new") {
			all = append(all, g.create(s, "", 1))
		}
		c.in[s.many] = all
	case "update":
		of := target(nil)
		in := g.update(s, of, "", true, 0)
		in["id"] = c.in["id"]
		c.in = in
	case "upsert":
		g.upsert(s, c.in)
	case "delete":
		of := target(nil)
		g.version(s, of, c.in)
	case "restore":
		target(func(r *row) bool { return r.deleted != 0 })
	default:
		g.many(s, c.kind, c.in)
	}
	g.use(c.kind)
	if g.n(2, "clientMutationId") == 0 {
		c.in["clientMutationId"] = g.fresh("c")
	}
	return c
}

// single draws a change that may be one statement.
func (g *generator) single() call {
	g.rows = 12
	s := specOf(pick(g, []string{"Locker", "Locker", "Locker", "Badge", "Person", "Label", "Label"}, "entity"))
	id, _ := g.id(s.name, nil).(ref)
	if id.entity == "" {
		id = ref{s.name, "?"}
	}
	in := g.update(s, id.mark, "", g.n(4, "lists") == 0, 1)
	in["id"] = id
	g.use("change that may be one statement")
	if s.name == "Label" && g.n(2, "link") == 0 {
		g.use("change of a row and its links")
		in["name"] = g.value(s.fields[1], false)
		in["tasks"] = object{"connect": []any{g.id("Task", nil)}}
	}
	return call{kind: "update", s: s, in: in, plain: true}
}

func (g *generator) upsert(s *spec, in object) {
	var all []string
	for by := range s.keys {
		all = append(all, by)
	}
	slices.Sort(all)
	by := pick(g, all, "by")
	create := g.create(s, "", 1)
	marks := g.known(s.name, nil)
	for _, column := range s.keys[by] {
		e := edge{}
		for _, o := range s.edges {
			if o.column == column && o.kind == toOne {
				e = o
			}
		}
		if e.name != "" {
			delete(create, e.name)
			if _, ok := create[e.input()].(ref); !ok {
				create[e.input()] = ref{e.target, pick(g, append(g.known(e.target, nil), "?"), e.name)}
			}
			continue
		}
		f := s.fields[slices.IndexFunc(s.fields, func(f field) bool { return f.name == column })]
		for create[column] == nil {
			create[column] = g.value(f, true)
		}
	}
	of := ""
	if len(marks) > 0 && g.n(3, "there") > 0 {
		of = pick(g, marks, "of")
		for _, column := range s.keys[by] {
			v := g.w.rows[s.name][of].values[column]
			for _, o := range s.edges {
				if o.column == column && o.kind == toOne {
					create[o.input()] = ref{o.target, v.(string)}
					v = nil
				}
			}
			if v != nil {
				create[column] = v
			}
		}
	}
	in["by"], in["create"] = by, create
	if g.n(4, "update") > 0 {
		in["update"] = g.update(s, of, "", false, 2)
	}
}

func (g *generator) many(s *spec, kind string, in object) {
	wanted := []any{}
	for _, m := range g.w.marks(s.name, nil) {
		if g.n(2, "wanted") == 0 {
			wanted = append(wanted, m)
		}
	}
	in["where"], in["max"] = object{"mark": object{"in": wanted}}, 10
	if g.once(12, "everything") {
		g.use("empty filter")
		in["where"] = object{}
	}
	if g.once(6, "max") {
		in["max"] = 1
	}
	if kind == "updateMany" {
		set := g.update(s, "", "", false, 2)
		delete(set, "version")
		in["set"] = set
	}
}
