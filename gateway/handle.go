package gateway

import (
	"context"
	"iter"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"github.com/99designs/gqlgen/graphql"

	"github.com/entwine-data/entwine/gateway/entity"
)

// Handle is an opened application: what generated code hands to the framework.
type Handle struct {
	// Catalog describes the entities.
	Catalog *entity.Catalog
	// SDL is the complete schema as clients see it, the hand-written operations included.
	SDL string
	// Custom executes the hand-written operations and introspection. Its schema is that of SDL.
	Custom graphql.ExecutableSchema
	// Mutators write rows, by the name of the entity.
	Mutators map[string]entity.Mutator
	// Client is the client of the ORM. Generated code gives it its type: graph.Client.
	Client any
	// Explain turns an error of the ORM into one for clients, as far as they may know it.
	Explain func(error) error
	// Tables are the tables of the ent schema, which migrations lead to.
	Tables []*schema.Table
	// Renamed are the names that tables and columns had before, for `migrate new`.
	Renamed []entity.Renaming

	driver updater
}

// Opener makes the application's handle over a driver that the framework owns. A statement that is executed with the
// context of a running mutation takes part in that mutation's transaction.
type Opener func(dialect.Driver) (*Handle, error)

// Demo yields the rows of the demo data, table by table in an order in which foreign keys are satisfied.
// Values are as entity.Rows says. It must give the same rows every time.
type Demo func(ctx context.Context) iter.Seq[entity.Rows]
