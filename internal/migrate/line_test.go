package migrate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/internal/store"
)

// TestTwoLines applies two lines to one database. Neither sees the other's history.
func TestTwoLines(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lines.db"), "postgres": pgtest.New(t)} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			ours := line(t, "20260101000000_keys", "CREATE TABLE entwine_keys (id bigint);\n")
			ours.Table = "entwine_system_migrations"
			theirs := line(t, "20260101000000_posts", "CREATE TABLE posts (id bigint);\n")
			for range 2 {
				for _, l := range []migrate.Line{ours, theirs} {
					r := &migrate.Runner{DB: db, Line: l}
					if _, err := r.Up(t.Context(), 0); err != nil {
						t.Fatal(err)
					}
					st, err := r.Status(t.Context())
					if err != nil || len(st.Entries) != 1 || len(st.In(migrate.Applied)) != 1 {
						t.Errorf("%+v, %v", st, err)
					}
				}
			}
			if err := migrate.CheckDrift(t.Context(), &migrate.Runner{DB: db, Line: theirs}, url); err != nil {
				t.Errorf("the framework's tables are taken for the application's: %v", err)
			}
		})
	}
}

// line is one migration for both databases.
func line(t *testing.T, name, text string) migrate.Line {
	t.Helper()
	dir := t.TempDir()
	for _, dialect := range []string{"sqlite", "postgres"} {
		if err := os.Mkdir(filepath.Join(dir, dialect), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, dialect, name+".up.sql"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := migrate.Hash(dir); err != nil {
		t.Fatal(err)
	}
	return migrate.Line{Files: os.DirFS(dir)}
}
