package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/entity"
)

// open stands for graph.Open, which is generated into each application.
var open gateway.Opener

// A whole program: what `new` writes into server.go.
func ExampleMain() {
	gateway.Main(gateway.App{Name: "Shop", Open: open})
}

// Demo data is given table by table, and must be the same every time.
func ExampleDemo() {
	_ = gateway.App{Name: "Shop", Open: open, Demo: func(context.Context) iter.Seq[entity.Rows] {
		return func(yield func(entity.Rows) bool) {
			yield(entity.Rows{Table: "users", Columns: []string{"id", "name"}, Values: func(row func([]any) bool) {
				_ = row([]any{int64(1), "Ada"}) && row([]any{int64(2), "Eve"})
			}})
		}
	}}
}

// A command can be run from Go, for example in a test.
func ExampleRun() {
	var out bytes.Buffer
	code := gateway.Run(context.Background(), gateway.App{Name: "Shop", Version: "v1.2.3", Open: open}, []string{"version"}, os.LookupEnv, &out, os.Stderr)
	line, _ := out.ReadString('\n')
	fmt.Print(code, " ", line)
	// Output: 0 Shop v1.2.3
}
