package newproject

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestTenantsTutorial follows docs/tutorial-tenants.md from an empty folder: it writes its files, runs its commands, sends its
// operations with the token that was made last, and compares what comes back. This is the end-to-end test of tenants.
func TestTenantsTutorial(t *testing.T) {
	testenv.WatchSources(t)
	root := testenv.Root(t)
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "off")
	page, err := os.ReadFile(filepath.Join(root, "docs", "tutorial-tenants.md"))
	if err != nil {
		t.Fatal(err)
	}
	p := project{filepath.Join(t.TempDir(), "desk")}
	var s *server
	var token, answer string
	for _, b := range blocks(string(page)) {
		switch {
		case slices.Contains(b.words, "part"):
			if !strings.Contains(p.read(t, b.file), b.text) {
				t.Errorf("%s does not hold\n%s\n%s", b.file, b.text, p.read(t, b.file))
			}
		case b.file == "graph/board.graphql":
			s.save(t, b, "missing method", "goes on as it was")
		case b.file == "graph/board.resolvers.go":
			s.save(t, b, "Ready again")
		case b.file != "":
			p.write(t, b)
		case b.lang == "sh" && strings.Contains(b.text, "go run . new"):
			project{root}.run(t, "sh", "-c", strings.ReplaceAll(b.text, "../desk", p.dir))
		case b.lang == "sh" && strings.Contains(b.text, "go run . dev"):
			binary := filepath.Join(t.TempDir(), "desk")
			p.run(t, "go", "build", "-o", binary, ".")
			s = p.dev(t, binary)
		case b.lang == "sh":
			answer = p.run(t, "sh", "-c", b.text)
			if strings.Contains(b.text, "go run . token") {
				token = strings.TrimSpace(answer)
			}
		case b.lang == "graphql":
			answer = s.askAs(t, token, b)
		case b.lang == "text" && strings.Join(strings.Fields(b.text), " ") != strings.Join(strings.Fields(answer), " "):
			t.Errorf("not what it says:\n%s", cmp.Diff(b.text, answer))
		case b.lang == "json":
			sameJSON(t, b.text, answer)
		}
	}
	s.kill(t)
}

// askAs sends an operation with a token. It has to succeed, unless the block says how it fails.
func (s *server) askAs(t *testing.T, token string, b block) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": b.text})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	code, want := "", ""
	if len(got.Errors) > 0 {
		code = got.Errors[0].Extensions.Code
	}
	if i := slices.Index(b.words, "fails"); i >= 0 {
		want = b.words[i+1]
	}
	if code != want {
		t.Errorf("code %q, not %q\n%s\n%s", code, want, b.text, answer)
	}
	return string(answer)
}

func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatalf("%v: %s", err, want)
	}
	if err := json.Unmarshal([]byte(got), &b); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("not what comes back:\n%s", diff)
	}
}
