package writes_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// The schema, as far as the model needs it.

type object = map[string]any

type spec struct {
	name, table, many string
	fields            []field
	edges             []edge
	// keys are the columns of unique keys by the values of the upserts' enum.
	keys map[string][]string
	soft bool
	// version is "required" or "optional".
	version string
}

type field struct {
	name     string
	required bool
	def      any
	values   []string // of an enum, as they are stored
	most     int      // runes of a text, which may not be empty then
	below    int      // the largest number is one less
	unique   bool
	admin    bool // only administrators write it
}

type kind int

const (
	toOne kind = iota
	inverse
	toMany
	manyToMany
	through
)

type edge struct {
	name   string
	kind   kind
	target string
	column string // of the foreign key: the row's own for toOne, else that of the rows behind the edge
	// required says that the foreign key cannot be null, and unique that no two rows have the same.
	required, unique bool
	back             string // the target's edge that holds the foreign key, where this one does not
}

func (e edge) input() string { return e.name + "Id" }

// needs is what the viewer must be allowed to do with the rows behind an edge to which they lead it.
func (e edge) needs() string {
	if e.kind == toMany || e.kind == inverse || e.kind == manyToMany && e.target == "Task" {
		return "update"
	}
	return "read"
}

func (e edge) list() bool { return e.kind >= toMany }

var mark = field{name: "mark", required: true, unique: true}

var specs = []*spec{
	{
		name: "Person", table: "persons", many: "persons",
		fields: []field{mark, {name: "name", required: true, most: 5}, {name: "email", unique: true}, {name: "wage", below: 1000, admin: true}},
		edges: []edge{
			{name: "badge", kind: inverse, target: "Badge", column: "person_badge", unique: true, back: "person"},
			{name: "locker", kind: inverse, target: "Locker", column: "person_locker", required: true, unique: true, back: "person"},
			{name: "tasks", kind: toMany, target: "Task", column: "person_tasks", back: "assignee"},
			{name: "projects", kind: through, target: "Project", column: "person_id"},
			{name: "memberships", kind: toMany, target: "Membership", column: "person_id", required: true, back: "person"},
		},
		keys: map[string][]string{"MARK": {"mark"}, "EMAIL": {"email"}},
	},
	{
		name: "Badge", table: "badges", many: "badges",
		fields: []field{mark, {name: "code", required: true, unique: true}},
		edges:  []edge{{name: "person", target: "Person", column: "person_badge", unique: true}},
		keys:   map[string][]string{"MARK": {"mark"}, "CODE": {"code"}},
	},
	{
		name: "Locker", table: "lockers", many: "lockers",
		fields: []field{mark, {name: "number", required: true, below: 10}, {name: "state", required: true, def: "open", values: []string{"open", "locked"}}},
		edges:  []edge{{name: "person", target: "Person", column: "person_locker", required: true, unique: true}},
		keys:   map[string][]string{"MARK": {"mark"}},
	},
	{
		name: "Project", table: "projects", many: "projects", soft: true, version: "required",
		fields: []field{mark, {name: "slug", required: true, unique: true}},
		edges: []edge{
			{name: "tasks", kind: toMany, target: "Task", column: "project_id", required: true, back: "project"},
			{name: "holds", kind: toMany, target: "Hold", column: "project_holds", back: "project"},
			{name: "people", kind: through, target: "Person", column: "project_id"},
			{name: "memberships", kind: toMany, target: "Membership", column: "project_id", required: true, back: "project"},
		},
		keys: map[string][]string{"SLUG": {"slug"}},
	},
	{
		name: "Task", table: "tasks", many: "tasks", soft: true, version: "optional",
		fields: []field{
			mark, {name: "title", required: true, most: 5}, {name: "number", below: 1 << 31},
			{name: "state", required: true, def: "open", values: []string{"open", "done"}}, {name: "reach", required: true, def: "public", values: []string{"public", "secret"}},
		},
		edges: []edge{
			{name: "project", target: "Project", column: "project_id", required: true},
			{name: "assignee", target: "Person", column: "person_tasks"},
			{name: "parent", target: "Task", column: "task_children"},
			{name: "children", kind: toMany, target: "Task", column: "task_children", back: "parent"},
			{name: "labels", kind: manyToMany, target: "Label"},
		},
		keys: map[string][]string{"NUMBER_AND_PROJECT_ID": {"number", "project_id"}},
	},
	{
		name: "Label", table: "labels", many: "labels",
		fields: []field{mark, {name: "name", required: true, unique: true}},
		edges:  []edge{{name: "tasks", kind: manyToMany, target: "Task"}},
		keys:   map[string][]string{"MARK": {"mark"}, "NAME": {"name"}},
	},
	{
		name: "Membership", table: "memberships", many: "memberships",
		fields: []field{{name: "role", required: true, def: "member", values: []string{"member", "lead"}}, {name: "share", below: 10}},
		edges: []edge{
			{name: "person", target: "Person", column: "person_id", required: true},
			{name: "project", target: "Project", column: "project_id", required: true},
		},
		keys: map[string][]string{"PERSON_ID_AND_PROJECT_ID": {"person_id", "project_id"}},
	},
	{
		name: "Hold", table: "holds", many: "holds",
		fields: []field{mark},
		edges:  []edge{{name: "project", target: "Project", column: "project_holds"}},
		keys:   map[string][]string{"MARK": {"mark"}},
	},
}

