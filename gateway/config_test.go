package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

func config(t *testing.T, development bool, env map[string]string, args ...string) (Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	addFlags(flags, true)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return readConfig(flags, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, development)
}

// A flag beats the environment, which beats the file, which beats the default.
func TestSettingsAreFoundInOrder(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(settingsFile, []byte("# a comment\nENTWINE_PAGE_SIZE=1\nENTWINE_MAX_PAGE_SIZE=\"2\"\nDATABASE_URL=sqlite:file.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config(t, false, map[string]string{"ENTWINE_MAX_PAGE_SIZE": "3", "DATABASE_URL": "sqlite:env.db"}, "--database-url", "sqlite:flag.db")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{1, 3, "sqlite:flag.db"}, []any{c.Reads.PageSize, c.Reads.MaxPageSize, c.DatabaseURL}); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultsOfDevAndServe(t *testing.T) {
	t.Chdir(t.TempDir())
	port := map[string]string{"PORT": "9000"}
	for _, c := range []struct {
		development bool
		env         map[string]string
		addr        string
	}{
		{true, nil, "127.0.0.1:8080"},
		{false, nil, "127.0.0.1:8080"},
		{true, port, "127.0.0.1:9000"},
		{false, port, "0.0.0.0:9000"},
		{false, map[string]string{"PORT": "9000", "ENTWINE_ADDR": "10.0.0.1:1"}, "10.0.0.1:1"},
	} {
		got, err := config(t, c.development, c.env)
		if err != nil {
			t.Fatal(err)
		}
		if got.Addr != c.addr || got.Playground != c.development || got.Introspection != c.development {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := config(t, false, map[string]string{"ENTWINE_PAGE_SIZE": "many", "ENTWINE_ADDR": "here"}, "--timeout", "5")
	for _, part := range []string{`ENTWINE_PAGE_SIZE: "many"`, `ENTWINE_ADDR: "here"`, `--timeout: "5" must be a duration above zero, such as 10s`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is missing in: %v", part, err)
		}
	}
}

func TestSwitchesNeedNoValue(t *testing.T) {
	t.Chdir(t.TempDir())
	c, err := config(t, false, nil, "--playground", "--introspection=false")
	if err != nil || !c.Playground || c.Introspection {
		t.Errorf("%+v %v", c, err)
	}
}

// The table in docs/settings.md is this one.
func TestSettingsAreDocumented(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "docs", "settings.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings() {
		value := s.value
		if s.dev != "" {
			value += " (" + s.dev + " under dev)"
		}
		line := strings.ReplaceAll(fmt.Sprintf("| `%s` | `--%s` | %s | %s |", s.env, s.flag, value, s.help), "|  |", "| |")
		if !strings.Contains(string(b), line+"\n") {
			t.Errorf("docs/settings.md lacks the line:\n%s", line)
		}
	}
}
