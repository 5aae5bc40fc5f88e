// Package writes_test makes random mutations and compares all that comes of them with a model in memory: whether they are refused
// and why, what their payloads say, and what the database holds afterwards.
package writes_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"

	"example.com/writes/graph"
)

// cases is how many worlds are changed on each database, unless ENTWINE_TEST_OPERATIONS says otherwise.
const cases = 1000

// A failed case is told with its seed. It is run again with that seed as -rapid.seed or ENTWINE_TEST_SEED.
func TestMain(m *testing.M) {
	set := func(name string, value int, env string) {
		text := strconv.Itoa(value)
		if v := os.Getenv(env); v != "" {
			text = v
		}
		if err := flag.Set(name, text); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", env, err)
			os.Exit(2)
		}
	}
	n := cases
	if os.Getenv("ENTWINE_TEST_LONG") != "" {
		n *= 20
	}
	set("rapid.checks", n, "ENTWINE_TEST_OPERATIONS")
	set("rapid.seed", 1, "ENTWINE_TEST_SEED")
	_ = flag.Set("rapid.nofailfile", "true") // the seed is enough
	m.Run()
}

func TestWrites(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := &app{Gateway: gatewaytest.Open(t, gateway.App{Name: "Writes", Open: graph.Open}, url), t: t, used: make(map[string]int)}
		a.Quiet()
		rapid.Check(t, a.check)
		a.report()
	})
}

// app is the gateway, with the database's ids of the rows by entity and mark.
type app struct {
	*gatewaytest.Gateway
	t    *testing.T
	used map[string]int
	ids  map[string]map[string]int64
}

// report says what occurred, and fails if some of it hardly did.
func (a *app) report() {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(a.used)) {
		fmt.Fprintf(&b, "%8d %s\n", a.used[name], name)
	}
	a.t.Logf("with\n%s", &b)
	if a.used["case"] < cases {
		return
	}
	for name, n := range a.used {
		if n < 15 {
			a.t.Errorf("%s occurred %d times only", name, n)
		}
	}
	for _, name := range []string{"restored", "set of an edge through an edge schema", "code CONFLICT", "code NOT_FOUND", "code FORBIDDEN", "code BAD_USER_INPUT", "refused after others had run"} {
		if a.used[name] == 0 {
			a.t.Errorf("%s never occurred", name)
		}
	}
}

// check is one case: a world, and a few operations of a few root fields.
func (a *app) check(t *rapid.T) {
	g := drawWorld(t, a.used)
	g.use("case")
	a.reset(g.w)
	g.ids = a.ids
	clock := 1_000_000
	for range 1 + g.n(4, "operations") {
		admin, single := g.n(3, "admin") > 0, g.n(3, "single") == 0
		before, w := g.w, g.w
		var calls []call
		var attempts []*attempt
		var want []any
		fields, draw := 1+g.n(3, "root fields"), g.call
		if single {
			fields, draw = 1, g.single
		}
		for range fields {
			g.w = w
			c := draw()
			at := &attempt{before: w, w: w.clone(), admin: admin, clock: &clock, touched: make(map[ref]bool)}
			out := at.run(c)
			g.use("root field")
			calls, attempts = append(calls, c), append(attempts, at)
			w = at.w
			if len(at.problems) > 0 {
				break
			}
			want = append(want, at.payload(c, out))
		}
		op := operation(calls)
		variables := make(object)
		for i, c := range calls {
			variables[fmt.Sprint("i", i)] = a.encode(c.in)
		}
		viewer := access.Viewer{UserID: "1"}
		if admin {
			viewer.Roles = []string{"admin"}
		}
		r := a.Do(a.t, viewer, op, variables)
		show := func() string {
			b, _ := json.Marshal(variables)
			return fmt.Sprintf("%s\nvariables %s, admin %v\n%.3000s", op, b, admin, r.Raw)
		}
		problems := attempts[len(attempts)-1].problems
		if len(problems) == 0 {
			if len(r.Errors) > 0 {
				t.Fatalf("the model allows it:\n%s", show())
			}
			g.use("operation that is committed")
			g.w = w
			a.compare(t, g.w, show)
			var got map[string]any
			if err := json.Unmarshal([]byte(r.Raw), &got); err != nil {
				t.Fatal(err)
			}
			for i, c := range calls {
				payload := got["data"].(object)[fmt.Sprint("r", i)]
				if c.kind == "restore" {
					g.use("restored")
				}
				got := a.identify(payload)
				forget(got, want[i], g.w)
				if g, w := text(got), text(want[i]); g != w {
					t.Fatalf("payload %d is\n%s, want\n%s\n%s", i, g, w, show())
				}
			}
			continue
		}
		g.use("operation that is refused")
		if len(calls) > 1 {
			g.use("refused after others had run")
		}
		a.refused(t, r, problems, len(calls)-1, show)
		g.use("code " + r.Code())
		g.w = before
		a.compare(t, g.w, show)
	}
}