func specOf(name string) *spec {
	return specs[slices.IndexFunc(specs, func(s *spec) bool { return s.name == name })]
}

func (s *spec) edge(name string) edge {
	return s.edges[slices.IndexFunc(s.edges, func(e edge) bool { return e.name == name })]
}

// columns are those of the model's rows: fields, and the marks of rows that foreign keys lead to.
func (s *spec) columns() []string {
	var names []string
	for _, f := range s.fields {
		names = append(names, f.name)
	}
	for _, e := range s.edges {
		if e.kind == toOne {
			names = append(names, e.column)
		}
	}
	return names
}

// unique are the columns of all unique keys.
func (s *spec) unique() [][]string {
	var all [][]string
	for _, f := range s.fields {
		if f.unique {
			all = append(all, []string{f.name})
		}
	}
	for _, e := range s.edges {
		if e.kind == toOne && e.unique {
			all = append(all, []string{e.column})
		}
	}
	switch s.name {
	case "Task":
		all = append(all, []string{"number", "project_id"})
	case "Membership":
		all = append(all, []string{"person_id", "project_id"})
	}
	return all
}

// world is the content of the database. Rows are known by their marks, in foreign keys too; those of memberships are those of
// both sides.
type world struct {
	rows   map[string]map[string]*row
	labels map[[2]string]bool // of a task and a label
}

type row struct {
	values  object
	version int
	deleted int // the number of the deletion that hid it
}

func newWorld() *world {
	w := &world{rows: make(map[string]map[string]*row), labels: make(map[[2]string]bool)}
	for _, s := range specs {
		w.rows[s.name] = make(map[string]*row)
	}
	return w
}

func (w *world) clone() *world {
	c := &world{rows: make(map[string]map[string]*row), labels: maps.Clone(w.labels)}
	for name, rows := range w.rows {
		c.rows[name] = make(map[string]*row, len(rows))
		for m, r := range rows {
			c.rows[name][m] = &row{maps.Clone(r.values), r.version, r.deleted}
		}
	}
	return c
}

// marks are those of an entity's rows that pass, in order.
func (w *world) marks(name string, pass func(*row) bool) []string {
	var all []string
	for _, m := range slices.Sorted(maps.Keys(w.rows[name])) {
		if pass == nil || pass(w.rows[name][m]) {
			all = append(all, m)
		}
	}
	return all
}

// behind are the marks of the rows that have a foreign key to the row.
func (w *world) behind(e edge, owner string) []string {
	return w.marks(e.target, func(r *row) bool { return r.values[e.column] == owner })
}

