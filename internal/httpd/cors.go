package httpd

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entwine-data/entwine/internal/idempotency"
	"github.com/entwine-data/entwine/internal/requestid"
)

var varyOrigin = []string{"Origin"} // nobody changes it: a list that is full is copied when something is added

// cors lets pages of other origins call the API. Credentials of the browser (cookies) are never allowed across origins;
// a page sends a token.
func cors(origins []string, development bool, methods string) func(http.Handler) http.Handler {
	allowed := func(origin string) bool {
		return slices.Contains(origins, origin) || development && loopbackOrigin(origin)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h["Vary"] = varyOrigin
			ok := false
			if origin := r.Header.Get("Origin"); origin != "" && allowed(origin) {
				ok = true
				h.Set("Access-Control-Allow-Origin", origin)
				h.Set("Access-Control-Expose-Headers", strings.Join([]string{requestid.Header, idempotency.ReplayHeader, "Retry-After"}, ", "))
			}
			if r.Method != http.MethodOptions {
				next.ServeHTTP(w, r)
				return
			}
			h.Set("Allow", methods+", OPTIONS")
			if ok {
				h.Set("Access-Control-Allow-Methods", methods)
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, "+idempotency.Header)
				h.Set("Access-Control-Max-Age", "600")
			}
			w.WriteHeader(http.StatusNoContent)
		})
	}
}

func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Path == "" && loopback(u.Host)
}
