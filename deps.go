//go:build deps

package main

import (
	_ "ariga.io/atlas/sql/migrate"
	_ "entgo.io/ent/dialect/sql/schema"
	_ "entgo.io/ent/entc"
	_ "entgo.io/ent/entc/gen"
	_ "entgo.io/ent/entc/load"
	_ "github.com/99designs/gqlgen/api"
	_ "github.com/99designs/gqlgen/graphql/handler"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/graph-gophers/dataloader/v7"
	_ "github.com/lib/pq"
	_ "github.com/spf13/cobra"
	_ "github.com/google/uuid"
	_ "golang.org/x/tools/go/packages"
	_ "modernc.org/sqlite"
	_ "pgregory.net/rapid"
)
