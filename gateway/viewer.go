package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/apierr"
	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/auth"
	"github.com/entwine-data/entwine/internal/httpd"
)

// viewers tells who asks, for serve. Without a way to verify tokens it refuses all: whoever sends one expects to be
// somebody, and must not silently get what everybody gets.
func viewers(cfg Config) (func(*http.Request) (access.Viewer, error), error) {
	t := cfg.Tokens
	if len(t.Secrets) == 0 && t.PublicKeys == "" && t.JWKS == "" {
		return func(r *http.Request) (access.Viewer, error) {
			_, given, err := httpd.Bearer(r)
			if err == nil && given {
				err = apierr.New(apierr.Unauthenticated, "This gateway does not know how to verify tokens; it answers requests without an Authorization header.")
			}
			return access.Viewer{}, err
		}, nil
	}
	verifier, err := auth.New(t)
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (access.Viewer, error) {
		token, given, err := httpd.Bearer(r)
		if err != nil || !given {
			return access.Viewer{}, err
		}
		return verifier.Viewer(r.Context(), token)
	}, nil
}

// developers tells who asks, for dev: the administrator by the development key, others by tokens.
func developers(cfg Config, key string) (func(*http.Request) (access.Viewer, error), error) {
	others, err := viewers(devTokens(cfg, key))
	if err != nil {
		return nil, err
	}
	return func(r *http.Request) (access.Viewer, error) {
		token, given, err := httpd.Bearer(r)
		switch {
		case err != nil || !given:
			return access.Viewer{}, err
		case subtle.ConstantTimeCompare([]byte(token), []byte(key)) == 1:
			return access.Viewer{Roles: []string{"admin"}}, nil
		case strings.Count(token, ".") != 2:
			return access.Viewer{}, apierr.New(apierr.Unauthenticated, "This is neither the development key that dev printed when it started, nor a token.")
		}
		return others(r)
	}, nil
}

// devTokens makes the development key the secret of tokens if nothing else verifies them, so that the token command works
// beside dev without any setting.
func devTokens(cfg Config, key string) Config {
	if t := cfg.Tokens; len(t.Secrets) == 0 && t.PublicKeys == "" && t.JWKS == "" {
		sum := sha256.Sum256([]byte("entwine development tokens\x00" + key))
		cfg.Tokens.Secrets = []string{hex.EncodeToString(sum[:])}
	}
	return cfg
}

// addViewer declares the flags that say who a viewer is.
func addViewer(flags *pflag.FlagSet, v *access.Viewer) {
	flags.StringVar(&v.UserID, "user", "", "the key of the user, 42, or their id in the API")
	flags.StringSliceVar(&v.Roles, "role", nil, "a role; may be repeated")
	flags.StringVar(&v.Tenant, "tenant", "", "the key of the tenant")
}

// userKey is the key of a user who is named by it, or by their id in the API.
func userKey(text string) string {
	if _, key, ok := relay.ParseID(text); ok {
		return key
	}
	return text
}

func (c *command) token() *cobra.Command {
	var viewer access.Viewer
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use: "token", Short: "Make a bearer token, for development and tests", Args: noArgs,
		Long: `Make a bearer token for a user, or for a service that is known by its roles alone, and print it.

It is signed with ENTWINE_JWT_SECRET, or, if that is not set, so that a gateway that runs under dev on the same database
accepts it. Rules decide what the viewer may do; whether such a user exists is not looked up.`,
		Example: "  curl http://127.0.0.1:8080/graphql -H \"Authorization: Bearer $(" + invocation() + " token --user 5)\" \\\n" +
			"    -H 'Content-Type: application/json' -d '{\"query\": \"{ __typename }\"}'",
	}
	addSettings(cmd.Flags(), func(s setting) bool { return s.signs || s.flag == "database-url" || s.flag == "dev-key" })
	addViewer(cmd.Flags(), &viewer)
	cmd.Flags().DurationVar(&lifetime, "for", time.Hour, "how long the token is good")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := readConfig(cmd.Flags(), c.lookup, true)
		switch {
		case err != nil:
			return &usageError{err}
		case !viewer.SignedIn():
			return &usageError{errors.New("say for whom: --user KEY, --role NAME, or both")}
		case lifetime <= 0:
			return &usageError{errors.New("--for must be above zero, such as 1h")}
		case len(cfg.Tokens.Secrets) == 0 && (cfg.Tokens.PublicKeys != "" || cfg.Tokens.JWKS != ""):
			return errors.New("this gateway takes the tokens of somebody else, whose secret it does not have")
		}
		viewer.UserID = userKey(viewer.UserID)
		if len(cfg.Tokens.Secrets) == 0 {
			if _, ok := sqliteFile(cfg.DatabaseURL); !ok && cfg.DevKey == "" {
				return errors.New("set ENTWINE_JWT_SECRET, or ENTWINE_DEV_KEY as dev has it: on Postgres the key that dev makes up is not kept")
			}
			key, err := devKey(cfg)
			if err != nil {
				return err
			}
			cfg = devTokens(cfg, key)
		}
		token, err := auth.Mint(cfg.Tokens, viewer, lifetime)
		if err == nil {
			_, err = fmt.Fprintln(c.out, token)
		}
		return err
	}
	return cmd
}
