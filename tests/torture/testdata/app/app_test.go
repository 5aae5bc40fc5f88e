package torture_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"

	"example.com/torture/ent/schema"
	"example.com/torture/graph"
)

type object = map[string]any

// app is a gateway with the ids of the rows that were made, by "Entity.index".
type app struct {
	*gatewaytest.Gateway
	t   *testing.T
	ids map[string]string
}

func open(t *testing.T, url string) *app {
	g := gatewaytest.Open(t, gateway.App{Name: "Torture", Open: graph.Open}, url)
	return &app{g, t, make(map[string]string)}
}

func (a *app) must(query string, variables object) gatewaytest.Response {
	a.t.Helper()
	return a.Must(a.t, access.Viewer{}, query, variables)
}

// resolve replaces "@Person.0" by the id of that row.
func (a *app) resolve(v any) any {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "@"); ok {
			if a.ids[name] == "" {
				a.t.Fatalf("there is no %s yet", name)
			}
			return a.ids[name]
		}
	case object:
		out := make(object)
		for key, value := range v {
			out[key] = a.resolve(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = a.resolve(value)
		}
		return out
	}
	return v
}

// data makes rows of all entities in an order in which their references exist. Each entity has two at least.
var data = []struct {
	entity string
	rows   []object
	// update is what is changed of the first row.
	update object
}{
	{"Counter", []object{{"name": "a"}, {"name": "b"}}, object{"name": "c"}},
	{"Gauge", []object{{"name": "a", "counterId": "@Counter.0"}, {"name": "b"}}, object{"counterId": nil}},
	{"Country", []object{{"id": relay.ID("Country", "CH"), "name": "Switzerland"}, {"id": relay.ID("Country", "AT"), "name": "Austria", "neighbours": object{"connect": []any{"@Country.0"}}}}, object{"name": "Helvetia"}},
	{"Ledger", []object{{"name": "a", "countryCode": "@Country.0"}, {"name": "b"}}, object{"countryCode": "@Country.1"}},
	{"Token", []object{{"name": "a", "ledgerId": "@Ledger.0"}, {"name": "b", "id": relay.ID("Token", "11111111-2222-4333-8444-555555555555")}}, object{"name": "z"}},
	{"Parcel", []object{
		{"id": relay.ID("Parcel", "00000000-0000-4000-8000-000000000001"), "to": "Ada", "countryId": "@Country.0", "tokens": object{"connect": []any{"@Token.0", "@Token.1"}}},
		{"id": relay.ID("Parcel", "00000000-0000-4000-8000-000000000002"), "to": "Bob", "countryId": "@Country.1"},
	}, object{"tokens": object{"set": []any{"@Token.1"}}}},
	{"Label", []object{{"name": "a"}, {"name": "b", "id": relay.ID("Label", "given <&> \"é\"")}}, object{"name": "z"}},
	{"Room", []object{{"id": relay.ID("Room", "101"), "name": "a"}, {"id": relay.ID("Room", "-7"), "name": "b"}}, object{"name": "z"}},
	{"Ticket", []object{{"labelId": "@Label.0"}, {"id": relay.ID("Ticket", "t0badcafe"), "previousId": "@Ticket.0", "labelId": "@Label.1"}}, object{"labelId": nil}},

	{"Company", []object{{"name": "a"}, {"name": "b", "parentId": "@Company.0"}}, object{"name": "z"}},
	{"Skill", []object{{"name": "a"}, {"name": "b"}}, object{"name": "z"}},
	{"Person", []object{
		{"name": "ada", "companyId": "@Company.0"},
		{"name": "bob", "spouseId": "@Person.0", "testatorId": "@Person.0", "managerId": "@Person.0", "friends": object{"connect": []any{"@Person.0"}}, "following": object{"connect": []any{"@Person.0"}}},
		{"name": "cy", "managerId": "@Person.0", "reports": object{"connect": []any{"@Person.1"}}, "skills": object{"connect": []any{"@Skill.0", "@Skill.1"}}},
	}, object{"followers": object{"connect": []any{"@Person.2"}}}},
	{"Passport", []object{{"number": "1", "personId": "@Person.0"}, {"number": "2", "personId": "@Person.1"}}, object{"number": "3"}},
	{"Desk", []object{{"floor": 1, "ownerId": "@Person.0"}, {"floor": -1}}, object{"ownerId": "@Person.2"}},
	{"Team", []object{{"id": relay.ID("Team", "x"), "name": "X"}, {"id": relay.ID("Team", "y\"<é>,1]"), "name": "Y"}}, object{"name": "Z"}},
	{"Membership", []object{
		{"personId": "@Person.0", "teamId": "@Team.0", "role": "LEAD"}, {"personId": "@Person.0", "teamId": "@Team.1"}, {"personId": "@Person.1", "teamId": "@Team.1"},
	}, object{"role": "MEMBER"}},
	{"Course", []object{{"title": "a"}, {"title": "b"}}, object{"title": "z"}},
	{"Enrolment", []object{{"personId": "@Person.0", "courseId": "@Course.0", "grade": 1.5}, {"personId": "@Person.1", "courseId": "@Course.0"}}, object{"grade": nil}},
	{"Block", []object{{"personId": "@Person.0", "blockedId": "@Person.1"}, {"personId": "@Person.1", "blockedId": "@Person.0"}}, nil},

	{"Everything", []object{
		{"mood": "SO_SO", "flag": true, "i": 1, "f": 0.5, "s": "a", "shape": object{"sides": 3.0}, "raw": "AAE="},
		{
			"mood": "VERY_BAD", "size": "L", "flag": false, "maybe": true, "i": -2147483648, "i8": -128, "i16": 32767, "i32": 2147483647, "i64": "-9223372036854775808",
			"u": "4294967296", "u8": 255, "u16": 65535, "u32": "4294967295", "u64": "9223372036854775807", "f": -1.25e30, "f32": 0.25, "s": "é😀", "var": "v", "txt": "long\n\"text\"",
			"at": "2024-02-29T23:59:59.123456Z", "later": "0001-01-01T00:00:00.000000Z", "day": "1999-12-31", "doc": object{"a": []any{1.0, nil}}, "shape": object{"sides": 4.0, "names": []any{"x"}},
			"shapes": []any{object{"sides": 5.0}}, "words": []any{"a", "b"}, "numbers": []any{1.0, 2.0}, "any": "text", "raw": "/w==", "more": "aGk=",
			"key": "00000000-0000-4000-8000-000000000009", "otherKey": "00000000-0000-4000-8000-000000000008",
		},
	}, object{"size": "S", "i64": "5", "day": "2000-01-01", "numbers": []any{3.0}, "more": nil, "otherKey": "00000000-0000-4000-8000-000000000007"}},
	{"Price", []object{{"net": "1.25", "tax": "0.07", "gross": "1.32"}, {"net": "-1000000000.01"}}, object{"tax": "12.75", "gross": nil}},
	{"Custom", []object{
		{"email": "a@b", "level": 3, "colour": "RED"},
		{
			"email": "c@d", "level": -1, "ratio": 0.5, "on": true, "link": "https://example.com/a?b=c", "point": "1/2", "pointer": "3/4", "colour": "LIGHT_BLUE", "rank": "HIGH",
			"moment": "2024-01-01T00:00:00.000000Z", "address": "fwAAAQ==", "settings": object{"theme": "dark"}, "span": "60",
		},
	}, object{"point": "5/6", "rank": "LOW", "link": "https://example.com/", "span": nil}},
	{"Guarded", []object{{"code": "a", "count": 1, "password": "secret", "shouted": "loud"}, {"code": "b", "old": "x", "score": 1.5}}, object{"count": 10, "shouted": "quiet"}},

	{"User", []object{{"age": 30, "username": "ada"}, {"age": 40, "username": "bob"}}, object{"age": 31}},
	{"Pet", []object{{"name": "rex", "ownerId": "@User.0"}, {"name": "mia", "ownerId": "@User.0"}}, object{"ownerId": "@User.1"}},
	{"Group", []object{{"name": "a", "users": object{"connect": []any{"@User.0", "@User.1"}}}, {"name": "b"}}, object{"users": object{"disconnect": []any{"@User.0"}}}},
	{"Order", []object{{"order": "a"}, {"order": "b", "group": 1, "fromId": "@Order.0"}}, object{"group": 2}},
	{"Connection", []object{{"nodes": "a", "edges": 1, "totalCount": 2, "pageInfo": "b", "orderId": "@Order.0"}, {"nodes": "a", "edges": 2, "totalCount": 2, "pageInfo": "b"}}, object{"edges": 3}},
	{"Vertex", []object{{"node": "a", "cursor": "b", "where": "c"}, {"node": "a", "cursor": "b"}}, object{"cursor": "z"}},
	{"Clash", []object{clash("a"), clash("b")}, object{"type": "z", "client": "y"}},
	{"News", []object{{"text": "a"}, {"text": "b"}}, object{"text": "z"}},
	{"Paper", []object{{"title": "a"}, {"title": "b", "rank": 2, "subtitle": "c"}}, object{"title": "z"}},
	{"Page", []object{{"text": "a", "documentId": "@Paper.0"}, {"text": "b"}}, nil},

	{"Folder", []object{{"name": "a", "owner": "ada", "number": 1}, {"name": "b", "owner": "ada", "number": 2}}, object{"name": "z", "version": 1}},
	{"File", []object{{"name": "a", "folderId": "@Folder.1"}, {"name": "b"}}, object{"name": "z"}},
	{"Lock", []object{{"why": "a", "folderId": "@Folder.0"}, {"why": "b"}}, object{"folderId": nil}},
}

