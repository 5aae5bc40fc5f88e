package auth

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/entwine-data/entwine/gateway/access"
)

// Mint makes a token for the viewer that verifiers with the same configuration accept for the given time. It needs a secret.
func Mint(cfg Config, viewer access.Viewer, lifetime time.Duration) (token string, err error) {
	keys, err := secretKeys(cfg.Secrets)
	if err != nil {
		return "", err
	}
	if len(keys) == 0 {
		return "", fmt.Errorf("there is no secret to sign with")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: keys[0].key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	now := time.Now()
	standard := jwt.Claims{
		Issuer: cfg.Issuer, Subject: viewer.UserID, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(lifetime)),
	}
	if cfg.Audience != "" {
		standard.Audience = jwt.Audience{cfg.Audience}
	}
	own := make(map[string]any)
	if len(viewer.Roles) > 0 {
		put(own, cmp.Or(cfg.RolesClaim, "roles"), viewer.Roles)
	}
	if viewer.Tenant != "" {
		put(own, cmp.Or(cfg.TenantClaim, "tenant"), viewer.Tenant)
	}
	if token, err = jwt.Signed(signer).Claims(viewer.Claims).Claims(standard).Claims(own).Serialize(); err != nil {
		return "", fmt.Errorf("sign the token: %w", err)
	}
	return token, nil
}

// put sets the claim to which a path of names leads.
func put(claims map[string]any, path string, v any) {
	steps := strings.Split(path, ".")
	for _, name := range steps[:len(steps)-1] {
		next, ok := claims[name].(map[string]any)
		if !ok {
			next = make(map[string]any)
			claims[name] = next
		}
		claims = next
	}
	claims[steps[len(steps)-1]] = v
}
