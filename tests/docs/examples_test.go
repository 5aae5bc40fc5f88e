// Package docs follows the documentation: every example in it runs as it is printed, so that none of them can rot.
package docs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/internal/testenv"
	"github.com/entwine-data/entwine/tests/testapp"
)

// block is one fenced block of a Markdown file. Its info string is the language and then, for "graphql":
//
//	anonymous     who sends it; the administrator of dev if it is not said
//	fails CODE    that the first error has the code; no error otherwise
//	pages         that it is asked again with the variable after or before until the last page, and shows each row once
//	needs         that it refers to something that the reader adds to the schema, and cannot run here
//
// and for "json", with what it belongs to being the last "graphql" block before it:
//
//	variables     what the operation is sent with
//	response      what comes back, word for word
type block struct {
	line int
	info []string
	text string
}

func (b block) is(words ...string) bool {
	return len(b.info) >= len(words) && slices.Equal(b.info[:len(words)], words)
}

func (b block) says(word string) bool { return slices.Contains(b.info, word) }

func blocks(t *testing.T, file string) (all []block) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for i, line := range strings.Split(string(text), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{line: i + 1, info: strings.Fields(info)}
		case fence:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block does not end", file, open.line)
	}
	return all
}

// files are the README and the guides.
func files(t *testing.T) []string {
	t.Helper()
	guides, err := filepath.Glob(filepath.Join(testenv.Root(t), "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{filepath.Join(testenv.Root(t), "README.md")}, guides...)
}

// example is an operation with what is said about it.
type example struct {
	block
	variables map[string]any
	response  *block
}

func examples(t *testing.T, file string) (all []example) {
	t.Helper()
	for _, b := range blocks(t, file) {
		switch {
		case b.is("graphql") && !b.says("needs"):
			all = append(all, example{block: b})
		case b.is("json", "variables"):
			if err := json.Unmarshal([]byte(b.text), &all[len(all)-1].variables); err != nil {
				t.Fatalf("%s:%d: %v", file, b.line, err)
			}
		case b.is("json", "response"):
			all[len(all)-1].response = &b
		}
	}
	return all
}

// TestExamples sends every example, in the order of the pages, to the data that dev starts with.
func TestExamples(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 200)
		for _, file := range files(t) {
			for _, e := range examples(t, file) {
				e.run(t, app, filepath.Base(file))
			}
		}
	})
}

func (e example) run(t *testing.T, app *testapp.App, file string) {
	t.Helper()
	viewer := testapp.Admin
	if e.says("anonymous") {
		viewer = access.Viewer{}
	}
	r := app.Do(t, viewer, e.text, e.variables)
	code, want := "", ""
	if len(r.Errors) > 0 {
		code = r.Errors[0].Extensions.Code
	}
	if i := slices.Index(e.info, "fails"); i >= 0 {
		want = e.info[i+1]
	}
	if code != want {
		t.Errorf("%s:%d: code %q, not %q\n%s", file, e.line, code, want, r.Raw)
	}
	if e.says("pages") {
		e.follow(t, app, file, r)
	}
	if e.response == nil {
		return
	}
	var got, printed any
	if err := json.Unmarshal([]byte(r.Raw), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(e.response.text), &printed); err != nil {
		t.Fatalf("%s:%d: %v", file, e.response.line, err)
	}
	if diff := cmp.Diff(printed, got); diff != "" {
		t.Errorf("%s:%d: not what comes back:\n%s", file, e.response.line, diff)
	}
}

// follow asks for the pages after the first one. Together they have to be as long as the list is.
func (e example) follow(t *testing.T, app *testapp.App, file string, r gatewaytest.Response) {
	t.Helper()
	seen, pages := make(map[string]bool), 0
	for ; ; pages++ {
		var list map[string]any
		var name string
		for name = range r.Data {
			list, _ = r.Data[name].(map[string]any)
		}
		for _, part := range []string{"edges", "nodes"} {
			rows, _ := list[part].([]any)
			for _, row := range rows {
				text, err := json.Marshal(row)
				if err != nil {
					t.Fatal(err)
				}
				if seen[string(text)] {
					t.Errorf("%s:%d: %s is on two pages", file, e.line, text)
				}
				seen[string(text)] = true
			}
		}
		info, _ := list["pageInfo"].(map[string]any)
		next := map[string]any{"after": info["endCursor"]}
		more := info["hasNextPage"] == true
		if _, back := e.variables["before"]; back {
			next, more = map[string]any{"before": info["startCursor"]}, info["hasPreviousPage"] == true
		}
		if !more {
			total := app.Must(t, testapp.Admin, "{ "+name+" { totalCount } }", nil).At(name, "totalCount")
			if total != float64(len(seen)) || pages < 2 {
				t.Errorf("%s:%d: %d rows on %d pages, of %v", file, e.line, len(seen), pages+1, total)
			}
			return
		}
		r = app.Must(t, testapp.Admin, e.text, next)
	}
}

// TestLinks: what a page links to is there.
func TestLinks(t *testing.T) {
	for _, file := range files(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), target)); err != nil {
				t.Errorf("%s links to %s, which is not there", filepath.Base(file), target)
			}
		}
	}
}