// may says what the rules say.
func may(s *spec, op string, r *row, admin bool) bool {
	if r == nil || r.deleted != 0 {
		return false
	}
	switch {
	case admin:
		return true
	case s.name == "Label" && (op == "update" || op == "delete"):
		return false
	case op == "read" || op == "create":
		return r.values["reach"] == nil || r.values["reach"] == "public"
	}
	return r.values["state"] == nil || r.values["state"] == "open"
}

// ref stands for the id of a row in an input.
type ref struct{ entity, mark string }

// problem is something for which an operation must fail.
type problem struct {
	code string // of the error
	// path and fieldCode are those of the error's only field, if this is all that is wrong and the path is not empty.
	path, fieldCode string
}

// attempt runs one root field on a copy of the world.
type attempt struct {
	before, w *world
	admin     bool
	clock     *int // numbers deletions
	problems  []problem
	touched   map[ref]bool
	written   []written
}

type written struct {
	s        *spec
	op, mark string
}

func (a *attempt) fail(code, fieldCode, path string) {
	a.problems = append(a.problems, problem{code, path, fieldCode})
}

func (a *attempt) readable(s *spec, mark string) bool {
	return may(s, "read", a.before.rows[s.name][mark], a.admin)
}

func (a *attempt) allowed(s *spec, op, mark string) bool {
	return may(s, op, a.before.rows[s.name][mark], a.admin)
}

func list(v any) []any {
	if all, ok := v.([]any); ok {
		return all
	}
	return []any{v}
}

// check finds what is wrong with an input before anything is written: with its values, and with the rows that it is about.
// Of is the row that is updated, back the edge that the place of the input says.
func (a *attempt) check(s *spec, op, of string, in object, path, back string) {
	if !a.admin && s.name == "Label" && op == "update" {
		a.fail("FORBIDDEN", "", "")
	}
	for _, f := range s.fields {
		v, given := in[f.name]
		if given {
			a.value(f, v, path+" "+f.name)
		}
	}
	if op == "update" {
		a.target(s, of, in, path)
	}
	for _, e := range s.edges {
		a.checkEdge(s, e, op, of, in, path, e.name == back)
	}
}

func (a *attempt) value(f field, v any, path string) {
	if f.admin && !a.admin {
		a.fail("FORBIDDEN", "FORBIDDEN", path)
	}
	text, isText := v.(string)
	n, isNumber := v.(int)
	switch {
	case v == nil && f.required:
		a.fail("BAD_USER_INPUT", "REQUIRED", path)
	case v == nil:
	case isText && f.most > 0 && text == "":
		a.fail("BAD_USER_INPUT", "INVALID", path)
	case isText && f.most > 0 && utf8.RuneCountInString(text) > f.most:
		a.fail("BAD_USER_INPUT", "TOO_LONG", path)
	case isNumber && f.below == 10 && (n < 0 || n > 9):
		a.fail("BAD_USER_INPUT", "", path)
	}
}

// target looks at a row that is to be updated.
func (a *attempt) target(s *spec, of string, in object, path string) {
	r := a.before.rows[s.name][of]
	switch {
	case of == "" || !a.readable(s, of):
		a.fail("NOT_FOUND", "", "")
		return
	case !a.allowed(s, "update", of):
		a.fail("FORBIDDEN", "", "")
	}
	a.version(s, r, in, path)
	id := ref{s.name, of}
	if a.touched[id] {
		a.fail("BAD_USER_INPUT", "", "")
	}
	a.touched[id] = true
}

func (a *attempt) version(s *spec, r *row, in object, path string) {
	if s.version == "" {
		return
	}
	switch v := in["version"]; {
	case v == nil && s.version == "required":
		a.fail("BAD_USER_INPUT", "REQUIRED", path+" version")
	case v != nil && v != r.version:
		a.fail("CONFLICT", "STALE", path+" version")
	}
}

