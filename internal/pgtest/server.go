package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// The server is the child of a shell that waits for its standard input to end, which happens whichever way this process
// dies. So no server and no folder outlives the tests, and nobody has to stop them. jit is off because tables that are filled and
// emptied all the time look large to the planner, which then compiles every statement.
const keeper = `
bin=$1 dir=$2
trap '' HUP INT TERM
"$bin/initdb" -D "$dir/data" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 &&
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -s -w -o "-k '$dir' -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c jit=off -c max_connections=200" start >>"$dir/log" 2>&1 &&
echo ready || { echo failed; tail -n 5 "$dir/log"; }
exec 1>&-
read -r _
"$bin/pg_ctl" -D "$dir/data" -s -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
`

// server is a running server.
type server struct {
	url string // of its first database
	// stdin of the shell is never closed but by the system, with this process. It is kept here because the garbage
	// collector would close it too.
	stdin io.Closer
}

// start starts a server that ends with this process.
func start() (server, error) {
	bin, err := binaries()
	if err != nil {
		return server{}, err
	}
	dir, err := os.MkdirTemp("/tmp", "entwine-pg-") // short, for the name of a socket has at most 107 bytes
	if err != nil {
		return server{}, err
	}
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", keeper, "keeper", bin, dir)
	cmd.Dir = dir
	// Its own session, so that ^C in a terminal reaches the tests only.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() == 0 {
		// Postgres does not run as root.
		if cmd.SysProcAttr.Credential, err = unprivileged(dir); err != nil {
			return server{}, errors.Join(err, os.RemoveAll(dir))
		}
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return server{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return server{}, err
	}
	if err := cmd.Start(); err != nil {
		return server{}, errors.Join(fmt.Errorf("start postgres: %w", err), os.RemoveAll(dir))
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		reason := "start postgres:"
		for lines.Scan() {
			reason += "\n" + lines.Text()
		}
		return server{}, errors.New(reason)
	}
	return server{url: "postgres:///postgres?user=postgres&host=" + url.QueryEscape(dir), stdin: stdin}, nil
}

// binaries returns the folder of the newest server programs.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("no initdb in PATH or /usr/lib/postgresql")
	}
	newest, version := "", -1
	for _, path := range found {
		bin := filepath.Dir(path)
		if n, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil && n > version {
			newest, version = bin, n
		}
	}
	return newest, nil
}

// unprivileged gives the folder to the user that runs the server.
func unprivileged(dir string) (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("find a user other than root: %w", err)
		}
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
