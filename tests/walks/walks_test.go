// Package walks pages through random lists while rows come, go and move, and compares every page with a model in memory.
//
// What a client may rely on, and each case checks:
//
//   - Each page is that of the list as it is at that moment, cut where the cursor's row stood when the cursor was given,
//     whatever became of that row. hasNextPage, hasPreviousPage and totalCount are exact, on empty pages too.
//   - A row that is in the list during the whole walk, and whose place in the order does not change, is seen exactly once, and
//     such rows are seen in their order.
//
// A row that comes, goes or moves during the walk may be seen or not, and twice if it moved ahead of the reader.
package walks

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/internal/pgtest"
)

// cases is how many walks are compared on each database, unless ENTWINE_TEST_OPERATIONS says otherwise.
const cases = 1500

// A failed walk is told with its seed. It is walked again with that seed as -rapid.seed or ENTWINE_TEST_SEED.
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

func TestWalks(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "sqlite::memory:" }, "postgres": pgtest.New,
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, url(t))
			used := make(map[string]int)
			rapid.Check(t, func(t *rapid.T) { newWalk(t, a, used).run() })
			report(t, used)
		})
	}
}

// report says what occurred, and fails if some of it hardly did.
func report(t *testing.T, used map[string]int) {
	var names []string
	for name := range used {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%8d %s\n", used[name], name)
	}
	t.Logf("with\n%s", &b)
	if used["walk"] < cases {
		return
	}
	for _, name := range []string{
		"page", "empty page", "walk backward", "walk with writes", "two cursors", "offset", "below a parent", "below several parents",
		"many to many", "delete the cursor's row", "move the cursor's row", "copy the cursor's row", "insert", "update", "delete", "related rows",
		"order over relations", "order with nulls first", "cursor of a row that is gone", "rows that moved",
	} {
		if used[name] < 50 {
			t.Errorf("%s occurred %d times only", name, used[name])
		}
	}
}

// walk is one case: a world, an order, a list to walk through.
type walk struct {
	t     *rapid.T
	app   *app
	world *world
	used  map[string]int

	order   order
	orderBy []any
	cursors []cursor // all that were seen
	nextID  int64
}

// cursor is one that the gateway gave, and where its row stood then.
type cursor struct {
	text string
	id   int64
	at   position
}

func newWalk(t *rapid.T, a *app, used map[string]int) *walk {
	k := &walk{t: t, app: a, used: used, world: drawWorld(t, a.catalog), nextID: 1000}
	k.order, k.orderBy = drawOrder(t, a.catalog)
	for _, s := range k.order {
		if len(s.path) > 0 || s.count != nil {
			k.use("order over relations")
		}
		if s.nullsFirst {
			k.use("order with nulls first")
		}
	}
	k.exec(reset(a.catalog, k.world)...)
	return k
}

func (k *walk) use(name string) { k.used[name]++ }

func (k *walk) exec(changes ...change) {
	if err := k.app.exec(k.t.Context(), changes...); err != nil {
		k.t.Fatal(err)
	}
}

// run walks from one end of a list to the other, with writes between pages, and asks for other pages on the way.
func (k *walk) run() {
	k.use("walk")
	t := k.t
	place := k.drawPlace(false)
	where, pass := map[string]any(nil), filter(everything)
	if rapid.Bool().Draw(t, "filtered") {
		where, pass = drawWhere(t, k.app.catalog.Entity("Item"), 1)
	}
	admin := rapid.Bool().Draw(t, "admin")
	backward := rapid.Bool().Draw(t, "backward")
	size := rapid.IntRange(1, 8).Draw(t, "page size")
	writes := rapid.IntRange(0, 8).Draw(t, "pages with writes")
	if backward {
		k.use("walk backward")
	}
	list := func() []placed {
		v := view{k.world, admin}
		return k.order.list(v, place.rows(v, place.boxes[0]), pass)
	}

	start := list()
	stable := make(map[int64]position)
	for _, p := range start {
		stable[p.id] = p.at
	}
	var seen []int64
	var at *cursor
	for pages := 0; ; pages++ {
		q := query{place: place, admin: admin, where: where, pass: pass, size: &size, backward: backward}
		if backward {
			q.before = at
		} else {
			q.after = at
		}
		got := k.ask(q)[0]
		if got == nil { // the parent is hidden, or gone
			return
		}
		ids := got.ids
		if backward {
			ids = slices.Clone(ids)
			slices.Reverse(ids)
		}
		seen = append(seen, ids...)
		if more := got.next && !backward || got.previous && backward; !more {
			break
		}
		if len(got.cursors) == 0 {
			t.Fatalf("an empty page says that there are more")
		}
		at = &got.cursors[len(got.cursors)-1]
		if backward {
			at = &got.cursors[0]
		}
		if writes > 0 {
			writes--
			k.use("walk with writes")
			k.write(*at)
			now := make(map[int64]position)
			for _, p := range list() {
				now[p.id] = p.at
			}
			for id, p := range stable {
				if there, ok := now[id]; !ok || k.order.compare(p, there) != 0 {
					delete(stable, id)
					k.use("rows that moved")
				}
			}
			if rapid.Bool().Draw(t, "look elsewhere") {
				k.probe()
			}
		}
	}
	var want []int64
	for _, p := range start {
		if _, ok := stable[p.id]; ok {
			want = append(want, p.id)
		}
	}
	if backward {
		slices.Reverse(want)
	}
	seen = slices.DeleteFunc(seen, func(id int64) bool { _, ok := stable[id]; return !ok })
	if !slices.Equal(seen, want) {
		t.Fatalf("the walk showed %v of the rows that stayed, which are %v", seen, want)
	}
	k.probe()
}

// probe asks for a page with any arguments that fit together.
func (k *walk) probe() {
	t := k.t
	q := query{place: k.drawPlace(true), admin: rapid.Bool().Draw(t, "admin"), pass: everything}
	if rapid.Bool().Draw(t, "filtered") {
		q.where, q.pass = drawWhere(t, k.app.catalog.Entity("Item"), 1)
	}
	if rapid.IntRange(0, 5).Draw(t, "sized") > 0 {
		size := rapid.IntRange(0, 12).Draw(t, "page size")
		q.size, q.backward = &size, rapid.Bool().Draw(t, "backward")
	}
	known := func(what string) *cursor {
		if len(k.cursors) == 0 || !rapid.Bool().Draw(t, what) {
			return nil
		}
		c := rapid.SampledFrom(k.cursors).Draw(t, what)
		return &c
	}
	q.after, q.before = known("after"), known("before")
	if q.after == nil && q.before == nil && !q.backward {
		q.offset = rapid.IntRange(0, 12).Draw(t, "offset")
	}
	k.ask(q)
}
