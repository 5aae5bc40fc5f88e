// Package browser opens the gateway's pages in a real browser.
package browser

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/internal/testenv"
)

// TestPlayground starts the gateway as a newcomer does, in an empty folder, and uses its playground.
// ENTWINE_TEST_ARTIFACTS names a folder that keeps the screenshots.
func TestPlayground(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		testenv.Lacking(t, testenv.Node, "install Node 20 or newer")
	}
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		if browser, err = exec.LookPath("chromium"); err != nil {
			testenv.Lacking(t, testenv.Browser, "install chromium, or set CHROMIUM to its path")
		}
	}
	if _, err := os.Stat("node_modules/playwright-core"); err != nil {
		testenv.Lacking(t, testenv.Browser, "run npm ci in tests/browser")
	}
	artifacts := os.Getenv("ENTWINE_TEST_ARTIFACTS")
	if artifacts == "" {
		artifacts = t.ArtifactDir()
	}

	testenv.WatchSources(t)
	binary := filepath.Join(t.TempDir(), "entwine")
	if out, err := exec.Command("go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	const key = "browser-test-key"
	origin := start(t, binary, key)

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "playground.mjs")
	cmd.Env = append(os.Environ(), "PLAYGROUND_URL="+origin+"/playground", "PLAYGROUND_KEY="+key, "CHROMIUM="+browser, "ARTIFACTS="+artifacts)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s\nscreenshots: %s", out, artifacts)
}

// start runs `dev` in an empty folder until the test ends and returns where it serves.
func start(t *testing.T, binary, key string) (origin string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()

	var output bytes.Buffer
	cmd := exec.Command(binary, "dev")
	cmd.Dir = t.TempDir()
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "ENTWINE_") || strings.HasPrefix(v, "DATABASE_URL=") || strings.HasPrefix(v, "PORT=")
	})
	cmd.Env = append(cmd.Env, "ENTWINE_ADDR="+addr, "ENTWINE_DEV_KEY="+key)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-exited:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			<-exited
			t.Error("the gateway did not stop when asked to")
		}
		if t.Failed() {
			t.Logf("output of the gateway:\n%s", &output)
		}
	})

	deadline := time.After(2 * time.Minute)
	for {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return "http://" + addr
			}
		}
		select {
		case <-exited:
			t.Fatal("the gateway ended")
		case <-deadline:
			t.Fatalf("the gateway is not ready: %v", err)
		case <-time.Tick(50 * time.Millisecond):
		}
	}
}