// refers checks an id.
func (a *attempt) refers(v any, target, op, path string) {
	id, ok := v.(ref)
	switch {
	case !ok || id.entity != target:
		a.fail("BAD_USER_INPUT", "INVALID_FORMAT", path)
	case !a.readable(specOf(target), id.mark) || !a.allowed(specOf(target), op, id.mark):
		a.fail("NOT_FOUND", "NOT_FOUND", path)
	}
}

func (a *attempt) checkEdge(s *spec, e edge, op, of string, in object, path string, back bool) {
	id, byID := in[e.input()]
	byID = byID && e.kind == toOne
	changes, given := in[e.name].(object)
	at := path + " " + e.name
	switch {
	case back && given:
		a.fail("BAD_USER_INPUT", "INVALID", at)
		return
	case back && byID:
		a.fail("BAD_USER_INPUT", "INVALID", path+" "+e.input())
		return
	case e.kind == toOne && e.required && op == "create" && !back && !byID && !given:
		a.fail("BAD_USER_INPUT", "REQUIRED", path+" "+e.input())
		return
	case byID && given:
		a.fail("BAD_USER_INPUT", "INVALID", at)
		given = false
	}
	switch {
	case byID && id == nil && e.required:
		a.fail("BAD_USER_INPUT", "REQUIRED", path+" "+e.input())
	case byID && id != nil:
		a.refers(id, e.target, "read", path+" "+e.input())
	}
	if !given {
		return
	}
	if !e.list() && len(changes) > 1 {
		a.fail("BAD_USER_INPUT", "INVALID", at)
	}
	if _, sets := changes["set"]; sets && (changes["connect"] != nil || changes["disconnect"] != nil) {
		a.fail("BAD_USER_INPUT", "INVALID", at)
	}
	target := specOf(e.target)
	stands := make(map[any]string)
	for _, action := range []string{"disconnect", "connect", "set", "create", "update"} {
		v, given := changes[action]
		if !given || v == true {
			continue
		}
		for i, v := range list(v) {
			step := at + " " + action
			if e.list() {
				step += fmt.Sprint(" ", i)
			}
			switch {
			case action == "create":
				a.check(target, "create", "", v.(object), step, e.back)
			case action == "update":
				a.check(target, "update", a.behindEdge(e, of, v.(object)), v.(object), step, e.back)
			case e.kind == through && action == "disconnect":
				if _, ok := v.(ref); !ok {
					a.fail("BAD_USER_INPUT", "INVALID_FORMAT", step)
				}
			case e.kind == through:
				link := v.(object)
				a.refers(link["id"], e.target, "read", step+" id")
				for _, f := range specOf("Membership").fields {
					if v, given := link[f.name]; given {
						a.value(f, v, step+" "+f.name)
					}
				}
			default:
				a.refers(v, e.target, e.needs(), step)
				switch before := stands[v]; before {
				case "":
					stands[v] = action
				case action:
				default:
					a.fail("BAD_USER_INPUT", "INVALID", step)
				}
			}
		}
	}
}

// behindEdge is the row that an update along an edge is about, empty if it is not there.
func (a *attempt) behindEdge(e edge, owner string, in object) string {
	w := a.before
	id, _ := in["id"].(ref)
	switch e.kind {
	case toOne:
		for _, s := range specs {
			if r := w.rows[s.name][owner]; r != nil && slices.ContainsFunc(s.edges, func(o edge) bool { return o == e }) {
				mark, _ := r.values[e.column].(string)
				return mark
			}
		}
	case inverse:
		for _, mark := range w.behind(e, owner) {
			return mark
		}
	case toMany:
		if r := w.rows[e.target][id.mark]; r != nil && r.values[e.column] == owner {
			return id.mark
		}
	case manyToMany:
		if w.labels[taskLabel(e, owner, id.mark)] {
			return id.mark
		}
	case through:
		if w.rows["Membership"][membership(e, owner, id.mark)] != nil {
			return id.mark
		}
	}
	return ""
}

func taskLabel(e edge, owner, other string) [2]string {
	if e.target == "Task" {
		return [2]string{other, owner}
	}
	return [2]string{owner, other}
}

