package entity_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/entwine-data/entwine/gateway/entity"
)

func TestCompositeKeys(t *testing.T) {
	e := &entity.Entity{Name: "Membership", ID: []*entity.Field{{Key: entity.IntKey}, {Key: entity.StringKey}, {Key: entity.UUIDKey}}}
	const id = "00000000-0000-4000-8000-00000000000a"
	rapid.Check(t, func(t *rapid.T) {
		values := []any{rapid.Int64().Draw(t, "number"), rapid.StringMatching(`[^\x00]{1,20}`).Draw(t, "text"), id}
		key := e.Key(values[0], []byte(values[1].(string)), values[2])
		parsed, ok := e.ParseKey(key.(string))
		if !ok || parsed != key || !slices.Equal(e.KeyValues(key), values) {
			t.Fatalf("%v became %v, which means %v %v", values, key, e.KeyValues(key), ok)
		}
	})
	if key := e.Key(int64(1), `<é>"`, id); key != `[1,"<é>\"","`+id+`"]` {
		t.Errorf("not as JSON.stringify writes it: %v", key)
	}
	for _, text := range []string{
		``, `1`, `[]`, `[1,"a"]`, `[1, "a","` + id + `"]`, `["1","a","` + id + `"]`, `[1,2,"` + id + `"]`, `[01,"a","` + id + `"]`, `[1.0,"a","` + id + `"]`,
		`[1,"","` + id + `"]`, `[1,"\u0061","` + id + `"]`, `[1,"a","` + id + `"]]`, `[1,"a","` + id + `",4]`, `[1,"a",null]`, `[9223372036854775808,"a","` + id + `"]`,
	} {
		if key, ok := e.ParseKey(text); ok {
			t.Errorf("%s is the key %v", text, key)
		}
	}
}
