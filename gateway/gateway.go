// Package gateway is what an application built with Entwine imports: it describes itself as an [App] and calls [Main].
//
//	func main() {
//		gateway.Main(gateway.App{Name: "Shop", Open: graph.Open})
//	}
package gateway

import (
	"fmt"
	"io/fs"
	"os"

	"entgo.io/ent/dialect"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/internal/engine"
)

// App is an application: its schema, opened by generated code, and what goes with it.
type App struct {
	// Name is shown in the playground and in messages.
	Name string
	// Version is printed by the version command. Defaults to what the Go toolchain recorded.
	Version string
	// Open makes the application's handle. It is generated into the application's graph package.
	Open Opener
	// Migrations are the files that `migrate new` writes, embedded: the folders sqlite, postgres and schema of ./migrate. Without
	// them the tables can only be pushed.
	Migrations fs.FS
	// DataMigrations are those that are written in Go.
	DataMigrations []DataMigration
	// Rules is the Go code behind the schema's named rules, see [access.Named].
	Rules map[string]access.Dynamic
	// Hooks registers hooks of the ORM, with the client of the handle at hand. They run around every write of the ORM: those of the
	// API, of hand-written operations, routes and commands.
	Hooks func(*Handle)
	// Routes registers HTTP routes beside those of the gateway.
	Routes func(*Router)
	// Commands are commands of its own, beside serve and the others.
	Commands []Command
	// Demo is the data that `dev` puts into an empty database. None if nil.
	Demo Demo
	// Examples are *.graphql files that the playground opens as tabs, in the order of their names. A file NAME.json beside one
	// holds its variables.
	Examples fs.FS
}

// Handle opens the application over a driver that the caller owns, gives its named rules their code, and registers its hooks. The
// framework and package gatewaytest call it.
func (a App) Handle(drv dialect.Driver) (*Handle, error) {
	handle, err := a.Open(drv)
	if err != nil {
		return nil, fmt.Errorf("open the application: %w", err)
	}
	if name := handle.Catalog.Link(a.Rules); name != "" {
		return nil, fmt.Errorf("the schema names the rule %q, which App.Rules does not have", name)
	}
	if u, ok := drv.(updater); ok {
		handle.driver, handle.Catalog.Transaction = u, u.Update
		handle.Catalog.Recorder = engine.NewRecorder(drv.Dialect())
	}
	if a.Hooks != nil {
		a.Hooks(handle)
	}
	return handle, nil
}

// Main runs the command line of the application and exits. See [Run] for use in tests.
func Main(app App) {
	os.Exit(run(app, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
