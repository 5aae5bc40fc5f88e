package torture_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"

	"example.com/torture/ent"
	"example.com/torture/graph"
)

// remembers compares the latest entry of a row's history with the row before and after, as the API shows them.
func (a *app) remembers(e *entity.Entity, operation string, was, is object) {
	a.t.Helper()
	differs := func(name string) bool {
		return e.Field(name).Type != entity.ID && !reflect.DeepEqual(was[name], is[name])
	}
	if e.History == nil || !slices.ContainsFunc(fields(e), differs) {
		return // what has no history, or links of a join table have changed
	}
	r := a.must(`query($id: ID!) { node(id: $id) { ... on `+e.Name+` { history(first: 1) { nodes { operation version changes { field before after } } } } } }`, object{"id": is["id"]})
	entry, _ := r.At("node", "history", "nodes", 0).(object)
	if entry["operation"] != operation {
		a.t.Errorf("the history of %s says %v, not %s", e.Name, r.Raw, operation)
		return
	}
	if e.Version != nil && entry["version"] != is[e.Version.Name] {
		a.t.Errorf("%s: the entry's version is %v", e.Name, entry["version"])
	}
	left := make(map[string]object)
	for _, c := range entry["changes"].([]any) {
		left[c.(object)["field"].(string)] = c.(object)
	}
	for _, name := range fields(e) {
		if name == "id" || e.Version != nil && name == e.Version.Name {
			continue
		}
		c, changed := left[name]
		delete(left, name)
		switch {
		case changed != !reflect.DeepEqual(was[name], is[name]):
			a.t.Errorf("%s.%s: the history says %v, and it went from %v to %v", e.Name, name, c, was[name], is[name])
		case changed && !(reflect.DeepEqual(c["before"], was[name]) && reflect.DeepEqual(c["after"], is[name])):
			a.t.Errorf("%s.%s went from %v to %v in the history, and from %v to %v", e.Name, name, c["before"], c["after"], was[name], is[name])
		}
	}
	for name, c := range left {
		ed := slices.IndexFunc(e.Edges, func(ed *entity.Edge) bool { return ed.Input == name && ed.Kind == entity.ToOne })
		if ed < 0 {
			a.t.Errorf("%s has no field %s", e.Name, name)
			continue
		}
		target := a.must(`query($id: ID!) { node(id: $id) { ... on `+e.Name+` { to: `+e.Edges[ed].Name+` { id } } } }`, object{"id": is["id"]}).At("node", "to", "id")
		if c["after"] != target {
			a.t.Errorf("%s.%s went to %v, not %v", e.Name, name, c["after"], target)
		}
	}
}

