//go:build ignore

package main

import (
	"log"

	"github.com/entwine-data/entwine/gateway/codegen"
)

func main() {
	if err := codegen.Run(codegen.Config{}); err != nil {
		log.Fatalf("generate: %v", err)
	}
}