// refused checks that the answer says what is wrong.
func (a *app) refused(t *rapid.T, r gatewaytest.Response, problems []problem, field int, show func() string) {
	var codes []string
	for _, p := range problems {
		codes = append(codes, p.code)
	}
	if len(r.Errors) == 0 || !slices.Contains(codes, r.Code()) || !strings.Contains(r.Raw, `"data":null`) {
		t.Fatalf("want one of %+v\n%s", problems, show())
	}
	e := r.Errors[0]
	if fmt.Sprint(e.Path) != fmt.Sprintf("[r%d]", field) {
		t.Fatalf("the error is not of field %d\n%s", field, show())
	}
	if p := problems[0]; len(problems) == 1 && p.path != "" {
		a.used["path of an error"]++
		if len(e.Extensions.Fields) != 1 || strings.Trim(fmt.Sprint(e.Extensions.Fields[0].Path), "[]") != p.path || p.fieldCode != "" && string(e.Extensions.Fields[0].Code) != p.fieldCode {
			t.Fatalf("want %+v\n%s", p, show())
		}
	}
}

// operation is a mutation with all that can be selected of the rows.
func operation(calls []call) string {
	var head, body strings.Builder
	for i, c := range calls {
		input := title(c.kind) + c.s.name + "Input"
		if many, ok := strings.CutSuffix(c.kind, "Many"); ok {
			input = title(many) + "Many" + c.s.name + "Input"
		}
		fmt.Fprintf(&head, " $i%d: %s!", i, input)
		fmt.Fprintf(&body, " r%d: %s(input: $i%d) { clientMutationId", i, c.name(), i)
		rows := selection(c.s, c.depth())
		one := strings.ToLower(c.s.name)
		switch c.kind {
		case "delete":
			body.WriteString(" deletedId")
		case "createMany":
			body.WriteString(" affectedCount " + c.s.many + " { id " + rows + " }")
		case "updateMany", "deleteMany":
			body.WriteString(" affectedCount")
		case "upsert":
			body.WriteString(" created " + one + " { id " + rows + " }")
		default:
			body.WriteString(" " + one + " { id " + rows + " }")
		}
		body.WriteString(" }")
	}
	return "mutation(" + head.String() + ") {" + body.String() + " }"
}

// selection are the fields of a row, and those of the rows around it.
func selection(s *spec, depth int) string {
	var b strings.Builder
	for _, f := range s.fields {
		b.WriteString(f.name + " ")
	}
	if s.version != "" {
		b.WriteString("version ")
	}
	if depth == 2 {
		return b.String()
	}
	for _, e := range s.edges {
		sub := selection(specOf(e.target), depth+1)
		if e.list() {
			sub = "nodes { " + sub + "}"
			b.WriteString(e.name + "(first: 30) { " + sub + " } ")
		} else {
			b.WriteString(e.name + " { " + sub + "} ")
		}
	}
	return b.String()
}

// depth is where the selection of a row begins, see [selection].
func (c call) depth() int {
	if c.plain {
		return 2
	}
	return 0
}

// payload is what a root field must answer.
func (a *attempt) payload(c call, out outcome) object {
	p := object{"clientMutationId": c.in["clientMutationId"]}
	one := strings.ToLower(c.s.name)
	switch c.kind {
	case "delete":
		p["deletedId"] = c.in["id"]
	case "createMany":
		rows := []any{}
		for _, m := range out.marks {
			rows = append(rows, a.shown(c.s, m, c.depth(), true))
		}
		p["affectedCount"], p[c.s.many] = out.affected, rows
	case "updateMany", "deleteMany":
		p["affectedCount"] = out.affected
	default:
		p[one] = a.shown(c.s, out.marks[0], c.depth(), true)
		if c.kind == "upsert" {
			p["created"] = out.created
		}
	}
	return p
}

func (a *attempt) row(s *spec, mark string, root bool) any {
	return a.shown(s, mark, 0, root)
}

