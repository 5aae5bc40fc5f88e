package testenv

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// SmallDisk mounts a file system that has room for some megabytes, for as long as the test lasts, and returns its folder. That needs the
// rights of root: where they lack, the test is skipped.
func SmallDisk(t testing.TB, megabytes int) (dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "entwine-small-") // where the user of a Postgres server may look, too
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=755", megabytes)); err != nil {
		_ = os.Remove(dir)
		t.Skipf("SKIPPED, NOT PASSED: no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
