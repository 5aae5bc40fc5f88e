// Package graph holds the GraphQL schema and the hand-written operations.
package graph

import "example.com/writes/ent"

// Resolver is what hand-written operations have at hand.
type Resolver struct {
	client *ent.Client
	load   *Loaders
}

func newResolver(client *ent.Client, load *Loaders) *Resolver {
	return &Resolver{client: client, load: load}
}
