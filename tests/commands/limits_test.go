package commands

import (
	"strings"
	"testing"
)

// Each limit is a setting: what is refused where it is low passes, or fails otherwise, with the default.
func TestLimits(t *testing.T) {
	t.Chdir(t.TempDir())
	usual := start(t, map[string]string{"ENTWINE_DEV_KEY": "k"}, "dev")
	low := start(t, map[string]string{
		"ENTWINE_DEV_KEY": "k", "ENTWINE_PAGE_SIZE": "2", "ENTWINE_MAX_PAGE_SIZE": "3", "ENTWINE_MAX_ROWS": "6", "ENTWINE_MAX_IDS": "2", "ENTWINE_MAX_BYTES": "900",
		"ENTWINE_MAX_WHERE_DEPTH": "2", "ENTWINE_MAX_WHERE_CONDITIONS": "3", "ENTWINE_MAX_WHERE_VALUES": "2", "ENTWINE_MAX_BODY_BYTES": "2000",
		"ENTWINE_MAX_TOKENS": "60", "ENTWINE_MAX_SELECTIONS": "8", "ENTWINE_MAX_FIELDS": "7", "ENTWINE_MAX_FRAGMENTS": "4", "ENTWINE_MAX_OPERATIONS": "1",
		"ENTWINE_MAX_DEPTH": "3", "ENTWINE_MAX_INTROSPECTION_DEPTH": "3", "ENTWINE_MAX_ALIASES": "1", "ENTWINE_MAX_DIRECTIVES": "1", "ENTWINE_MAX_ERRORS": "1",
	}, "dev")
	for name, c := range map[string]struct{ query, refusal string }{
		"page size":           {`{ tags(first: 4) { totalCount } }`, "first must be at most 3"},
		"rows":                {`{ posts(first: 3) { nodes { tags(first: 3) { nodes { id } } } } }`, "at most 6 are allowed"},
		"ids":                 {`{ nodes(ids: ["UG9zdDox", "UG9zdDoy", "UG9zdDoz"]) { id } }`, "more than 2 ids"},
		"bytes":               {`{ posts(first: 3) { nodes { body } } }`, "too much data"},
		"where depth":         {`{ posts(where: { not: { not: { not: {} } } }) { totalCount } }`, "more than 2 deep"},
		"where conditions":    {`{ posts(where: { score: { gt: 1, lt: 2, gte: 1, lte: 3 } }) { totalCount } }`, "more than 3 conditions"},
		"where values":        {`{ posts(where: { score: { in: [1, 2, 3] } }) { totalCount } }`, "more than 2 values"},
		"body":                {`{ tags { totalCount } }` + strings.Repeat(" ", 3000), "2000 bytes"},
		"tokens":              {`{ posts(where: { score: { in: [` + strings.Repeat("1, ", 70) + `] } }) { totalCount } }`, "tokens"},
		"selections":          {`{ tags { nodes { id id id id id id id } } }`, "9 selections; at most 8"},
		"fields":              {`{ tags { nodes { ...F ...F ...F } } } fragment F on Tag { id name }`, "more than 7 fields"},
		"fragments":           {`{ tags { ...A ...A ...A ...A } } fragment A on TagConnection { totalCount }`, "at most 4"},
		"operations":          {`query A { tags { totalCount } } query B { tags { totalCount } }`, "2 operations; at most 1"},
		"depth":               {`{ posts(first: 1) { nodes { author { posts(first: 1) { nodes { author { id } } } } } } }`, "at most 3 are allowed"},
		"introspection depth": {`{ __schema { types { fields { type { name } } } } }`, "at most 3 are allowed"},
		"aliases":             {`{ a: tags { totalCount } b: tags { totalCount } }`, "2 aliases; at most 1"},
		"directives":          {`{ tags { totalCount @skip(if: false) nodes @include(if: true) { id } } }`, "2 directives; at most 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, answer := low.post(t, "k", c.query)
			expect(t, answer, c.refusal)
			if _, answer = usual.post(t, "k", c.query); strings.Contains(answer, c.refusal) || name != "operations" && strings.Contains(answer, `"errors"`) {
				t.Errorf("the default refuses it: %.500s", answer)
			}
		})
	}
	const wrong = `{ post(id: "x") { id } tags(first: -1) { totalCount } }`
	for s, want := range map[*running]int{low: 1, usual: 2} {
		if _, answer := s.post(t, "k", wrong); strings.Count(answer, `"locations"`) != want {
			t.Errorf("not %d errors: %s", want, answer)
		}
	}
	const list = `{ tags { nodes { id } } }`
	for s, want := range map[*running]int{low: 2, usual: 20} {
		if _, answer := s.post(t, "k", list); strings.Count(answer, `"id"`) != want {
			t.Errorf("not %d rows: %s", want, answer)
		}
	}
}
