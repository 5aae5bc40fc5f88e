package newproject

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is `dev`, as it runs in the project's folder.
type server struct {
	project
	cmd   *exec.Cmd
	lines chan string // what it prints; closed when the process and its children are gone
	url   string
	key   string
	// stopAsking ends the client that asks all the time.
	stopAsking func()
}

// dev starts the project's program and waits until it is ready. While it runs, somebody asks again and again, and has to
// get an answer whatever is saved.
func (p project) dev(t *testing.T, binary string, env ...string) *server {
	t.Helper()
	cmd := exec.Command(binary, "dev", "--addr", "127.0.0.1:0")
	cmd.Dir, cmd.Env = p.dir, append(append(os.Environ(), "TMPDIR="+t.TempDir()), env...) // it is killed, and cannot clean up
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{project: p, cmd: cmd, lines: make(chan string, 1000)}
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			s.lines <- scanner.Text()
		}
		close(s.lines)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log := s.wait(t, "Save a file of the project")
	s.url = regexp.MustCompile(`http://[^/ ]+`).FindString(log)
	s.key = regexp.MustCompile(`Bearer (\S+)`).FindStringSubmatch(log)[1]

	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		// A connection for each request, so that a port that is closed for a moment is noticed.
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		pace := time.NewTicker(5 * time.Millisecond) // a client, not a load test
		defer pace.Stop()
		n := 0
		for ; ctx.Err() == nil; n++ {
			<-pace.C
			r, err := client.Post(s.url+"/graphql", "application/json", strings.NewReader(`{"query":"{ __typename }"}`))
			if err != nil {
				t.Errorf("request %d was not answered: %v", n, err)
				return
			}
			_ = r.Body.Close()
		}
		t.Logf("%d requests were answered meanwhile", n)
	})
	s.stopAsking = func() { stop(); asking.Wait() }
	t.Cleanup(s.stopAsking)
	return s
}

// wait returns what is printed up to a line that holds the last of the parts, the others of which must have been there.
func (s *server) wait(t *testing.T, parts ...string) string {
	t.Helper()
	var log strings.Builder
	timeout := time.After(2 * time.Minute)
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				t.Fatalf("it ended:\n%s", &log)
			}
			log.WriteString(line + "\n")
			if !strings.Contains(line, parts[len(parts)-1]) {
				continue
			}
			for _, part := range parts {
				if !strings.Contains(log.String(), part) {
					t.Errorf("%q was not said:\n%s", part, &log)
				}
			}
			return log.String()
		case <-timeout:
			t.Fatalf("%q was not said:\n%s", parts, &log)
		}
	}
}

// save saves a file and waits until dev has said the parts.
func (s *server) save(t *testing.T, b block, parts ...string) {
	t.Helper()
	start := time.Now()
	s.write(t, b)
	log := s.wait(t, parts...)
	t.Logf("%.1f s after saving %s:%s", time.Since(start).Seconds(), b.file, log)
}

// ask sends an operation that has to succeed, as the administrator.
func (s *server) ask(t *testing.T, query string, variables json.RawMessage) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.key)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || bytes.Contains(answer, []byte(`"errors"`)) {
		t.Errorf("%s\n%v %s", query, err, answer)
	}
	return string(answer)
}

// kill kills the process that watches, as the system would; the server that it started must not outlive it.
func (s *server) kill(t *testing.T) {
	s.stopAsking()
	if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// The pipe ends with the last process that holds it.
	timeout := time.After(10 * time.Second)
	for open := true; open; {
		select {
		case _, open = <-s.lines:
		case <-timeout:
			t.Fatal("a server outlived the process that started it")
		}
	}
	_ = s.cmd.Wait()
	if conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://")); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

func (p project) variables(t *testing.T, name string) json.RawMessage {
	t.Helper()
	if _, err := os.Stat(filepath.Join(p.dir, name)); err != nil {
		return nil
	}
	return json.RawMessage(p.read(t, name))
}