func clash(text string) object {
	return object{
		"type": text, "bytes": "AA==", "where": text, "input": text, "string": text, "int": 1, "ctx": text, "client": text, "key": text, "entity": text,
		"first": text, "after": text, "orderBy": text, "offset": 1, "create": text, "set": text, "value": text, "values": text, "scalar": text, "ent": text,
		"null": text, "true": text, "v": text, "m": text, "read": text, "mutation": text, "query": text, "table": text, "op": text, "userId": text, "httpPort": text,
		"snakeCase": text, "x1": text,
	}
}

// fields are the names of what the API shows of an entity without going to others.
func fields(e *entity.Entity) []string {
	var names []string
	for _, f := range e.Fields {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	return names
}

func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func payload(e *entity.Entity) string {
	if e.Name == "Page" {
		return "page"
	}
	return e.Names.One
}

func TestEveryEntity(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		c := a.Handle.Catalog
		created := make(map[string][]object)
		for _, d := range data {
			e := c.Entity(d.entity)
			if e == nil {
				t.Fatalf("there is no entity %s", d.entity)
			}
			for i, row := range d.rows {
				in := a.resolve(row).(object)
				r := a.must(fmt.Sprintf(`mutation($in: %s!) { %s(input: $in) { made: %s { %s } edge: %sEdge { cursor node { id } } } }`,
					"Create"+e.Name+"Input", e.Names.Create, payload(e), strings.Join(fields(e), " "), payload(e)), object{"in": in})
				made, _ := r.At(e.Names.Create, "made").(object)
				if made == nil || r.At(e.Names.Create, "edge", "node", "id") != made["id"] {
					t.Fatalf("create %s: %s", e.Name, r.Raw)
				}
				expect(t, e, "create", in, made)
				a.remembers(e, "CREATE", nil, made)
				a.ids[fmt.Sprintf("%s.%d", e.Name, i)] = made["id"].(string)
				created[e.Name] = append(created[e.Name], made)
			}
		}
		covered := 0
		for _, e := range c.Entities {
			if e.Hidden || e.Name == "Diary" { // not all of its fields can be read
				continue
			}
			covered++
			t.Run(e.Name, func(t *testing.T) {
				if len(created[e.Name]) < 2 {
					t.Fatal("not tried")
				}
				b := &app{a.Gateway, t, a.ids}
				b.lookUps(e, created[e.Name])
				if e.Names.Many != "" {
					b.filters(e, created[e.Name])
					b.orders(e, created[e.Name])
					b.edges(e)
				}
				if e.Names.Groups != "" {
					b.groups(e, created[e.Name])
				}
			})
		}
		if covered < 25 {
			t.Errorf("%d entities", covered)
		}
		t.Run("updates", func(t *testing.T) {
			for _, d := range data {
				e := c.Entity(d.entity)
				if d.update == nil {
					if e.Names.Update != "" && e.Name != "Page" {
						t.Errorf("%s is not updated", e.Name)
					}
					continue
				}
				in := a.resolve(d.update).(object)
				in["id"] = a.ids[d.entity+".0"]
				was, _ := a.must(`query($id: ID!) { node(id: $id) { ... on `+e.Name+` { `+strings.Join(fields(e), " ")+` } } }`, object{"id": in["id"]}).At("node").(object)
				r := a.must(fmt.Sprintf(`mutation($in: Update%sInput!) { %s(input: $in) { made: %s { %s } } }`, e.Name, e.Names.Update, payload(e), strings.Join(fields(e), " ")), object{"in": in})
				made, _ := r.At(e.Names.Update, "made").(object)
				if e.Version != nil {
					if made[e.Version.Name] != 2.0 {
						t.Errorf("%s has the version %v", e.Name, made[e.Version.Name])
					}
					delete(in, e.Version.Name)
				}
				a.remembers(e, "UPDATE", was, made)
				expect(t, e, "update", in, made)
			}
		})
		t.Run("deletes", func(t *testing.T) {
			for _, d := range slices.Backward(data) {
				e := c.Entity(d.entity)
				if e.Names.Delete == "" {
					continue
				}
				for i := range d.rows {
					id := a.ids[fmt.Sprintf("%s.%d", e.Name, i)]
					version := ""
					if e.Version != nil {
						version = fmt.Sprintf(", version: %v", a.must(fmt.Sprintf(`query($id: ID!) { %s(id: $id) { version } }`, e.Names.One), object{"id": id}).At(e.Names.One, "version"))
					}
					r := a.must(fmt.Sprintf(`mutation($id: ID!) { %s(input: {id: $id%s}) { deletedId } }`, e.Names.Delete, version), object{"id": id})
					if r.At(e.Names.Delete, "deletedId") != id {
						t.Errorf("delete %s: %s", e.Name, r.Raw)
					}
					if r := a.must(`query($id: ID!) { node(id: $id) { id } }`, object{"id": id}); r.At("node") != nil {
						t.Errorf("%s is still there: %s", e.Name, r.Raw)
					}
				}
			}
		})
	})
}