func membership(e edge, owner, other string) string {
	if e.target == "Person" {
		owner, other = other, owner
	}
	return owner + "/" + other
}

// write does to the world what an input says, in the order of the documentation: rows that are referred to, the row itself,
// rows that refer to it.
func (a *attempt) write(s *spec, op, of string, in object, path string, links object) string {
	r := a.w.rows[s.name][of]
	if op == "create" {
		r = &row{values: make(object), version: 1}
		for _, name := range s.columns() {
			r.values[name] = nil
		}
		for _, f := range s.fields {
			r.values[f.name] = f.def
		}
	}
	if r == nil {
		return ""
	}
	maps.Copy(r.values, links)
	var created []string // labels or tasks
	for _, e := range s.edges {
		changes, _ := in[e.name].(object)
		v, given := changes["create"]
		switch {
		case e.kind == toOne:
			if id, byID := in[e.input()]; byID {
				r.values[e.column] = nil
				if id, ok := id.(ref); ok {
					r.values[e.column] = id.mark
				}
			}
			if given {
				r.values[e.column] = a.write(specOf(e.target), "create", "", v.(object), path+" "+e.name+" create", nil)
			}
		case e.kind == manyToMany && given:
			for i, v := range list(v) {
				created = append(created, a.write(specOf(e.target), "create", "", v.(object), fmt.Sprint(path, " ", e.name, " create ", i), nil))
			}
		}
	}
	for _, f := range s.fields {
		if v, given := in[f.name]; given {
			r.values[f.name] = v
		}
	}
	if op == "create" {
		of, _ = r.values["mark"].(string)
		if s.name == "Membership" {
			of = fmt.Sprint(r.values["person_id"], "/", r.values["project_id"])
		}
		if a.w.rows[s.name][of] != nil {
			path := path
			if s.name != "Membership" {
				path += " mark"
			} else {
				path = ""
			}
			a.fail("BAD_USER_INPUT", "NOT_UNIQUE", path)
			return of
		}
		a.w.rows[s.name][of] = r
	} else if s.version != "" {
		r.version++
	}
	a.unique(s, of, path)
	a.written = append(a.written, written{s, op, of})
	for _, e := range s.edges {
		changes, _ := in[e.name].(object)
		switch e.kind {
		case manyToMany:
			a.link(e, of, changes, created)
		case inverse:
			_, creates := changes["create"]
			_, disconnects := changes["disconnect"]
			id, connects := changes["connect"].(ref)
			for _, other := range a.w.behind(e, of) {
				if (creates || disconnects || connects) && op == "update" && !e.required && other != id.mark {
					a.move(e, nil, other)
				}
			}
			if connects {
				a.move(e, of, id.mark)
			}
		case toMany:
			a.children(e, of, changes)
		}
	}
	for _, e := range s.edges {
		changes, _ := in[e.name].(object)
		if e.kind == through {
			a.links(e, of, changes)
		}
		if v, given := changes["create"]; given && (e.kind == toMany || e.kind == inverse) {
			for i, v := range list(v) {
				at := path + " " + e.name + " create"
				if e.list() {
					at += fmt.Sprint(" ", i)
				}
				a.write(specOf(e.target), "create", "", v.(object), at, object{e.column: of})
			}
		}
		if v, given := changes["update"]; given {
			for i, v := range list(v) {
				at := path + " " + e.name + " update"
				if e.list() {
					at += fmt.Sprint(" ", i)
				}
				a.write(specOf(e.target), "update", a.behindEdge(e, of, v.(object)), v.(object), at, nil)
			}
		}
	}
	return of
}

// unique checks the unique keys of a row.
func (a *attempt) unique(s *spec, mark, path string) {
	r := a.w.rows[s.name][mark]
	for _, columns := range s.unique() {
		if slices.ContainsFunc(columns, func(c string) bool { return r.values[c] == nil }) || r.deleted != 0 {
			continue
		}
		for other, o := range a.w.rows[s.name] {
			same := !slices.ContainsFunc(columns, func(c string) bool { return r.values[c] != o.values[c] })
			if other != mark && o.deleted == 0 && same {
				at := ""
				if len(columns) == 1 && s.columns()[0] != columns[0] && path != "" && slices.ContainsFunc(s.fields, func(f field) bool { return f.name == columns[0] }) {
					at = path + " " + columns[0]
				}
				a.fail("BAD_USER_INPUT", "NOT_UNIQUE", at)
				break
			}
		}
	}
}

