// Package testapp opens the reference application for end-to-end tests.
package testapp

import (
	"testing"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/access"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/testenv"
)

// The viewers that tests act as.
var (
	Anonymous = access.Viewer{}
	Admin     = access.Viewer{Roles: []string{"admin"}}
	Moderator = access.Viewer{UserID: "2", Roles: []string{"moderator"}}
)

// User is the user with the given key, without roles.
func User(id string) access.Viewer { return access.Viewer{UserID: id} }

// App is the opened application.
type App struct{ *gatewaytest.Gateway }

// Open opens the application over an empty database.
func Open(t testing.TB, url string) *App {
	t.Helper()
	return &App{gatewaytest.Open(t, gateway.App{Name: "Community", Open: graph.Open}, url)}
}

// Demo fills the database with made-up data of the given number of users.
func (a *App) Demo(t testing.TB, users int) *App {
	t.Helper()
	return a.Fill(t, demo.Config{Users: users})
}

// Fill fills the database with made-up data.
func (a *App) Fill(t testing.TB, cfg demo.Config) *App {
	t.Helper()
	a.Gateway.Demo(t, demo.Data(cfg))
	return a
}

// Load fills the database with a data set, "community" or "community-fr", and returns its folder.
func (a *App) Load(t testing.TB, set string) (dir string) {
	t.Helper()
	dir = testenv.DataSet(t, set)
	a.Gateway.Load(t, dir)
	return dir
}
