package gateway

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/joho/godotenv"
	"github.com/spf13/pflag"

	"github.com/entwine-data/entwine/internal/auth"
	"github.com/entwine-data/entwine/internal/engine"
	"github.com/entwine-data/entwine/internal/gql"
)

// Config is the settings of a running gateway. See docs/settings.md, which a test keeps equal to this file.
type Config struct {
	DatabaseURL   string
	External      bool
	MaxConns      int
	Pooler        bool
	Snapshots     int
	Addr          string
	Reads         engine.Config
	Documents     gql.Limits
	Timeout       time.Duration
	KeyRetention  time.Duration
	Introspection bool
	Playground    bool
	CORSOrigins   []string
	DevKey        string
	Tokens        auth.Config
}

// setting is one value that an operator can choose: by flag, by environment, by file, or not at all.
type setting struct {
	flag, env, help string
	value           string // the default
	dev             string // the default under dev, if it is another one
	server          bool   // concerns commands that serve
	signs           bool   // concerns commands that serve, and the one that makes tokens
	secret          bool
	set             func(*Config, string) error
}

// settings are all of them.
func settings() []setting {
	return append([]setting{
		{
			flag: "database-url", env: "DATABASE_URL", value: "sqlite:./data/entwine.db",
			help: "the database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
			set:  func(c *Config, v string) error { c.DatabaseURL = v; return nil },
		},
		{
			flag: "migrations", env: "ENTWINE_MIGRATIONS", value: "own",
			help: "who changes the tables: own, or external for a database that somebody else migrates, which is checked and left as it is",
			set: func(c *Config, v string) error {
				c.External = v == "external"
				if v != "own" && !c.External {
					return errors.New("must be own or external")
				}
				return nil
			},
		},
		{
			flag: "max-conns", env: "ENTWINE_MAX_CONNS", value: "0",
			help: "connections to the database; 0 chooses: 10 on Postgres, two per processor and at least 4 on SQLite",
			set:  intSetting(func(c *Config, n int) { c.MaxConns = n }),
		},
		{
			flag: "pooler", env: "ENTWINE_POOLER", value: "false",
			help: "the database URL leads to a pooler in transaction mode, such as PgBouncer; migrations need the server itself",
			set:  boolSetting(func(c *Config, b bool) { c.Pooler = b }),
		},
		{
			flag: "snapshots", env: "ENTWINE_SNAPSHOTS", value: "5",
			help: "copies of a SQLite database to keep; one is taken before migrations change it; 0 takes none",
			set:  intSetting(func(c *Config, n int) { c.Snapshots = n }),
		},
		{
			flag: "addr", env: "ENTWINE_ADDR", value: "127.0.0.1:8080", server: true,
			help: "the address to listen on; PORT alone chooses that port, on all interfaces under serve",
			set:  func(c *Config, v string) error { c.Addr = v; return checkAddr(v) },
		},
		{
			flag: "timeout", env: "ENTWINE_TIMEOUT", value: "10s", server: true,
			help: "longest time for one operation",
			set:  durationSetting(func(c *Config, d time.Duration) { c.Timeout = d }, "10s"),
		},
		{
			flag: "idempotency-retention", env: "ENTWINE_IDEMPOTENCY_RETENTION", value: "24h", server: true,
			help: "how long an Idempotency-Key is kept with its answer",
			set:  durationSetting(func(c *Config, d time.Duration) { c.KeyRetention = d }, "24h"),
		},
		{
			flag: "introspection", env: "ENTWINE_INTROSPECTION", value: "false", dev: "true", server: true,
			help: "let clients read the schema",
			set:  boolSetting(func(c *Config, b bool) { c.Introspection = b }),
		},
		{
			flag: "playground", env: "ENTWINE_PLAYGROUND", value: "false", dev: "true", server: true,
			help: "serve the playground at /playground",
			set:  boolSetting(func(c *Config, b bool) { c.Playground = b }),
		},
		{
			flag: "cors-origins", env: "ENTWINE_CORS_ORIGINS", server: true,
			help: "origins whose pages may call the API, separated by commas; dev allows those of this machine too",
			set:  func(c *Config, v string) error { c.CORSOrigins = list(v); return nil },
		},
		{
			flag: "dev-key", env: "ENTWINE_DEV_KEY", server: true, secret: true,
			help: "the bearer key of the administrator under dev; made up at the first start if it is not set",
			set:  func(c *Config, v string) error { c.DevKey = v; return nil },
		},
		{
			flag: "jwt-secret", env: "ENTWINE_JWT_SECRET", signs: true, secret: true,
			help: "the key, of at least 32 characters, that signs and verifies tokens (HS256); several are separated by commas, and the first signs",
			set:  func(c *Config, v string) error { c.Tokens.Secrets = list(v); return nil },
		},
		{
			flag: "jwt-public-keys", env: "ENTWINE_JWT_PUBLIC_KEYS", server: true,
			help: "a PEM file with the public keys of whoever makes the tokens",
			set:  func(c *Config, v string) error { c.Tokens.PublicKeys = v; return nil },
		},
		{
			flag: "jwt-jwks", env: "ENTWINE_JWT_JWKS", server: true,
			help: "the URL of the key set of an external issuer of tokens",
			set:  func(c *Config, v string) error { c.Tokens.JWKS = v; return nil },
		},
		{
			flag: "jwt-issuer", env: "ENTWINE_JWT_ISSUER", signs: true,
			help: "the issuer that tokens must name",
			set:  func(c *Config, v string) error { c.Tokens.Issuer = v; return nil },
		},
		{
			flag: "jwt-audience", env: "ENTWINE_JWT_AUDIENCE", signs: true,
			help: "the audience that tokens must name",
			set:  func(c *Config, v string) error { c.Tokens.Audience = v; return nil },
		},
		{
			flag: "jwt-roles-claim", env: "ENTWINE_JWT_ROLES_CLAIM", value: "roles", signs: true,
			help: "the claim that holds the viewer's roles; dots lead into objects, as in realm_access.roles",
			set:  func(c *Config, v string) error { c.Tokens.RolesClaim = v; return nil },
		},
		{
			flag: "jwt-tenant-claim", env: "ENTWINE_JWT_TENANT_CLAIM", value: "tenant", signs: true,
			help: "the claim that holds the viewer's tenant",
			set:  func(c *Config, v string) error { c.Tokens.TenantClaim = v; return nil },
		},
	}, limits()...)
}

