package requestid_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/internal/requestid"
)

func TestOf(t *testing.T) {
	for given, kept := range map[string]bool{
		"": false, "01J-a.b_C": true, strings.Repeat("x", 64): true, strings.Repeat("x", 65): false,
		"a b": false, "a\x1b[31m": false, "é": false, `a"level=ERROR`: false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set(requestid.Header, given)
		if id := requestid.Of(r); (id == given) != kept || id == "" {
			t.Errorf("%q became %q", given, id)
		}
	}
}
