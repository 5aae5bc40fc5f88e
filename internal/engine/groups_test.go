package engine

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

const groupArguments = `where: ThingWhere by: [ThingGroupBy!]! having: ThingHaving orderBy: [ThingGroupOrder!] first: Int offset: Int`

const groupTypes = `
type ThingGroup { key: ThingGroupKey! aggregate: ThingAggregate! }
type ThingGroupKey { token: UUID flag: Boolean mood: Mood price: Decimal ratio: Float narrow: Float big: BigInt small: Int day: Date at: DateTime plain: DateTime code: String
  ownerId: ID twinId: ID twin: ThingGroupKey twinOf: ThingGroupKey }
input ThingGroupBy { field: JSON period: JSON timeZone: String twin: ThingGroupBy twinOf: ThingGroupBy }
input ThingGroupOrder { key: ThingGroupBy direction: JSON nulls: JSON count: JSON sum: JSON avg: JSON min: JSON max: JSON countDistinct: JSON }
input ThingHaving { count: IntFilter sum: JSON avg: JSON min: JSON max: JSON countDistinct: JSON and: [ThingHaving!] or: [ThingHaving!] not: ThingHaving }
type ThingAggregate { count: Int! sum: ThingSum! avg: ThingAverage! min: ThingExtreme! max: ThingExtreme! countDistinct: ThingDistinct! }
type ThingSum { price: Decimal ratio: Float narrow: Float big: BigInt small: BigInt }
type ThingAverage { price: Float ratio: Float narrow: Float big: Float small: Float }
type ThingExtreme { price: Decimal ratio: Float narrow: Float big: BigInt small: Int day: Date at: DateTime code: String }
type ThingDistinct { id: Int! token: Int! flag: Int! mood: Int! price: Int! ratio: Int! narrow: Int! big: Int! small: Int! day: Int! at: Int! code: Int! ownerId: Int! twinId: Int! }
`

const allFigures = `count sum { price ratio narrow big small } avg { price ratio narrow big small } min { price ratio narrow big small day at code }
	max { price ratio narrow big small day at code } countDistinct { id token flag mood price ratio narrow big small day at code ownerId twinId }`

var decimal = regexp.MustCompile(`"-?\d+\.\d+"`)

// withoutZeros takes the zeros at the end of decimals away, which SQLite's NUMERIC columns lose.
func withoutZeros(response string) string {
	return decimal.ReplaceAllStringFunc(response, func(s string) string {
		return strings.TrimRight(strings.TrimRight(strings.TrimSuffix(s, `"`), "0"), ".") + `"`
	})
}

// Both databases make the same groups of values of all types, with the same figures, in the same order.
func TestGroupsOfAllTypes(t *testing.T) {
	apps := typesApp(t)
	same := func(query string) string {
		t.Helper()
		lite, pg := apps["sqlite"](query, nil), withoutZeros(apps["postgres"](query, nil))
		if lite != pg || strings.Contains(lite, `"errors"`) {
			t.Errorf("%s\nSQLite:   %s\nPostgres: %s", query, lite, pg)
		}
		return lite
	}
	// The sum is beyond 64 bits.
	if got := same(`{ things(first: 0) { aggregate { ` + allFigures + ` } } }`); !strings.Contains(got, `"sum":{"price":"`) || !strings.Contains(got, `"big":"21905`) {
		t.Errorf("%s", got)
	}
	for _, f := range thingFields {
		for _, key := range []string{f, "twin." + f, "twinOf." + f} {
			path := strings.Split(key, ".")
			by := "{field: " + strings.ToUpper(f) + "}"
			if len(path) > 1 {
				by = "{" + path[0] + ": " + by + "}"
			}
			shown := strings.Join(path, " { ") + strings.Repeat(" }", len(path)-1)
			for _, order := range []string{"", "{key: " + by + ", direction: DESC, nulls: FIRST}", `{sum: {big: DESC}, nulls: FIRST}`, `{avg: {ratio: ASC}}`, `{max: {price: DESC}}, {min: {code: ASC}}`} {
				same(fmt.Sprintf(`{ thingGroups(by: [%s], first: 100, orderBy: [%s]) { key { %s } aggregate { %s } } }`, by, order, shown, allFigures))
			}
			same(fmt.Sprintf(`{ owners(first: 100) { nodes { thingGroups(by: [%s], first: 2, offset: 1) { key { %[2]s } aggregate { %[3]s } } likeGroups(by: [%[1]s], first: 3) { key { %[2]s } aggregate { count } } } } }`, by, shown, allFigures))
		}
	}
	for _, period := range []string{"HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"} {
		for _, zone := range []string{"", `, timeZone: "Asia/Kathmandu"`, `, timeZone: "America/Havana"`} {
			at := same(`{ thingGroups(by: [{field: AT, period: ` + period + zone + `}]) { key { v: at } aggregate { count } } }`)
			if plain := same(`{ thingGroups(by: [{field: PLAIN, period: ` + period + zone + `}]) { key { v: plain } aggregate { count } } }`); plain != at {
				t.Errorf("%s%s: a column without a zone gives %s, one with it %s", period, zone, plain, at)
			}
		}
		if period != "HOUR" {
			same(`{ thingGroups(by: [{field: DAY, period: ` + period + `}]) { key { day } aggregate { count } } }`)
		}
	}
}

