package graph

import (
	"embed"
	"io/fs"
)

//go:embed examples
var examples embed.FS

// Examples are the operations that the playground opens with.
var Examples, _ = fs.Sub(examples, "examples")
