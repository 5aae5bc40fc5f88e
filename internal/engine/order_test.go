package engine

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// listed is a row of the table that the property test of lists pages through: few values and many nulls, so that every
// column has ties.
type listed struct {
	id, parent int64
	a, b       *int64
	c          int64
	d          *string
}

func items() []listed {
	var out []listed
	for i := range int64(120) {
		it := listed{id: i + 1, parent: 1 + i%3, c: i * 7 % 3}
		if i%4 != 0 {
			it.a = new(i * 5 % 3)
		}
		if i%3 != 0 {
			it.b = new(i * 11 % 4)
		}
		if i%5 < 3 {
			it.d = new([]string{"Zebra", "éclair", "ﬀ", "😀"}[i*13%4])
		}
		out = append(out, it)
	}
	return out
}

func (it listed) value(field string) any {
	switch field {
	case "id":
		return it.id
	case "a":
		return orNil(it.a)
	case "b":
		return orNil(it.b)
	case "c":
		return it.c
	default:
		return orNil(it.d)
	}
}

func orNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func itemCatalog() *entity.Catalog {
	field := func(name string, t entity.Type, nullable bool) *entity.Field {
		return &entity.Field{Name: name, Schema: name, Column: name, Type: t, Key: entity.IntKey, Nullable: nullable, Sort: true, OrderValue: strings.ToUpper(name)}
	}
	rules := access.Rules{Read: access.Everyone()}
	parent := &entity.Entity{Name: "Parent", Table: "parents", Rules: rules, Fields: []*entity.Field{field("id", entity.ID, false)}}
	it := &entity.Entity{Name: "Item", Table: "items", Rules: rules, Fields: []*entity.Field{
		field("id", entity.ID, false), field("a", entity.Int, true), field("b", entity.Int, true), field("c", entity.Int, false), field("d", entity.String, true),
	}}
	parent.ID, it.ID = parent.Fields[:1], it.Fields[:1]
	parent.Edges = []*entity.Edge{{Name: "items", Schema: "items", Target: "Item", Kind: entity.ToMany, Column: "parent"}}
	return entity.NewCatalog(parent, it)
}

// open opens both databases and runs the statements on them.
func open(t *testing.T, statements ...string) map[string]*store.DB {
	t.Helper()
	dbs := make(map[string]*store.DB)
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "test.db"), "postgres": pgtest.New(t)} {
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		for _, text := range statements {
			if name == "sqlite" {
				text = strings.ReplaceAll(text, ` COLLATE "C"`, "")
			}
			if err := db.Driver().Exec(t.Context(), text, []any{}, nil); err != nil {
				t.Fatalf("%s: %s: %v", name, text, err)
			}
		}
		dbs[name] = db
	}
	return dbs
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + v + "'"
	}
	return fmt.Sprint(v)
}

// TestPagesAreTheList pages through lists in random orders, forwards and backwards, at the root and below parents, and
// compares with the whole list sorted in memory: no row twice, none lost, whatever is null.
func TestPagesAreTheList(t *testing.T) {
	all := items()
	statements := []string{`CREATE TABLE items (id bigint PRIMARY KEY, parent bigint NOT NULL, a bigint, b bigint, c bigint NOT NULL, d text COLLATE "C")`}
	for _, it := range all {
		statements = append(statements, fmt.Sprintf("INSERT INTO items VALUES (%d, %d, %s, %s, %d, %s)",
			it.id, it.parent, literal(orNil(it.a)), literal(orNil(it.b)), it.c, literal(orNil(it.d))))
	}
	catalog := itemCatalog()
	for name, db := range open(t, statements...) {
		t.Run(name, func(t *testing.T) {
			e := &Engine{cfg: Config{PageSize: 20, MaxPageSize: 100}, db: db, postgres: name == "postgres", catalog: catalog}
			rapid.Check(t, func(t *rapid.T) { pageThrough(t, e, all) })
		})
	}
}

