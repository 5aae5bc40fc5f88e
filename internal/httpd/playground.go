package httpd

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/entwine-data/entwine/web"
)

// Playground is what the page at /playground starts with.
type Playground struct {
	// Name is the application's name, for the page's title. Defaults to "Entwine".
	Name string
	// Key is put into the headers pane as a bearer token. Everybody who can open the page can read it.
	Key string
	// Examples are opened as tabs, the first one in front.
	Examples []Example
}

// Example is an operation to try. A comment at the start of the query explains it; the operation's name names the tab.
type Example struct {
	Query     string `json:"query"`
	Variables string `json:"variables,omitempty"` // a JSON object
}

// pagePolicy is the content security policy of the page and of its workers. Nothing comes from another host and no inline
// script runs. Monaco and GraphiQL set style attributes and add style elements, so styles cannot be as strict.
const pagePolicy = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (p *Playground) handler() http.Handler {
	settings := struct {
		Name     string            `json:"name"`
		Endpoint string            `json:"endpoint"`
		Headers  map[string]string `json:"headers"`
		Examples []Example         `json:"examples"`
	}{p.Name, "/graphql", map[string]string{}, p.Examples}
	if settings.Name == "" {
		settings.Name = "Entwine"
	}
	if p.Key != "" {
		settings.Headers["Authorization"] = "Bearer " + p.Key
	}
	if settings.Examples == nil {
		settings.Examples = []Example{}
	}
	files := http.StripPrefix("/playground", http.FileServerFS(web.Files()))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", pagePolicy)
		switch path := r.URL.Path; {
		case path == "/playground/settings.json":
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_ = json.NewEncoder(w).Encode(settings)
		case path == "/playground":
			http.ServeFileFS(w, r, web.Files(), "index.html")
		case strings.HasPrefix(path, "/playground/assets/") && !strings.HasSuffix(path, "/"):
			// Their names change with their content.
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			files.ServeHTTP(w, r)
		default:
			http.Redirect(w, r, "/playground", http.StatusFound)
		}
	})
}
