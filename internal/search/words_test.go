package search

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"unicode"

	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"

	"github.com/entwine-data/entwine/internal/pgtest"
)

func TestExperiment(t *testing.T) {
	lite, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	lite.SetMaxOpenConns(1)
	pg, err := sql.Open("postgres", pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	var v string
	lite.QueryRow("select sqlite_version()").Scan(&v)
	t.Log(v)
	exec := func(db *sql.DB, q string, args ...any) {
		t.Helper()
		if _, err := db.Exec(q, args...); err != nil {
			t.Fatal(q, err)
		}
	}
	exec(lite, `CREATE VIRTUAL TABLE f USING fts5(x, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2 categories 'L* Nd'")`)
	exec(lite, `CREATE VIRTUAL TABLE v USING fts5vocab(f, instance)`)
	var docs []string
	exec(lite, "BEGIN")
	exec(pg, "CREATE TABLE d (id int, x text)")
	tx, _ := pg.Begin()
	ins, err := tx.Prepare("COPY d FROM STDIN")
	if err != nil {
		t.Fatal(err)
	}
	for c := rune(1); c <= unicode.MaxRune; c++ {
		if c >= 0xD800 && c < 0xE000 || unicode.In(c, unicode.Co, unicode.Cs) || c > 0x20000 && c < 0xE0000 || !unicode.In(c, unicode.L, unicode.N, unicode.M, unicode.P, unicode.S, unicode.Z, unicode.C) {
			continue
		}
		doc := "q" + string(c) + "q"
		docs = append(docs, doc)
		exec(lite, "INSERT INTO f (rowid, x) VALUES (?, ?)", len(docs), doc)
		if _, err := ins.Exec(len(docs), doc); err != nil {
			t.Fatal(err)
		}
	}
	exec(lite, "COMMIT")
	if _, err := ins.Exec(); err != nil {
		t.Fatal(err)
	}
	ins.Close()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	fts := make([][]string, len(docs)+1)
	rows, err := lite.Query("SELECT doc, term FROM v ORDER BY doc, offset")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var d int
		var term string
		rows.Scan(&d, &term)
		fts[d] = append(fts[d], term)
	}
	ps := make([]string, len(docs)+1)
	rows, err = pg.Query("SELECT id, " + normalized("x", 1000) + ", array_to_string(ARRAY(SELECT lexeme FROM unnest(to_tsvector('pg_catalog.simple', " + normalized("x", 1000) + ")) ORDER BY positions), ' ') FROM d")
	if err != nil {
		t.Fatal(err)
	}
	parser := 0
	for rows.Next() {
		var d int
		var s, l string
		rows.Scan(&d, &s, &l)
		ps[d] = strings.Join(strings.Fields(s), " ")
		if l != ps[d] && ps[d] != "q q" {
			parser++
			if parser < 20 {
				t.Logf("parser %q %q", ps[d], l)
			}
		}
	}
	a, b := map[string]int{}, 0
	_ = b
	for i, doc := range docs {
		f, p, g := strings.Join(fts[i+1], " "), ps[i+1], strings.Join(words(doc), " ")
		if r := []rune(doc)[1]; (f != p || p != g) && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
			kind := fmt.Sprint(f == g, p == g, f == p)
			a[kind]++
			if a[kind] < 60 {
				t.Logf("%U %c fts=%q pg=%q go=%q L=%v Nd=%v M=%v", r, r, f, p, g, unicode.IsLetter(r), unicode.Is(unicode.Nd, r), unicode.Is(unicode.M, r))
			}
		}
	}
	t.Log(len(docs), a, "parser", parser)
}
