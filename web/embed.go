// Package web holds the pages that the gateway serves, built from the sources beside it by `make web`. The built files are
// committed, so that building the gateway needs no Node.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built playground: index.html and its assets.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded, so it exists
	}
	return files
}
