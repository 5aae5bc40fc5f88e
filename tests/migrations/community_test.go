package migrations

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	entmigrate "github.com/entwine-data/entwine/ent/migrate"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/internal/testenv"
)

// change is one migration in the life of the community site.
type change struct {
	name    string
	apply   func(tables map[string]*schema.Table)
	answers []string
	// renamed are columns and tables with their new names; gone are those whose values do not come back, filled those in
	// which nulls were filled. All by TABLE.COLUMN, as they were before.
	renamed      map[string]string
	gone, filled []string
}

func column(t *schema.Table, name string) *schema.Column {
	c, ok := t.Column(name)
	if !ok {
		panic("no column " + t.Name + "." + name)
	}
	return c
}

func add(t *schema.Table, c *schema.Column) { t.Columns = append(t.Columns, c) }

// changes are what happens to the reference application's tables, in their order. Tables keep their first names as keys.
var changes = []change{
	{name: "a nullable column", apply: func(t map[string]*schema.Table) {
		add(t["users"], &schema.Column{Name: "website", Type: field.TypeString, Nullable: true})
	}},
	{name: "a column with a default", apply: func(t map[string]*schema.Table) {
		add(t["posts"], &schema.Column{Name: "reading_minutes", Type: field.TypeInt, Default: 1})
	}},
	{name: "a table that refers to another one", apply: func(t map[string]*schema.Table) {
		badges := &schema.Table{Name: "badges", Columns: []*schema.Column{
			{Name: "id", Type: field.TypeInt, Increment: true}, {Name: "name", Type: field.TypeString, Unique: true}, {Name: "user_id", Type: field.TypeInt},
		}}
		badges.PrimaryKey = badges.Columns[:1:1]
		badges.ForeignKeys = []*schema.ForeignKey{{Symbol: "badges_users_badges", Columns: badges.Columns[2:3:3], RefTable: t["users"], RefColumns: t["users"].Columns[:1:1], OnDelete: schema.Cascade}}
		t["badges"] = badges
	}},
	{
		name: "a column with a new name", answers: []string{"--rename", "users.bio=about"}, renamed: map[string]string{"users.bio": "about"},
		apply: func(t map[string]*schema.Table) { column(t["users"], "bio").Name = "about" },
	},
	{
		name: "a table with a new name", answers: []string{"--rename", "posts=articles"}, renamed: map[string]string{"posts": "articles"},
		apply: func(t map[string]*schema.Table) {
			t["posts"].Name = "articles"
			for _, table := range t {
				for _, k := range table.ForeignKeys {
					k.Symbol = strings.Replace(k.Symbol, "posts", "articles", 1)
				}
			}
		},
	},
	{name: "an index", apply: func(t map[string]*schema.Table) {
		t["comments"].Indexes = append(t["comments"].Indexes, &schema.Index{Name: "comment_score_id", Columns: []*schema.Column{column(t["comments"], "score"), column(t["comments"], "id")}})
	}},
	{
		name: "a column that becomes required", answers: []string{"--fill", "comments.author_name=somebody"}, filled: []string{"comments.author_name"},
		apply: func(t map[string]*schema.Table) { column(t["comments"], "author_name").Nullable = false },
	},
	{name: "a number that becomes a text", apply: func(t map[string]*schema.Table) {
		column(t["comments"], "source_id").Type = field.TypeString
	}},
	{
		name: "a required column", answers: []string{"--fill", "articles.language=en"},
		apply: func(t map[string]*schema.Table) {
			add(t["posts"], &schema.Column{Name: "language", Type: field.TypeString})
		},
	},
	{
		name: "a column less", answers: []string{"--drop", "tags.wiki"}, gone: []string{"tags.wiki"},
		apply: func(t map[string]*schema.Table) {
			t["tags"].Columns = slices.DeleteFunc(t["tags"].Columns, func(c *schema.Column) bool { return c.Name == "wiki" })
		},
	},
	{name: "a foreign key that restricts", apply: func(t map[string]*schema.Table) {
		for _, k := range t["comments"].ForeignKeys {
			if k.Columns[0].Name == "post_id" {
				k.OnDelete = schema.Restrict
			}
		}
	}},
	{name: "an index less", apply: func(t map[string]*schema.Table) { t["votes"].Indexes = t["votes"].Indexes[1:] }},
	{name: "another default", apply: func(t map[string]*schema.Table) { column(t["posts"], "status").Default = "published" }},
	{name: "a check", apply: func(t map[string]*schema.Table) {
		t["users"].Annotation = &entsql.Annotation{Checks: map[string]string{"users_up_votes": "up_votes >= 0"}}
	}},
	{name: "a column that becomes optional", apply: func(t map[string]*schema.Table) { column(t["comments"], "message").Nullable = true }},
	{name: "a new edge", apply: func(t map[string]*schema.Table) {
		c := &schema.Column{Name: "editor_id", Type: field.TypeInt, Nullable: true}
		add(t["posts"], c)
		t["posts"].ForeignKeys = append(t["posts"].ForeignKeys, &schema.ForeignKey{Symbol: "articles_users_edited", Columns: []*schema.Column{c}, RefTable: t["users"], RefColumns: t["users"].Columns[:1:1], OnDelete: schema.SetNull})
	}},
	{name: "a unique column", apply: func(t map[string]*schema.Table) {
		add(t["posts"], &schema.Column{Name: "short_link", Type: field.TypeString, Unique: true, Nullable: true})
	}},
	{
		name: "a table less", answers: []string{"--drop", "badges"},
		apply: func(t map[string]*schema.Table) { delete(t, "badges") },
	},
}

