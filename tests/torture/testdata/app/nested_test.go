package torture_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/gateway/relay"
)

func id(entity string, key int) string { return relay.ID(entity, fmt.Sprint(key)) }

// Rows along edges of every kind: links with values, keys of two columns, foreign keys on the other side.
func TestRowsAlongEdges(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		a.must(`mutation { a: createTeam(input: { id: "`+relay.ID("Team", "x")+`", name: "X" }) { team { id } } b: createTeam(input: { id: "`+relay.ID("Team", "y")+`", name: "Y" }) { team { id } }
			c: createCourse(input: { title: "go" }) { course { id } } d: createCourse(input: { title: "sql" }) { course { id } } }`, nil)
		a.Run(t, []gatewaytest.Scenario{
			{
				Name: "a person with everything else", Query: `mutation($i: CreatePersonInput!) { createPerson(input: $i) { person {
					name passport { number } desk { floor } heir { name } reports(orderBy: [{field: NAME}]) { nodes { name manager { name } } } company { name parent { name } }
					memberships(orderBy: [{field: ROLE}]) { nodes { role team { name } } } enrolments { nodes { grade course { title } } } } } }`,
				Variables: object{"i": object{
					"name": "ada", "passport": object{"create": object{"number": "P1"}}, "desk": object{"create": object{"floor": 3}}, "heir": object{"create": object{"name": "heir"}},
					"reports": object{"create": []any{object{"name": "r1"}, object{"name": "r2", "reports": object{"create": []any{object{"name": "r3"}}}}}},
					"company": object{"create": object{"name": "sub", "parent": object{"create": object{"name": "top"}}}},
					"teams":   object{"connect": []any{object{"id": relay.ID("Team", "x"), "role": "LEAD"}, object{"id": relay.ID("Team", "y")}}},
					"courses": object{"connect": []any{object{"id": id("Course", 2), "grade": 1.5}}},
				}},
				Has: []string{
					`"name":"ada","passport":{"number":"P1"},"desk":{"floor":3},"heir":{"name":"heir"},"reports":{"nodes":[{"name":"r1","manager":{"name":"ada"}},{"name":"r2","manager":{"name":"ada"}}]},"company":{"name":"sub","parent":{"name":"top"}}`,
					`{"role":"LEAD","team":{"name":"X"}}`, `{"role":"MEMBER","team":{"name":"Y"}}`, `"enrolments":{"nodes":[{"grade":1.5,"course":{"title":"sql"}}]}`,
				},
			},
			{
				Name: "a link that leads nowhere is named as the client wrote it", Query: `mutation { updatePerson(input: { id: "` + id("Person", 1) + `", teams: { connect: [{ id: "` + relay.ID("Team", "nowhere") + `" }] } }) { person { name } } }`,
				Code: "NOT_FOUND", Field: "[input teams connect 0 id] NOT_FOUND",
			},
			{
				Name: "a link that is there is not made twice", Query: `mutation { updatePerson(input: { id: "` + id("Person", 1) + `", teams: { connect: [{ id: "` + relay.ID("Team", "x") + `" }] } }) { person { name } } }`,
				Code: "BAD_USER_INPUT", Has: []string{`"teams","connect",0`, "NOT_UNIQUE"},
			},
			{
				Name: "links are taken away and set", Query: `mutation { a: updatePerson(input: { id: "` + id("Person", 1) + `", teams: { disconnect: ["` + relay.ID("Team", "x") + `"] } }) { person { teams { nodes { name } } } }
					b: updatePerson(input: { id: "` + id("Person", 1) + `", teams: { set: [{ id: "` + relay.ID("Team", "x") + `", role: LEAD }] }, courses: { set: [] } }) { person { memberships { nodes { role team { name } } } courses { totalCount } } }
					c: updatePerson(input: { id: "` + id("Person", 1) + `", blocked: { connect: ["` + id("Person", 2) + `"] } }) { person { blocked { totalCount } } } }`,
				Has: []string{`"a":{"person":{"teams":{"nodes":[{"name":"Y"}]}}}`, `"memberships":{"nodes":[{"role":"LEAD","team":{"name":"X"}}]},"courses":{"totalCount":0}`, `"c":{"person":{"blocked":{"totalCount":1}}}`},
			},
			{
				Name: "links can be created with their other side", Query: `mutation { updatePerson(input: { id: "` + id("Person", 1) + `", enrolments: { create: [{ grade: 2, course: { create: { title: "new" } } }] } }) { person { enrolments { nodes { grade course { title } } } } } }`,
				Has: []string{`[{"grade":2,"course":{"title":"new"}}]`},
			},
			{
				Name: "a desk takes the place of another one", Query: `mutation { a: createDesk(input: { floor: 9 }) { desk { id } }
					b: updatePerson(input: { id: "` + id("Person", 1) + `", desk: { connect: "` + id("Desk", 2) + `" } }) { person { desk { floor } } }
					c: updatePerson(input: { id: "` + id("Person", 1) + `", desk: { create: { floor: 7 } } }) { person { desk { floor } } }
					d: updatePerson(input: { id: "` + id("Person", 1) + `", desk: { update: { floor: 8 } } }) { person { desk { floor } } }
					e: updatePerson(input: { id: "` + id("Person", 1) + `", desk: { disconnect: true } }) { person { desk { floor } } } }`,
				Has: []string{`"b":{"person":{"desk":{"floor":9}}},"c":{"person":{"desk":{"floor":7}}},"d":{"person":{"desk":{"floor":8}}},"e":{"person":{"desk":null}}`},
			},
			{
				Name: "a passport is not replaced, for it goes with its person", Query: `mutation { updatePerson(input: { id: "` + id("Person", 1) + `", passport: { create: { number: "P2" } } }) { person { name } } }`,
				Code: "BAD_USER_INPUT", Has: []string{"NOT_UNIQUE"},
			},
			{
				Name: "one instruction for one row", Query: `mutation { updatePerson(input: { id: "` + id("Person", 1) + `", desk: { disconnect: true, create: { floor: 1 } } }) { person { name } } }`,
				Code: "BAD_USER_INPUT", Field: "[input desk] INVALID",
			},
			{
				Name: "without a passport there is none to change", Query: `mutation { updatePerson(input: { id: "` + id("Person", 2) + `", desk: { update: { floor: 1 } } }) { person { name } } }`,
				Code: "NOT_FOUND", Field: "[input desk update] NOT_FOUND",
			},
		}...)
	})
}

