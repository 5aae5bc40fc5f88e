package search

import (
	"database/sql"
	"strings"
	"testing"
	"unicode"

	_ "github.com/lib/pq"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/internal/pgtest"
)

// tokenizer cuts texts into words as a database does, each word once for each place where it stands.
type tokenizer func(t testing.TB, texts []string) []string

// The scripts in which the databases agree about every letter but the listed ones.
var scripts = []*unicode.RangeTable{
	unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Hebrew, unicode.Arabic, unicode.Thai,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
}

// apart are letters that SQLite's tables, which are older, do not know the other case of, and those with two accents that it
// leaves alone.
const apart = "ǠǡͿԨԪԬԮ"

// TestWords: SQLite, Postgres and Go cut text into the same words, tried with every character there is.
func TestWords(t *testing.T) {
	onSQLite, onPostgres := sqliteWords(t), postgresWords(t)
	var texts []string
	var runes []rune
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) && r != 0xFFFD {
			texts, runes = append(texts, "q"+string(r)+"q"), append(runes, r)
		}
	}
	lite, pg := onSQLite(t, texts), onPostgres(t, texts)
	differ := 0
	for i, text := range texts {
		want := strings.Join(words(text), " ")
		r := runes[i]
		if pg[i] != want && r < 0x10000 && unicode.In(r, scripts...) {
			t.Errorf("%U %c: %q on Postgres, %q here", r, r, pg[i], want)
		}
		if lite[i] == want || strings.ContainsRune(apart, r) {
			continue
		}
		if differ++; unicode.In(r, scripts...) && unicode.In(r, unicode.L, unicode.Nd) && r < 0x1000 {
			t.Errorf("%U %c: %q on SQLite, %q here", r, r, lite[i], want)
		}
	}
	t.Logf("%d of %d characters differ on SQLite", differ, len(texts))
}

// TestWordsOfTexts does so with texts.
func TestWordsOfTexts(t *testing.T) {
	onSQLite, onPostgres := sqliteWords(t), postgresWords(t)
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "B", "é", "É", "1", "23", "e", "x", "0", "-", ".", ",", "'", "@", "/", " ", "\n", "<", ">", "&amp;", "http://", ".com", "_", "+", "%", ":", "мир", "ΟΣ", "ς", "ß", "İ", "ı",
			"東", "京", "ﬁ", "ǆ", "ñ", "n\u0303", "Ǆ", "😀", "²", "½", "٣", "한국", "שלום", "ا", "ø", "Ł",
		}), 0, 12).Draw(r, "parts"), "")
		want := strings.Join(words(text), " ")
		if got := onSQLite(t, []string{text})[0]; got != want {
			r.Fatalf("%q: %q on SQLite, %q here", text, got, want)
		}
		if got := onPostgres(t, []string{text})[0]; got != want {
			r.Fatalf("%q: %q on Postgres, %q here", text, got, want)
		}
	})
}

func sqliteWords(t *testing.T) tokenizer {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	d := &Definition{Table: "t", Key: "id", Integer: true, Fields: []Field{{"x", "A"}}}
	must(t, db, "CREATE TABLE t (id integer PRIMARY KEY, x text)")
	for _, s := range d.sqliteCreate() {
		must(t, db, s.SQL)
	}
	must(t, db, "CREATE VIRTUAL TABLE seen USING fts5vocab("+d.Name()+", instance)")
	return func(t testing.TB, texts []string) []string {
		must(t, db, "DELETE FROM t")
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			must(t, tx, "INSERT INTO t VALUES (?, ?)", i, text)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		return gather(t, db, "SELECT doc, term FROM seen ORDER BY doc, offset", len(texts))
	}
}

func postgresWords(t *testing.T) tokenizer {
	db, err := sql.Open("postgres", pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &Definition{Table: "t", Key: "id", Integer: true, Fields: []Field{{"x", "A"}}}
	must(t, db, "CREATE TABLE t (id int PRIMARY KEY, x text)")
	for _, s := range d.postgresCreate() {
		must(t, db, s.SQL)
	}
	return func(t testing.TB, texts []string) []string {
		must(t, db, "TRUNCATE t")
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		rows, err := tx.Prepare("COPY t FROM STDIN")
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			if _, err := rows.Exec(i, text); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := rows.Exec(); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		return gather(t, db, "SELECT id, lexeme FROM t, unnest(entwine_search) w(lexeme, positions, weights), unnest(positions) p ORDER BY id, p", len(texts))
	}
}

// executor is a database or a transaction.
type executor interface {
	Exec(query string, args ...any) (sql.Result, error)
}

func must(t testing.TB, db executor, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// gather reads rows of a text's number and a word.
func gather(t testing.TB, db *sql.DB, query string, n int) []string {
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := make([][]string, n)
	for rows.Next() {
		var i int
		var word string
		if err := rows.Scan(&i, &word); err != nil {
			t.Fatal(err)
		}
		found[i] = append(found[i], word)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	out := make([]string, n)
	for i := range found {
		out[i] = strings.Join(found[i], " ")
	}
	return out
}