// move changes the foreign key of a row from the other side.
func (a *attempt) move(e edge, owner any, mark string) {
	s := specOf(e.target)
	r := a.w.rows[s.name][mark]
	if r == nil {
		return
	}
	r.values[e.column] = owner
	if s.version != "" {
		r.version++
	}
	a.unique(s, mark, "")
}

func refs(v any) (marks []string) {
	for _, v := range list(v) {
		if id, ok := v.(ref); ok && !slices.Contains(marks, id.mark) {
			marks = append(marks, id.mark)
		}
	}
	return marks
}

func (a *attempt) children(e edge, owner string, changes object) {
	for _, mark := range refs(changes["disconnect"]) {
		if r := a.w.rows[e.target][mark]; r != nil && r.values[e.column] == owner {
			a.move(e, nil, mark)
		}
	}
	if v, sets := changes["set"]; sets {
		for _, mark := range a.w.behind(e, owner) {
			if !slices.Contains(refs(v), mark) && may(specOf(e.target), "update", a.w.rows[e.target][mark], a.admin) {
				a.move(e, nil, mark)
			}
		}
	}
	for _, mark := range append(refs(changes["connect"]), refs(changes["set"])...) {
		a.move(e, owner, mark)
	}
}

func (a *attempt) link(e edge, owner string, changes object, created []string) {
	if _, sets := changes["set"]; sets {
		for pair := range a.w.labels {
			for _, other := range pair {
				// What the viewer may not take out stays.
				if pair == taskLabel(e, owner, other) && other != owner && a.readable(specOf(e.target), other) && a.allowed(specOf(e.target), e.needs(), other) {
					delete(a.w.labels, pair)
				}
			}
		}
	}
	for _, mark := range refs(changes["disconnect"]) {
		delete(a.w.labels, taskLabel(e, owner, mark))
	}
	for _, mark := range slices.Concat(refs(changes["connect"]), refs(changes["set"]), created) {
		a.w.labels[taskLabel(e, owner, mark)] = true
	}
}

func (a *attempt) links(e edge, owner string, changes object) {
	rows := a.w.rows["Membership"]
	for _, mark := range refs(changes["disconnect"]) {
		delete(rows, membership(e, owner, mark))
	}
	if _, sets := changes["set"]; sets {
		for mark, r := range rows {
			if r.values[e.column] == owner {
				delete(rows, mark)
			}
		}
	}
	for _, action := range []string{"connect", "set"} {
		v, given := changes[action]
		if !given {
			continue
		}
		for _, v := range list(v) {
			in := v.(object)
			id, ok := in["id"].(ref)
			if !ok {
				continue
			}
			mark := membership(e, owner, id.mark)
			if rows[mark] != nil {
				a.fail("BAD_USER_INPUT", "NOT_UNIQUE", "")
				continue
			}
			person, project, _ := strings.Cut(mark, "/")
			r := &row{values: object{"person_id": person, "project_id": project, "role": "member", "share": nil}, version: 1}
			for _, f := range specOf("Membership").fields {
				if v, given := in[f.name]; given {
					r.values[f.name] = v
				}
			}
			rows[mark] = r
		}
	}
}

