package commands

import (
	"net/http"
	"strings"
	"testing"
)

// Whoever holds a token that `token` made is that user, under dev without any setting.
func TestTokenBesideDev(t *testing.T) {
	t.Chdir(t.TempDir())
	s := start(t, nil, "dev")
	token := func(args ...string) string {
		t.Helper()
		code, out, log := run(t, nil, append([]string{"token"}, args...)...)
		if code != 0 || strings.Count(out, ".") != 2 || strings.Count(out, "\n") != 1 {
			t.Fatalf("%d %q %s", code, out, log)
		}
		return strings.TrimSpace(out)
	}
	const mine = `mutation { createPost(input: {title: "Mine", slug: "mine", body: "x", authorId: "VXNlcjo1"}) { post { author { id } } } }`
	_, body := s.post(t, token("--user", "5"), mine)
	expect(t, body, `{"data":{"createPost":{"post":{"author":{"id":"VXNlcjo1"}}}}}`)
	_, body = s.post(t, token("--user", "VXNlcjo1"), `{ postBySlug(slug: "mine") { status } }`)
	expect(t, body, `{"data":{"postBySlug":{"status":"DRAFT"}}}`)
	_, body = s.post(t, token("--user", "6"), `{ postBySlug(slug: "mine") { status } }`)
	expect(t, body, `{"data":{"postBySlug":null}}`)
	_, body = s.post(t, token("--user", "6"), strings.Replace(mine, `"mine"`, `"other"`, 1))
	expect(t, body, `"FORBIDDEN"`, `"data":null`)
	_, body = s.post(t, token("--role", "moderator"), `{ postBySlug(slug: "mine") { status } }`)
	expect(t, body, `{"data":{"postBySlug":{"status":"DRAFT"}}}`)
	status, body := s.post(t, token("--user", "5", "--for", "1h")+"x", `{ __typename }`)
	expect(t, body, `"UNAUTHENTICATED"`, "The token is not valid.")
	if status != http.StatusUnauthorized {
		t.Errorf("status %d for a forged token", status)
	}
	if code, _, log := run(t, nil, "token"); code != 2 || !strings.Contains(log, "--user") {
		t.Errorf("%d %s", code, log)
	}
}

func TestTokenForServe(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, log := run(t, nil, "migrate", "up"); code != 0 {
		t.Fatal(log)
	}
	env := map[string]string{"ENTWINE_JWT_SECRET": "0123456789abcdef0123456789abcdef", "ENTWINE_JWT_ISSUER": "https://shop.example", "ENTWINE_JWT_AUDIENCE": "shop"}
	s, node := start(t, env, "serve"), start(t, env, "serve")
	code, out, log := run(t, env, "token", "--role", "admin")
	if code != 0 {
		t.Fatal(log)
	}
	token := strings.TrimSpace(out)
	_, body := s.post(t, token, `mutation { createTag(input: {name: "kept"}) { tag { name } } }`)
	expect(t, body, `{"data":{"createTag":{"tag":{"name":"kept"}}}}`)
	_, body = node.post(t, token, `mutation { deleteTag(input: {id: "VGFnOjE="}) { deletedId } }`)
	expect(t, body, `{"data":{"deleteTag":{"deletedId":"VGFnOjE="}}}`)
	_, body = s.post(t, "", `mutation { createTag(input: {name: "x"}) { tag { name } } }`)
	expect(t, body, `"UNAUTHENTICATED"`)

	// Tokens of others, and no way to verify any.
	other := map[string]string{"ENTWINE_JWT_SECRET": "fedcba9876543210fedcba9876543210"}
	_, out, _ = run(t, other, "token", "--role", "admin")
	status, body := s.post(t, strings.TrimSpace(out), `{ __typename }`)
	expect(t, body, `"UNAUTHENTICATED"`)
	if status != http.StatusUnauthorized {
		t.Errorf("status %d for a token of another issuer", status)
	}
	plain := start(t, nil, "serve")
	if status, _ := plain.post(t, token, `{ __typename }`); status != http.StatusUnauthorized {
		t.Errorf("status %d where tokens cannot be verified", status)
	}
	for name, env := range map[string]map[string]string{
		"at least 32 characters": {"ENTWINE_JWT_SECRET": "short"},
		"only one of them":       {"ENTWINE_JWT_SECRET": env["ENTWINE_JWT_SECRET"], "ENTWINE_JWT_PUBLIC_KEYS": "keys.pem"},
		"keys.pem":               {"ENTWINE_JWT_PUBLIC_KEYS": "keys.pem"},
	} {
		if code, _, log := run(t, env, "serve"); code == 0 || !strings.Contains(log, name) || strings.Contains(log, "short\"") {
			t.Errorf("%s: %d %s", name, code, log)
		}
	}
}
