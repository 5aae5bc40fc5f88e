package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/entwine-data/entwine/bench/growth/observe"
)

// gateway is a process under `serve`, with a token, rules and limits on.
type gateway struct {
	cmd   *exec.Cmd
	host  string
	token string
	db    *database
	// postmaster is the process whose children serve Postgres, 0 if its server is not on this machine.
	postmaster int
}

const secret = "a secret that only signs tokens of a benchmark"

func (c *config) gatewayBinary() string { return filepath.Join(c.work, "project", "server") }

// serve starts a gateway before a database. More environment may replace the URL of the database.
func (c *config) serve(ctx context.Context, d *database, environment ...string) (*gateway, error) {
	env := append(append(os.Environ(), "DATABASE_URL="+d.url, "ENTWINE_MIGRATIONS=external", "ENTWINE_MAX_PAGE_SIZE=1000",
		"ENTWINE_ADDR=127.0.0.1:0", "ENTWINE_JWT_SECRET="+secret), environment...)
	mint := exec.CommandContext(ctx, c.gatewayBinary(), "token", "--user", "5", "--for", "24h")
	mint.Dir, mint.Env = c.work, env
	token, err := mint.Output()
	if err != nil {
		return nil, fmt.Errorf("make a token: %w", err)
	}
	g := &gateway{token: strings.TrimSpace(string(token)), db: d}
	g.cmd = exec.CommandContext(ctx, c.gatewayBinary(), "serve")
	g.cmd.Dir, g.cmd.Env = c.work, env
	g.cmd.Cancel = func() error { return g.cmd.Process.Signal(syscall.SIGTERM) }
	g.cmd.WaitDelay = 10 * time.Second
	said, err := g.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), "serves http://"); ok {
			g.host, _, _ = strings.Cut(address, "/")
			break
		}
		log.Print(lines.Text())
	}
	if g.host == "" {
		return nil, fmt.Errorf("the gateway does not serve: %w", g.cmd.Wait())
	}
	go func() { _, _ = io.Copy(c.log, said) }()
	if d.dialect == postgres {
		var pid string
		if err := d.sql.QueryRowContext(ctx, `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)`).Scan(&pid); err == nil {
			g.postmaster, _ = strconv.Atoi(pid)
		}
	}
	return g, nil
}

func (g *gateway) stop() error {
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return g.cmd.Wait()
}

// runtime asks the gateway about itself.
func (g *gateway) runtime(ctx context.Context, collect bool) (s observe.Sample, err error) {
	path := "/bench/runtime"
	if collect {
		path += "?collect"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.host+path, nil)
	if err != nil {
		return s, err
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Close = true // so that it is no connection that is measured
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return s, fmt.Errorf("GET %s: %s", path, res.Status)
	}
	return s, json.NewDecoder(res.Body).Decode(&s)
}

// usage is processor time so far.
type usage struct{ gateway, database time.Duration }

func (u usage) since(before usage) usage {
	return usage{u.gateway - before.gateway, u.database - before.database}
}

// usage of SQLite is the gateway's.
func (g *gateway) usage() usage {
	own, _, _ := processorTime(g.cmd.Process.Pid)
	out := usage{gateway: own}
	if g.postmaster == 0 {
		return out
	}
	parent, ended, _ := processorTime(g.postmaster)
	out.database = parent + ended
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if own, _, ppid := processorTime(pid); ppid == g.postmaster {
				out.database += own
			}
		}
	}
	return out
}

// clockTick is what Linux counts processor time in: USER_HZ is 100 everywhere.
const clockTick = 10 * time.Millisecond

// processorTime reads that of a process and of its children that ended, and its parent.
func processorTime(pid int) (own, ended time.Duration, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, 0 // it has ended
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	ticks := func(i int) time.Duration {
		n, _ := strconv.Atoi(fields[i])
		return time.Duration(n) * clockTick
	}
	parent, _ = strconv.Atoi(fields[1])
	return ticks(11) + ticks(12), ticks(13) + ticks(14), parent
}

// memory is the resident set of the gateway and its peak, in bytes.
func (g *gateway) memory() (now, peak int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid))
	for line := range strings.Lines(string(text)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			now = kib << 10
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			peak = kib << 10
		}
	}
	return now, peak
}

// files counts what the gateway has open.
func (g *gateway) files() int {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", g.cmd.Process.Pid))
	return len(entries)
}

// connections counts those of the gateway to Postgres.
func (g *gateway) connections(ctx context.Context) (n int, err error) {
	if g.db.dialect == sqlite {
		return 0, nil
	}
	err = g.db.sql.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'entwine'`).Scan(&n)
	return n, err
}