// expect compares what was sent with what came back.
func expect(t *testing.T, e *entity.Entity, verb string, in, out object) {
	t.Helper()
	for name, want := range in {
		f := e.Field(name)
		if f == nil {
			continue // an edge, or what is never shown
		}
		if n, ok := want.(int); ok {
			want = float64(n)
		}
		if !reflect.DeepEqual(out[name], want) {
			t.Errorf("%s %s: %s is %v, not %v", verb, e.Name, name, out[name], want)
		}
	}
}

func (a *app) lookUps(e *entity.Entity, rows []object) {
	selection := strings.Join(fields(e), " ")
	ids := make([]any, len(rows))
	for i, row := range rows {
		ids[i] = row["id"]
		text, key, _ := relay.ParseID(row["id"].(string))
		if text != e.Name || key == "" {
			a.t.Errorf("id %s", row["id"])
		}
		r := a.must(`query($id: ID!) { node(id: $id) { __typename id ... on `+e.Name+` { `+selection+` } } }`, object{"id": row["id"]})
		node, _ := r.At("node").(object)
		delete(node, "__typename")
		if !reflect.DeepEqual(node, row) {
			a.t.Errorf("node: %v, not %v", node, row)
		}
		if e.Names.One != "" {
			r = a.must(`query($id: ID!) { `+e.Names.One+`(id: $id) { `+selection+` } }`, object{"id": row["id"]})
			if !reflect.DeepEqual(r.At(e.Names.One), row) {
				a.t.Errorf("%s: %s", e.Names.One, r.Raw)
			}
		}
		for _, k := range e.Keys {
			var declared, given []string
			variables := make(object)
			for _, f := range k.Fields {
				declared = append(declared, "$"+f.Name+": "+f.GraphQL+"!")
				given = append(given, f.Name+": $"+f.Name)
				variables[f.Name] = row[f.Name]
			}
			if slices.Contains(slices.Collect(maps.Values(variables)), nil) {
				continue
			}
			r := a.must(`query(`+strings.Join(declared, ", ")+`) { `+k.Name+`(`+strings.Join(given, ", ")+`) { id } }`, variables)
			if r.At(k.Name, "id") != row["id"] {
				a.t.Errorf("%s: %s", k.Name, r.Raw)
			}
		}
	}
	r := a.must(`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, object{"ids": ids})
	for i, id := range ids {
		if r.At("nodes", i, "id") != id {
			a.t.Errorf("nodes: %s", r.Raw)
		}
	}
}

func (a *app) filters(e *entity.Entity, rows []object) {
	for _, f := range e.Fields {
		if !f.Filter {
			continue
		}
		for _, row := range rows {
			var want []any
			for _, other := range rows {
				if reflect.DeepEqual(other[f.Name], row[f.Name]) {
					want = append(want, other["id"])
				}
			}
			for _, condition := range []object{{"eq": row[f.Name]}, {"in": []any{row[f.Name]}}, {"in": []any{row[f.Name], row[f.Name]}}, {"isNull": row[f.Name] == nil}} {
				if _, ok := condition["isNull"]; row[f.Name] == nil != (ok && condition["isNull"] == true) {
					continue
				}
				r := a.must(`query($w: `+e.Names.Where+`) { `+e.Names.Many+`(where: $w) { totalCount nodes { id } } }`, object{"w": object{f.Name: condition}})
				list, _ := r.At(e.Names.Many, "nodes").([]any)
				got := make([]any, len(list))
				for i, node := range list {
					got[i] = node.(object)["id"]
				}
				if condition["isNull"] == nil && !sameSet(got, want) {
					a.t.Errorf("%s %v: %v, not %v", f.Name, condition, got, want)
				}
				if !slices.Contains(got, row["id"]) {
					a.t.Errorf("%s %v: %s is missing in %v", f.Name, condition, row["id"], got)
				}
			}
		}
	}
}

func sameSet(a, b []any) bool {
	for _, v := range a {
		if !slices.Contains(b, v) {
			return false
		}
	}
	return len(a) == len(b)
}

// orders walks the list by every order, forward and backward, one row at a time.
func (a *app) orders(e *entity.Entity, rows []object) {
	orders := []any{nil}
	for _, f := range e.Fields {
		if f.Sort {
			for _, direction := range []string{"ASC", "DESC"} {
				orders = append(orders, []any{object{"field": f.OrderValue, "direction": direction}}, []any{object{"field": f.OrderValue, "direction": direction, "nulls": "FIRST"}})
			}
		}
	}
	walk := func(order any, page, cursor string) []any {
		var ids []any
		var at any
		for range len(rows) + 1 {
			r := a.must(`query($o: [`+e.Names.Order+`!], $c: String) { list: `+e.Names.Many+`(orderBy: $o, `+page+`: 1, `+cursor+`: $c) {
				edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor } } }`, object{"o": order, "c": at})
			list := r.At("list", "edges").([]any)
			if len(list) == 0 {
				break
			}
			ids = append(ids, r.At("list", "edges", 0, "node", "id"))
			at = r.At("list", "edges", 0, "cursor")
			if more := len(ids) < len(rows); page == "first" && r.At("list", "pageInfo", "hasNextPage") != more || page == "last" && r.At("list", "pageInfo", "hasPreviousPage") != more {
				a.t.Fatalf("%v: %s", order, r.Raw)
			}
		}
		return ids
	}
	for _, order := range orders {
		forward, backward := walk(order, "first", "after"), walk(order, "last", "before")
		slices.Reverse(backward)
		all := a.must(`query($o: [`+e.Names.Order+`!]) { `+e.Names.Many+`(orderBy: $o, first: 3) { nodes { id } } }`, object{"o": order})
		var whole []any
		for _, node := range all.At(e.Names.Many, "nodes").([]any) {
			whole = append(whole, node.(object)["id"])
		}
		if len(whole) != len(rows) || !slices.Equal(forward, whole) || !slices.Equal(backward, whole) {
			a.t.Errorf("%v: forward %v, backward %v, at once %v", order, forward, backward, whole)
		}
	}
}

// edges reads all edges of all rows at once, and those of each row alone.
func (a *app) edges(e *entity.Entity) {
	var selections []string
	for _, ed := range e.Edges {
		switch {
		case ed.Hidden:
		case ed.List():
			selections = append(selections, ed.Name+`(first: 2) { totalCount upToOne: totalCount(atMost: 1) nodes { id } edges { cursor } pageInfo { hasNextPage } }`)
		default:
			selections = append(selections, ed.Name+` { id }`)
		}
	}
	if len(selections) == 0 {
		return
	}
	r := a.must(`{ `+e.Names.Many+`(first: 3) { nodes { id `+strings.Join(selections, " ")+` } } }`, nil)
	for _, row := range r.At(e.Names.Many, "nodes").([]any) {
		alone := a.must(`query($id: ID!) { node(id: $id) { id ... on `+e.Name+` { `+strings.Join(selections, " ")+` } } }`, object{"id": row.(object)["id"]})
		if !reflect.DeepEqual(alone.At("node"), row) {
			a.t.Errorf("alone %v, among others %v", alone.At("node"), row)
		}
		for _, ed := range e.Edges {
			if list, ok := row.(object)[ed.Name].(object); ok && ed.List() && list["upToOne"] != min(list["totalCount"].(float64), 1) {
				a.t.Errorf("%s: %v", ed.Name, list)
			}
		}
	}
}

// TestRelations looks at what the generic test does not know: which rows are linked.
func TestRelations(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		for _, d := range data {
			if e := a.Handle.Catalog.Entity(d.entity); slices.Contains([]string{"Company", "Skill", "Person", "Passport", "Desk", "Team", "Membership", "Course", "Enrolment", "Block"}, d.entity) {
				for i, row := range d.rows {
					r := a.must(fmt.Sprintf(`mutation($in: Create%sInput!) { %s(input: $in) { made: %s { id } } }`, e.Name, e.Names.Create, e.Names.One), object{"in": a.resolve(row)})
					a.ids[fmt.Sprintf("%s.%d", e.Name, i)] = r.At(e.Names.Create, "made", "id").(string)
				}
			}
		}
		ada, team := a.ids["Person.0"], a.ids["Team.1"]
		membership := a.ids["Membership.1"]
		if _, key, _ := relay.ParseID(membership); key != `[1,"y\"<é>,1]"]` {
			t.Errorf("the key of a membership is %s", key)
		}
		a.Run(t,
			gatewaytest.Scenario{Name: "self references", Query: `{ person(id: "` + ada + `") { spouse { name } testator { name } heir { name } manager { name }
				reports(orderBy: [{field: NAME}]) { nodes { name manager { name } } } friends { nodes { name friends { nodes { name } } } } followers { nodes { name } } following { totalCount }
				passport { number person { name } } desk { floor } company { name parent { name } } } }`,
				Has: []string{
					`"spouse":{"name":"bob"},"testator":null,"heir":{"name":"bob"},"manager":null,"reports":{"nodes":[{"name":"cy","manager":{"name":"ada"}}]}`,
					`"friends":{"nodes":[{"name":"bob","friends":{"nodes":[{"name":"ada"}]}}]},"followers":{"nodes":[{"name":"bob"}]},"following":{"totalCount":0}`,
					`"passport":{"number":"1","person":{"name":"ada"}},"desk":{"floor":1},"company":{"name":"a","parent":null}`,
				}},
			gatewaytest.Scenario{Name: "an edge schema with a composite key, from both sides", Query: `{
				person(id: "` + ada + `") { teams { nodes { name } } memberships(orderBy: [{field: ROLE, direction: DESC}]) { totalCount nodes { role team { name } title } } }
				teams { nodes { name members { nodes { name } } memberships(first: 1) { totalCount pageInfo { hasNextPage } nodes { id person { name } } } } } }`,
				Has: []string{
					`"teams":{"nodes":[{"name":"X"},{"name":"Y"}]},"memberships":{"totalCount":2,"nodes":[{"role":"MEMBER","team":{"name":"Y"},"title":"1 in y\"<é>,1] as member"},{"role":"LEAD"`,
					`"members":{"nodes":[{"name":"ada"},{"name":"bob"}]},"memberships":{"totalCount":2,"pageInfo":{"hasNextPage":true},"nodes":[{"id":"` + membership + `","person":{"name":"ada"}}]}`,
				}},
			gatewaytest.Scenario{Name: "its look-ups", Query: `{ membership(id: "` + membership + `") { role } membershipByPersonIdAndTeamId(personId: "` + ada + `", teamId: "` + team + `") { id }
				memberships(where: {id: {in: ["` + membership + `", "` + relay.ID("Membership", `[9,"x"]`) + `"]}}) { totalCount }
				oldestMembership { id title } nodes(ids: ["` + membership + `", "` + relay.ID("Membership", `[2,"x"]`) + `"]) { id } }`,
				Has: []string{`"membership":{"role":"MEMBER"},"membershipByPersonIdAndTeamId":{"id":"` + membership + `"},"memberships":{"totalCount":1}`,
					`"oldestMembership":{"id":"` + a.ids["Membership.0"] + `","title":"1 in x as lead"},"nodes":[{"id":"` + membership + `"},null]`}},
			gatewaytest.Scenario{Name: "a second name of the same key", Query: `{ membership(id: "` + relay.ID("Membership", `[1, "y\"<é>,1]"]`) + `") { role } }`, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "half a key", Query: `{ membership(id: "` + relay.ID("Membership", `[1]`) + `") { role } }`, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "a key of other types", Query: `{ node(id: "` + relay.ID("Membership", `["1","x"]`) + `") { id } }`, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "its extra field changes and its key stays", Query: `mutation { updateMembership(input: {id: "` + membership + `", role: LEAD}) { membership { id role } } }`,
				Has: []string{`{"id":"` + membership + `","role":"LEAD"}`}},
			gatewaytest.Scenario{Name: "the same link again", Query: `mutation { createMembership(input: {personId: "` + ada + `", teamId: "` + team + `"}) { membership { id } } }`,
				Code: "BAD_USER_INPUT", Field: "[input personId] NOT_UNIQUE"},
			gatewaytest.Scenario{Name: "a link to nothing", Query: `mutation { createMembership(input: {personId: "` + relay.ID("Person", "99") + `", teamId: "` + team + `"}) { membership { id } } }`,
				Code: "NOT_FOUND", Field: "[input personId] NOT_FOUND"},
			gatewaytest.Scenario{Name: "an edge schema with an id of its own", Query: `{ courses { nodes { title students(orderBy: [{field: NAME}]) { nodes { name } } enrolments { nodes { grade person { name } } } } } }`,
				Has: []string{`"students":{"nodes":[{"name":"ada"},{"name":"bob"}]},"enrolments":{"nodes":[{"grade":1.5,"person":{"name":"ada"}},{"grade":null`}},
			gatewaytest.Scenario{Name: "an edge schema between rows of one table", Query: `{ person(id: "` + ada + `") { blocked { nodes { name } } blocks { nodes { person { name } blocked { name } } } } }`,
				Has: []string{`"blocked":{"nodes":[{"name":"bob"}]},"blocks":{"nodes":[{"person":{"name":"ada"},"blocked":{"name":"bob"}}]}`}},
			gatewaytest.Scenario{Name: "cascades", Query: `mutation { deletePassport(input: {id: "` + a.ids["Passport.1"] + `"}) { deletedId } }`},
			gatewaytest.Scenario{Name: "delete a link", Query: `mutation { deleteMembership(input: {id: "` + membership + `"}) { deletedId } }`, Has: []string{membership}},
			gatewaytest.Scenario{Name: "delete it again", Query: `mutation { deleteMembership(input: {id: "` + membership + `"}) { deletedId } }`, Code: "NOT_FOUND"},
			gatewaytest.Scenario{Name: "links go with their row", Query: `mutation { deleteTeam(input: {id: "` + team + `"}) { deletedId } }`},
			gatewaytest.Scenario{Name: "and only they", Query: `{ memberships { nodes { id } } }`, Has: []string{`"nodes":[{"id":"` + a.ids["Membership.0"] + `"}]`}},
		)
	})
}

