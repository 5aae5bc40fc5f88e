package load_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"

	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/load"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// tables are people with their pets. People have a boss and a best pet, which makes two circles.
func tables() []*schema.Table {
	id := func() *schema.Column { return &schema.Column{Name: "id", Type: field.TypeInt, Increment: true} }
	date := map[string]string{dialect.Postgres: "date", dialect.SQLite: "date"}
	people := &schema.Table{Name: "people", Columns: []*schema.Column{
		id(),
		{Name: "name", Type: field.TypeString, Size: 10},
		{Name: "nick", Type: field.TypeString, Nullable: true, Unique: true},
		{Name: "kind", Type: field.TypeEnum, Enums: []string{"adult", "child"}, Default: "adult"},
		{Name: "active", Type: field.TypeBool, Default: false},
		{Name: "height", Type: field.TypeFloat64, Nullable: true},
		{Name: "shoes", Type: field.TypeInt8, Default: 2},
		{Name: "born", Type: field.TypeTime, Nullable: true, SchemaType: date},
		{Name: "seen_at", Type: field.TypeTime, Nullable: true},
		{Name: "data", Type: field.TypeJSON, Nullable: true},
		{Name: "photo", Type: field.TypeBytes, Nullable: true},
		{Name: "ref", Type: field.TypeUUID, Nullable: true},
		{Name: "boss_id", Type: field.TypeInt, Nullable: true},
		{Name: "best_id", Type: field.TypeInt, Nullable: true},
	}}
	pets := &schema.Table{Name: "pets", Columns: []*schema.Column{
		id(),
		{Name: "name", Type: field.TypeString},
		{Name: "owner_id", Type: field.TypeInt},
	}}
	friends := &schema.Table{Name: "person_friends", Columns: []*schema.Column{
		{Name: "person_id", Type: field.TypeInt}, {Name: "pet_id", Type: field.TypeInt},
	}, Annotation: &entsql.Annotation{}}
	for _, t := range []*schema.Table{people, pets} {
		t.PrimaryKey = t.Columns[:1]
	}
	friends.PrimaryKey = friends.Columns
	refer := func(t *schema.Table, column string, to *schema.Table) {
		c, _ := t.Column(column)
		t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{
			Symbol: t.Name + "_" + column, Columns: []*schema.Column{c}, RefTable: to, RefColumns: to.Columns[:1],
		})
	}
	refer(people, "boss_id", people)
	refer(people, "best_id", pets)
	refer(pets, "owner_id", people)
	refer(friends, "person_id", people)
	refer(friends, "pet_id", pets)
	return []*schema.Table{friends, people, pets}
}

func catalog() *entity.Catalog {
	return entity.NewCatalog(
		&entity.Entity{
			Name: "Person", Schema: "Person", Table: "people",
			Fields: []*entity.Field{{Name: "seenAt", Schema: "seen_at", Column: "seen_at"}},
			Edges:  []*entity.Edge{{Name: "boss", Target: "Person", Kind: entity.ToOne, Column: "boss_id", Input: "bossId"}},
		},
		&entity.Entity{Name: "Pet", Schema: "Pet", Table: "pets"},
	)
}

// both runs a test on two databases with empty tables.
func both(t *testing.T, test func(t *testing.T, db *store.DB)) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			url := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
			if name == "postgres" {
				url = pgtest.New(t)
			}
			db, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			if _, err := migrate.Push(t.Context(), db, tables()); err != nil {
				t.Fatal(err)
			}
			test(t, db)
		})
	}
}