// shown is a row as the viewer sees it, nil if they do not.
func (a *attempt) shown(s *spec, mark string, depth int, root bool) any {
	r := a.w.rows[s.name][mark]
	if !may(s, "read", r, a.admin) {
		return nil
	}
	out := make(object)
	if root {
		out["id"] = ref{s.name, mark}
	}
	for _, f := range s.fields {
		v := r.values[f.name]
		if text, ok := v.(string); ok && f.values != nil {
			v = strings.ToUpper(text)
		}
		out[f.name] = v
	}
	if s.version != "" {
		out["version"] = r.version
	}
	if depth == 2 {
		return out
	}
	for _, e := range s.edges {
		target := specOf(e.target)
		var behind []string
		switch e.kind {
		case toOne:
			if m, ok := r.values[e.column].(string); ok {
				behind = []string{m}
			}
		case inverse, toMany:
			behind = a.w.behind(e, mark)
		case manyToMany:
			for pair := range a.w.labels {
				for _, m := range pair {
					if pair == taskLabel(e, mark, m) && m != mark {
						behind = append(behind, m)
					}
				}
			}
		case through:
			for _, m := range a.w.marks(e.target, nil) {
				if a.w.rows["Membership"][membership(e, mark, m)] != nil {
					behind = append(behind, m)
				}
			}
		}
		nodes := []any{}
		for _, m := range behind {
			if o := a.shown(target, m, depth+1, false); o != nil {
				nodes = append(nodes, o)
			}
		}
		switch {
		case e.list():
			out[e.name] = object{"nodes": nodes}
		case len(nodes) == 0:
			out[e.name] = nil
		default:
			out[e.name] = nodes[0]
		}
	}
	return out
}