// TestFieldsAndAnnotations looks at what the schema says of fields, and of the API.
func TestFieldsAndAnnotations(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		create := func(in string) string {
			return `mutation { createGuarded(input: {` + in + `}) { guarded { id count low initials version } } }`
		}
		before := schema.Intercepted
		a.Run(t,
			gatewaytest.Scenario{Name: "defaults and hooks", Query: create(`code: "abc", shouted: "loud"`), Has: []string{`"count":3,"low":-1,"initials":"L","version":1`}},
			gatewaytest.Scenario{Name: "update defaults", Query: `mutation { updateGuarded(input: {id: "` + relay.ID("Guarded", "1") + `", archived: true}) { guarded { version archived } } }`, Has: []string{`"version":2,"archived":true`}},
			gatewaytest.Scenario{Name: "a pattern", Query: create(`code: "ABC"`), Code: "BAD_USER_INPUT", Field: "[input code] INVALID_FORMAT"},
			gatewaytest.Scenario{Name: "a range", Query: create(`code: "x", count: 11`), Code: "BAD_USER_INPUT", Field: "[input count] OUT_OF_RANGE"},
			gatewaytest.Scenario{Name: "a length", Query: create(`code: "x", password: "abc"`), Code: "BAD_USER_INPUT", Field: "[input password] INVALID"},
			gatewaytest.Scenario{Name: "a unique index with a hidden column", Query: create(`code: "abc", count: 4`), Code: "BAD_USER_INPUT", Field: "[input code] NOT_UNIQUE"},
			gatewaytest.Scenario{Name: "a partial index", Query: create(`code: "def", count: 4, shouted: "loud"`)},
			gatewaytest.Scenario{Name: "a partial index, met", Query: create(`code: "ghi", count: 4, shouted: "loud"`), Code: "BAD_USER_INPUT", Field: "[input shouted] NOT_UNIQUE"},
			gatewaytest.Scenario{Name: "a check", Query: create(`code: "jkl", low: -1`)},
			gatewaytest.Scenario{Name: "the validator of a Go type", Query: `mutation { createCustom(input: {email: "nobody", level: 1, colour: RED}) { custom { id } } }`, Code: "BAD_USER_INPUT", Field: "[input email] INVALID"},
			gatewaytest.Scenario{Name: "a text that a Go type cannot read", Query: `mutation { createCustom(input: {email: "a@b", level: 1, colour: RED, point: "here"}) { custom { id } } }`, Code: "BAD_USER_INPUT", Field: "[input point] INVALID_FORMAT"},
			gatewaytest.Scenario{Name: "more digits than a float keeps", Query: `mutation { createPrice(input: {net: "1", tax: "1234567890123456.78"}) { price { id } } }`, Code: "BAD_USER_INPUT", Field: "[input tax] OUT_OF_RANGE"},
			gatewaytest.Scenario{Name: "an integer too wide", Query: `mutation { createEverything(input: {mood: GOOD, flag: true, i: 1, i8: 128, f: 1, s: "", shape: {}, raw: ""}) { everything { id } } }`, Code: "BAD_USER_INPUT", Field: "[input i8] OUT_OF_RANGE"},
			gatewaytest.Scenario{Name: "JSON of another shape", Query: `mutation { createEverything(input: {mood: GOOD, flag: true, i: 1, f: 1, s: "", shape: {sides: "three"}, raw: ""}) { everything { id } } }`, Code: "BAD_USER_INPUT", Field: "[input shape] INVALID_FORMAT"},
			gatewaytest.Scenario{Name: "an id of one's own where the database counts", Query: `mutation { createCounter(input: {id: "` + relay.ID("Counter", "9") + `", name: "x"}) { counter { id } } }`, Code: "GRAPHQL_VALIDATION_FAILED"},
			gatewaytest.Scenario{Name: "an id that is none", Query: `mutation { createCountry(input: {id: "CH", name: "x"}) { country { id } } }`, Code: "BAD_USER_INPUT", Field: "[input id] INVALID_FORMAT"},
			gatewaytest.Scenario{Name: "an id too long", Query: `mutation { createCountry(input: {id: "` + relay.ID("Country", "CHE") + `", name: "x"}) { country { id } } }`, Code: "BAD_USER_INPUT", Field: "[input id] TOO_LONG"},
			gatewaytest.Scenario{Name: "pages and default order", Query: `mutation {
				a: createPaper(input: {title: "a"}) { paper { id } } b: createPaper(input: {title: "b", rank: 1}) { paper { id } } c: createPaper(input: {title: "c", rank: 1}) { paper { id } } }`},
			gatewaytest.Scenario{Name: "the first page", Query: `{ allPapers { nodes { title } totalCount } }`, Has: []string{`"nodes":[{"title":"b"},{"title":"c"}],"totalCount":3`}},
			gatewaytest.Scenario{Name: "a page too large", Query: `{ allPapers(first: 4) { totalCount } }`, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "a hidden entity", Query: `{ node(id: "` + relay.ID("Vault", "1") + `") { id } }`, Code: "BAD_USER_INPUT"},
			gatewaytest.Scenario{Name: "a hidden entity by its name in the schema", Query: `{ node(id: "` + relay.ID("Document", "1") + `") { id } }`, Code: "BAD_USER_INPUT"},
		)
		if schema.Intercepted != before {
			t.Log("the engine reads without the ORM's interceptors")
		}
		sdl := strings.Join(strings.Fields(a.Handle.SDL), " ")
		for _, part := range []string{
			`""" Something to read. """ type Paper implements Node {`, `""" What it is called. """ title: String!`, `subtitle: String @deprecated(reason: "Nobody reads it.")`,
			`""" The leaves of the document. """ leaves(`, `old: String @deprecated(reason: "Use code.")`, `OLD @deprecated(reason: "Use code.")`,
			`): PageConnection! @deprecated(reason: "Read documents.")`, `""" Something well guarded. """ type Guarded`, `""" How many there are. """ count: Int!`, `type Vertex implements Node {`,
		} {
			if !strings.Contains(sdl, part) {
				t.Errorf("the schema lacks %s", part)
			}
		}
		for _, part := range []string{"Vault", "vaultId", "headline", "draft", "stash", "salt", "tenant", "salt", "updatePage", "pageByText", "page(id", "deletePage", "createTime", "updateBlock"} {
			if strings.Contains(a.Handle.SDL, part) {
				t.Errorf("the schema has %s", part)
			}
		}
	})
}

