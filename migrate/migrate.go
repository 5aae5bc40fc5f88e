// Package migrate holds the migrations of the application. `migrate new` writes the files.
package migrate

import (
	"embed"

	"github.com/entwine-data/entwine/gateway"
)

// Files are the migrations for SQLite and Postgres, and the schema after each of them.
//
//go:embed *
var Files embed.FS

// Data are the data migrations that are written in Go.
var Data []gateway.DataMigration