// text is a value as JSON; nodes have no order.
func text(v any) string {
	var sorted func(v any) any
	sorted = func(v any) any {
		switch v := v.(type) {
		case object:
			out := make(object)
			for name, v := range v {
				out[name] = sorted(v)
				if all, ok := out[name].([]any); ok && name == "nodes" {
					sort.Slice(all, func(i, j int) bool { return text(all[i]) < text(all[j]) })
				}
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i := range v {
				out[i] = sorted(v[i])
			}
			return out
		case ref:
			return v.entity + " " + v.mark
		}
		return v
	}
	b, _ := json.Marshal(sorted(v)) // of JSON's own types
	return string(b)
}

// encode makes variables of an input: ids of references, names of enums' values.
func (a *app) encode(v any) any {
	switch v := v.(type) {
	case ref:
		return a.id(v)
	case object:
		out := make(object)
		for name, value := range v {
			out[name] = a.encode(value)
			if text, ok := value.(string); ok && (name == "state" || name == "reach" || name == "role") {
				out[name] = strings.ToUpper(text)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = a.encode(v[i])
		}
		return out
	}
	return v
}

const nowhere = 999_999_999

func (a *app) id(r ref) string {
	key := func(entity, mark string) int64 {
		if id, ok := a.ids[entity][mark]; ok {
			return id
		}
		return nowhere
	}
	if r.entity == "Membership" {
		person, project, _ := strings.Cut(r.mark, "/")
		return relay.ID("Membership", fmt.Sprintf("[%d,%d]", key("Person", person), key("Project", project)))
	}
	return relay.ID(r.entity, fmt.Sprint(key(r.entity, r.mark)))
}

// identify turns the ids of a payload into references. Those of rows that a later root field took away are known from before.
func (a *app) identify(v any) any {
	switch v := v.(type) {
	case object:
		for name, value := range v {
			if id, ok := value.(string); ok && (name == "id" || name == "deletedId") {
				v[name] = a.refOf(id)
			} else {
				v[name] = a.identify(value)
			}
		}
	case []any:
		for i := range v {
			v[i] = a.identify(v[i])
		}
	}
	return v
}

// forget takes the ids of rows out of payloads that a later root field took away: nobody knows them.
func forget(got, want any, w *world) {
	g, _ := got.(object)
	for name, v := range asObject(want) {
		all, _ := v.([]any)
		if id, ok := v.(ref); ok && name == "id" && w.rows[id.entity][id.mark] == nil {
			delete(g, name)
			delete(want.(object), name)
		}
		for i, v := range all {
			if rows, _ := g[name].([]any); i < len(rows) {
				forget(rows[i], v, w)
			}
		}
		forget(g[name], v, w)
	}
}

func asObject(v any) object {
	o, _ := v.(object)
	return o
}

func (a *app) refOf(id string) any {
	entity, key, _ := relay.ParseID(id)
	name := func(entity, key string) string {
		for mark, id := range a.ids[entity] {
			if fmt.Sprint(id) == key {
				return mark
			}
		}
		return "?"
	}
	if entity == "Membership" {
		person, project, _ := strings.Cut(strings.Trim(key, "[]"), ",")
		return ref{entity, name("Person", person) + "/" + name("Project", project)}
	}
	return ref{entity, name(entity, key)}
}

// reset makes the database hold a world and nothing else.
func (a *app) reset(w *world) {
	a.Exec(a.t, "DELETE FROM task_labels")
	for i := range specs {
		a.Exec(a.t, "DELETE FROM "+specs[len(specs)-1-i].table)
	}
	a.ids = make(map[string]map[string]int64)
	next := int64(nowhere)
	for _, s := range specs {
		a.ids[s.name] = make(map[string]int64)
		var columns []string
		if s.name != "Membership" {
			columns = append(columns, "id")
		}
		columns = append(columns, s.columns()...)
		if s.version != "" {
			columns = append(columns, "version", "deleted_at")
		}
		var values []string
		var args []any
		for _, m := range w.marks(s.name, nil) {
			r := w.rows[s.name][m]
			next++
			a.ids[s.name][m] = next
			var marks []string
			for _, c := range columns {
				var v any
				switch c {
				case "id":
					v = next
				case "version":
					v = r.version
				case "deleted_at":
					if r.deleted != 0 {
						v = time.Date(2020, 1, 1, 0, 0, r.deleted, 0, time.UTC)
					}
				default:
					v = r.values[c]
					for _, e := range s.edges {
						if m, ok := v.(string); ok && e.kind == toOne && e.column == c {
							v = a.ids[e.target][m]
						}
					}
				}
				args = append(args, v)
				marks = append(marks, a.placeholder(len(args)))
			}
			values = append(values, "("+strings.Join(marks, ", ")+")")
		}
		if len(values) > 0 {
			a.Exec(a.t, "INSERT INTO "+s.table+" ("+strings.Join(columns, ", ")+") VALUES "+strings.Join(values, ", "), args...)
		}
	}
	for pair := range w.labels {
		a.Exec(a.t, "INSERT INTO task_labels (task_id, label_id) VALUES ("+a.placeholder(1)+", "+a.placeholder(2)+")", a.ids["Task"][pair[0]], a.ids["Label"][pair[1]])
	}
}

func (a *app) placeholder(n int) string {
	if a.Dialect() == "postgres" {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// compare reads the whole database, and fails if it does not hold the world.
func (a *app) compare(t *rapid.T, w *world, show func() string) {
	marks := make(map[string]map[int64]string)
	tables := make(map[string][][]any)
	for _, s := range specs {
		columns := s.columns()
		if s.version != "" {
			columns = append(columns, "version", "deleted_at IS NOT NULL")
		}
		if s.name != "Membership" {
			columns = append(columns, "id")
		}
		tables[s.name] = a.Rows(a.t, "SELECT "+strings.Join(columns, ", ")+" FROM "+s.table)
		marks[s.name] = make(map[int64]string)
		if s.name == "Membership" {
			continue
		}
		for _, r := range tables[s.name] {
			id := r[len(r)-1].(int64)
			marks[s.name][id] = r[0].(string)
			a.ids[s.name][r[0].(string)] = id
		}
	}
	for _, s := range specs {
		got, want := make(map[string]object), make(map[string]object)
		for _, r := range tables[s.name] {
			o := make(object)
			for i, c := range s.columns() {
				o[c] = r[i]
				for _, e := range s.edges {
					if id, ok := r[i].(int64); ok && e.kind == toOne && e.column == c {
						o[c] = marks[e.target][id]
					}
				}
			}
			if s.version != "" {
				o["version"], o["deleted"] = r[len(s.columns())], fmt.Sprint(r[len(s.columns())+1]) == "true" || fmt.Sprint(r[len(s.columns())+1]) == "1"
			}
			m, _ := o["mark"].(string)
			if s.name == "Membership" {
				m = fmt.Sprint(o["person_id"], "/", o["project_id"])
			}
			got[m] = o
		}
		for m, r := range w.rows[s.name] {
			o := maps.Clone(r.values)
			for c, v := range o {
				if n, ok := v.(int); ok {
					o[c] = int64(n)
				}
			}
			if s.version != "" {
				o["version"], o["deleted"] = int64(r.version), r.deleted != 0
			}
			want[m] = o
		}
		if !reflect.DeepEqual(got, want) {
			for m := range want {
				if reflect.DeepEqual(got[m], want[m]) {
					delete(got, m)
					delete(want, m)
				}
			}
			t.Fatalf("%s hold\n%v, want\n%v\n%s", s.table, got, want, show())
		}
	}
	labels := make(map[[2]string]bool)
	for _, r := range a.Rows(a.t, "SELECT task_id, label_id FROM task_labels") {
		labels[[2]string{marks["Task"][r[0].(int64)], marks["Label"][r[1].(int64)]}] = true
	}
	if !maps.Equal(labels, w.labels) {
		t.Fatalf("task_labels hold\n%v, want\n%v\n%s", labels, w.labels, show())
	}
}