// A condition that a figure equals what was shown finds the groups that show it.
func TestHavingOfAllTypes(t *testing.T) {
	for name, do := range typesApp(t) {
		t.Run(name, func(t *testing.T) {
			for fn, fields := range map[string][]string{
				"sum": {"price", "big", "small", "ratio"}, "avg": {"price", "big", "small", "ratio"},
				"min": {"price", "big", "small", "ratio", "day", "at", "code"}, "countDistinct": {"token", "price", "flag"},
			} {
				for _, f := range fields {
					all := groupsOf(t, do(`{ groups: thingGroups(by: [{field: CODE}, {field: FLAG}], first: 100) { key { code flag } aggregate { x: `+fn+` { v: `+f+` } } } }`, nil))
					with := make(map[any]int)
					for _, g := range all {
						with[value(g)]++
					}
					for v, want := range with {
						filters := []any{map[string]any{"eq": v}, map[string]any{"in": []any{v}}, map[string]any{"gte": v, "lte": v}}
						if v == nil {
							filters = []any{map[string]any{"isNull": true}}
						}
						for _, filter := range filters {
							got := groupsOf(t, do(`query($h: ThingHaving) { groups: thingGroups(by: [{field: CODE}, {field: FLAG}], first: 100, having: $h) { aggregate { x: `+fn+` { v: `+f+` } } } }`,
								map[string]any{"h": map[string]any{fn: map[string]any{f: filter}}}))
							if len(got) != want || value(got[0]) != v {
								t.Errorf("%s of %s %v: %d groups, not %d", fn, f, filter, len(got), want)
							}
						}
					}
				}
			}
		})
	}
}

func value(g map[string]any) any { return g["aggregate"].(map[string]any)["x"].(map[string]any)["v"] }

// groupsOf decodes the groups of a response.
func groupsOf(t *testing.T, response string) []map[string]any {
	t.Helper()
	var r struct {
		Data   struct{ Groups []map[string]any }
		Errors []any
	}
	if err := json.Unmarshal([]byte(response), &r); err != nil || len(r.Errors) > 0 {
		t.Fatalf("%v: %s", err, response)
	}
	return r.Data.Groups
}

// What cannot be asked for is refused, with the argument's path.
func TestGroupsRefused(t *testing.T) {
	for name, do := range typesApp(t) {
		t.Run(name, func(t *testing.T) {
			for args, path := range map[string]string{
				`by: []`:             `"path":["by"]`,
				`by: [{}]`:           `"path":["by",0]`,
				`by: [{field: ID}]`:  `"path":["by",0]`,
				`by: [{field: DOC}]`: `"path":["by",0]`,
				`by: [{field: CODE, twin: {field: CODE}}]`:                                                         `"path":["by",0]`,
				`by: [{field: CODE}, {field: CODE}]`:                                                               `"path":["by",1]`,
				`by: [{field: AT, period: DAY}, {field: AT, period: YEAR}]`:                                        `"path":["by",1]`,
				`by: [{field: CODE, period: DAY}]`:                                                                 `"path":["by",0,"period"]`,
				`by: [{field: DAY, period: HOUR}]`:                                                                 `"path":["by",0,"period"]`,
				`by: [{field: AT, timeZone: "UTC"}]`:                                                               `"path":["by",0,"timeZone"]`,
				`by: [{field: DAY, period: DAY, timeZone: "UTC"}]`:                                                 `"path":["by",0,"timeZone"]`,
				`by: [{twin: {field: AT, period: DAY, timeZone: "Mars/Base"}}]`:                                    `"path":["by",0,"twin","timeZone"]`,
				`by: [{field: null}]`:                                                                              `"path":["by",0,"field"]`,
				`by: [{twin: {twin: {twin: {twin: {field: CODE}}}}}]`:                                              `"path":["by",0,"twin","twin","twin"]`,
				`by: [{field: TOKEN}, {field: FLAG}, {field: MOOD}, {field: PRICE}, {field: RATIO}, {field: BIG}]`: `"path":["by"]`,
				`by: [{field: CODE}], first: 101`:                                                                  `"path":["first"]`,
				`by: [{field: CODE}], first: -1`:                                                                   `"path":["first"]`,
				`by: [{field: CODE}], offset: -1`:                                                                  `"path":["offset"]`,
				`by: [{field: CODE}], orderBy: [{}]`:                                                               `"path":["orderBy",0]`,
				`by: [{field: CODE}], orderBy: [{count: ASC, key: {field: CODE}}]`:                                 `"path":["orderBy",0]`,
				`by: [{field: CODE}], orderBy: [{count: ASC, direction: ASC}]`:                                     `"path":["orderBy",0,"direction"]`,
				`by: [{field: CODE}], orderBy: [{count: ASC, nulls: LAST}]`:                                        `"path":["orderBy",0,"nulls"]`,
				`by: [{field: CODE}], orderBy: [{key: {field: FLAG}}]`:                                             `"path":["orderBy",0,"key"]`,
				`by: [{field: AT, period: DAY}], orderBy: [{key: {field: AT, period: YEAR}}]`:                      `"path":["orderBy",0,"key"]`,
				`by: [{field: CODE}], orderBy: [{sum: {big: ASC, small: ASC}}]`:                                    `"path":["orderBy",0,"sum"]`,
				`by: [{field: CODE}], having: {count: {eq: null}}`:                                                 `"path":["having","count","eq"]`,
				`by: [{field: CODE}], having: {sum: {big: {gt: "x"}}}`:                                             `"path":["having","sum","big","gt"]`,
				`by: [{field: CODE}], having: {not: {not: {not: {not: {not: {}}}}}}`:                               `"path":["having","not","not","not","not","not"]`,
				`by: [{field: CODE}], where: {code: {eq: null}}`:                                                   `"path":["where","code","eq"]`,
			} {
				if got := do(`{ thingGroups(`+args+`) { aggregate { count } } }`, nil); !strings.Contains(got, "BAD_USER_INPUT") || !strings.Contains(got, path) {
					t.Errorf("%s: %s", args, got)
				}
			}
		})
	}
}
