package commands

import (
	"strings"
	"testing"
)

func TestRules(t *testing.T) {
	code, out, log := run(t, nil, "rules", "Post", "User")
	if code != 0 {
		t.Fatal(log)
	}
	expect(t, out, `Post
  read
    anonymous         where status is published, closed or wiki
    user              where status is published, closed or wiki, or author is the viewer
    admin, moderator  yes
`, `  delete
    anonymous         no
    user              where author is the viewer
`, `  read email
    anonymous        no
    user, moderator  where the viewer themselves
    admin            yes
  write roles
    anonymous, user, moderator  no
    admin                       yes
`)
	if strings.Contains(out, "Grid") {
		t.Error("other entities are printed")
	}
	if code, _, log = run(t, nil, "rules", "Nothing"); code != 2 || !strings.Contains(log, `no entity "Nothing"`) {
		t.Errorf("%d %s", code, log)
	}
}
