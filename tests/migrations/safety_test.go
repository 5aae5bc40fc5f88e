package migrations

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestoreWhileServing: a database that a server has open is not replaced under its feet.
func TestRestoreWhileServing(t *testing.T) {
	dir := t.TempDir()
	p := &project{dir: dir, url: "sqlite:" + filepath.Join(dir, "blog.db")}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/blog\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.must(t, "migrate", "new", "init")
	p.must(t, "migrate", "up")
	p.must(t, "migrate", "new", "--empty", "nothing")
	expect(t, p.must(t, "migrate", "up"), "snapshot ")
	cmd := p.app(t.Context(), "serve", "--addr", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	served := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), "serves http") {
			served = true
			out, err := p.run(t, "migrate", "restore")
			if err == nil {
				t.Error("it was replaced")
			}
			expect(t, out, "blog.db is open in another process", "Stop the server")
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
	if err := cmd.Wait(); err != nil || !served {
		t.Fatal(err, served)
	}
	expect(t, p.must(t, "migrate", "restore"), "is as it was in")
}
