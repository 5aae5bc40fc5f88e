//go:build ignore

package main

import (
	"log"

	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/codegen"
)

func main() {
	everyone := access.Everyone()
	err := codegen.Run(codegen.Config{
		DefaultRules: access.Rules{Read: everyone, Create: everyone, Update: everyone, Delete: everyone},
	})
	if err != nil {
		log.Fatalf("generate: %v", err)
	}
}
