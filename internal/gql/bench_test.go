package gql_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/gql"
)

// BenchmarkRequest shows what a request costs besides its execution: with its document in the cache, with a new document
// every time, and with the most expensive documents to validate that the limits let through.
func BenchmarkRequest(b *testing.B) {
	plain := `query Q($n: Int!){int(n:$n) posts{edges{node{id title author{name}}} pageInfo{hasNextPage}}} `
	overlap := "{" + strings.Repeat("posts{pageInfo{hasNextPage}} ", 140) + "}"
	nested := "{" + strings.Repeat("posts{nodes{author{posts{nodes{id title}}}}} ", 58) + "}"
	var spread strings.Builder
	spread.WriteString("{")
	for i := range 65 {
		spread.WriteString("...F" + string(rune('A'+i/26)) + string(rune('a'+i%26)) + " ")
	}
	spread.WriteString("}")
	for i := range 65 {
		spread.WriteString("fragment F" + string(rune('A'+i/26)) + string(rune('a'+i%26)) + " on Query{posts{nodes{id}}} ")
	}
	for _, c := range []struct {
		name, query string
		cold        bool
	}{
		{"cached", plain, false},
		{"new", plain, true},
		{"overlap", overlap, true},
		{"nested", nested, true},
		{"fragments", spread.String(), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := gql.New(newTestSchema(), gql.Config{CachedDocuments: 1})
			variables := `{"n":7}`
			body := with(c.query, variables)
			other := with("{hello}", "{}")
			b.ReportAllocs()
			for b.Loop() {
				for _, text := range []string{body, other} {
					if text == other && !c.cold {
						continue // the other document pushes this one out of the cache
					}
					r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(text))
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					if w.Code != http.StatusOK {
						b.Fatal(w.Body.String())
					}
				}
			}
		})
	}
}