// delete deletes a row, with what goes with it.
func (a *attempt) delete(s *spec, mark string, deletion int) {
	w := a.w
	if s.soft {
		r := w.rows[s.name][mark]
		r.deleted = deletion
		r.version++
		if s.name == "Project" {
			for _, e := range s.edges {
				for _, other := range w.behind(e, mark) {
					switch {
					case e.name == "tasks" && w.rows["Task"][other].deleted == 0:
						a.delete(specOf("Task"), other, deletion)
					case e.name == "holds":
						a.fail("CONFLICT", "", "")
					}
				}
			}
		}
		return
	}
	delete(w.rows[s.name], mark)
	switch s.name {
	case "Person":
		for _, e := range s.edges {
			if e.kind == through {
				continue
			}
			for _, other := range w.behind(e, mark) {
				if e.required {
					delete(w.rows[e.target], other)
				} else {
					w.rows[e.target][other].values[e.column] = nil
				}
			}
		}
	case "Label":
		for pair := range w.labels {
			if pair[1] == mark {
				delete(w.labels, pair)
			}
		}
	}
}

func (a *attempt) restore(s *spec, mark string) {
	r := a.w.rows[s.name][mark]
	if r == nil || r.deleted == 0 {
		return
	}
	deletion := r.deleted
	r.deleted = 0
	r.version++
	a.unique(s, mark, "")
	if s.name == "Project" {
		for _, other := range a.w.behind(s.edge("tasks"), mark) {
			if a.w.rows["Task"][other].deleted == deletion {
				a.restore(specOf("Task"), other)
			}
		}
	}
}

// verify asks the rules about what was written.
func (a *attempt) verify() {
	for _, it := range a.written {
		if !may(it.s, it.op, a.w.rows[it.s.name][it.mark], a.admin) {
			a.fail("FORBIDDEN", "", "")
		}
	}
}

// call is one root field.
type call struct {
	kind string
	s    *spec
	in   object
	// plain says that only values of the row itself are asked for.
	plain bool
}

// name is that of the root field.
func (c call) name() string {
	switch c.kind {
	case "createMany", "updateMany", "deleteMany":
		return strings.TrimSuffix(c.kind, "Many") + title(c.s.many)
	}
	return c.kind + c.s.name
}

