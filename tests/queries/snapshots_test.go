package queries

import (
	"testing"

	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/tests/testapp"
)

// TestSnapshots keeps the answers of typical operations, and the SQL that gives them, as files: a changed plan is a visible
// difference. ENTWINE_TEST_UPDATE=1 writes them again.
func TestSnapshots(t *testing.T) {
	gatewaytest.Each(t, func(t *testing.T, url string) {
		testapp.Open(t, url).Demo(t, 30).Snapshots(t, "testdata/snapshots")
	})
}
