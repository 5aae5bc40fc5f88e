// Package sysdb holds the tables of the framework itself: their migrations are a line of their own, which is built into every
// application, so that an upgrade of the framework never edits the application's migrations.
package sysdb

import (
	"embed"
	"slices"

	"github.com/entwine-data/entwine/internal/migrate"
)

//go:embed sqlite postgres
var files embed.FS

// tables are the names of the tables. All begin with entwine_, which applications leave alone.
var tables = []string{"entwine_idempotency", "entwine_history"}

// Line returns the migrations of the framework's tables.
func Line() migrate.Line {
	return migrate.Line{
		Files: files, Table: "entwine_system_migrations",
		Owns: func(table string) bool { return slices.Contains(tables, table) },
	}
}
