package queries

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestWrongArguments: pages that cannot be are input errors, which name the argument, and the limit if there is one, at the root, below
// one row and below many. Nothing is read for them at the root.
func TestWrongArguments(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		app := testapp.Open(t, url).Demo(t, 10)
		r := app.Must(t, testapp.Admin, `{ posts(first: 1) { edges { cursor node { id comments(first: 1) { edges { cursor } } } } } }`, nil)
		for i, c := range []struct {
			arguments       string // CURSOR is a good one
			argument, limit string
			code            string
		}{
			{`first: -1`, "first", "0", "OUT_OF_RANGE"},
			{`last: -2147483648`, "last", "0", "OUT_OF_RANGE"},
			{`first: 101`, "first", "100", "OUT_OF_RANGE"},
			{`last: 2147483647`, "last", "100", "OUT_OF_RANGE"},
			{`offset: -1`, "offset", "0", "OUT_OF_RANGE"},
			{`first: 1, last: 1`, "last", "null", "INVALID"},
			{`first: 0, last: 0`, "last", "null", "INVALID"},
			{`last: 1, offset: 1`, "offset", "null", "INVALID"},
			{`last: 1, offset: 0`, "offset", "null", "INVALID"},
			{`first: 1, offset: 0, after: CURSOR`, "offset", "null", "INVALID"},
			{`first: 1, offset: 3, before: CURSOR`, "offset", "null", "INVALID"},
			{`first: 1, after: "WyIxIl0"`, "after", "null", "INVALID_FORMAT"},
			{`last: 1, before: ""`, "before", "null", "INVALID_FORMAT"},
		} {
			for at, place := range map[string]struct{ query, cursor string }{
				"root":  {`{ list: posts(ARGUMENTS) { nodes { id } pageInfo { hasNextPage } } }`, r.At("posts", "edges", 0, "cursor").(string)},
				"one":   {`{ post(id: "` + r.At("posts", "edges", 0, "node", "id").(string) + `") { list: comments(ARGUMENTS) { nodes { id } } } }`, ""},
				"many":  {`{ posts(first: 3) { nodes { list: comments(ARGUMENTS) { totalCount } } } }`, ""},
				"group": {`{ list: postGroups(by: [{ field: STATUS }], ARGUMENTS) { aggregate { count } } }`, ""},
			} {
				if at == "group" && (i > 4 || c.argument == "last") {
					continue // groups have no cursors
				}
				if place.cursor == "" && at != "group" {
					place.cursor = r.At("posts", "edges", 0, "node", "comments", "edges", 0, "cursor").(string)
				}
				app.Statements()
				got := app.Do(t, testapp.Admin, strings.ReplaceAll(strings.Replace(place.query, "ARGUMENTS", c.arguments, 1), "CURSOR", strconv.Quote(place.cursor)), nil)
				statements, _ := app.Statements()
				if len(got.Errors) == 0 || len(got.Errors[0].Extensions.Fields) != 1 || got.Code() != "BAD_USER_INPUT" {
					t.Errorf("%s, %s: %s", at, c.arguments, got.Raw)
					continue
				}
				f := got.Errors[0].Extensions.Fields[0]
				limit, _ := json.Marshal(f.Limit)
				if fmt.Sprint(f.Path) != "["+c.argument+"]" || f.Code != c.code || string(limit) != c.limit || f.Message == "" {
					t.Errorf("%s, %s: %s", at, c.arguments, got.Raw)
				}
				if (at == "root" || at == "group") && len(statements) > 0 {
					t.Errorf("%s, %s: %q", at, c.arguments, statements)
				}
			}
		}
	})
}
