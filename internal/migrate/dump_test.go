package migrate

import (
	"strings"
	"testing"
)

// The programs must not be older than the server, and those of its own version are best.
func TestChoosePrograms(t *testing.T) {
	installed := []programs{{"/a", 17}, {"/b", 14}, {"/c", 15}}
	for _, c := range []struct {
		server int
		folder string
		says   string
	}{
		{server: 15, folder: "/c"},
		{server: 13, folder: "/b"},
		{server: 16, folder: "/a"},
		{server: 18, says: "pg_dump in /a is of version 17 and cannot dump a server of version 18; install postgresql-client-18"},
	} {
		got, err := choosePrograms(installed, c.server)
		if got.folder != c.folder || (err == nil) != (c.says == "") || err != nil && err.Error() != c.says {
			t.Errorf("%d: %+v, %v", c.server, got, err)
		}
	}
	if _, err := choosePrograms(nil, 15); err == nil || !strings.Contains(err.Error(), "pg_dump is not there") {
		t.Error(err)
	}
}
