package migrations

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway/relay"
	"github.com/entwine-data/entwine/internal/migrate"
	"github.com/entwine-data/entwine/internal/pgtest"
)

// TestRenameWithoutDowntime renames a column in production: the release that knows the new name runs beside the one that knows
// the old, both under load while the migrations are applied, and no request fails or misses what another one wrote.
func TestRenameWithoutDowntime(t *testing.T) {
	p := &project{dir: t.TempDir(), url: pgtest.New(t), postgres: true}
	r1 := p.release(t, "r1", nil)
	r1.must(t, "migrate", "new", "init", "--dir", "migrate")
	r1.must(t, "migrate", "up")
	p.rows(t, "INSERT INTO notes (text) SELECT 'old ' || n FROM generate_series(1, 50000) n")

	load := &load{servers: make(map[string]*server), stop: make(chan struct{})}
	defer load.end()
	load.add("r1", r1.serve(t))
	load.start(6)
	load.more(t, 200)

	// Expand: a column, a trigger that keeps both alike whoever writes, and the rows that are there.
	r2 := p.release(t, "r2", r1)
	r2.must(t, "migrate", "new", "expand", "--dir", "migrate")
	r2.mark(t, "expand")
	r2.byHand(t, "20990101000000_sync", `-- entwine:compatible
CREATE FUNCTION notes_sync() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.body := COALESCE(NEW.body, NEW.text);
    NEW.text := COALESCE(NEW.text, NEW.body);
  ELSIF NEW.body IS DISTINCT FROM OLD.body THEN
    NEW.text := NEW.body;
  ELSE
    NEW.body := NEW.text;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notes_sync BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION notes_sync();
`)
	r2.byHand(t, "20990101000001_fill", "-- entwine:compatible\nUPDATE notes SET body = text WHERE body IS NULL;\n")
	expect(t, r2.must(t, "migrate", "up"), "_expand.up.sql", "_sync.up.sql", "_fill.up.sql")
	load.more(t, 200)

	// Migrate: both releases serve, and the old one can even be started again.
	load.add("r2", r2.serve(t))
	load.more(t, 300)
	load.add("r1 again", r1.serve(t))
	load.more(t, 300)
	load.remove(t, "r1")
	load.remove(t, "r1 again")
	load.more(t, 200)

	// Contract: what only the old release needed goes.
	r3 := p.release(t, "r3", r2)
	r3.byHand(t, "20990101000002_unsync", "-- entwine:compatible\nALTER TABLE notes ALTER COLUMN text DROP NOT NULL;\nDROP TRIGGER notes_sync ON notes;\nDROP FUNCTION notes_sync();\n")
	r3.must(t, "migrate", "new", "contract", "--drop", "notes.text", "--dir", "migrate")
	r3.mark(t, "contract")
	expect(t, r3.must(t, "migrate", "up"), "_unsync.up.sql", "_contract.up.sql")
	load.more(t, 300)
	load.add("r3", r3.serve(t))
	load.more(t, 200)
	load.remove(t, "r2")
	load.more(t, 200)

	p.expect(t, "SELECT count(*) FROM notes WHERE id <= 50000 AND body <> 'old ' || id AND body NOT LIKE 'changed %'", "0")
	p.expect(t, "SELECT string_agg(column_name, ',' ORDER BY column_name) FROM information_schema.columns WHERE table_name = 'notes'", "body,id")
	r3.must(t, "migrate", "check", "--scratch-url", p.url)
	load.end()
	t.Logf("%d requests, none failed, %d at the slowest", load.done, load.slowest.Milliseconds())
	for _, f := range load.failures {
		t.Error(f)
	}
}

// built is a release with its folder.
type built struct {
	*project
	name string
}

// release makes the folder of a release, with the migrations of the one before.
func (p *project) release(t *testing.T, name string, before *built) *built {
	t.Helper()
	b := &built{&project{dir: filepath.Join(p.dir, name), url: p.url, postgres: p.postgres}, name}
	if err := os.MkdirAll(filepath.Join(b.dir, "migrate"), 0o700); err != nil {
		t.Fatal(err)
	}
	if before != nil {
		if err := os.CopyFS(filepath.Join(b.dir, "migrate"), os.DirFS(filepath.Join(before.dir, "migrate"))); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *built) command(t *testing.T, args ...string) *exec.Cmd {
	cmd := b.app(t.Context(), args...)
	cmd.Env = append(cmd.Env, "SCHEMA="+b.name, "BUILD="+b.name)
	return cmd
}

func (b *built) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.command(t, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %v\n%s", b.name, args, err, out)
	}
	return string(out)
}

