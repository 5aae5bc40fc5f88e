package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/internal/auth"
)

const secret = "0123456789abcdef0123456789abcdef"

func verifier(t *testing.T, cfg auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, k any, kid string, claims map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if kid != "" {
		options = options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k}, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func good() map[string]any {
	return map[string]any{"sub": "7", "iss": "https://issuer.example", "aud": "entwine", "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"editor"}}
}

func with(name string, v any) map[string]any {
	c := good()
	if c[name] = v; v == nil {
		delete(c, name)
	}
	return c
}

// refused fails unless the token is refused with the text and a code, and nobody is let in.
func refused(t *testing.T, v *auth.Verifier, name, token, text string) {
	t.Helper()
	viewer, err := v.Viewer(t.Context(), token)
	if err == nil || apierr.CodeOf(err) != apierr.Unauthenticated || err.Error() != text || viewer.SignedIn() {
		t.Errorf("%s: viewer %+v, error %v", name, viewer, err)
	}
}

func accepted(t *testing.T, v *auth.Verifier, name, token string) access.Viewer {
	t.Helper()
	viewer, err := v.Viewer(t.Context(), token)
	if err != nil || viewer.UserID != "7" || !slices.Equal(viewer.Roles, []string{"editor"}) {
		t.Errorf("%s: viewer %+v, error %v", name, viewer, err)
	}
	return viewer
}

func TestClaims(t *testing.T) {
	v := verifier(t, auth.Config{Secrets: []string{secret}, Issuer: "https://issuer.example", Audience: "entwine"})
	of := func(claims map[string]any) string { return sign(t, jose.HS256, []byte(secret), "", claims) }
	accepted(t, v, "good", of(good()))
	accepted(t, v, "one audience of several", of(with("aud", []string{"other", "entwine"})))
	accepted(t, v, "roles as one text", of(with("roles", "editor")))
	accepted(t, v, "a clock that is a little behind", of(with("iat", time.Now().Add(10*time.Second).Unix())))
	if viewer := accepted(t, v, "a tenant", of(with("tenant", "acme"))); viewer.Tenant != "acme" || viewer.Claims["aud"] != "entwine" {
		t.Errorf("%+v", viewer)
	}
	if viewer := accepted(t, v, "a tenant with a number", of(with("tenant", 12345678))); viewer.Tenant != "12345678" {
		t.Errorf("%+v", viewer)
	}
	const invalid = "The token is not valid."
	refused(t, v, "expired", of(with("exp", time.Now().Add(-time.Minute).Unix())), "The token has expired.")
	refused(t, v, "no expiry", of(with("exp", nil)), invalid)
	refused(t, v, "not yet", of(with("nbf", time.Now().Add(time.Hour).Unix())), invalid)
	refused(t, v, "of the future", of(with("iat", time.Now().Add(time.Hour).Unix())), invalid)
	refused(t, v, "wrong issuer", of(with("iss", "https://other.example")), invalid)
	refused(t, v, "no issuer", of(with("iss", nil)), invalid)
	refused(t, v, "wrong audience", of(with("aud", "other")), invalid)
	refused(t, v, "no audience", of(with("aud", nil)), invalid)
	refused(t, v, "roles that are no texts", of(with("roles", []any{1})), invalid)
	refused(t, v, "roles that are an object", of(with("roles", map[string]any{"admin": true})), invalid)
	refused(t, v, "a tenant that is a list", of(with("tenant", []string{"a"})), invalid)
	refused(t, v, "a number for a subject", of(with("sub", 7)), invalid)
	refused(t, v, "no token", "", invalid)
	refused(t, v, "no token at all", "a.b.c", invalid)
	refused(t, v, "too long", of(with("more", strings.Repeat("x", 10_000))), invalid)
}

func TestRolesOfKeycloak(t *testing.T) {
	cfg := auth.Config{Secrets: []string{secret}, RolesClaim: "realm_access.roles", TenantClaim: "org.id"}
	token, err := auth.Mint(cfg, access.Viewer{UserID: "7", Roles: []string{"editor"}, Tenant: "acme"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if viewer := accepted(t, verifier(t, cfg), "minted", token); viewer.Tenant != "acme" || viewer.Claims["realm_access"] == nil {
		t.Errorf("%+v", viewer)
	}
}

func TestForgedTokens(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public := pemOf(t, &rsaKey.PublicKey)
	path := filepath.Join(t.TempDir(), "keys.pem")
	write(t, path, public, time.Now())
	v := verifier(t, auth.Config{PublicKeys: path})
	token := sign(t, jose.RS256, rsaKey, "", good())
	accepted(t, v, "good", token)
	accepted(t, v, "an unknown name of a key that has none", sign(t, jose.PS256, rsaKey, "2026-a", good()))

	const invalid = "The token is not valid."
	header, payload, signature := cut(token)
	refused(t, v, "none", encode(`{"alg":"none"}`)+"."+payload+".", invalid)
	refused(t, v, "None with a signature", encode(`{"alg":"None"}`)+"."+payload+"."+signature, invalid)
	refused(t, v, "no signature", header+"."+payload+".", invalid)
	refused(t, v, "another payload", header+"."+encode(`{"sub":"1","exp":9999999999}`)+"."+signature, invalid)
	refused(t, v, "an encrypted token", token+".x.y", invalid)
	refused(t, v, "an unknown critical header", encode(`{"alg":"RS256","crit":["x"],"x":1}`)+"."+payload+"."+signature, invalid)
	// The classic: the public key is used as the secret of a symmetric algorithm.
	refused(t, v, "public key as a secret", sign(t, jose.HS256, public, "", good()), invalid)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, v, "another key", sign(t, jose.RS256, other, "", good()), invalid)
	for i := range len(token) {
		b := []byte(token)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		// The last character of the signature holds bits that mean nothing. What is signed is the text itself.
		if viewer, err := v.Viewer(t.Context(), string(b)); err == nil && i < len(token)-1 {
			t.Errorf("byte %d: %+v", i, viewer)
		}
	}
	symmetric := verifier(t, auth.Config{Secrets: []string{secret}})
	refused(t, symmetric, "an algorithm of another kind", token, invalid)
	refused(t, symmetric, "a longer hash", sign(t, jose.HS512, []byte(secret+secret), "", good()), invalid)
}

func TestKeysOfEachKind(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "keys.pem")
	write(t, path, append(pemOf(t, ec.Public()), pemOf(t, ed.Public())...), time.Now())
	v := verifier(t, auth.Config{PublicKeys: path})
	accepted(t, v, "ES256", sign(t, jose.ES256, ec, "", good()))
	accepted(t, v, "EdDSA", sign(t, jose.EdDSA, ed, "", good()))
}

// A key that is taken out of the file is not taken any more; one that is added is, without a restart.
func TestKeysInAFileRotate(t *testing.T) {
	_, first, _ := ed25519.GenerateKey(rand.Reader)
	_, second, _ := ed25519.GenerateKey(rand.Reader)
	path := filepath.Join(t.TempDir(), "keys.pem")
	written := time.Now().Add(-time.Hour)
	write(t, path, pemOf(t, first.Public()), written)
	v, node := verifier(t, auth.Config{PublicKeys: path}), verifier(t, auth.Config{PublicKeys: path})
	accepted(t, v, "the first", sign(t, jose.EdDSA, first, "", good()))
	write(t, path, append(pemOf(t, first.Public()), pemOf(t, second.Public())...), written.Add(time.Minute))
	for _, v := range []*auth.Verifier{v, node} {
		accepted(t, v, "the second", sign(t, jose.EdDSA, second, "", good()))
		accepted(t, v, "the first, beside it", sign(t, jose.EdDSA, first, "", good()))
	}
	write(t, path, pemOf(t, second.Public()), written.Add(2*time.Minute))
	refused(t, v, "the first, taken out", sign(t, jose.EdDSA, first, "", good()), "The token is not valid.")
	write(t, path, []byte("nonsense"), written.Add(3*time.Minute))
	accepted(t, v, "a broken file keeps what was known", sign(t, jose.EdDSA, second, "", good()))
}

func TestSecretsRotate(t *testing.T) {
	const next = "fedcba9876543210fedcba9876543210"
	old, err := auth.Mint(auth.Config{Secrets: []string{secret}}, access.Viewer{UserID: "7", Roles: []string{"editor"}}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	both := auth.Config{Secrets: []string{next, secret}}
	fresh, err := auth.Mint(both, access.Viewer{UserID: "7", Roles: []string{"editor"}}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, verifier(t, both), "old", old)
	accepted(t, verifier(t, both), "new", fresh)
	refused(t, verifier(t, auth.Config{Secrets: []string{next}}), "old, at the end", old, "The token is not valid.")
}

// A token that was good once is not looked at again, except for its times.
func TestRememberedTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := verifier(t, auth.Config{Secrets: []string{secret}})
		token := sign(t, jose.HS256, []byte(secret), "", with("exp", time.Now().Add(time.Minute).Unix()))
		for range 2 {
			accepted(t, v, "at first", token)
		}
		time.Sleep(time.Minute + 29*time.Second) // clocks may be half a minute apart
		accepted(t, v, "at the end", token)
		time.Sleep(2 * time.Second)
		for range 2 {
			refused(t, v, "expired", token, "The token has expired.")
		}
	})
}