func title(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// outcome is what the payload must hold.
type outcome struct {
	marks    []string
	affected int
	created  bool
}

// run runs a root field.
func (a *attempt) run(c call) outcome {
	s, in := c.s, c.in
	id, _ := in["id"].(ref)
	r := a.before.rows[s.name][id.mark]
	switch c.kind {
	case "create":
		a.check(s, "create", "", in, "input", "")
		out := outcome{marks: []string{a.write(s, "create", "", in, "input", nil)}}
		a.verify()
		return out
	case "createMany":
		var out outcome
		for i, v := range in[s.many].([]any) {
			path := fmt.Sprint("input ", s.many, " ", i)
			a.check(s, "create", "", v.(object), path, "")
		}
		for i, v := range in[s.many].([]any) {
			path := fmt.Sprint("input ", s.many, " ", i)
			out.marks = append(out.marks, a.write(s, "create", "", v.(object), path, nil))
			out.affected++
		}
		a.verify()
		return out
	case "update":
		a.update(s, id.mark, in, "input")
		return outcome{marks: []string{id.mark}}
	case "upsert":
		return a.upsert(s, in)
	case "delete":
		if !a.admin && s.name == "Label" {
			a.fail("FORBIDDEN", "", "")
		}
		if r == nil || !a.readable(s, id.mark) {
			a.fail("NOT_FOUND", "", "")
			return outcome{}
		}
		if !a.allowed(s, "delete", id.mark) {
			a.fail("FORBIDDEN", "", "")
		}
		a.version(s, r, in, "input")
		*a.clock++
		a.delete(s, id.mark, *a.clock)
		return outcome{}
	case "restore":
		switch {
		case !a.admin:
			a.fail("FORBIDDEN", "", "")
		case r == nil || r.deleted == 0:
			a.fail("NOT_FOUND", "", "")
		default:
			a.restore(s, id.mark)
		}
		return outcome{marks: []string{id.mark}}
	}
	return a.many(c)
}

func (a *attempt) update(s *spec, mark string, in object, path string) {
	a.check(s, "update", mark, in, path, "")
	a.write(s, "update", mark, in, path, nil)
	a.verify()
}

func (a *attempt) upsert(s *spec, in object) outcome {
	create := in["create"].(object)
	columns := s.keys[in["by"].(string)]
	found := ""
	for _, mark := range a.before.marks(s.name, nil) {
		same := true
		for _, column := range columns {
			v := create[column]
			for _, e := range s.edges {
				if e.kind == toOne && e.column == column {
					id, _ := create[e.input()].(ref)
					v = id.mark
				}
			}
			same = same && a.before.rows[s.name][mark].values[column] == v
		}
		if same && a.readable(s, mark) {
			found = mark
		}
	}
	if found == "" {
		a.check(s, "create", "", create, "input create", "")
		mark := a.write(s, "create", "", create, "input create", nil)
		a.verify()
		return outcome{marks: []string{mark}, created: true}
	}
	// What is given for a new row must be valid although there is none, unless the viewer could not create it anyhow.
	idle := &attempt{before: a.before, admin: a.admin, touched: make(map[ref]bool)}
	idle.check(s, "create", "", create, "input create", "")
	if !slices.ContainsFunc(idle.problems, func(p problem) bool { return p.code == "FORBIDDEN" }) {
		for _, p := range idle.problems {
			if p.code == "BAD_USER_INPUT" {
				a.problems = append(a.problems, p)
			}
		}
	}
	if patch, given := in["update"].(object); given {
		a.update(s, found, patch, "input update")
	}
	return outcome{marks: []string{found}}
}

// many runs updateMany and deleteMany.
func (a *attempt) many(c call) outcome {
	s, in := c.s, c.in
	op := strings.TrimSuffix(c.kind, "Many")
	if !a.admin && s.name == "Label" {
		a.fail("FORBIDDEN", "", "")
		return outcome{}
	}
	where := in["where"].(object)
	if len(where) == 0 {
		a.fail("BAD_USER_INPUT", "REQUIRED", "input where")
		return outcome{}
	}
	wanted := where["mark"].(object)["in"].([]any)
	set, _ := in["set"].(object)
	if op == "update" && len(set) == 0 {
		a.fail("BAD_USER_INPUT", "REQUIRED", "input set")
	}
	var found []string
	for _, mark := range a.before.marks(s.name, nil) {
		if slices.Contains(wanted, any(mark)) && a.readable(s, mark) {
			found = append(found, mark)
		}
	}
	if len(found) > in["max"].(int) {
		a.fail("BAD_USER_INPUT", "OUT_OF_RANGE", "input max")
		return outcome{}
	}
	for _, mark := range found {
		if !a.allowed(s, op, mark) {
			a.fail("FORBIDDEN", "", "")
		}
	}
	if op == "delete" {
		*a.clock++
		for _, mark := range found {
			a.delete(s, mark, *a.clock)
		}
		return outcome{affected: len(found)}
	}
	for _, f := range s.fields {
		if v, given := set[f.name]; given && (len(found) > 0 || f.admin && !a.admin) {
			a.value(f, v, "input set "+f.name)
		}
	}
	for _, e := range s.edges {
		id, given := set[e.input()]
		if e.kind != toOne || !given || len(found) == 0 {
			continue
		}
		switch {
		case id == nil && e.required:
			a.fail("BAD_USER_INPUT", "REQUIRED", "input set "+e.input())
		case id != nil:
			a.refers(id, e.target, "read", "input set "+e.input())
		}
	}
	for _, mark := range found {
		r := a.w.rows[s.name][mark]
		for _, f := range s.fields {
			if v, given := set[f.name]; given {
				r.values[f.name] = v
			}
		}
		for _, e := range s.edges {
			if id, given := set[e.input()]; given && e.kind == toOne {
				r.values[e.column] = nil
				if id, ok := id.(ref); ok {
					r.values[e.column] = id.mark
				}
			}
		}
		if s.version != "" {
			r.version++
		}
		a.unique(s, mark, "")
		a.written = append(a.written, written{s, "update", mark})
	}
	a.verify()
	return outcome{affected: len(found)}
}
