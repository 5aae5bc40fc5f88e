package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
)

// The tests in this file prove that a page costs what it shows and not what lies before or beside it, by the work that the
// databases themselves report.

const (
	explainRows = 110_000
	deepRow     = 20_000 // rows before page 2,001
	explainPage = 10
)

func explainCatalog() *entity.Catalog {
	field := func(name string, t entity.Type, nullable bool) *entity.Field {
		return &entity.Field{Name: name, Schema: name, Column: name, Type: t, Key: entity.IntKey, Nullable: nullable, Sort: true, Filter: true, OrderValue: strings.ToUpper(name)}
	}
	rules := access.Rules{Read: access.Everyone()}
	parent := &entity.Entity{Name: "Parent", Table: "parents", Rules: rules, Fields: []*entity.Field{field("id", entity.ID, false)}}
	child := &entity.Entity{Name: "Child", Table: "children", Rules: rules, Fields: []*entity.Field{
		field("id", entity.ID, false), field("made", entity.Int, false), field("score", entity.Int, true), field("kind", entity.Int, false),
		field("flag", entity.Int, true),
	}}
	parent.ID, child.ID = parent.Fields[:1], child.Fields[:1]
	parent.Edges = []*entity.Edge{{Name: "children", Schema: "children", Target: "Child", Kind: entity.ToMany, Column: "parent_id"}}
	return entity.NewCatalog(parent, child)
}

// explainStatements make the tables. Parent 1 has 100,000 children and a hundred others have 100 each. made has ties, kind
// has few values, a third of the scores are null, and flag is null in its last rows only.
func explainStatements() []string {
	return []string{
		"CREATE TABLE parents (id bigint PRIMARY KEY)",
		"CREATE TABLE children (id bigint PRIMARY KEY, parent_id bigint NOT NULL, made bigint NOT NULL, score bigint, kind bigint NOT NULL, flag bigint)",
		fmt.Sprintf(`INSERT INTO children (id, parent_id, made, score, kind, flag)
			WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < %d)
			SELECT i, CASE WHEN i %% 11 = 0 THEN 2 + i / 11 %% 100 ELSE 1 END, i / 3, CASE WHEN i %% 3 <> 0 THEN i %% 1000 END, i %% 5,
			CASE WHEN i < %d THEN i %% 2 END FROM r`, explainRows, explainRows-30),
		"INSERT INTO parents (id) SELECT DISTINCT parent_id FROM children",
		"CREATE INDEX children_made ON children (made, id)",
		"CREATE INDEX children_score ON children (score, id)",
		"CREATE INDEX children_flag ON children (flag, id)",
		"CREATE INDEX children_kind_made ON children (kind, made DESC, id DESC)",
		"CREATE INDEX children_score_made ON children (score DESC, made, id)",
		"CREATE INDEX children_parent ON children (parent_id, id)",
		"CREATE INDEX children_parent_made ON children (parent_id, made, id)",
		"CREATE INDEX children_parent_score ON children (parent_id, score, id)",
	}
}

// explainOrders are orders that an index serves.
func explainOrders() map[string][]any {
	step := func(field, direction, nulls string) map[string]any {
		return map[string]any{"field": field, "direction": direction, "nulls": nulls}
	}
	return map[string][]any{
		"id":                       nil,
		"id desc":                  {step("ID", "DESC", "LAST")},
		"made desc":                {step("MADE", "DESC", "LAST")},
		"made asc":                 {step("MADE", "ASC", "LAST")},
		"score asc nulls last":     {step("SCORE", "ASC", "LAST")},
		"score asc nulls first":    {step("SCORE", "ASC", "FIRST")},
		"score desc nulls last":    {step("SCORE", "DESC", "LAST")},
		"score desc nulls first":   {step("SCORE", "DESC", "FIRST")},
		"flag asc nulls last":      {step("FLAG", "ASC", "LAST")},
		"flag desc nulls first":    {step("FLAG", "DESC", "FIRST")},
		"kind asc, made desc":      {step("KIND", "ASC", "LAST"), step("MADE", "DESC", "LAST")},
		"score desc, made asc, id": {step("SCORE", "DESC", "LAST"), step("MADE", "ASC", "LAST")},
	}
}

