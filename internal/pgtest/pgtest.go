// Package pgtest gives each test an empty Postgres database of its own, so that tests run against the real thing without
// anyone having to set up a server.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	_ "github.com/lib/pq"

	"github.com/entwine-data/entwine/internal/testenv"
)

// New creates an empty database and returns its URL. The database is dropped when the test ends. It lives on the server that
// ENTWINE_TEST_POSTGRES names, whose user must be allowed to create databases, or else on a throw-away one that is started
// with the first call. Where neither is to be had, the test is skipped, or fails if ENTWINE_TEST_REQUIRE asks for postgres.
func New(t testing.TB) (url string) {
	t.Helper()
	return create(t, "")
}

// NewEnglish is like New, but text is ordered as in an English dictionary unless a column says otherwise. It skips the
// test where the server cannot do that.
func NewEnglish(t testing.TB) (url string) {
	t.Helper()
	return create(t, " LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING 'UTF8' LOCALE 'C.UTF-8'")
}

func create(t testing.TB, locale string) string {
	t.Helper()
	first := os.Getenv("ENTWINE_TEST_POSTGRES")
	if first == "" {
		srv, err := throwAway()
		if err != nil {
			testenv.Lacking(t, testenv.Postgres, "set ENTWINE_TEST_POSTGRES or install the server: "+err.Error())
		}
		first = srv.url
	}
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal("ENTWINE_TEST_POSTGRES is not a URL")
	}
	admin, err := sql.Open("postgres", first)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := "entwine_test_" + strings.ToLower(rand.Text()[:12])
	ctx := context.Background()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"+locale); err != nil {
		if locale != "" {
			t.Skipf("SKIPPED, NOT PASSED: the server has no English collation: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin, err := sql.Open("postgres", first)
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		if _, err := admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(fmt.Errorf("drop test database: %w", err))
		}
	})
	u.Path = "/" + name
	return u.String()
}

var throwAway = sync.OnceValues(start)
