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
`, `  read history
    anonymous         no
    user              where author is the viewer
    admin, moderator  yes
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

// The explanation tells operators what the API hides, and why.
func TestExplainRules(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, log := run(t, nil, "rules", "explain", "Post", "3"); code != 1 || !strings.Contains(log, "there is no database") {
		t.Errorf("%d %s", code, log)
	}
	s := start(t, nil, "dev")
	_, body := s.post(t, "", `{ postBySlug(slug: "p3-inch-game") { title } }`)
	expect(t, body, `{"data":{"postBySlug":null}}`)
	explain := func(args ...string) string {
		t.Helper()
		code, out, log := run(t, nil, append([]string{"rules", "explain"}, args...)...)
		if code != 0 {
			t.Fatal(log)
		}
		return out
	}
	expect(t, explain("--user", "5", "Post", "3"), `denied: user 5 may not read Post 3

read
  no   one of:
  no     status is published, closed or wiki
  no     author is the viewer
  no     role moderator or admin
`)
	expect(t, explain("--role", "moderator", "Post", "UG9zdDoz", "update"), "allowed: role moderator may update Post 3\n",
		"  no     author is the viewer\n  yes    role moderator or admin\nupdate\n")
	expect(t, explain("User", "3"), "allowed: an anonymous viewer", "read\n  yes  everyone\nread email\n  no   one of:\n")
	for message, args := range map[string][]string{
		"there is no Post 99999":       {"Post", "99999"},
		"neither the key of a Post":    {"Post", "VXNlcjoz"},
		`there is no entity "Nothing"`: {"Nothing", "1"},
		`"look" is none of read`:       {"Post", "3", "look"},
		"needs an entity and an id":    {"Post"},
	} {
		if code, _, log := run(t, nil, append([]string{"rules", "explain"}, args...)...); code == 0 || !strings.Contains(log, message) {
			t.Errorf("%q: %d %s", args, code, log)
		}
	}
}
