package commands

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestRouteBesideTheAPI sends a comment to the reference application's own route, as a shell would.
func TestRouteBesideTheAPI(t *testing.T) {
	t.Chdir(t.TempDir())
	s := start(t, nil, "dev")
	_, body := s.post(t, "", `{ posts(first: 1) { nodes { slug } } }`)
	var found struct {
		Data struct {
			Posts struct{ Nodes []struct{ Slug string } }
		}
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil || len(found.Data.Posts.Nodes) != 1 {
		t.Fatal(err, body)
	}
	_, token, _ := run(t, nil, "token", "--user", "5")
	comment := func(token string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/posts/"+found.Data.Posts.Nodes[0].Slug+"/comments",
			strings.NewReader(`{"message": "A comment by a route"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	status, body := comment(strings.TrimSpace(token))
	expect(t, body, `{"id":"`)
	if status != http.StatusCreated {
		t.Errorf("status %d", status)
	}
	for _, stranger := range []string{"", "nobody.knows.this"} {
		status, body := comment(stranger)
		expect(t, body, `"UNAUTHENTICATED"`)
		if status != http.StatusUnauthorized {
			t.Errorf("status %d", status)
		}
	}
	_, body = s.post(t, "", `{ comments(where: { message: { eq: "A comment by a route" } }) { nodes { author { id } } } }`)
	expect(t, body, `{"data":{"comments":{"nodes":[{"author":{"id":"VXNlcjo1"}}]}}}`)
}
