package docs

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/entwine-data/entwine/ent/demo"
	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/testenv"
)

// TestReadme starts dev in an empty folder and pastes the README's first query and first mutation into a shell there.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED, NOT PASSED: the README's commands need curl")
	}
	var commands []string
	for _, b := range blocks(t, filepath.Join(testenv.Root(t), "README.md")) {
		if b.is("sh") && strings.HasPrefix(b.text, "curl ") {
			commands = append(commands, b.text)
		}
	}
	if len(commands) != 2 || strings.Contains(commands[0], "mutation") || !strings.Contains(commands[1], "mutation") {
		t.Fatalf("the README should hold a query and a mutation as curl commands, not %q", commands)
	}
	t.Chdir(t.TempDir())
	host := dev(t)
	for _, command := range commands {
		if !strings.Contains(command, "127.0.0.1:8080") {
			t.Fatalf("not sent to where dev listens: %s", command)
		}
		out, err := exec.Command("sh", "-c", strings.ReplaceAll(command, "127.0.0.1:8080", host)).Output()
		if err != nil {
			t.Fatalf("%s\n%v", command, err)
		}
		var response struct {
			Data   map[string]any
			Errors []any
		}
		if err := json.Unmarshal(out, &response); err != nil || len(response.Data) == 0 || len(response.Errors) > 0 {
			t.Errorf("%s\n%v\n%s", command, err, out)
		}
	}
}

// dev runs the dev command in the working folder until the test ends, and returns where it listens.
func dev(t *testing.T) (host string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	messages, log := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		app := gateway.App{Name: "Entwine", Open: graph.Open, Demo: demo.Data(demo.Config{Users: 200})}
		ended <- gateway.Run(ctx, app, []string{"dev", "--addr", "127.0.0.1:0"}, func(string) (string, bool) { return "", false }, io.Discard, log)
		_ = log.Close()
	}()
	t.Cleanup(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, messages) }()
		if code := <-ended; code != 0 {
			t.Errorf("dev ended with %d", code)
		}
	})
	lines := bufio.NewScanner(messages)
	for lines.Scan() {
		if name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), " "); ok && name == "API" {
			u, err := url.Parse(strings.TrimSpace(value))
			if err != nil {
				t.Fatal(err)
			}
			host = u.Host
		}
		if strings.HasPrefix(lines.Text(), "Ctrl+C") {
			return host
		}
	}
	t.Fatal("dev did not start")
	return ""
}
