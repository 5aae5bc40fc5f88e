// Package crash kills the server in the middle of its work, again and again: what it acknowledged is there and whole, and what
// it did not can be sent again with its idempotency key and happens once.
package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/entwine-data/entwine/gateway"
	"github.com/entwine-data/entwine/gateway/gatewaytest"
	"github.com/entwine-data/entwine/graph"
	"github.com/entwine-data/entwine/internal/store"
	"github.com/entwine-data/entwine/migrate"
)

var app = gateway.App{Name: "Crash", Open: graph.Open, Migrations: migrate.Files, DataMigrations: migrate.Data}

// serverEnv makes this program the server.
const serverEnv = "ENTWINE_CRASH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" {
		gateway.Main(app)
	}
	os.Exit(m.Run())
}

// operation writes one thing of many rows. $name tells them apart; the parts below say what of it must be there.
const operation = `mutation($name: String!, $tags: [ID!]) {
	createPost(input: {
		title: $name, slug: $name, body: "b"
		author: { create: { username: $name, name: $name } }
		comments: { create: [{ message: $name }, { message: $name }] }
		tags: { connect: $tags, create: [{ name: $name }] }
	}) { post { id author { id } comments { totalCount } tags { totalCount } } postEdge { cursor } }
	updatePosts(input: { where: { slug: { eq: $name } }, max: 1, set: { title: "whole" } }) { affectedCount }
}`

// parts find the names of operations that are like a pattern and whose part is there, once for each row of it.
var parts = []struct {
	query string
	rows  int
}{
	{`SELECT username FROM users WHERE username LIKE '%s'`, 1},
	{`SELECT name FROM tags WHERE name LIKE '%s'`, 1},
	{`SELECT slug FROM posts WHERE slug LIKE '%s' AND title = 'whole'`, 1},
	{`SELECT p.slug FROM posts p JOIN post_tags t ON t.post_id = p.id WHERE p.slug LIKE '%s'`, connected + 1},
	{`SELECT c.message FROM comments c JOIN posts p ON p.id = c.post_id AND p.slug = c.message WHERE c.message LIKE '%s'`, 2},
	{`SELECT p.slug FROM posts p JOIN users u ON u.id = p.author_id AND u.username = p.slug WHERE p.slug LIKE '%s'`, 1},
}

// connected is how many tags that exist already each post gets.
const connected = 3

const (
	writers = 4
	secret  = "a secret of the crash test that is long enough"
)

func TestKilledServer(t *testing.T) {
	rounds, seed, long := 40, uint64(1), os.Getenv("ENTWINE_TEST_LONG") != ""
	if long {
		rounds = 500
	}
	if n, err := strconv.ParseUint(os.Getenv("ENTWINE_TEST_SEED"), 10, 64); err == nil {
		seed = n
	}
	gatewaytest.Each(t, func(t *testing.T, url string) {
		s := newStorm(t, url)
		random := rand.New(rand.NewPCG(seed, 0))
		for round := range rounds {
			s.round = round
			s.rage(t, time.Duration(5+random.IntN(120))*time.Millisecond)
			if t.Failed() {
				t.Fatalf("in round %d; again with ENTWINE_TEST_SEED=%d", round, seed)
			}
		}
		s.settle(t)
		if len(s.open) > 0 {
			t.Errorf("without an answer: %q", s.open)
		}
		if all := s.verify(t, "op-"); all != s.acknowledged {
			t.Errorf("%d operations are there, %d were acknowledged", all, s.acknowledged)
		}
		t.Logf("%d rounds: %d operations, %d of them sent again after a crash: %d had been committed, %d had not",
			rounds, s.acknowledged, s.replayed+s.executed, s.replayed, s.executed)
		if long && (s.replayed == 0 || s.executed == 0) {
			t.Errorf("the kills hit one side of COMMIT only: %d and %d", s.replayed, s.executed)
		}
	})
}

// storm is a server under load that is killed, and what its clients know.
type storm struct {
	url, token string
	db         *store.DB
	tags       []string
	round      int
	// open are the operations that were sent and have had no answer, done those that were acknowledged, with their answers.
	open, done []string
	answers    map[string]string
	// acknowledged counts the latter. Of those that were sent again, some had been committed, and others were executed then.
	acknowledged, replayed, executed int
}

