// Package testenv finds what some tests need and not every machine has: a Postgres server, a browser, Node, the data sets.
// It decides in one place whether a test without them is skipped or fails.
package testenv

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Need names a thing that tests may lack, as it is written in ENTWINE_TEST_REQUIRE.
type Need string

// The things that tests may lack.
const (
	Postgres Need = "postgres"
	Pooler   Need = "pooler"
	Browser  Need = "browser"
	Node     Need = "node"
	Data     Need = "data"
)

// Lacking ends the test because need is not there: it fails if ENTWINE_TEST_REQUIRE, a list separated by commas, names the
// need, and is skipped otherwise. The reason should say how to provide it.
func Lacking(t testing.TB, need Need, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("ENTWINE_TEST_REQUIRE"), ","), string(need)) {
		t.Fatalf("ENTWINE_TEST_REQUIRE asks for %s: %s", need, reason)
	}
	t.Skipf("SKIPPED, NOT PASSED: no %s: %s", need, reason)
}

// DataSet returns the folder of a data set, for example "community". Data sets are looked for in ENTWINE_TEST_DATA, by
// default ../shared/data as seen from the root of the module.
func DataSet(t testing.TB, name string) string {
	t.Helper()
	base := os.Getenv("ENTWINE_TEST_DATA")
	if base == "" {
		base = filepath.Join(Root(t), "..", "shared", "data")
	}
	dir := filepath.Join(base, name)
	if _, err := os.Stat(filepath.Join(dir, "facts.json")); err != nil {
		Lacking(t, Data, "set ENTWINE_TEST_DATA to the folder of the data sets: "+err.Error())
	}
	return dir
}

// Root returns the root of the module that is tested.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// WatchSources is for tests that build the module, or start programs that read its files. The go command remembers which
// files a test looked at and runs it again when one of them changed; what other programs read would escape it.
func WatchSources(t testing.TB) {
	t.Helper()
	// To list a folder is to look at the size and time of each file in it.
	err := filepath.WalkDir(Root(t), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "data") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
