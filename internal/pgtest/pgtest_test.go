package pgtest

import (
	"context"
	"database/sql"
	"testing"
)

func TestNewGivesAnEmptyDatabase(t *testing.T) {
	urls := map[string]bool{}
	for range 2 {
		url := New(t)
		urls[url] = true
		db, err := sql.Open("postgres", url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var tables int
		query := `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`
		if err := db.QueryRowContext(context.Background(), query).Scan(&tables); err != nil || tables != 0 {
			t.Errorf("%d tables, %v; want none", tables, err)
		}
	}
	if len(urls) != 2 {
		t.Errorf("the same database twice: %v", urls)
	}
}

func TestNewEnglishOrdersAsADictionary(t *testing.T) {
	db, err := sql.Open("postgres", NewEnglish(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var less bool
	if err := db.QueryRowContext(context.Background(), `SELECT 'a'::text < 'B'::text`).Scan(&less); err != nil || !less {
		t.Errorf("'a' < 'B' is %t, %v; want true", less, err)
	}
}