func newStorm(t *testing.T, url string) *storm {
	t.Helper()
	s := &storm{url: url, answers: make(map[string]string)}
	command(t, s.env(), "migrate", "up")
	s.token = strings.TrimSpace(command(t, s.env(), "token", "--role", "admin", "--for", "24h"))
	var err error
	if s.db, err = store.Open(t.Context(), url, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	p := s.start(t)
	defer p.kill(t)
	for i := range connected {
		body, _, err := p.send(t.Context(), s.token, "seed-"+strconv.Itoa(i), `mutation($n: String!) { createTag(input: { name: $n }) { tag { id } } }`,
			map[string]any{"n": "seed-" + strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := strings.Cut(body, `"id":"`)
		id, _, _ = strings.Cut(id, `"`)
		s.tags = append(s.tags, id)
	}
	return s
}

func (s *storm) env() map[string]string {
	return map[string]string{"DATABASE_URL": s.url, "ENTWINE_JWT_SECRET": secret, "ENTWINE_SNAPSHOTS": "0"}
}

// command runs a command of the application and returns what it printed.
func command(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	var out, log bytes.Buffer
	if code := gateway.Run(t.Context(), app, args, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, &out, &log); code != 0 {
		t.Fatalf("%q: %d\n%s", args, code, &log)
	}
	return out.String()
}

// rage starts the server, sends again what has had no answer, and kills the server while clients write.
func (s *storm) rage(t *testing.T, after time.Duration) {
	t.Helper()
	s.verify(t, fmt.Sprintf("op-%d-", s.round-1))
	p := s.start(t)
	s.repeat(t, p)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				name := fmt.Sprintf("op-%d-%d-%d", s.round, writer, n)
				body, _, err := p.send(ctx, s.token, name, operation, map[string]any{"name": name, "tags": s.tags})
				mu.Lock()
				if err == nil {
					s.acknowledged++
					s.done, s.answers[name] = append(s.done, name), body
				} else {
					s.open = append(s.open, name)
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	time.Sleep(after) // of the storm, and not for something to happen
	p.kill(t)
	all.Wait()
}

// settle sends again what the last crash has left.
func (s *storm) settle(t *testing.T) {
	t.Helper()
	p := s.start(t)
	defer p.kill(t)
	s.repeat(t, p)
}

// repeat sends the open operations again, and some that were acknowledged.
func (s *storm) repeat(t *testing.T, p *process) {
	t.Helper()
	open := s.open
	s.open = nil
	for _, name := range open {
		body, replayed, err := p.send(t.Context(), s.token, name, operation, map[string]any{"name": name, "tags": s.tags})
		if err != nil {
			t.Fatalf("%s, sent again: %v", name, err)
		}
		s.acknowledged++
		s.done, s.answers[name] = append(s.done, name), body
		if replayed {
			s.replayed++
		} else {
			s.executed++
		}
	}
	for _, name := range s.done[max(0, len(s.done)-3):] {
		body, replayed, err := p.send(t.Context(), s.token, name, operation, map[string]any{"name": name, "tags": s.tags})
		if err != nil || !replayed || body != s.answers[name] {
			t.Errorf("%s was acknowledged, and then: replayed %v, %v\n%s\nnot\n%s", name, replayed, err, body, s.answers[name])
		}
	}
}

// verify looks at the operations whose names begin so: each is whole or not there, and is there if it was acknowledged. It
// returns how many are.
func (s *storm) verify(t *testing.T, prefix string) int {
	t.Helper()
	there := make([]map[string]int, len(parts))
	err := s.db.View(t.Context(), true, func(ctx context.Context, q store.Querier) error {
		for i, p := range parts {
			there[i] = make(map[string]int)
			rows, err := q.QueryContext(ctx, fmt.Sprintf(p.query, prefix+"%"))
			if err != nil {
				return err
			}
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					return errors.Join(err, rows.Close())
				}
				there[i][name]++
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for i, p := range parts {
		for name, rows := range there[i] {
			names[name] = true
			if rows != p.rows {
				t.Errorf("%s has %d rows, not %d, of: %s", name, rows, p.rows, p.query)
			}
		}
	}
	for name := range names {
		for i, p := range parts {
			if there[i][name] == 0 {
				t.Errorf("%s is half there; it lacks: %s", name, p.query)
			}
		}
	}
	for _, name := range s.done {
		if strings.HasPrefix(name, prefix) && !names[name] {
			t.Errorf("%s was acknowledged, and is not there", name)
		}
	}
	return len(names)
}

// process is a server.
type process struct {
	cmd *exec.Cmd
	url string
	log *tail
}

var address = regexp.MustCompile(`serves (http://\S+)`)

func (s *storm) start(t *testing.T) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "serve", "--addr", "127.0.0.1:0") //nolint:gosec // this program
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), serverEnv+"=1")
	for name, value := range s.env() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, log: &tail{}}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		_, _ = p.log.Write(append(lines.Bytes(), '\n'))
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			p.url = found[1]
			go func() { _, _ = io.Copy(p.log, stderr) }()
			return p
		}
	}
	t.Fatalf("the server ended: %v\n%s", cmd.Wait(), p.log)
	return nil
}

// kill is kill -9.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = p.cmd.Wait()
	if strings.Contains(p.log.String(), "DATA RACE") || strings.Contains(p.log.String(), "panic") {
		t.Error(p.log)
	}
}

// send sends a mutation with its key. An error means that nobody knows what became of it.
func (p *process) send(ctx context.Context, token, key, query string, vars map[string]any) (body string, replayed bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	text, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		return "", false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(text))
	if err != nil {
		return "", false, err
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}, "Idempotency-Key": {strconv.Quote(key)}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return "", false, err
	case res.StatusCode != http.StatusOK || bytes.Contains(b, []byte(`"errors"`)):
		return "", false, fmt.Errorf("status %d: %s", res.StatusCode, b)
	}
	return string(b), res.Header.Get("Idempotent-Replayed") == "true", nil
}

// tail keeps the end of a log.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-16<<10):]
	return len(p), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
