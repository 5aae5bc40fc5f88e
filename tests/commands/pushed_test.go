package commands

import (
	"bytes"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/internal/store"
)

// TestGatewaysTablesWithoutMigrations: an application whose tables are pushed has the gateway's own tables, too, or does not serve.
func TestGatewaysTablesWithoutMigrations(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		t.Chdir(t.TempDir())
		pushed := app
		pushed.Migrations, pushed.Commands = nil, []gateway.Command{}
		call := func(args ...string) (int, string) {
			var out, log bytes.Buffer
			code := gateway.Run(t.Context(), pushed, append(args, "--database-url", url), lookup(nil), &out, &log)
			return code, log.String()
		}
		if code, log := call("migrate", "push"); code != 0 || !strings.Contains(log, "own tables: 2 migrations") {
			t.Fatal(log)
		}
		if code, log := call("migrate", "push"); code != 0 || strings.Contains(log, "own tables") {
			t.Error(log)
		}
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, statement := range []string{"DROP TABLE entwine_history", "DROP TABLE entwine_idempotency", "DROP TABLE entwine_system_migrations"} {
			if err := db.Driver().Exec(t.Context(), statement, []any{}, nil); err != nil {
				t.Fatal(err)
			}
		}
		code, log := call("serve", "--addr", "127.0.0.1:0")
		expect(t, log, "own tables: these migrations are pending", "migrate push")
		if code != 1 {
			t.Errorf("code %d", code)
		}
	})
}
