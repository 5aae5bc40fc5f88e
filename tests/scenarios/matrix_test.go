package scenarios

import (
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestMatrix: who may do what with the rows of the demo data is what testdata/rules.txt says, and what the rules say as SQL.
func TestMatrix(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		testapp.Open(t, url).Demo(t, 30).Matrix(t, "testdata/rules.txt", testapp.User("1"), testapp.User("3"))
	})
}