func pageThrough(t *rapid.T, e *Engine, all []listed) {
	child, edge := e.catalog.Entity("Item"), e.catalog.Entity("Parent").Edge("items")
	fields := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "id"}), 0, 5, rapid.ID).Draw(t, "fields")
	var orderBy []any
	for _, f := range fields {
		orderBy = append(orderBy, map[string]any{
			"field":     strings.ToUpper(f),
			"direction": rapid.SampledFrom([]string{"ASC", "DESC"}).Draw(t, f+" direction"),
			"nulls":     rapid.SampledFrom([]string{"FIRST", "LAST"}).Draw(t, f+" nulls"),
		})
	}
	o, err := wantedOrder(child, orderBy, access.Viewer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	o = o.complete(child)
	var keys []any // of parents; none at the root
	parents := rapid.IntRange(0, 3).Draw(t, "parents")
	for i := range parents {
		keys = append(keys, int64(i+1))
	}
	backward := rapid.Bool().Draw(t, "backward")
	size := rapid.IntRange(3, 50).Draw(t, "page size")
	of := func(key any) []listed { // the model
		list := slices.DeleteFunc(slices.Clone(all), func(it listed) bool { return key != nil && it.parent != key.(int64) })
		slices.SortFunc(list, func(x, y listed) int { return compare(o, x, y) })
		return list
	}

	page := func(args map[string]any, keys []any) *rows {
		args["orderBy"] = orderBy
		r := &read{kind: readList, entity: child, wantRows: true, wantCursor: true}
		if keys != nil {
			r.kind, r.edge, r.parentKey = readEdge, edge, entity.IntKey
		}
		r.column("id", child.ID[0]).key = true
		out := &rows{read: r}
		x := &execution{engine: e, left: new(1 << 30)}
		if out.args, err = e.resolveList(&read{entity: child}, args, access.Viewer{}); err != nil {
			t.Fatal(err)
		}
		err := e.db.View(context.Background(), false, func(ctx context.Context, q store.Querier) error {
			return x.list(ctx, q, out, request{postgres: e.postgres}, keys)
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	// All parents at once: a slice of each list, by offset.
	offset := rapid.IntRange(0, 10).Draw(t, "offset")
	out := page(map[string]any{"first": int64(size), "offset": int64(offset)}, keys)
	for _, key := range append([]any{nil}, keys...)[min(1, len(keys)):] {
		list := of(key)
		list = list[min(offset, len(list)):]
		more := len(list) > size
		list = list[:min(size, len(list))]
		group := noKey
		if key != nil {
			group = key
		}
		g := out.group(group)
		check(t, fmt.Sprint("parent ", key), list, out.keys[0][g.start:g.start+g.n])
		if g.more != more {
			t.Fatalf("parent %v: more is %v", key, g.more)
		}
	}

	// One list from end to end, by cursors.
	var key any
	if len(keys) > 0 {
		key = rapid.SampledFrom(keys).Draw(t, "parent")
		keys = []any{key}
	}
	want := of(key)
	var got []any
	for args := map[string]any{}; ; {
		limit, from := "first", "after"
		if backward {
			limit, from = "last", "before"
		}
		args[limit] = int64(size)
		out := page(args, keys)
		group := noKey
		if key != nil {
			group = key
		}
		g := out.group(group)
		got = append(got, out.keys[0][g.start:g.start+g.n]...)
		if len(got) > len(want) {
			break
		}
		if !g.more {
			break
		}
		cursor, err := strconv.Unquote(string(out.appendCursor(nil, g.start+g.n-1)))
		if err != nil {
			t.Fatal(err)
		}
		args = map[string]any{from: cursor}
	}
	if backward {
		slices.Reverse(got)
	}
	check(t, "pages", want, got)

	// Between two cursors.
	i := rapid.IntRange(0, len(want)-1).Draw(t, "after")
	j := rapid.IntRange(0, len(want)-1).Draw(t, "before")
	out = page(map[string]any{"after": cursorOf(o, want[i]), "before": cursorOf(o, want[j]), "first": int64(100)}, keys)
	group := noKey
	if key != nil {
		group = key
	}
	g := out.group(group)
	between := want[min(i+1, j):j]
	check(t, "between", between[:min(100, len(between))], out.keys[0][g.start:g.start+g.n])
}

func check(t *rapid.T, what string, want []listed, got []any) {
	t.Helper()
	ids := make([]any, len(want))
	for i, it := range want {
		ids[i] = it.id
	}
	if !slices.Equal(ids, got) {
		t.Fatalf("%s: want %v, got %v", what, ids, got)
	}
}

func cursorOf(o order, it listed) string {
	var values []byte
	for i, st := range o.steps {
		if i > 0 {
			values = append(values, ',')
		}
		v := store.ValueOf(it.value(st.field.Name))
		values, _ = appendCursorValue(values, st.field, &v)
	}
	return string(relay.AppendCursor(nil, o.scope, values))
}

func compare(o order, x, y listed) int {
	for _, st := range o.steps {
		a, b := x.value(st.field.Name), y.value(st.field.Name)
		c := 0
		switch {
		case a == nil && b == nil:
		case a == nil || b == nil:
			if (a == nil) == st.nullsFirst {
				return -1
			}
			return 1
		default:
			if s, ok := a.(string); ok {
				c = strings.Compare(s, b.(string))
			} else {
				c = cmp.Compare(a.(int64), b.(int64))
			}
		}
		if st.desc {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
