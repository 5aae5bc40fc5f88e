package queries

import (
	"path/filepath"
	"testing"

	"github.com/entwine-data/entwine/internal/pgtest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// BenchmarkOperation measures whole operations in process, from the request's body to the response's: with the test's
// request and recorder, whose part the first one shows.
func BenchmarkOperation(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		url := "sqlite:" + filepath.Join(b.TempDir(), "bench.db")
		if database == "postgres" {
			url = pgtest.New(b)
		}
		app := testapp.Open(b, url).Demo(b, 100)
		app.Quiet()
		for _, c := range []struct{ name, query string }{
			{"typename", `{ __typename }`},
			{"by id with author", `{ post(id: "UG9zdDo0Mg==") { id title body status createdAt author { id name } } }`},
			{"50 newest", `{ posts(first: 50) { nodes { id title slug status createdAt } } }`},
			{"50 with comments", `{ posts(first: 50) { nodes { id title author { id name } comments(first: 10) { nodes { id message author { id name } } } } } }`},
			{"100 flat", `{ comments(first: 100) { nodes { id message score kind createdAt } } }`},
		} {
			b.Run(database+"/"+c.name, func(b *testing.B) {
				app.Must(b, testapp.Admin, c.query, nil)
				b.ReportAllocs()
				for b.Loop() {
					app.Send(b, testapp.Admin, c.query, nil)
				}
			})
		}
	}
}
