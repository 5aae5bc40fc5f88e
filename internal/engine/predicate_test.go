package engine

import (
	"context"
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
}

var bosses = map[int64]int64{1: 2, 2: 0, 3: 1, 4: 4}

func memos() []memo {
	var out []memo
	for i := range int64(240) {
		out = append(out, memo{
			id: i + 1, author: i % 5, sealer: i / 5 % 4, deleted: i%7 == 0,
			status: []string{"", "draft", "published"}[i/3%3], kind: []string{"a", "b"}[i/2%2],
		})
	}
	return out
}

func memoCatalog(rules access.Rules, softDelete bool) *entity.Entity {
	field := func(name string, t entity.Type) *entity.Field {
		return &entity.Field{Name: name, Schema: name, Column: name, Type: t, Key: entity.IntKey, Nullable: name != "id"}
	}
	user := &entity.Entity{Name: "User", Table: "users", Fields: []*entity.Field{field("id", entity.ID)}}
	seal := &entity.Entity{Name: "Seal", Table: "seals", Fields: []*entity.Field{field("id", entity.ID)}}
	m := &entity.Entity{Name: "Memo", Table: "memos", Rules: rules, Fields: []*entity.Field{
		field("id", entity.ID), field("status", entity.Enum), field("kind", entity.String), field("deleted", entity.DateTime),
	}}
	if softDelete {
		m.SoftDelete = m.Fields[3]
	}
	user.ID, seal.ID, m.ID = user.Fields[:1], seal.Fields[:1], m.Fields[:1]
	user.Edges = []*entity.Edge{{Name: "boss", Schema: "boss", Target: "User", Kind: entity.ToOne, Column: "boss_id"}}
	seal.Edges = []*entity.Edge{{Name: "user", Schema: "user", Target: "User", Kind: entity.ToOne, Column: "user_id"}}
	m.Edges = []*entity.Edge{
		{Name: "author", Schema: "author", Target: "User", Kind: entity.ToOne, Column: "author_id"},
		{Name: "seal", Schema: "seal", Target: "Seal", Kind: entity.ToOneInverse, Column: "memo_id"},
	}
	return entity.NewCatalog(user, seal, m).Entity("Memo")
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

func (m memo) allows(r *access.Rule, v access.Viewer) bool {
	each := func(sub *access.Rule) bool { return m.allows(sub, v) }
	switch r.Kind {
	case access.KindEveryone:
		return true
	case access.KindSignedIn:
		return v.SignedIn()
	case access.KindRole:
		return v.HasRole(r.Roles...)
	case access.KindOwner:
		user := m.follow(strings.Join(r.Path, " "))
		return user != 0 && strconv.FormatInt(user, 10) == v.UserID
	case access.KindMatch:
		value := m.kind
		if r.Field == "status" {
			value = m.status
		}
		return value != "" && slices.Contains(r.Values, value)
	case access.KindAny:
		return slices.ContainsFunc(r.Rules, each)
	case access.KindAll:
		return !slices.ContainsFunc(r.Rules, func(sub *access.Rule) bool { return !each(sub) })
	default:
		return !each(r.Rules[0])
	}
}

func rules(depth int) *rapid.Generator[*access.Rule] {
	return rapid.Custom(func(t *rapid.T) *access.Rule {
		most := 7
		if depth == 0 {
			most = 4
		}
		switch rapid.IntRange(0, most).Draw(t, "kind") {
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
			return access.Match(rapid.SampledFrom([]string{"status", "kind"}).Draw(t, "field"),
				rapid.SliceOfN(rapid.SampledFrom([]string{"draft", "published", "a", "c"}), 0, 3).Draw(t, "values")...)
		case 5:
			return access.Not(rules(depth-1).Draw(t, "not"))
		case 6:
			return access.Any(rapid.SliceOfN(rules(depth-1), 0, 3).Draw(t, "any")...)
		default:
			return access.All(rapid.SliceOfN(rules(depth-1), 0, 3).Draw(t, "all")...)
		}
	})
}

// TestPredicatesAreTheRules compares random rules as SQL, for random viewers, with what the rules say of each row.
func TestPredicatesAreTheRules(t *testing.T) {
	statements := []string{
		"CREATE TABLE users (id bigint PRIMARY KEY, boss_id bigint)",
		"CREATE TABLE memos (id bigint PRIMARY KEY, author_id bigint, status text, kind text, deleted timestamp)",
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
	all := memos()
	for _, m := range all {
		var status, deleted any
		if m.status != "" {
			status = m.status
		}
		if m.deleted {
			deleted = "2026-01-01 00:00:00"
		}
		statements = append(statements, fmt.Sprintf("INSERT INTO memos VALUES (%d, %s, %s, '%s', %s)",
			m.id, literal(null(m.author)), literal(status), m.kind, literal(deleted)))
		if m.sealer != 0 {
			statements = append(statements, fmt.Sprintf("INSERT INTO seals VALUES (%d, %d, %d)", m.id, m.id, m.sealer))
		}
	}
	for name, db := range open(t, statements...) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rule := rules(3).Draw(t, "rule")
				viewer := access.Viewer{
					UserID: rapid.SampledFrom([]string{"", "1", "2", "3", "4", "77", "01", "x"}).Draw(t, "user"),
					Roles:  rapid.SliceOfN(rapid.SampledFrom([]string{"admin", "moderator", "author"}), 0, 2).Draw(t, "viewer's roles"),
					System: rapid.IntRange(0, 9).Draw(t, "system") == 0,
				}
				softDelete := rapid.Bool().Draw(t, "soft delete")
				e := memoCatalog(access.Rules{Read: rule}, softDelete)
				// The predicate decides in three places: it must never be null.
				s := &statement{postgres: name == "postgres"}
				s.WriteSQL("SELECT t.id FROM memos t WHERE CASE WHEN ")
				e.WritePredicate(s, access.Read, viewer, "t")
				s.WriteSQL(" THEN NOT (NOT (")
				e.WritePredicate(s, access.Read, viewer, "t")
				s.WriteSQL(")) ELSE (")
				e.WritePredicate(s, access.Read, viewer, "t")
				s.WriteSQL(") IS NULL END ORDER BY 1")
				var got, want []int64
				err := db.View(context.Background(), false, func(ctx context.Context, q store.Querier) error {
					rows, err := q.QueryContext(ctx, string(s.buf), s.args...)
					if err != nil {
						return err
					}
					defer rows.Close()
					for rows.Next() {
						got = append(got, 0)
						if err := rows.Scan(&got[len(got)-1]); err != nil {
							return err
						}
					}
					return rows.Err()
				})
				if err != nil {
					t.Fatalf("%v\n%s", err, s.buf)
				}
				for _, m := range all {
					if viewer.System || !(softDelete && m.deleted) && m.allows(rule, viewer) {
						want = append(want, m.id)
					}
				}
				if !slices.Equal(want, got) {
					t.Fatalf("want %v, got %v\n%s", want, got, s.buf)
				}
				if (e.Unrestricted(access.Read, viewer) || e.AllVisible()) && len(want) != len(all) {
					t.Fatal("said to be unrestricted, but hides rows")
				}
			})
		})
	}
}
