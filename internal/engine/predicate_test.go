package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// memo is a row of a table whose rules are tested: a note of a user, who may have a boss, with a seal of its own.
type memo struct {
	id, author, sealer int64 // 0 for null
	status, kind       string
	deleted            bool
	due                int   // -1 for the past, 1 for the future, 0 for null
	weight             int64 // 0 for null
	mark               int64 // the user who marked it
}

var bosses = map[int64]int64{1: 2, 2: 0, 3: 1, 4: 4}

func memos() []memo {
	var out []memo
	for i := range int64(45) {
		out = append(out, memo{
			id: i + 1, author: i % 5, sealer: i / 5 % 4, deleted: i%7 == 0,
			status: []string{"", "draft", "published"}[i/3%3], kind: []string{"a", "b"}[i/2%2],
			due: int(i%3) - 1, weight: i / 7 % 4, mark: i / 3 % 5,
		})
	}
	return out
}

func memoCatalog(rules access.Rules, softDelete bool) *entity.Entity {
	return memoSchema(rules, softDelete).Entity("Memo")
}

func memoSchema(rules access.Rules, softDelete bool) *entity.Catalog {
	field := func(name string, t entity.Type) *entity.Field {
		return &entity.Field{Name: name, Schema: name, Column: name, Type: t, Key: entity.IntKey, Nullable: name != "id"}
	}
	user := &entity.Entity{Name: "User", Table: "users", Fields: []*entity.Field{field("id", entity.ID)}}
	seal := &entity.Entity{Name: "Seal", Table: "seals", Fields: []*entity.Field{field("id", entity.ID)}}
	m := &entity.Entity{Name: "Memo", Table: "memos", Rules: rules, Fields: []*entity.Field{
		field("id", entity.ID), field("status", entity.Enum), field("kind", entity.String), field("deleted", entity.DateTime),
		field("due", entity.DateTime), field("weight", entity.Int),
	}}
	if softDelete {
		m.SoftDelete = m.Fields[3]
	}
	user.ID, seal.ID, m.ID = user.Fields[:1], seal.Fields[:1], m.Fields[:1]
	user.Edges = []*entity.Edge{
		{Name: "boss", Schema: "boss", Target: "User", Kind: entity.ToOne, Column: "boss_id"},
		{Name: "memos", Schema: "memos", Target: "Memo", Kind: entity.ToMany, Column: "author_id"},
		{Name: "marked", Schema: "marked", Target: "Memo", Kind: entity.ManyToMany, Join: "marks", JoinOwn: "user_id", JoinTarget: "memo_id"},
	}
	seal.Edges = []*entity.Edge{{Name: "user", Schema: "user", Target: "User", Kind: entity.ToOne, Column: "user_id"}}
	m.Edges = []*entity.Edge{
		{Name: "author", Schema: "author", Target: "User", Kind: entity.ToOne, Column: "author_id"},
		{Name: "seal", Schema: "seal", Target: "Seal", Kind: entity.ToOneInverse, Column: "memo_id"},
	}
	m.Names.One = "memo"
	return entity.NewCatalog(user, seal, m)
}

// follow is the user to whom a path leads, 0 for nobody.
func (m memo) follow(path string) int64 {
	switch path {
	case "author":
		return m.author
	case "author boss":
		return bosses[m.author]
	case "author boss boss":
		return bosses[bosses[m.author]]
	case "seal user":
		return m.sealer
	default: // "seal user boss"
		return bosses[m.sealer]
	}
}

// model says by itself what a rule means, over the rows in memory.
type model struct {
	viewer     access.Viewer
	softDelete bool
	tenants    bool         // the memo's kind is its tenant
	bypass     *access.Rule // who works across tenants
}

// inTenant says whether the viewer's tenant, or all of them, holds the memo.
func (w model) inTenant(m memo) bool {
	return !w.tenants || m.kind == w.viewer.Tenant || w.bypass != nil && w.viewer.HasRole("admin")
}

func (w model) sees(m memo) bool { return !w.softDelete || !m.deleted }

// common answers what does not depend on the kind of row; each is the answer for a part of the rule.
func (w model) common(r *access.Rule, each func(*access.Rule) bool) bool {
	v := w.viewer
	switch r.Kind {
	case access.KindEveryone:
		return true
	case access.KindSignedIn:
		return v.SignedIn()
	case access.KindRole:
		return v.HasRole(r.Roles...)
	case access.KindNamed: // as dynamic is
		if v.UserID == "1" {
			return each(access.Everyone())
		}
		return each(access.Owner("author"))
	case access.KindAny:
		return slices.ContainsFunc(r.Rules, each)
	case access.KindAll:
		return !slices.ContainsFunc(r.Rules, func(sub *access.Rule) bool { return !each(sub) })
	case access.KindNot:
		return !each(r.Rules[0])
	}
	panic(r.Kind)
}

