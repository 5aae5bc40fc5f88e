package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/entity"
	"github.com/entwine-data/entwine/internal/store"
)

// documents are JSON texts that compare in unobvious ways: numbers of many spellings and sizes, texts beyond ASCII, members
// named like positions, JSON's null beside nothing.
func documents(depth int) *rapid.Generator[string] {
	leaves := rapid.SampledFrom([]string{
		"null", "true", "false", "0", "-0", "0.0", "1", "1.0", "1e0", "10e-1", "-1", "0.1", "1e-1", "100", "1e2", "1E+2", "123456789012345678901234567890",
		"123456789012345678901234567891", "9007199254740993", "9007199254740992", "9007199254740993.0", "1e300", "1e-300", "-1e300", "2e-300",
		`""`, `"a"`, `"A"`, `"b"`, `"é"`, `"É"`, `"ÉA"`, `"😀"`, `"ﬀ"`, `"1"`, `"a\"b"`, `"%_"`, `"\u0041"`,
	})
	if depth == 0 {
		return leaves
	}
	return rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return "[" + strings.Join(rapid.SliceOfN(documents(depth-1), 0, 3).Draw(t, "list"), ", ") + "]"
		case 1:
			var members []string
			for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "0", "-1", "é", ""}), 0, 3, rapid.ID).Draw(t, "keys") {
				name, _ := json.Marshal(key)
				members = append(members, string(name)+": "+documents(depth-1).Draw(t, "member"))
			}
			return "{" + strings.Join(members, ", ") + "}"
		}
		return leaves.Draw(t, "leaf")
	})
}

// TestJSONAlike asks both databases the same: jsonb, and our functions for SQLite, which share no code.
func TestJSONAlike(t *testing.T) {
	var texts []string
	for seed := range 120 {
		texts = append(texts, "["+documents(3).Example(seed)+"]", `{"a": `+documents(2).Example(seed)+"}")
	}
	statements := []string{"CREATE TABLE docs (id bigint PRIMARY KEY, doc json)"}
	for i, text := range texts {
		statements = append(statements, fmt.Sprintf("INSERT INTO docs VALUES (%d, '%s')", i, text))
	}
	statements = append(statements, "INSERT INTO docs VALUES (1000, NULL)")
	dbs := open(t, statements...)
	field := &entity.Field{Name: "doc", Column: "doc", Type: entity.JSON, DBType: "json", Filter: true, Nullable: true}

	used := make(map[string]int) // conditions that some rows passed
	check := func(t *rapid.T) {
		ops := map[string]any{}
		// Mostly the way to something that is there, and what is there.
		at, err := decode(rapid.SampledFrom(texts).Draw(t, "document"))
		if err != nil {
			t.Fatal(err)
		}
		var path []any
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			step := rapid.SampledFrom([]string{"01", " 0", "+1", "1 ", "99999999999", "x", "-7"}).Draw(t, "odd step")
			switch v := at.(type) {
			case []any:
				if len(v) > 0 {
					i := rapid.IntRange(0, len(v)-1).Draw(t, "position")
					at, step = v[i], strconv.Itoa(rapid.SampledFrom([]int{i, i - len(v)}).Draw(t, "from either end"))
				}
			case map[string]any:
				if len(v) > 0 {
					step = rapid.SampledFrom(slices.Sorted(maps.Keys(v))).Draw(t, "member")
					at = v[step]
				}
			}
			path = append(path, step)
		}
		ops["path"] = path
		value := func() any {
			if list, ok := at.([]any); ok && len(list) > 0 && rapid.Bool().Draw(t, "an element") {
				return list[0]
			}
			if rapid.Bool().Draw(t, "what is there") {
				return at
			}
			v, err := decode(documents(rapid.IntRange(0, 2).Draw(t, "depth")).Draw(t, "value"))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		op := rapid.SampledFrom(append(field.Type.Operators(), "length")).Draw(t, "operator")
		switch {
		case op == entity.IsNull:
			ops[string(op)] = rapid.Bool().Draw(t, "null")
		case op == "length":
			ops["length"] = map[string]any{rapid.SampledFrom([]string{"eq", "gte", "ne"}).Draw(t, "comparison"): int64(rapid.IntRange(0, 3).Draw(t, "length"))}
		case op.Text():
			ops[string(op)] = rapid.SampledFrom([]string{"", "a", "A", "é", "É", "éa", "b", "%", "😀", "0", "-1", "\""}).Draw(t, "text")
		case op.List():
			ops[string(op)] = []any{value(), value()}
		default:
			ops[string(op)] = value()
		}
		var tests []jsonTest
		r := whereResolver{cfg: Config{}.withDefaults()}
		tests, err = r.json(nil, field, ops, nil)
		if invalid := (*apierr.Error)(nil); errors.As(err, &invalid) {
			return // such as a comparison with null
		}
		if err != nil {
			t.Fatal(err)
		}
		answers := make(map[string][]int64)
		for name, db := range dbs {
			s := &statement{postgres: name == "postgres"}
			s.WriteSQL("SELECT t.id FROM docs t WHERE ")
			for _, test := range tests {
				s.jsonTest(test, "t")
			}
			s.WriteSQL(" ORDER BY 1")
			answers[name] = ids(t, db, s)
		}
		if !slices.Equal(answers["sqlite"], answers["postgres"]) {
			for _, id := range append(answers["sqlite"], answers["postgres"]...) {
				if id < 1000 && slices.Contains(answers["sqlite"], id) != slices.Contains(answers["postgres"], id) {
					t.Logf("sqlite %v: %s", slices.Contains(answers["sqlite"], id), texts[id])
				}
			}
			t.Fatalf("%v differs", ops)
		}
		if len(answers["sqlite"]) > 0 {
			used[string(op)]++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			check(t)
		}
	})
	// What never finds anything is not compared at all.
	if len(used) < len(field.Type.Operators()) {
		t.Errorf("few operators found something: %v", used)
	}
}

func decode(text string) (v any, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func ids(t *rapid.T, db *store.DB, s *statement) (out []int64) {
	err := db.View(context.Background(), false, func(ctx context.Context, q store.Querier) error {
		rows, err := q.QueryContext(ctx, string(s.buf), s.args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			out = append(out, 0)
			if err := rows.Scan(&out[len(out)-1]); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%v\n%s\n%v", err, s.buf, s.args)
	}
	return out
}

func TestJSONConditionsAreBounded(t *testing.T) {
	deep := any("x")
	for range 200 {
		deep = []any{deep}
	}
	field := &entity.Field{Name: "doc", Column: "doc", Type: entity.JSON, Filter: true}
	for name, ops := range map[string]map[string]any{
		"a huge number":        {"eq": json.Number("1e99999")},
		"a number without end": {"gt": json.Number("1e999999999999999999999")},
		"a long number":        {"lt": json.Number(strings.Repeat("9", 20_000))},
		"depth":                {"eq": deep},
		"a NUL":                {"has": map[string]any{"a\x00": "x"}},
		"a NUL in a path":      {"path": []any{"a\x00"}, "isNull": true},
		"a long path":          {"path": slices.Repeat([]any{"a"}, 100), "isNull": true},
		"a list to compare":    {"lt": []any{json.Number("1")}},
		"null":                 {"eq": nil},
		"too many values":      {"in": slices.Repeat([]any{"a"}, 600)},
	} {
		r := whereResolver{cfg: Config{}.withDefaults()}
		_, err := r.json(nil, field, ops, nil)
		if invalid := (*apierr.Error)(nil); !errors.As(err, &invalid) || invalid.Code != apierr.BadUserInput {
			t.Errorf("%s: %v", name, err)
		}
	}
}