// What a viewer may not read of a row is not in its history either, and an entry about nothing else is not there at all.
func TestHistoryUnderRules(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		friend, stranger := access.Viewer{Roles: []string{"friend"}}, access.Viewer{Roles: []string{"stranger"}}
		lock := a.must(`mutation { createLock(input: { why: "w" }) { lock { id } } }`, nil).At("createLock", "lock", "id")
		do := func(mutation string) {
			t.Helper()
			a.Must(t, friend, `mutation { `+mutation+` { diary { id } } }`, nil)
		}
		id := relay.ID("Diary", "d")
		do(fmt.Sprintf(`createDiary(input: { id: %q, title: "t", mood: "m", body: "b", key: "k", aboutId: %q })`, id, lock))
		do(fmt.Sprintf(`updateDiary(input: { id: %q, mood: "m2" })`, id))
		do(fmt.Sprintf(`updateDiary(input: { id: %q, body: "b2" })`, id))
		do(fmt.Sprintf(`updateDiary(input: { id: %q, aboutId: null })`, id))
		do(fmt.Sprintf(`updateDiary(input: { id: %q, key: "k2" })`, id)) // nothing that anybody may read
		do(fmt.Sprintf(`updateDiary(input: { id: %q, title: "t2", body: "b3" })`, id))
		history := func(v access.Viewer) string {
			t.Helper()
			r := a.Must(t, v, `query($id: ID!) { diary(id: $id) { history { totalCount nodes { operation changes { field before after } } } }
				diaries { nodes { id history { totalCount edges { node { changes { field } } } } } } }`, object{"id": id})
			var lines []string
			for _, n := range r.At("diary", "history", "nodes").([]any) {
				line := n.(object)["operation"].(string)[:1]
				for _, c := range n.(object)["changes"].([]any) {
					c := c.(object)
					line += fmt.Sprintf(" %v:%v>%v", c["field"], c["before"], c["after"])
				}
				lines = append(lines, line)
			}
			if n := r.At("diary", "history", "totalCount"); n != float64(len(lines)) {
				t.Errorf("totalCount %v of %d", n, len(lines))
			}
			// Beside another row it is the same.
			for i, d := range r.At("diaries", "nodes").([]any) {
				if d.(object)["id"] == id && len(r.At("diaries", "nodes", i, "history", "edges").([]any)) != len(lines) {
					t.Errorf("another history in a list: %s", r.Raw)
				}
			}
			return strings.ReplaceAll(strings.Join(lines, " | "), fmt.Sprint(lock), "LOCK")
		}
		expect := func(who string, v access.Viewer, want string) {
			t.Helper()
			if got := history(v); got != want {
				t.Errorf("%s sees\n%s, not\n%s", who, got, want)
			}
		}
		do(fmt.Sprintf(`createDiary(input: { id: %q, title: "other", open: true })`, relay.ID("Diary", "other")))
		all := "U title:t>t2 body:b2>b3 | U aboutId:LOCK><nil> | U body:b>b2 | U mood:m>m2 | C title:<nil>>t open:<nil>>false mood:<nil>>m body:<nil>>b aboutId:<nil>>LOCK"
		expect("a friend", friend, all)
		expect("somebody", access.Viewer{}, "U title:t>t2 | C title:<nil>>t open:<nil>>false")
		expect("a stranger", stranger, "")
		do(fmt.Sprintf(`updateDiary(input: { id: %q, open: true })`, id))
		expect("somebody, since it is open", access.Viewer{}, "U open:false>true | U title:t>t2 | U mood:m>m2 | C title:<nil>>t open:<nil>>false mood:<nil>>m")
		expect("a friend, since it is open", friend, "U open:false>true | "+all)

		// Who takes the key of a deleted row does not get its history.
		a.Must(t, friend, `mutation($id: ID!) { deleteDiary(input: { id: $id }) { deletedId } }`, object{"id": id})
		do(fmt.Sprintf(`createDiary(input: { id: %q, title: "new" })`, id))
		expect("a friend, of a new row", friend, "C title:<nil>>new open:<nil>>false")
		// The same where the database deleted it on its own.
		a.Exec(t, "DELETE FROM diaries")
		do(fmt.Sprintf(`createDiary(input: { id: %q, title: "newer" })`, id))
		expect("a friend, of a newer row", friend, "C title:<nil>>newer open:<nil>>false")
		// Entries of before are shown by the names of now, and what does not fit any more as it was.
		a.Exec(t, `INSERT INTO entwine_history (entity, row_key, operation, at, actor, changes)
			VALUES ('journals', 'd', 'update', '2026-01-01 00:00:00+00:00', 'system', '{"remark": ["a", "b"], "gone": [1, 2], "open": ["maybe", true]}')`)
		expect("a friend, of names that were changed", friend, "U open:maybe>true note:a>b | C title:<nil>>newer open:<nil>>false")
		expect("somebody, of names that were changed", access.Viewer{}, "U open:maybe>true note:a>b | C title:<nil>>newer open:<nil>>false")
		rows := a.Rows(t, "SELECT changes FROM entwine_history WHERE entity = 'diaries'")
		for _, row := range rows {
			if text := fmt.Sprintf("%s", row[0]); strings.Contains(text, "k2") || strings.Contains(text, `"key"`) || strings.Contains(text, "shelf") {
				t.Errorf("%s is kept", text)
			}
		}
	})
}