func (w model) user(id int64, r *access.Rule) bool {
	switch r.Kind {
	case access.KindOwner:
		if len(r.Path) > 0 {
			id = bosses[id]
		}
		return id != 0 && strconv.FormatInt(id, 10) == w.viewer.UserID
	case access.KindMatch:
		return slices.Contains(r.Values, strconv.FormatInt(id, 10))
	case access.KindRelated:
		switch r.Edge {
		case "boss":
			return bosses[id] != 0 && w.user(bosses[id], r.Rules[0])
		case "memos":
			return slices.ContainsFunc(memos(), func(m memo) bool { return m.author == id && w.sees(m) && w.memo(m, r.Rules[0]) })
		default:
			return slices.ContainsFunc(memos(), func(m memo) bool { return m.mark == id && w.sees(m) && w.memo(m, r.Rules[0]) })
		}
	}
	return w.common(r, func(sub *access.Rule) bool { return w.user(id, sub) })
}

func (w model) memo(m memo, r *access.Rule) bool {
	switch r.Kind {
	case access.KindOwner:
		user := m.follow(strings.Join(r.Path, " "))
		return user != 0 && strconv.FormatInt(user, 10) == w.viewer.UserID
	case access.KindMatch:
		value := map[string]string{"status": m.status, "kind": m.kind, "weight": strconv.FormatInt(m.weight, 10)}[r.Field]
		return value != "" && value != "0" && slices.Contains(r.Values, value)
	case access.KindCompare:
		n, err := strconv.ParseInt(r.Values[0], 10, 64)
		if err != nil || m.weight == 0 {
			return false
		}
		return map[string]bool{"<": m.weight < n, "<=": m.weight <= n, ">": m.weight > n, ">=": m.weight >= n}[r.Op]
	case access.KindNull:
		return r.Field == "status" && m.status == "" || r.Field == "due" && m.due == 0
	case access.KindPast:
		return m.due < 0
	case access.KindFuture:
		return m.due > 0
	case access.KindRelated:
		if r.Edge == "author" {
			return m.author != 0 && w.user(m.author, r.Rules[0])
		}
		return m.sealer != 0 && w.user(m.sealer, r.Rules[0].Rules[0]) // Related("seal", Related("user", …))
	}
	return w.common(r, func(sub *access.Rule) bool { return w.memo(m, sub) })
}

var dynamic = map[string]access.Dynamic{"own": func(v access.Viewer) *access.Rule {
	if v.UserID == "1" {
		return access.Everyone()
	}
	return access.Owner("author")
}}

func userRules(depth int) *rapid.Generator[*access.Rule] {
	return rapid.Custom(func(t *rapid.T) *access.Rule {
		most := 7
		if depth == 0 {
			most = 3
		}
		switch rapid.IntRange(0, most).Draw(t, "kind") {
		case 0:
			return access.Everyone()
		case 1:
			return access.Owner(rapid.SampledFrom([][]string{nil, {"boss"}}).Draw(t, "path")...)
		case 2:
			return access.Match("id", rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "4", "x"}), 0, 2).Draw(t, "ids")...)
		case 3:
			return access.Role("admin")
		case 4:
			return access.Related("boss", userRules(depth-1).Draw(t, "boss"))
		case 5:
			return access.Related(rapid.SampledFrom([]string{"memos", "marked"}).Draw(t, "edge"), rules(depth-1).Draw(t, "memo"))
		case 6:
			return access.Not(userRules(depth-1).Draw(t, "not"))
		default:
			return access.All(rapid.SliceOfN(userRules(depth-1), 0, 2).Draw(t, "all")...)
		}
	})
}

var kinds = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func rules(depth int) *rapid.Generator[*access.Rule] {
	return rapid.Custom(func(t *rapid.T) *access.Rule {
		most := 16
		if depth == 0 {
			most = 9
		}
		// IntRange prefers small numbers.
		switch rapid.Permutation(kinds[:most+1]).Draw(t, "kind")[0] {
		case 5:
			return access.Compare("weight", rapid.SampledFrom([]string{"<", "<=", ">", ">="}).Draw(t, "comparison"), rapid.IntRange(0, 4).Draw(t, "weight"))
		case 6:
			return access.Null(rapid.SampledFrom([]string{"status", "due"}).Draw(t, "field"))
		case 7:
			return access.Past("due")
		case 8:
			return access.Future("due")
		case 9:
			return access.Named("own")
		case 10:
			return access.Related("author", userRules(depth-1).Draw(t, "author"))
		case 15, 16: // a row among few
			edge := rapid.SampledFrom([]string{"memos", "marked"}).Draw(t, "edge")
			leaf := access.All(rules(0).Draw(t, "first"), rules(0).Draw(t, "second"))
			return access.Related("author", access.Related(edge, leaf))
		case 11:
			return access.Related("seal", access.Related("user", userRules(depth-1).Draw(t, "sealer")))
		case 0:
			return access.Everyone()
		case 1:
			return access.SignedIn()
		case 2:
			return access.Role(rapid.SliceOfN(rapid.SampledFrom([]string{"admin", "moderator"}), 0, 2).Draw(t, "roles")...)
		case 3:
			path := rapid.SampledFrom([]string{"author", "author boss", "author boss boss", "seal user", "seal user boss"}).Draw(t, "path")
			return access.Owner(strings.Fields(path)...)
		case 4:
			return access.Match(rapid.SampledFrom([]string{"status", "kind", "weight"}).Draw(t, "field"),
				rapid.SliceOfN(rapid.SampledFrom([]string{"draft", "published", "a", "c", "2", "3"}), 0, 3).Draw(t, "values")...)
		case 12:
			return access.Not(rules(depth-1).Draw(t, "not"))
		case 13:
			return access.Any(rapid.SliceOfN(rules(depth-1), 0, 3).Draw(t, "any")...)
		default:
			return access.All(rapid.SliceOfN(rules(depth-1), 0, 3).Draw(t, "all")...)
		}
	})
}