// byHand writes a migration for Postgres.
func (b *built) byHand(t *testing.T, name, text string) {
	t.Helper()
	b.write(t, name, "-- Nothing to do on this database.\n")
	if err := os.WriteFile(filepath.Join(b.dir, "migrate", "postgres", name+".up.sql"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.hash(t)
}

// mark says of a generated migration that the release before can live with it.
func (b *built) mark(t *testing.T, name string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "migrate", "*", "*_"+name+".up.sql"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, append([]byte("-- entwine:compatible\n"), text...), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.hash(t)
}

func (b *built) hash(t *testing.T) {
	t.Helper()
	if _, err := migrate.Hash(filepath.Join(b.dir, "migrate")); err != nil {
		t.Fatal(err)
	}
}

// server is one that runs.
type server struct {
	process
	url, field string
	using      sync.WaitGroup // requests that it answers
}

var listens = regexp.MustCompile(`serves (http://\S+)`)

// serve starts the release.
func (b *built) serve(t *testing.T) *server {
	t.Helper()
	s := &server{process: process{Cmd: b.command(t, "serve", "--addr", "127.0.0.1:0"), read: make(chan struct{})}, field: releases[b.name].field}
	stderr, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	url := make(chan string, 1)
	go func() {
		defer close(s.read)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			fmt.Fprintln(&s.log, lines.Text())
			if m := listens.FindStringSubmatch(lines.Text()); m != nil {
				url <- m[1]
			}
		}
	}()
	select {
	case s.url = <-url:
	case <-s.read:
		t.Fatalf("%s does not serve:\n%s", b.name, &s.log)
	}
	return s
}

// load is clients of all servers that run.
type load struct {
	mu       sync.Mutex
	servers  map[string]*server
	done     int
	slowest  time.Duration
	failures []string
	stop     chan struct{}
	clients  sync.WaitGroup
}

func (l *load) start(clients int) {
	http := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	for i := range clients {
		l.clients.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // which server is asked
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				if err := l.work(http, random, i); err != nil {
					l.mu.Lock()
					l.failures = append(l.failures, err.Error())
					l.mu.Unlock()
				}
			}
		})
	}
}

func (l *load) end() {
	if l.stop != nil {
		close(l.stop)
		l.clients.Wait()
		l.stop = nil
	}
}

func (l *load) add(name string, s *server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers[name] = s
}

// remove takes a server out of the rotation, and ends it when it has answered what it was asked.
func (l *load) remove(t *testing.T, name string) {
	t.Helper()
	l.mu.Lock()
	s := l.servers[name]
	delete(l.servers, name)
	l.mu.Unlock()
	s.using.Wait()
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	if err := s.wait(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, &s.log)
	}
}

// more waits until so many more requests were answered.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	count := func() (int, []string) { l.mu.Lock(); defer l.mu.Unlock(); return l.done, l.failures }
	first, _ := count()
	for timeout := time.After(time.Minute); ; {
		now, failures := count()
		switch {
		case len(failures) > 0:
			t.Fatalf("%d requests failed: %s", len(failures), strings.Join(failures[:min(5, len(failures))], "\n"))
		case now >= first+n:
			return
		}
		select {
		case <-look.C:
		case <-timeout:
			t.Fatal("nobody answers")
		}
	}
}

// some is one of the servers, which is in use from now on.
func (l *load) some(random *rand.Rand) *server {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := random.IntN(len(l.servers))
	for _, s := range l.servers {
		if n--; n < 0 {
			s.using.Add(1)
			return s
		}
	}
	panic("there is no server")
}

// work writes a note and reads it, changes one that was there and reads it, each time from any of the servers.
func (l *load) work(client *http.Client, random *rand.Rand, worker int) error {
	value := fmt.Sprint("new ", random.Uint64())
	id, _, err := l.send(client, random, `mutation($v: String!) { createNote(input: {FIELD: $v}) { note { id FIELD } } }`, map[string]any{"v": value}, "createNote", "note")
	if err != nil {
		return err
	}
	read := func(id, want string) error {
		_, got, err := l.send(client, random, `query($id: ID!) { note(id: $id) { id FIELD } notes(last: 3) { totalCount nodes { FIELD } } }`, map[string]any{"id": id}, "note")
		if err == nil && got != want {
			err = fmt.Errorf("%s reads %q, not %q", id, got, want)
		}
		return err
	}
	if err := read(id, value); err != nil {
		return err
	}
	// Each client has rows of its own.
	id, value = relay.ID("Note", strconv.Itoa(1+worker+100*random.IntN(499))), fmt.Sprint("changed ", random.Uint64())
	if _, _, err := l.send(client, random, `mutation($id: ID!, $v: String!) { updateNote(input: {id: $id, FIELD: $v}) { note { id FIELD } } }`, map[string]any{"id": id, "v": value}, "updateNote", "note"); err != nil {
		return err
	}
	return read(id, value)
}

// send asks one of the servers, and returns the id and the text of the note at the path in the answer.
func (l *load) send(client *http.Client, random *rand.Rand, query string, vars map[string]any, path ...string) (id, text string, err error) {
	s := l.some(random)
	defer s.using.Done()
	body, err := json.Marshal(map[string]any{"query": strings.ReplaceAll(query, "FIELD", s.field), "variables": vars})
	if err != nil {
		return "", "", err
	}
	start := time.Now()
	response, err := client.Post(s.url, "application/json", bytes.NewReader(body)) //nolint:noctx // the client has a timeout
	if err != nil {
		return "", "", err
	}
	answer, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return "", "", err
	}
	var out struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.Unmarshal(answer, &out); err != nil || response.StatusCode != http.StatusOK || len(out.Errors) > 0 {
		return "", "", fmt.Errorf("%s: %s: %s", s.field, response.Status, answer)
	}
	l.mu.Lock()
	l.done++
	l.slowest = max(l.slowest, time.Since(start))
	l.mu.Unlock()
	at := out.Data
	for _, step := range path {
		at, _ = at[step].(map[string]any)
	}
	id, _ = at["id"].(string)
	text, _ = at[s.field].(string)
	if id == "" {
		return "", "", fmt.Errorf("%s: there is no note in %s", s.field, answer)
	}
	return id, text, nil
}
