package store

import (
	"os"
	"slices"
	"testing"
)

// Postgres' own programs have to connect as securely as the gateway does, and to the same place.
func TestLibpqEnv(t *testing.T) {
	t.Setenv("PGSSLMODE", "") // restored at the end
	_ = os.Unsetenv("PGSSLMODE")
	for _, c := range []struct {
		url  string
		want []string
	}{
		{"postgres://ada:s%40cret@db.example.com:5433/shop", []string{"PGHOST=db.example.com", "PGPORT=5433", "PGUSER=ada", "PGPASSWORD=s@cret", "PGDATABASE=shop", "PGSSLMODE=verify-full"}},
		{"postgres://ada@localhost/shop", []string{"PGHOST=localhost", "PGSSLMODE=prefer"}},
		{"postgres://ada@db.example.com/shop?sslmode=require", []string{"PGSSLMODE=require"}},
		{"postgres:///shop?user=ada&host=/run/pg", []string{"PGHOST=/run/pg", "PGSSLMODE=prefer"}},
	} {
		got, err := LibpqEnv(c.url)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %s is missing in %q", c.url, want, got)
			}
		}
	}
}
