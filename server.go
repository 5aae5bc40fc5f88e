// Command entwine is the reference application: a community site. What a project of its own needs is this file, a schema
// in ent/schema, and what `go generate ./...` makes of it.
package main

import (
	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/migrate"
)

func main() {
	gateway.Main(gateway.App{
		Name:           "Entwine",
		Open:           graph.Open,
		Hooks:          graph.Hooks,
		Routes:         graph.Routes,
		Commands:       graph.Commands(),
		Migrations:     migrate.Files,
		DataMigrations: migrate.Data,
		Demo:           demo.Data(demo.Config{Users: 200}),
		Examples:       graph.Examples,
	})
}