// Deletions that hide, with what goes with a row and what is in the way, and versions.
func TestSoftDeletionAndVersions(t *testing.T) {
	folder := func(n int) string { return id("Folder", n) }
	gatewaytest.Each(t, func(t *testing.T, url string) {
		a := open(t, url)
		a.must(`mutation($i: CreateFolderInput!) { createFolder(input: $i) { folder { id } } }`, object{"i": object{
			"name": "root", "owner": "ada", "number": 1, "files": object{"create": []any{object{"name": "f1"}, object{"name": "f2"}}},
			"children": object{"create": []any{object{"name": "sub", "owner": "ada", "number": 2, "files": object{"create": []any{object{"name": "f3"}}}}}},
		}})
		tree := `{ folders(orderBy: [{field: NAME}]) { nodes { name version } } files(orderBy: [{field: NAME}]) { nodes { name } } }`
		a.Run(t, []gatewaytest.Scenario{
			{Name: "a version is needed", Query: `mutation { updateFolder(input: { id: "` + folder(1) + `", name: "x" }) { folder { name } } }`, Code: "GRAPHQL_VALIDATION_FAILED"},
			{Name: "a change counts", Query: `mutation { updateFolder(input: { id: "` + folder(1) + `", version: 1, name: "top" }) { folder { name version } } }`, Has: []string{`{"name":"top","version":2}`}},
			{
				Name: "a stale version is refused, with the current one", Query: `mutation { updateFolder(input: { id: "` + folder(1) + `", version: 1, name: "x" }) { folder { name } } }`,
				Code: "CONFLICT", Field: "[input version] STALE", Has: []string{`"current":2`}, Writes: []string{},
			},
			{Name: "also for deletions", Query: `mutation { deleteFolder(input: { id: "` + folder(1) + `", version: 1 }) { deletedId } }`, Code: "CONFLICT", Writes: []string{}},
			{
				Name: "and along edges", Query: `mutation { updateFolder(input: { id: "` + folder(1) + `", version: 2, children: { update: [{ id: "` + folder(2) + `", version: 7, name: "y" }] } }) { folder { name } } }`,
				Code: "CONFLICT", Field: "[input children update 0 version] STALE", Writes: []string{},
			},
			{
				Name: "where it is not needed it is still looked at", Query: `mutation { a: updateFile(input: { id: "` + id("File", 1) + `", name: "f1" }) { file { version } } b: updateFile(input: { id: "` + id("File", 1) + `", version: 1, name: "x" }) { file { version } } }`,
				Code: "CONFLICT", Path: "[b]", Field: "[input version] STALE",
			},
			{
				Name: "many rows have no version", Query: `mutation { updateFolders(input: { where: { name: { eq: "sub" } }, max: 1, set: { version: 1, owner: "x" } }) { affectedCount } }`,
				Code: "BAD_USER_INPUT", Field: "[input set version] INVALID", Writes: []string{},
			},
			{Name: "but are counted", Query: `mutation { updateFolders(input: { where: { name: { eq: "sub" } }, max: 1, set: { owner: "bob" } }) { affectedCount } }`, Has: []string{`"affectedCount":1`}},
			{Name: "as said", Query: tree, Has: []string{`{"folders":{"nodes":[{"name":"sub","version":2},{"name":"top","version":2}]},"files":{"nodes":[{"name":"f1"},{"name":"f2"},{"name":"f3"}]}}`}},
			{
				Name: "an upsert needs the version of what it changes", Query: `mutation { upsertFolder(input: { by: NAME, create: { name: "top", owner: "ada", number: 1 }, update: { number: 5 } }) { created } }`,
				Code: "BAD_USER_INPUT", Field: "[input update version] REQUIRED", Writes: []string{},
			},
			{Name: "a lock", Query: `mutation { createLock(input: { why: "w", folderId: "` + folder(1) + `" }) { lock { id } } }`},
			{Name: "is in the way", Query: `mutation { deleteFolder(input: { id: "` + folder(1) + `", version: 2 }) { deletedId } }`, Code: "CONFLICT", Has: []string{"still in use"}, Writes: []string{}},
			{Name: "until it is gone", Query: `mutation { deleteLock(input: { id: "` + id("Lock", 1) + `" }) { deletedId } }`},
			{Name: "a file goes before", Query: `mutation { deleteFile(input: { id: "` + id("File", 2) + `" }) { deletedId } }`},
			{Name: "a folder goes with what is in it", Query: `mutation { deleteFolder(input: { id: "` + folder(1) + `", version: 2 }) { deletedId } }`},
			{Name: "and nothing is left to see", Query: tree, Has: []string{`{"folders":{"nodes":[]},"files":{"nodes":[]}}`}},
			{
				Name: "but for those who ask", Query: `{ folders(withDeleted: true, orderBy: [{field: NAME}]) { totalCount nodes { name files(withDeleted: true, orderBy: [{field: NAME}]) { nodes { name deletedAt } } } } folder(id: "` + folder(1) + `", withDeleted: true) { name } hidden: folder(id: "` + folder(1) + `") { name } folderGroups(withDeleted: true, by: [{field: OWNER}]) { aggregate { count } } none: folderGroups(by: [{field: OWNER}]) { aggregate { count } } }`,
				Has: []string{`"totalCount":2`, `"name":"sub","files":{"nodes":[{"name":"f3","deletedAt":"`, `"folder":{"name":"top"},"hidden":null`, `"none":[]`},
			},
			{Name: "its keys are free", Query: `mutation { createFolder(input: { name: "top", owner: "ada", number: 1 }) { folder { id } } }`},
			{Name: "and found again", Query: `{ folderByName(name: "top") { number } folderByOwnerAndNumber(owner: "ada", number: 1) { name } }`, Has: []string{`"folderByName":{"number":1}`, `{"name":"top"}`}},
			{Name: "so that it cannot come back", Query: `mutation { restoreFolder(input: { id: "` + folder(1) + `" }) { folder { id } } }`, Code: "BAD_USER_INPUT", Has: []string{"NOT_UNIQUE"}, Writes: []string{}},
			{Name: "until they are free again", Query: `mutation { updateFolder(input: { id: "` + folder(3) + `", version: 1, name: "other", number: 9 }) { folder { id } } }`},
			{Name: "then it does, with what went with it", Query: `mutation { restoreFolder(input: { id: "` + folder(1) + `", clientMutationId: "r" }) { clientMutationId folder { name files { nodes { name } } children { nodes { name files { nodes { name } } } } } folderEdge { cursor } } }`,
				Has: []string{`"clientMutationId":"r","folder":{"name":"top","files":{"nodes":[{"name":"f2"}]},"children":{"nodes":[{"name":"sub","files":{"nodes":[{"name":"f3"}]}}]}}`}},
			{Name: "what is there cannot be restored", Query: `mutation { restoreFolder(input: { id: "` + folder(1) + `" }) { folder { id } } }`, Code: "NOT_FOUND"},
			{Name: "a hundred deletions", Query: `mutation { deleteFiles(input: { where: { name: { startsWith: "f" } }, max: 10 }) { affectedCount } }`, Has: []string{`"affectedCount":2`}},
		}...)
		if body := string(a.Send(t, access.Viewer{}, `{ folders(withDeleted: false) { totalCount } }`, nil)); !strings.Contains(body, `"totalCount":3`) {
			t.Error(body)
		}
	})
}