// BenchmarkViewer shows what a token costs that is seen for the first time, and one that was seen before.
func BenchmarkViewer(b *testing.B) {
	for name, known := range map[string]bool{"new": false, "known": true} {
		b.Run(name, func(b *testing.B) {
			cfg := auth.Config{Secrets: []string{secret}}
			tokens := make([]string, 4096) // more than are remembered
			for i := range tokens {
				token, err := auth.Mint(cfg, access.Viewer{UserID: strconv.Itoa(i), Roles: []string{"editor"}}, time.Hour)
				if err != nil {
					b.Fatal(err)
				}
				tokens[i] = token
			}
			if known {
				tokens = tokens[:1]
			}
			v, err := auth.New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := v.Viewer(b.Context(), tokens[i%len(tokens)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// issuer serves a key set, as identity providers do.
type issuer struct {
	*httptest.Server
	set     atomic.Pointer[[]byte]
	fetched atomic.Int32
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.fetched.Add(1)
		set := i.set.Load()
		if set == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(*set)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) publish(t *testing.T, keys ...jose.JSONWebKey) {
	t.Helper()
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	i.set.Store(&b)
}

func TestKeySetOfAnIssuer(t *testing.T) {
	is := newIssuer(t)
	cfg := auth.Config{JWKS: is.URL, Issuer: "https://issuer.example", Audience: "entwine"}
	_, first, _ := ed25519.GenerateKey(rand.Reader)
	_, second, _ := ed25519.GenerateKey(rand.Reader)
	token := sign(t, jose.EdDSA, first, "a", good())

	down := verifier(t, cfg)
	if _, err := down.Viewer(t.Context(), token); apierr.CodeOf(err) != apierr.Unavailable {
		t.Errorf("an issuer that does not answer: %v", err)
	}
	is.publish(t, jose.JSONWebKey{Key: first.Public(), KeyID: "a", Use: "sig", Algorithm: "EdDSA"},
		jose.JSONWebKey{Key: []byte(secret), KeyID: "b"}, // must never verify anything
		jose.JSONWebKey{Key: second.Public(), KeyID: "c", Use: "enc"})
	v := verifier(t, cfg)
	for range 50 {
		accepted(t, v, "good", token)
	}
	before := is.fetched.Load()
	const invalid = "The token is not valid."
	refused(t, v, "a symmetric key", sign(t, jose.HS256, []byte(secret), "b", good()), invalid)
	refused(t, v, "a key for encryption", sign(t, jose.EdDSA, second, "c", good()), invalid)
	refused(t, v, "the name of another key", sign(t, jose.EdDSA, second, "a", good()), invalid)
	for range 50 {
		refused(t, v, "an unknown key", sign(t, jose.EdDSA, second, "d", good()), invalid)
	}
	if n := is.fetched.Load() - before; n > 1 {
		t.Errorf("strangers made the gateway fetch the keys %d times", n)
	}
	// The issuer goes on to another key: a node that starts now knows it at once, and the old one no more.
	is.publish(t, jose.JSONWebKey{Key: second.Public(), KeyID: "d", Use: "sig"})
	node := verifier(t, cfg)
	accepted(t, node, "the next key", sign(t, jose.EdDSA, second, "d", good()))
	refused(t, node, "the key before", token, invalid)
}

// Nodes that run take the next key when the first token names it, and no longer the one before. A key that was taken back alone is
// good for five minutes.
func TestKeySetRotatesWhileNodesRun(t *testing.T) {
	is := newIssuer(t)
	is.Config.SetKeepAlivesEnabled(false) // an open connection would stop the clock of the test
	cfg := auth.Config{JWKS: is.URL, Issuer: "https://issuer.example", Audience: "entwine"}
	_, first, _ := ed25519.GenerateKey(rand.Reader)
	_, second, _ := ed25519.GenerateKey(rand.Reader)
	_, third, _ := ed25519.GenerateKey(rand.Reader)
	synctest.Test(t, func(t *testing.T) {
		before, next, last := sign(t, jose.EdDSA, first, "a", good()), sign(t, jose.EdDSA, second, "b", good()), sign(t, jose.EdDSA, third, "c", good())
		is.publish(t, jose.JSONWebKey{Key: first.Public(), KeyID: "a"})
		nodes := []*auth.Verifier{verifier(t, cfg), verifier(t, cfg)}
		for _, v := range nodes {
			accepted(t, v, "the first key", before)
		}
		is.publish(t, jose.JSONWebKey{Key: second.Public(), KeyID: "b"}, jose.JSONWebKey{Key: third.Public(), KeyID: "c"})
		time.Sleep(11 * time.Second)
		for _, v := range nodes {
			accepted(t, v, "the next key", next)
			refused(t, v, "the key before", before, "The token is not valid.")
		}
		is.publish(t, jose.JSONWebKey{Key: second.Public(), KeyID: "b"})
		time.Sleep(5*time.Minute + time.Second)
		for _, v := range nodes {
			accepted(t, v, "the key that stays", next)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		for _, v := range nodes {
			refused(t, v, "the key that was taken back", last, "The token is not valid.")
			accepted(t, v, "the key that stays", next)
		}
	})
}

func TestConfig(t *testing.T) {
	for name, cfg := range map[string]auth.Config{
		"a short secret":                {Secrets: []string{"short"}},
		"no file":                       {PublicKeys: filepath.Join(t.TempDir(), "nothing.pem")},
		"two sources":                   {Secrets: []string{secret}, JWKS: "https://issuer.example/keys"},
		"a key set without an audience": {JWKS: "https://issuer.example/keys", Issuer: "https://issuer.example"},
		"a key set without an issuer":   {JWKS: "https://issuer.example/keys", Audience: "entwine"},
		"a key set in the clear":        {JWKS: "http://issuer.example/keys", Issuer: "i", Audience: "a"},
		"no URL":                        {JWKS: "keys", Issuer: "i", Audience: "a"},
	} {
		if _, err := auth.New(cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := auth.Mint(auth.Config{}, access.Viewer{UserID: "1"}, time.Minute); err == nil {
		t.Error("a token was made without a secret")
	}
}

func pemOf(t *testing.T, public crypto.PublicKey) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b})
}

func write(t *testing.T, path string, b []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func cut(token string) (header, payload, signature string) {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ = strings.Cut(rest, ".")
	return header, payload, signature
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