// folder writes files, given as names and contents.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// lines returns the rows of a query, with | between the columns.
func lines(t *testing.T, db *store.DB, query string) (out []string) {
	t.Helper()
	err := db.View(t.Context(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			texts := make([]string, len(columns))
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				texts[i] = fmt.Sprint(v)
			}
			out = append(out, strings.Join(texts, "|"))
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

func TestFolder(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		dir := folder(t, map[string]string{
			"README.md": "ignored",
			"Person.csv": "\ufeffid,name,nick,kind,active,height,shoes,born,seenAt,data,photo,ref,bossId,best_id\n" +
				// Ann's boss and best pet come later.
				"5,Ann,,child,true,1.5,3,2014-01-21,2014-01-21T20:26:05.383Z,\"{\"\"a\"\": 1}\",aGk=,6BA7B810-9dad-11d1-80b4-00c04fd430c8,9,2\n" +
				"-1,\"Bob\n\"\"B\"\"\",bb,,,,,,,,,,,\n" +
				"9,,cc,adult,0,-2,2,,2014-01-21T20:26:05.1234567+02:00,null,,,9,\n",
			"pets.jsonl": `{"id": 2, "name": "Rex", "owner_id": 9}` + "\n\n" +
				`{"owner_id": "5", "name": "é\u00e9", "id": 7}`,
			"person_friends.csv": "pet_id,person_id\n7,9\n2,-1\n",
		})
		var progress []load.Progress
		result, err := load.Folder(t.Context(), db, tables(), catalog(), dir, load.Options{
			Progress: func(p load.Progress) { progress = append(progress, p) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := []load.Count{{"people", 3}, {"pets", 2}, {"person_friends", 2}}; !slices.Equal(result.Tables, want) {
			t.Errorf("counts: %v; want %v", result.Tables, want)
		}
		if n := len(progress); n != 3 || progress[0] != (load.Progress{Table: "people", Rows: 3, Done: true}) {
			t.Errorf("progress: %v", progress)
		}
		var day, clock string
		if db.Dialect() == dialect.Postgres {
			day, clock = "to_char(born, 'YYYY-MM-DD')", "to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
		} else {
			day, clock = "date(born)", "replace(CAST(seen_at AS TEXT), '+00:00', '')"
		}
		got := lines(t, db, `SELECT id, name, nick, kind, CASE WHEN active THEN 1 ELSE 0 END, height, shoes, `+day+`, `+clock+`, CAST(data AS TEXT), photo, CAST(ref AS TEXT), boss_id, best_id FROM people ORDER BY id`)
		want := []string{
			"-1|Bob\n\"B\"|bb|adult|0|<nil>|2|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>|<nil>",
			"5|Ann|<nil>|child|1|1.5|3|2014-01-21|2014-01-21 20:26:05.383|{\"a\": 1}|hi|6ba7b810-9dad-11d1-80b4-00c04fd430c8|9|2",
			"9||cc|adult|0|-2|2|<nil>|2014-01-21 18:26:05.123456|null|<nil>|<nil>|9|<nil>",
		}
		for i := range got {
			got[i] = strings.Replace(got[i], "05.383000", "05.383", 1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("people:\n%q; want\n%q", got, want)
		}
		if got := lines(t, db, `SELECT id, name, owner_id FROM pets ORDER BY id`); !slices.Equal(got, []string{"2|Rex|9", "7|éé|5"}) {
			t.Errorf("pets: %q", got)
		}
		if err := db.Driver().Exec(t.Context(), `INSERT INTO pets (name, owner_id) VALUES ('new', 5)`, []any{}, nil); err != nil {
			t.Errorf("new row after the load: %v", err)
		}
		if got := lines(t, db, `SELECT id FROM pets WHERE name = 'new'`); !slices.Equal(got, []string{"8"}) {
			t.Errorf("next id: %v", got)
		}
	})
}

func TestFaults(t *testing.T) {
	head := "id,name,nick\n"
	cases := map[string]struct {
		files map[string]string
		want  []string
	}{
		"unknown names": {
			map[string]string{"people.csv": "id,name,age\n1,a,3\n", "cars.csv": "id\n1\n", "pets.jsonl": `{"id":1,"name":"a","owner_id":1,"tail":2}`},
			[]string{
				`cars.csv: there is no table or entity of this name`, `people.csv, column age: the table people has no such column`,
				`pets.jsonl, column tail: the table pets has no such column`, `--skip-unknown`,
			},
		},
		"missing column": {map[string]string{"pets.csv": "id\n1\n"}, []string{`pets.csv: lacks the columns name, owner_id, which need a value`}},
		"two files":      {map[string]string{"pets.csv": "id\n1\n", "Pet.csv": "id\n1\n"}, []string{`pets.csv: belongs to the same table as Pet.csv`}},
		"no files":       {map[string]string{"a.txt": ""}, []string{"has no .csv, .jsonl or .ndjson file"}},
		"empty file":     {map[string]string{"people.csv": ""}, []string{"people.csv: is empty"}},
		"twice":          {map[string]string{"people.csv": "id,name,name\n1,a,b\n"}, []string{"people.csv, column name: is there twice"}},
		"number":         {map[string]string{"people.csv": head + "1,a,\n2x,b,\n"}, []string{`people.csv, line 3, column id, value "2x": is not a whole number`}},
		"line of a cell": {map[string]string{"people.csv": head + "1,\"a\nb\nc\",\n2,toolongtobetrue,\n"}, []string{`people.csv, line 5, column name, value "toolongtobetrue": has more than 10 characters`}},
		"range":          {map[string]string{"people.csv": "id,name,shoes\n1,a,128\n"}, []string{`line 2, column shoes, value "128": is out of range`}},
		"enum":           {map[string]string{"people.csv": "id,name,kind\n1,a,ADULT\n"}, []string{`line 2, column kind, value "ADULT": is none of adult, child`}},
		"bool":           {map[string]string{"people.csv": "id,name,active\n1,a,maybe\n"}, []string{`value "maybe": is neither true nor false`}},
		"time":           {map[string]string{"people.csv": "id,name,seen_at\n1,a,2014-02-30T00:00:00Z\n"}, []string{`value "2014-02-30T00:00:00Z": is not a time`}},
		"date":           {map[string]string{"people.csv": "id,name,born\n1,a,21.1.2014\n"}, []string{`value "21.1.2014": is not a date`}},
		"json":           {map[string]string{"people.csv": "id,name,data\n1,a,{\n"}, []string{`value "{": is not JSON`}},
		"bytes":          {map[string]string{"people.csv": "id,name,photo\n1,a,?\n"}, []string{`value "?": is not base64`}},
		"uuid":           {map[string]string{"people.csv": "id,name,ref\n1,a,?\n"}, []string{`value "?": is not a UUID`}},
		"nul":            {map[string]string{"people.csv": head + "1,a\x00b,\n"}, []string{`line 2, column name`, "contains a NUL"}},
		"not UTF-8":      {map[string]string{"people.csv": head + "1,\xff,\n"}, []string{`line 2, column name`, "is not valid UTF-8"}},
		"cells":          {map[string]string{"people.csv": head + "1,a,\n2,b\n"}, []string{"people.csv, line 3: has more or fewer cells than the header"}},
		"quotes":         {map[string]string{"people.csv": head + "1,a\"b,\n"}, []string{"people.csv, line 2: has a quote at character"}},
		"no object":      {map[string]string{"people.jsonl": `{"id":1,"name":"a"}` + "\n[1]\n"}, []string{"people.jsonl, line 2: is not one JSON object"}},
		"null":           {map[string]string{"people.jsonl": `{"id":1,"name":null}`}, []string{"people.jsonl, line 1, column name", "is null, but the column needs a value"}},
		"no text":        {map[string]string{"people.jsonl": `{"id":1,"name":5}`}, []string{`people.jsonl, line 1, column name, value "5": is not a JSON string`}},
		"absent":         {map[string]string{"people.jsonl": `{"id":1,"name":"a"}` + "\n" + `{"id":2}`}, []string{"people.jsonl, line 2, column name", "needs a value"}},
		"unique in file": {map[string]string{"people.csv": head + "1,a,x\n2,b,y\n3,c,x\n4,d,z\n"}, []string{`people.csv, line 4, column nick, value "x": is there already`}},
		"key in file":    {map[string]string{"people.csv": head + "1,a,x\n1,b,y\n"}, []string{`people.csv, line 3, column id, value "1": is there already`}},
		"reference": {
			map[string]string{"people.csv": head + "1,a,x\n", "pets.csv": "id,name,owner_id\n1,a,1\n2,b,7\n3,c,1\n"},
			[]string{`pets.csv, line 3, column owner_id, value "7": refers to a row`, "does not exist"},
		},
		"reference to itself": {
			map[string]string{"people.csv": "id,name,bossId\n1,a,2\n2,b,\n3,c,4\n"},
			[]string{`people.csv, line 4, column bossId, value "4": refers to a row`},
		},
		"reference to a later table": {
			map[string]string{"people.csv": "id,name,best_id\n1,a,2\n2,b,3\n", "pets.csv": "id,name,owner_id\n2,a,1\n"},
			[]string{`people.csv, line 3, column best_id, value "3": refers to a row`},
		},
	}
	both(t, func(t *testing.T, db *store.DB) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				_, err := load.Folder(t.Context(), db, tables(), catalog(), folder(t, c.files), load.Options{})
				if err == nil {
					t.Fatal("loaded")
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error:\n%v\nwant\n%s", err, want)
					}
				}
				if empty, err := migrate.Empty(t.Context(), db, tables()); err != nil || !empty {
					t.Errorf("something was left behind: %v", err)
				}
			})
		}
	})
}

func TestSkipUnknown(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		dir := folder(t, map[string]string{"people.csv": "age,id,name\n3,1,a\n", "cars.csv": "id\n1\n"})
		result, err := load.Folder(t.Context(), db, tables(), nil, dir, load.Options{SkipUnknown: true})
		if err != nil || len(result.Skipped) != 2 {
			t.Fatalf("skipped %q, %v; want two things", result.Skipped, err)
		}
		if got := lines(t, db, `SELECT id, name FROM people`); !slices.Equal(got, []string{"1|a"}) {
			t.Errorf("people: %q", got)
		}
		// The row is there now.
		_, err = load.Folder(t.Context(), db, tables(), nil, dir, load.Options{SkipUnknown: true})
		var p *load.Problem
		if !errors.As(err, &p) || p.Line != 2 || p.Reason != "is there already" {
			t.Errorf("second time: %v", err)
		}
	})
}
