//go:build ignore

package main

import (
	"log"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/codegen"
)

func main() {
	if err := codegen.Run(codegen.Config{Can: access.Role("admin")}); err != nil {
		log.Fatalf("generate: %v", err)
	}
}
