package rules

import (
	"maps"
	"slices"
	"testing"
)

func TestTables(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
		all  bool
	}{
		{text: "ALTER TABLE a ADD COLUMN b int; UPDATE c SET d = 1; SET lock_timeout = 1; DROP INDEX e", want: []string{"a", "c"}},
		{text: "ALTER TABLE a RENAME TO b; CREATE INDEX x ON c (d); ALTER TABLE d OWNER TO e", want: []string{"a", "b", "c", "d"}},
		{text: "DO $$ begin delete from a end $$", all: true},
		{text: `DROP TRIGGER IF EXISTS "entwine_a_search_insert"`, want: []string{"entwine_a_search_insert"}},
		{text: "CREATE TRIGGER a AFTER INSERT ON b", all: true},
	} {
		names, all := Tables(postgres, split(c.text))
		if got := slices.Sorted(maps.Keys(names)); !slices.Equal(got, c.want) || all != c.all {
			t.Errorf("%s: %q, %t; want %q, %t", c.text, got, all, c.want, c.all)
		}
	}
}