// TestLoad fills tables with keys of all kinds from files.
func TestLoad(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		dir := t.TempDir()
		for name, lines := range map[string][]object{
			"Country":    {{"code": "CH", "name": "Switzerland"}},
			"ledgers":    {{"id": 7, "name": "a", "countryCode": "CH"}},
			"Team":       {{"id": "x", "name": "X"}},
			"Person":     {{"id": 5, "name": "ada"}},
			"Membership": {{"personId": 5, "teamId": "x", "role": "lead", "joinedAt": "2020-01-01T00:00:00Z"}},
			"Vertex":     {{"id": 1, "node": "a", "cursor": "b"}},
			"Token":      {{"id": "00000000-0000-4000-8000-000000000001", "name": "a"}},
			"Price":      {{"net": "1.20", "tax": "0.10"}},
			"Paper":      {{"title": "a", "rank": 1}},
		} {
			var text strings.Builder
			for _, line := range lines {
				b, err := json.Marshal(line)
				if err != nil {
					t.Fatal(err)
				}
				text.Write(append(b, '\n'))
			}
			if err := os.WriteFile(filepath.Join(dir, name+".jsonl"), []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		a.Load(t, dir)
		a.Run(t,
			gatewaytest.Scenario{Name: "what was loaded", Query: `{ membershipByPersonIdAndTeamId(personId: "` + relay.ID("Person", "5") + `", teamId: "` + relay.ID("Team", "x") + `") { id role person { name } team { name } }
				ledgers { nodes { country { name ledgers { totalCount } } } } tokens { nodes { name } } prices { nodes { tax } } allPapers { nodes { title } } vertexes { nodes { node } } }`,
				Has: []string{`{"id":"` + relay.ID("Membership", `[5,"x"]`) + `","role":"LEAD","person":{"name":"ada"},"team":{"name":"X"}}`, `"country":{"name":"Switzerland","ledgers":{"totalCount":1}}`}},
			gatewaytest.Scenario{Name: "ids go on after those", Query: `mutation { createPerson(input: {name: "bob"}) { person { id } } }`, Has: []string{relay.ID("Person", "6")}},
		)
	})
}