// TestPredicatesAreTheRules compares random rules as SQL, for random viewers, with what the rules say of each row.
func TestPredicatesAreTheRules(t *testing.T) {
	for name, db := range openMemos(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rule := rules(3).Draw(t, "rule")
				if name := rule.Link(dynamic); name != "" {
					t.Fatal(name)
				}
				roles := rapid.SliceOfN(rapid.SampledFrom([]string{"admin", "moderator", "author"}), 0, 2).Draw(t, "viewer's roles")
				tenants := rapid.Bool().Draw(t, "tenants")
				bypass := rapid.SampledFrom([]*access.Rule{nil, access.Role("admin")}).Draw(t, "bypass")
				system := rapid.IntRange(0, 9).Draw(t, "system") == 0
				for _, user := range []string{"", "1", "2", "4", "77", "01", "x"} {
					for _, softDelete := range []bool{true, false} {
						viewer := access.Viewer{UserID: user, Roles: roles, System: system, Tenant: map[string]string{"1": "a", "2": "b", "4": "", "77": "x\x00"}[user]}
						compareRule(t, db, name == "postgres", rule, model{viewer, softDelete, tenants, bypass})
					}
				}
			})
		})
	}
}

// compareRule asks the database and the model which rows the rule allows.
func compareRule(t *rapid.T, db *store.DB, postgres bool, rule *access.Rule, w model) {
	t.Helper()
	viewer := w.viewer
	e := memoCatalog(access.Rules{Read: rule}, w.softDelete)
	if w.tenants {
		e.Tenant, e.Bypass = e.SchemaField("kind"), w.bypass
	}
	// The predicate decides in three places: it must never be null.
	s := &statement{postgres: postgres}
	s.WriteSQL("SELECT t.id FROM memos t WHERE CASE WHEN ")
	e.WritePredicate(s, access.Read, viewer, "t")
	s.WriteSQL(" THEN NOT (NOT (")
	e.WritePredicate(s, access.Read, viewer, "t")
	s.WriteSQL(")) ELSE (")
	e.WritePredicate(s, access.Read, viewer, "t")
	s.WriteSQL(") IS NULL END ORDER BY 1")
	got, want := ids(t, db, s), []int64(nil)
	for _, m := range memos() {
		if viewer.System || w.sees(m) && w.inTenant(m) && w.memo(m, rule) {
			want = append(want, m.id)
		}
	}
	if !slices.Equal(want, got) {
		t.Fatalf("want %v, got %v\n%s", want, got, s.buf)
	}
	if (e.Unrestricted(access.Read, viewer) || e.AllVisible()) && len(want) != len(memos()) {
		t.Fatal("said to be unrestricted, but hides rows")
	}
}

// openMemos opens both databases with the memos in them.
func openMemos(t *testing.T) map[string]*store.DB {
	t.Helper()
	statements := []string{
		"CREATE TABLE users (id bigint PRIMARY KEY, boss_id bigint)",
		"CREATE TABLE memos (id bigint PRIMARY KEY, author_id bigint, status text, kind text, deleted timestamp, due timestamp, weight bigint)",
		"CREATE TABLE marks (user_id bigint, memo_id bigint)",
		"CREATE TABLE seals (id bigint PRIMARY KEY, memo_id bigint UNIQUE, user_id bigint)",
	}
	null := func(n int64) any {
		if n == 0 {
			return nil
		}
		return n
	}
	for id, boss := range bosses {
		statements = append(statements, fmt.Sprintf("INSERT INTO users VALUES (%d, %s)", id, literal(null(boss))))
	}
	for _, m := range memos() {
		var status, deleted, due any
		if m.due != 0 {
			due = map[int]string{-1: "2001-01-01 00:00:00", 1: "2999-01-01 00:00:00"}[m.due]
		}
		if m.status != "" {
			status = m.status
		}
		if m.deleted {
			deleted = "2026-01-01 00:00:00"
		}
		statements = append(statements, fmt.Sprintf("INSERT INTO memos VALUES (%d, %s, %s, '%s', %s, %s, %s)",
			m.id, literal(null(m.author)), literal(status), m.kind, literal(deleted), literal(due), literal(null(m.weight))))
		if m.mark != 0 {
			statements = append(statements, fmt.Sprintf("INSERT INTO marks VALUES (%d, %d)", m.mark, m.id))
		}
		if m.sealer != 0 {
			statements = append(statements, fmt.Sprintf("INSERT INTO seals VALUES (%d, %d, %d)", m.id, m.id, m.sealer))
		}
	}
	return open(t, statements...)
}