// communityTables are the tables after some of the changes, sorted by their first names.
func communityTables(n int) []*schema.Table {
	copies, err := schema.CopyTables(entmigrate.Tables)
	if err != nil {
		panic(err)
	}
	byName := make(map[string]*schema.Table)
	for _, t := range copies {
		byName[t.Name] = t
	}
	for _, c := range changes[:n] {
		c.apply(byName)
	}
	var names []string
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []*schema.Table
	for _, name := range names {
		out = append(out, byName[name])
	}
	return out
}

// TestCommunity takes a full database through changes of all kinds, up, down and up again. Every value of every row is
// compared: what a change does not concern is as it was, to the last byte.
func TestCommunity(t *testing.T) {
	data := testenv.DataSet(t, "community")
	each(t, func(t *testing.T, p *project) {
		t.Chdir(p.dir)
		if err := os.WriteFile("go.mod", []byte("module example.com/community\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &community{project: p}
		c.must(t, "migrate", "new", "init")
		c.must(t, "load", data)
		states := []digests{c.digests(t)}
		for c.n = 1; c.n <= len(changes); c.n++ {
			step := changes[c.n-1]
			c.must(t, append([]string{"migrate", "new", step.name}, step.answers...)...)
			c.must(t, "migrate", "up")
			states = append(states, c.digests(t))
			compare(t, "up: "+step.name, states[c.n-1], states[c.n], step, true)
		}
		c.n = len(changes)
		c.must(t, "migrate", "check")

		for c.n = len(changes); c.n > 0; {
			step := changes[c.n-1]
			c.must(t, "migrate", "down", "--allow-data-loss")
			c.n--
			compare(t, "down: "+step.name, states[c.n], c.digests(t), lossy(), false)
		}
		c.n = len(changes)
		c.must(t, "migrate", "up")
		compare(t, "up again", states[c.n], c.digests(t), lossy(), false)
		c.must(t, "migrate", "check")
	})
}

// lossy are the columns of all changes whose values do not come back.
func lossy() (out change) {
	for _, c := range changes {
		out.gone, out.filled = append(out.gone, c.gone...), append(out.filled, c.filled...)
	}
	return out
}

// community is the application after n changes.
type community struct {
	*project
	n int
}

// must runs a command of the application in this process and returns what it says.
func (c *community) must(t *testing.T, args ...string) string {
	t.Helper()
	var log bytes.Buffer
	n := c.n
	app := gateway.App{Name: "Community", Migrations: os.DirFS("migrate"), Open: func(drv dialect.Driver) (*gateway.Handle, error) {
		h, err := graph.Open(drv)
		if err == nil {
			h.Tables = communityTables(n)
		}
		return h, err
	}}
	lookup := func(name string) (string, bool) { return c.url, name == "DATABASE_URL" }
	if code := gateway.Run(t.Context(), app, args, lookup, &log, &log); code != 0 {
		t.Fatalf("%v: %d\n%s", args, code, &log)
	}
	return log.String()
}

// digests are the hashes of all values of a column, in the order of the rows, by TABLE.COLUMN, and the numbers of rows by TABLE.
type digests map[string]string

func (c *community) digests(t *testing.T) digests {
	t.Helper()
	db := open(t, c.url)
	defer db.Close()
	out := make(digests)
	for _, table := range communityTables(c.n) {
		var columns, keys []string
		for _, c := range table.Columns {
			columns = append(columns, "CAST("+store.Quote(c.Name)+" AS text)")
		}
		for _, k := range table.PrimaryKey {
			keys = append(keys, store.Quote(k.Name))
		}
		hashes := make([]bytes.Buffer, len(columns))
		rows := 0
		err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
			result, err := q.QueryContext(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+store.Quote(table.Name)+" ORDER BY "+strings.Join(keys, ", "))
			if err != nil {
				return err
			}
			defer result.Close()
			values, dest := make([]*string, len(columns)), make([]any, len(columns))
			for i := range values {
				dest[i] = &values[i]
			}
			for ; result.Next(); rows++ {
				if err := result.Scan(dest...); err != nil {
					return err
				}
				for i, v := range values {
					if v == nil {
						hashes[i].WriteString("null;")
					} else {
						fmt.Fprintf(&hashes[i], "%d:%s;", len(*v), *v)
					}
				}
			}
			return result.Err()
		})
		if err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
		for i, c := range table.Columns {
			out[table.Name+"."+c.Name] = fmt.Sprintf("%x", sha256.Sum256(hashes[i].Bytes()))
		}
		out[table.Name] = fmt.Sprint(rows)
	}
	if out["users"] == "0" || out["comments"] == "0" {
		t.Fatal("the database is empty")
	}
	return out
}

// compare proves that what was there is there. With changing, names and fills are those of the change.
func compare(t *testing.T, when string, before, after digests, c change, changing bool) {
	t.Helper()
	for name, was := range before {
		now := name
		if changing {
			table, column, isColumn := strings.Cut(name, ".")
			if to, ok := c.renamed[name]; ok {
				if now = to; isColumn {
					now = table + "." + to
				}
			} else if to, ok := c.renamed[table]; ok {
				now = to + "." + column
			}
		}
		is, ok := after[now]
		switch {
		case slices.Contains(c.gone, name):
		case !ok && slices.Contains(c.answers, strings.Split(name, ".")[0]): // a table that was dropped
		case !ok:
			t.Errorf("%s: %s is not there", when, now)
		case slices.Contains(c.filled, name):
			if changing && is == was {
				t.Errorf("%s: %s was not filled", when, now)
			}
		case is != was:
			t.Errorf("%s: %s has changed", when, now)
		}
	}
}
