// Package graph holds the GraphQL schema and the hand-written operations: <topic>.graphql declares them and
// <topic>.resolvers.go answers them. The other files are generated.
package graph

import "github.com/entwine-data/entwine/ent"

// Resolver is what hand-written operations have at hand. Add what yours need.
type Resolver struct {
	client *ent.Client
	load   *Loaders
}

func newResolver(client *ent.Client, load *Loaders) *Resolver {
	return &Resolver{client: client, load: load}
}
