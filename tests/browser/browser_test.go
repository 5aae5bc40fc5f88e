// Package browser opens the gateway's pages in a real browser.
package browser

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entwine-data/entwine/internal/testenv"
)

// key is the development key of the gateways that tests start.
const key = "browser-test-key"

// TestPlayground starts the gateway as a newcomer does, in an empty folder, and uses its playground.
// ENTWINE_TEST_ARTIFACTS names a folder that keeps the screenshots.
func TestPlayground(t *testing.T) {
	run := script(t)
	artifacts := os.Getenv("ENTWINE_TEST_ARTIFACTS")
	if artifacts == "" {
		artifacts = t.ArtifactDir()
	}
	origin := start(t)
	run("playground.mjs", "PLAYGROUND_URL="+origin+"/playground", "PLAYGROUND_KEY="+key, "ARTIFACTS="+artifacts)
	t.Logf("screenshots: %s", artifacts)
}

// TestForm fills in the form of the documentation, from another origin than the gateway's.
func TestForm(t *testing.T) {
	run := script(t)
	pages := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(testenv.Root(t), "docs"))))
	defer pages.Close()
	run("form.mjs", "FORM_URL="+pages.URL+"/errors-in-a-form.html?endpoint="+start(t)+"/graphql", "FORM_KEY="+key)
}

// script finds what scripts need, and returns a function that runs one.
func script(t *testing.T) (run func(name string, env ...string)) {
	t.Helper()
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
	return func(name string, env ...string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, node, name)
		cmd.Env = append(append(os.Environ(), "CHROMIUM="+browser), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
	}
}

// start builds the gateway, runs `dev` in an empty folder until the test ends and returns where it serves.
func start(t *testing.T) (origin string) {
	t.Helper()
	testenv.WatchSources(t)
	binary := filepath.Join(t.TempDir(), "entwine")
	if out, err := exec.Command("go", "build", "-o", binary, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
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