func explainArgs(t *testing.T, child *entity.Entity, orderBy []any) *listArgs {
	t.Helper()
	args := map[string]any{"first": int64(explainPage)}
	if orderBy != nil {
		args["orderBy"] = orderBy
	}
	a, err := (&Engine{cfg: Config{PageSize: 20, MaxPageSize: 100}}).resolveList(&read{entity: child}, args, access.Viewer{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestPagesCostTheSame: page 2,001 costs what page 2 does, and that is little: in every direction, whatever is null, and looking
// for rows before and after it. Page 1 costs less only because nothing can lie before it.
func TestPagesCostTheSame(t *testing.T) {
	child := explainCatalog().Entity("Child")
	for _, m := range measuredDatabases(t, explainStatements()) {
		req := request{postgres: m.postgres()}
		for name, orderBy := range explainOrders() {
			t.Run(m.name+"/"+name, func(t *testing.T) {
				r := &read{entity: child, wantNext: true, wantPrevious: true}
				columns := []string{"id", "made", "score"}
				page := func(change func(*listArgs)) (*statement, int) {
					a := explainArgs(t, child, orderBy)
					change(a)
					s := req.list(r, columns, a, nil)
					want := a.limit + 1 // one more, which says that there are more
					if before, after := a.sides(r); before || after {
						want++
					}
					if rows := m.rows(t, string(s.buf), s.args); len(rows) != want {
						t.Errorf("%d rows, not %d\n%s %v", len(rows), want, s.buf, s.args)
					}
					return s, m.work(t, s)
				}
				// at is the position of the row with the given number.
				at := func(n int) []any {
					a := explainArgs(t, child, orderBy)
					a.limit, a.offset = 0, n // and one more
					var names []string
					for _, st := range a.order.steps {
						names = append(names, st.field.Column)
					}
					s := req.list(&read{entity: child}, names, a, nil)
					return m.rows(t, string(s.buf), s.args)[0][1:]
				}
				_, first := page(func(*listArgs) {})
				near := at(explainPage - 1)
				s, second := page(func(a *listArgs) { a.after = near })
				t.Logf("page 1: %d, page 2: %d", first, second)
				compare := func(what string, to int, change func(*listArgs)) {
					s, cost := page(change)
					t.Logf("%s: %d", what, cost)
					if cost > to+to/2+10 {
						t.Errorf("%s costs %d, not %d\n%s\n%s", what, cost, to, s.buf, m.plan(t, s))
					}
					checkPlan(t, m, s)
				}
				if most := map[bool]int{true: 60, false: 2000}[m.postgres()]; first > most || second > most {
					t.Errorf("page 1 costs %d, page 2 %d; a page should cost %d at most\n%s\n%s", first, second, most, s.buf, m.plan(t, s))
				}
				deep := at(deepRow)
				compare("page 2,001", second, func(a *listArgs) { a.after = deep })
				compare("the page before it", second, func(a *listArgs) { a.backward, a.before = true, deep })
				if st := explainArgs(t, child, orderBy).order.steps[0]; st.field.Nullable {
					among := deepRow
					if st.field.Name == "flag" { // there are few
						among = 15
					}
					if !st.nullsFirst {
						among += m.values(t, child, st.field)
					}
					edge := at(among)
					if edge[0] != nil {
						t.Fatalf("row %d is not among nulls: %v", among, edge)
					}
					compare("a page among nulls", second, func(a *listArgs) { a.after = edge })
					compare("the page before it", second, func(a *listArgs) { a.backward, a.before = true, edge })
				}
			})
		}
	}
}

// values is how many rows have a value.
func (m measured) values(t *testing.T, e *entity.Entity, f *entity.Field) int {
	return int(m.rows(t, "SELECT count("+f.Column+") FROM "+e.Table, nil)[0][0].(int64))
}

// TestLimitPerParent: a page of a parent with 100,000 children costs what that of a parent with 100 does, alone and among
// others, and deep pages too.
func TestLimitPerParent(t *testing.T) {
	catalog := explainCatalog()
	child := catalog.Entity("Child")
	r := &read{kind: readEdge, entity: child, edge: catalog.Entity("Parent").Edge("children"), parentKey: entity.IntKey}
	orders := explainOrders()
	for _, m := range measuredDatabases(t, explainStatements()) {
		for _, name := range []string{"id", "made asc", "made desc", "score asc nulls last", "score asc nulls first", "score desc nulls last", "score desc nulls first"} {
			t.Run(m.name+"/"+name, func(t *testing.T) {
				list := func(columns []string, change func(*listArgs), keys ...any) *statement {
					a := explainArgs(t, child, orders[name])
					change(a)
					return request{postgres: m.postgres()}.list(r, columns, a, keys)
				}
				work := func(after []any, keys ...any) int {
					s := list([]string{"id", "made", "score"}, func(a *listArgs) { a.after = after }, keys...)
					if rows, want := m.rows(t, string(s.buf), s.args), (explainPage+1)*len(keys); len(rows) != want {
						t.Errorf("%d rows, not %d\n%s %v", len(rows), want, s.buf, s.args)
					}
					checkPlan(t, m, s)
					return m.work(t, s)
				}
				same := func(what string, large, small int) {
					t.Logf("%s: %d, and %d of small parents", what, large, small)
					if large > small+small/2+10 {
						t.Errorf("%s costs %d, that of small parents %d", what, large, small)
					}
				}
				same("one parent", work(nil, int64(1)), work(nil, int64(2)))
				same("five parents", work(nil, int64(2), int64(1), int64(3), int64(4), int64(5)), work(nil, int64(2), int64(6), int64(3), int64(4), int64(5)))
				at := func(n int, parent int64) []any {
					var names []string
					for _, st := range explainArgs(t, child, orders[name]).order.steps {
						names = append(names, st.field.Column)
					}
					s := list(names, func(a *listArgs) { a.limit, a.offset = 0, n }, parent)
					return m.rows(t, string(s.buf), s.args)[0][1:]
				}
				same("page 2,001", work(at(deepRow, 1), int64(1)), work(at(2*explainPage, 2), int64(2)))
			})
		}
	}
}

// checkPlan fails if a table is read from its start, other than in the order that was asked for.
func checkPlan(t *testing.T, m measured, s *statement) {
	t.Helper()
	plan := m.plan(t, s)
	for line := range strings.Lines(plan) {
		line = strings.TrimSpace(line)
		// A scan in the order of SQLite's primary key ends with the page.
		inOrder := strings.Contains(string(s.buf), `ORDER BY t."id" LIMIT`)
		if m.postgres() && strings.Contains(line, "Seq Scan on children") || strings.HasPrefix(line, "SCAN t") && !inOrder {
			t.Errorf("a table is scanned: %s\n%s\n%s", line, s.buf, plan)
		}
	}
}

// TestTotalsUpTo: a total that is counted up to a bound costs what the bound is, alone, with a page, and for each parent, however many
// rows there are.
func TestTotalsUpTo(t *testing.T) {
	catalog := explainCatalog()
	child := catalog.Entity("Child")
	below := &read{kind: readEdge, entity: child, edge: catalog.Entity("Parent").Edge("children"), parentKey: entity.IntKey}
	for _, m := range measuredDatabases(t, explainStatements()) {
		req := request{postgres: m.postgres()}
		number := func(what string, s *statement, want ...int64) int {
			t.Helper()
			rows := m.rows(t, string(s.buf), s.args)
			for i, n := range want {
				if len(rows) != len(want) || rows[i][1] != n {
					t.Errorf("%s, %s: %v, not %v\n%s", m.name, what, rows, want, s.buf)
					break
				}
			}
			cost := m.work(t, s)
			t.Logf("%s, %s: %d", m.name, what, cost)
			return cost
		}
		less := func(what string, cost, than int) {
			t.Helper()
			if cost > than {
				t.Errorf("%s, %s costs %d, more than %d", m.name, what, cost, than)
			}
		}
		for _, where := range []*condition{nil, {tests: []test{{field: child.Field("kind"), op: entity.Eq, value: int64(0)}}}} {
			a := explainArgs(t, child, nil)
			a.where = where
			all := int64(explainRows)
			if where != nil {
				all /= 5
			}
			name := map[bool]string{true: "all", false: "some"}[where == nil]
			exact := number("the exact total of "+name, req.total(&read{entity: child}, a, -1, nil), all)
			small := number("50 of "+name, req.total(&read{entity: child}, a, 50, nil), 50)
			less("50 of "+name, small, exact/20)
			less("500 of "+name, number("500 of "+name, req.total(&read{entity: child}, a, 500, nil), 500), 20*small)

			// Of the large parent's children a fifth pass the filter, of the small one's all.
			big, few := number("50 of a parent with 100,000", req.total(below, a, 50, []any{int64(1)}), 50), number("50 of a parent with 100", req.total(below, a, 50, []any{int64(2)}), 50)
			less("50 of a parent with 100,000", big, map[bool]int{true: 1, false: 5}[where == nil]*few+100)
			// More than parents have on average, which Postgres would take for all that there are.
			s := req.total(below, a, 2000, []any{int64(1), int64(2)})
			number("2,000 of both", s, 2000, 100)
			if plan := m.plan(t, s); m.postgres() && (strings.Contains(plan, "Bitmap") || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan")) {
				t.Errorf("more is read than counted: %s\n%s", s.buf, plan)
			}
			checkPlan(t, m, s)
		}
		a := explainArgs(t, child, nil)
		a.totals = []total{{most: 50}}
		alone := m.work(t, req.list(&read{entity: child}, []string{"id"}, a, nil))
		less("a page with its total up to 50", m.work(t, req.list(&read{entity: child, counted: true}, []string{"id"}, a, nil)), 3*alone+500)
		keys := []any{int64(2), int64(1), int64(3), int64(4), int64(5)}
		five := number("50 of five parents", req.total(below, a, 50, keys), 50, 50, 50, 50, 50)
		less("50 of five parents, one large", five, number("50 of five small parents", req.total(below, a, 50, []any{int64(2), int64(6), int64(3), int64(4), int64(5)}), 50, 50, 50, 50, 50)*3/2+10)
	}
}