// Random writes by the API and by Go code, in transactions that are kept and undone, against a model of the versions of rows.
func TestHistoryModel(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		client, system := graph.Client(a.Handle), access.SystemContext(t.Context())
		random := rand.New(rand.NewPCG(7, 7))
		type state struct {
			name    string
			deleted bool
			log     []string // of versions, the latest last
			ver     int
		}
		rows := make(map[int]*state)
		var keys []int
		for step := range 250 {
			name := fmt.Sprint("n", step)
			pick := func() (int, *state) {
				if len(keys) == 0 {
					return 0, nil
				}
				k := keys[random.IntN(len(keys))]
				return k, rows[k]
			}
			switch k, s := pick(); random.IntN(7) {
			case 0, 1:
				r := a.must(`mutation($n: String!) { createFolder(input: { name: $n, owner: "o", number: 1`+fmt.Sprint(step)+` }) { folder { id } } }`, object{"n": name})
				_, text, _ := relay.ParseID(r.At("createFolder", "folder", "id").(string))
				var key int
				_, _ = fmt.Sscan(text, &key)
				keys = append(keys, key)
				rows[key] = &state{name: name, ver: 1, log: []string{"CREATE <nil>>" + name + " v1"}}
			case 2: // by the API
				if s == nil || s.deleted {
					continue
				}
				a.must(`mutation($i: UpdateFolderInput!) { updateFolder(input: $i) { folder { id } } }`, object{"i": object{"id": id("Folder", k), "name": name, "version": s.ver}})
				s.ver++
				s.log = append(s.log, fmt.Sprintf("UPDATE %s>%s v%d", s.name, name, s.ver))
				s.name = name
			case 3: // twice in a transaction of Go code, which is undone at times
				if s == nil || s.deleted {
					continue
				}
				undone := random.IntN(2) == 0
				err := a.Handle.Transaction(system, func(ctx context.Context) error {
					for _, n := range []string{"between", name} {
						if err := client.Folder.UpdateOneID(k).SetName(n).Exec(ctx); err != nil {
							return err
						}
					}
					if undone {
						return context.Canceled
					}
					return nil
				})
				if undone != (err != nil) {
					t.Fatal(err)
				}
				if !undone {
					s.ver += 2
					s.log = append(s.log, fmt.Sprintf("UPDATE %s>%s v%d", s.name, name, s.ver))
					s.name = name
				}
			case 4: // all of those that are there, by one statement
				if err := client.Folder.Update().SetOwner(name).Exec(system); err != nil {
					t.Fatal(err)
				}
				for _, s := range rows {
					s.ver++
					s.log = append(s.log, fmt.Sprintf("UPDATE v%d", s.ver))
				}
			case 5:
				if s == nil || s.deleted {
					continue
				}
				a.must(`mutation($id: ID!, $v: Int!) { deleteFolder(input: { id: $id, version: $v }) { deletedId } }`, object{"id": id("Folder", k), "v": s.ver})
				s.ver++
				s.deleted, s.log = true, append(s.log, fmt.Sprintf("DELETE v%d", s.ver))
			case 6:
				if s == nil || !s.deleted {
					continue
				}
				a.must(`mutation($id: ID!) { restoreFolder(input: { id: $id }) { folder { id } } }`, object{"id": id("Folder", k)})
				s.ver++
				s.deleted, s.log = false, append(s.log, fmt.Sprintf("RESTORE v%d", s.ver))
			}
		}
		for _, k := range keys {
			r := a.must(`query($id: ID!) { folder(id: $id, withDeleted: true) { history(first: 100) { totalCount nodes { operation version changes { field before after } } } } }`, object{"id": id("Folder", k)})
			var got []string
			for _, n := range r.At("folder", "history", "nodes").([]any) {
				n := n.(object)
				line := n["operation"].(string)
				for _, c := range n["changes"].([]any) {
					if c := c.(object); c["field"] == "name" {
						line += fmt.Sprintf(" %v>%v", c["before"], c["after"])
					}
				}
				got = append(got, line+fmt.Sprint(" v", n["version"]))
			}
			slices.Reverse(got)
			want := rows[k].log
			if n := r.At("folder", "history", "totalCount"); n != float64(len(want)) {
				t.Errorf("%v entries, not %d", n, len(want))
			}
			if want = want[max(0, len(want)-100):]; !slices.Equal(got, want) {
				t.Errorf("folder %d\n%s\nnot\n%s", k, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		if len(keys) < 20 {
			t.Errorf("%d rows", len(keys))
		}
	})
}

// Rows of the other side of an edge between two, and rows that are made many at once with keys of their own.
func TestHistoryBesideTheRow(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		client, system := graph.Client(a.Handle), access.SystemContext(t.Context())
		people, err := client.Person.CreateBulk(client.Person.Create().SetName("a"), client.Person.Create().SetName("b"), client.Person.Create().SetName("c")).Save(system)
		if err != nil {
			t.Fatal(err)
		}
		last := func(p *ent.Person) string {
			t.Helper()
			r := a.must(`query($id: ID!) { person(id: $id) { history(first: 1) { nodes { changes { field before after } } } } }`, object{"id": id("Person", p.ID)})
			var out string
			for _, c := range r.At("person", "history", "nodes", 0, "changes").([]any) {
				c := c.(object)
				out += fmt.Sprintf("%v:%v>%v ", c["field"], c["before"], c["after"])
			}
			for i, p := range people {
				out = strings.ReplaceAll(out, id("Person", p.ID), fmt.Sprint("#", i))
			}
			return strings.TrimSpace(out)
		}
		if err := client.Person.UpdateOne(people[0]).SetHeir(people[1]).AddReports(people[2]).Exec(system); err != nil {
			t.Fatal(err)
		}
		if got := last(people[1]); got != "testatorId:<nil>>#0" {
			t.Errorf("the heir: %s", got)
		}
		if got := last(people[2]); got != "managerId:<nil>>#0" {
			t.Errorf("the report: %s", got)
		}
		if err := client.Person.UpdateOne(people[0]).ClearHeir().ClearReports().Exec(system); err != nil {
			t.Fatal(err)
		}
		if got := last(people[1]) + " " + last(people[2]); got != "testatorId:#0><nil> managerId:#0><nil>" {
			t.Errorf("without either: %s", got)
		}
	})
}