func checkAddr(v string) error {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return errors.New("must be HOST:PORT, such as 127.0.0.1:8080")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return errors.New("the port must be a number up to 65535")
	}
	return nil
}

func durationSetting(set func(*Config, time.Duration), example string) func(*Config, string) error {
	return func(c *Config, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return fmt.Errorf("must be a duration above zero, such as %s", example)
		}
		set(c, d)
		return nil
	}
}

func intSetting(set func(*Config, int)) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return errors.New("must be a whole number, not negative")
		}
		set(c, n)
		return nil
	}
}

func boolSetting(set func(*Config, bool)) func(*Config, string) error {
	return func(c *Config, v string) error {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return errors.New("must be true or false")
		}
		set(c, b)
		return nil
	}
}

func list(v string) []string {
	var out []string
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// settingsFile is read from the working folder if it is there. Its lines are NAME=VALUE, as for the environment.
const settingsFile = ".env"

// addFlags declares the flags of the settings, those of the server only if the command serves.
func addFlags(flags *pflag.FlagSet, server bool) {
	addSettings(flags, func(s setting) bool { return server || !s.server && !s.signs })
}

func addSettings(flags *pflag.FlagSet, concerned func(setting) bool) {
	for _, s := range settings() {
		if !concerned(s) {
			continue
		}
		help := s.help + " (" + s.env + ")"
		if s.dev != "" {
			help += " (default " + s.value + " under serve, " + s.dev + " under dev)"
		}
		flags.String(s.flag, "", help)
		f := flags.Lookup(s.flag)
		if s.dev == "" {
			f.DefValue = s.value
		}
		if s.value == "false" {
			f.NoOptDefVal = "true" // --playground alone means yes
		}
	}
}

// readConfig settles each setting: flag, then environment, then file, then default. development chooses the defaults of
// dev. All problems are reported at once.
func readConfig(flags *pflag.FlagSet, lookup func(string) (string, bool), development bool) (Config, error) {
	file, err := godotenv.Read(settingsFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Config{}, fmt.Errorf("read %s: %w", settingsFile, err)
	}
	var c Config
	var problems []error
	for _, s := range settings() {
		value, source := s.value, "the default"
		if development && s.dev != "" {
			value = s.dev
		}
		if v, ok := file[s.env]; ok {
			value, source = v, s.env+" in "+settingsFile
		}
		if port, ok := lookup("PORT"); ok && s.flag == "addr" {
			value, source = net.JoinHostPort(host(development), port), "PORT"
		}
		if v, ok := lookup(s.env); ok {
			value, source = v, s.env
		}
		if f := flags.Lookup(s.flag); f != nil && f.Changed {
			value, source = f.Value.String(), "--"+s.flag
		}
		if err := s.set(&c, value); err != nil {
			if s.secret {
				value = "(secret)"
			}
			problems = append(problems, fmt.Errorf("%s: %q %w", source, value, err))
		}
	}
	return c, errors.Join(problems...)
}

// host is where PORT alone listens: on this machine only under dev.
func host(development bool) string {
	if development {
		return "127.0.0.1"
	}
	return "0.0.0.0"
}