// Whatever the key of a new row is and wherever it comes from, one statement inserts it and says what became of it.
func TestAnyKeyIsOneStatement(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		for _, input := range []string{
			`createCounter(input: {name: "a"}) { row: counter { id name } }`,
			`createLedger(input: {name: "a"}) { row: ledger { id name } }`,
			`createToken(input: {name: "a"}) { row: token { id name } }`,
			`createToken(input: {name: "b", id: "` + relay.ID("Token", "11111111-2222-4333-8444-555555555555") + `"}) { row: token { id name } }`,
			`createLabel(input: {name: "a"}) { row: label { id name } }`,
			`createLabel(input: {name: "b", id: "` + relay.ID("Label", "given <&> \"é\"") + `"}) { row: label { id name } }`,
			`createRoom(input: {name: "a", id: "` + relay.ID("Room", "-7") + `"}) { row: room { id name } }`,
		} {
			a.Statements()
			a.must("mutation { made: "+input+" }", nil)
			statements, transactions := a.Statements()
			if strings.HasPrefix(url, "sqlite") { // the row is read by its key, and nothing is a round trip
				statements, transactions = statements[1:], transactions-2
			}
			if len(statements) != 1 || transactions != 0 {
				t.Errorf("%s: %d statements and %d for transactions", input, len(statements), transactions)
			}
		}
	})
}
