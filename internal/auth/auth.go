// Package auth finds out who the viewer of a request is, from the bearer token that came with it: a signed JSON Web Token
// (RFC 7519) of the application's own making or of an external issuer.
package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
)

// Config says whose tokens are taken, and how they are read. At most one of Secrets, PublicKeys and JWKS is set.
type Config struct {
	// Secrets are keys for HS256, of at least 32 bytes each. All of them verify, so that they can be changed one after
	// the other; the first signs.
	Secrets []string
	// PublicKeys is the path of a PEM file with one or more public keys or certificates. It is read again when it changes.
	PublicKeys string
	// JWKS is the URL of an issuer's key set (RFC 7517). It is read again when a token names a key that is not there.
	JWKS string
	// Issuer and Audience are what the claims iss and aud must hold; empty ones are not asked for. A JWKS needs both: many
	// issuers sign the tokens of all of their customers with one key.
	Issuer, Audience string
	// RolesClaim and TenantClaim are the claims that hold the viewer's roles and tenant, paths with dots between their
	// steps. "roles" and "tenant" if empty.
	RolesClaim, TenantClaim string
}

// leeway is how far the clocks of issuer and gateway may be apart.
const leeway = 30 * time.Second

// maxToken is the length of the longest token that is looked at.
const maxToken = 8 << 10

// Verifier tells viewers by their tokens. It may be used from many goroutines.
type Verifier struct {
	cfg   Config
	keys  *keySet
	known *lru.Cache[[sha256.Size]byte, verified]
}

// verified is what a token said whose signature was good: reading it and checking its signature is as much work as the rest of a
// small operation. It holds for as long as the keys do not change, and its times are looked at every time.
type verified struct {
	viewer   access.Viewer
	standard jwt.Claims
	keyID    string
	keys     int64 // the generation of the keys
}

// maxKnown is how many tokens are remembered. Their claims take memory.
const maxKnown = 2048

// New checks the configuration. It reads keys from files, not from the network.
func New(cfg Config) (*Verifier, error) {
	cfg.RolesClaim, cfg.TenantClaim = cmp.Or(cfg.RolesClaim, "roles"), cmp.Or(cfg.TenantClaim, "tenant")
	known, err := lru.New[[sha256.Size]byte, verified](maxKnown)
	if err != nil {
		return nil, err
	}
	v := &Verifier{cfg: cfg, known: known}
	switch {
	case len(cfg.Secrets) > 0 && cfg.PublicKeys != "", len(cfg.Secrets) > 0 && cfg.JWKS != "", cfg.PublicKeys != "" && cfg.JWKS != "":
		return nil, errors.New("tokens are verified by secrets, by public keys or by an issuer's key set: only one of them can be set")
	case cfg.JWKS != "":
		if cfg.Issuer == "" || cfg.Audience == "" {
			return nil, errors.New("an issuer's key set needs the issuer and the audience of its tokens, so that tokens which were made for others are refused")
		}
		v.keys = remoteKeys(cfg.JWKS)
		return v, checkURL(cfg.JWKS)
	case cfg.PublicKeys != "":
		v.keys = fileKeys(cfg.PublicKeys)
		_, _, err := v.keys.get(context.Background(), "")
		return v, err
	}
	keys, err := secretKeys(cfg.Secrets)
	v.keys = &keySet{keys: keys}
	return v, err
}

// Viewer returns the viewer to whom the token was given. A token that is not good is an UNAUTHENTICATED error; UNAVAILABLE
// means that the issuer's keys cannot be had.
func (v *Verifier) Viewer(ctx context.Context, token string) (access.Viewer, error) {
	if len(token) > maxToken {
		return access.Viewer{}, refuse(errors.New("too long"))
	}
	name := sha256.Sum256([]byte(token))
	if known, ok := v.known.Get(name); ok {
		if _, generation, err := v.keys.get(ctx, known.keyID); err == nil && generation == known.keys {
			if err := v.timely(known.standard); err != nil {
				return access.Viewer{}, err
			}
			return known.viewer, nil
		}
	}
	claims := make(map[string]any)
	got, err := v.verify(ctx, token, &claims)
	if err != nil {
		return access.Viewer{}, err
	}
	if got.standard.Expiry == nil {
		return access.Viewer{}, refuse(errors.New("no expiry"))
	}
	if err := v.timely(got.standard); err != nil {
		return access.Viewer{}, err
	}
	if got.viewer, err = v.viewer(got.standard.Subject, claims); err != nil {
		return access.Viewer{}, err
	}
	v.known.Add(name, got)
	return got.viewer, nil
}

// timely says whether a token is for this gateway, and now.
func (v *Verifier) timely(standard jwt.Claims) error {
	expected := jwt.Expected{Issuer: v.cfg.Issuer, Time: time.Now()}
	if v.cfg.Audience != "" {
		expected.AnyAudience = jwt.Audience{v.cfg.Audience}
	}
	switch err := standard.ValidateWithLeeway(expected, leeway); {
	case errors.Is(err, jwt.ErrExpired):
		return apierr.Wrap(err, apierr.Unauthenticated, "The token has expired.")
	case err != nil:
		return refuse(err)
	}
	return nil
}

// viewer reads who a token is for.
func (v *Verifier) viewer(subject string, claims map[string]any) (access.Viewer, error) {
	viewer := access.Viewer{UserID: subject, Claims: claims}
	var err error
	if viewer.Roles, err = texts(claim(claims, v.cfg.RolesClaim)); err != nil {
		return access.Viewer{}, refuse(fmt.Errorf("claim %s: %w", v.cfg.RolesClaim, err))
	}
	switch tenant := claim(claims, v.cfg.TenantClaim).(type) {
	case nil:
	case string:
		viewer.Tenant = tenant
	case float64:
		viewer.Tenant = fmt.Sprintf("%.0f", tenant)
	default:
		return access.Viewer{}, refuse(fmt.Errorf("claim %s is a %T", v.cfg.TenantClaim, tenant))
	}
	return viewer, nil
}

// verify reads a token whose signature is good, and its claims.
func (v *Verifier) verify(ctx context.Context, token string, claims *map[string]any) (verified, error) {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return verified{}, refuse(err)
	}
	header := parsed.Headers[0]
	keys, generation, err := v.keys.get(ctx, header.KeyID)
	if err != nil {
		return verified{}, apierr.Wrap(err, apierr.Unavailable, "Tokens cannot be verified at the moment.")
	}
	got := verified{keyID: header.KeyID, keys: generation}
	err = errors.New("no such key")
	for _, k := range keys {
		if !k.fits(header.KeyID, header.Algorithm) {
			continue
		}
		if err = parsed.Claims(k.key, &got.standard, claims); err == nil {
			return got, nil
		}
	}
	return verified{}, refuse(err)
}

// refuse is one answer for all that is wrong with a token; the reason is for the log.
func refuse(reason error) error {
	return apierr.Wrap(reason, apierr.Unauthenticated, "The token is not valid.")
}

// claim follows a path of names.
func claim(claims map[string]any, path string) any {
	var at any = claims
	for name := range strings.SplitSeq(path, ".") {
		m, _ := at.(map[string]any)
		at = m[name]
	}
	return at
}

// texts reads a list of texts, or one text with spaces between its words, as the scope claim of OAuth 2 has it.
func texts(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.Fields(v), nil
	case []any:
		var out []string
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("holds a %T", item)
			}
			out = append(out, text)
		}
		return out, nil
	}
	return nil, fmt.Errorf("is a %T", v)
}
