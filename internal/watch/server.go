package watch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What connects a server with the process that watches. Its standard input is a pipe that ends when it shall stop, which
// also happens whichever way the watching process dies.
const (
	portFile  = 3 // the port to serve
	readyFile = 4 // where it says that it is ready
)

// Server is the server's end of that connection.
type Server struct {
	// Listener is the port to serve.
	Listener net.Listener
	ready    *os.File
}

// Join is called by a program that [Run] started as a server. The context that it returns ends when the server shall stop.
func Join(ctx context.Context) (context.Context, *Server, error) {
	file := os.NewFile(portFile, "port")
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, nil, fmt.Errorf("take the port from the watching process: %w", err)
	}
	_ = file.Close() // the listener has a copy
	port := &sharedPort{TCPListener: ln.(*net.TCPListener), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		port.handOver()
		cancel()
	}()
	return ctx, &Server{Listener: port, ready: os.NewFile(readyFile, "ready")}, nil
}

// sharedPort is a port on which another server listens, too. net/http drops the connections that it accepted a moment
// before it shuts down. So the port accepts none for a moment, in which those that were accepted send their requests.
type sharedPort struct {
	*net.TCPListener
	over   atomic.Bool
	close  sync.Once
	closed chan struct{}
}

func (p *sharedPort) handOver() {
	p.over.Store(true)
	_ = p.SetDeadline(time.Now())
	select {
	case <-p.closed:
	case <-time.After(handOverWithin):
	}
}

// Accept waits for Close after the port was handed over.
func (p *sharedPort) Accept() (net.Conn, error) {
	conn, err := p.TCPListener.Accept()
	if err != nil && p.over.Load() {
		<-p.closed
		return nil, net.ErrClosed
	}
	return conn, err
}

func (p *sharedPort) Close() error {
	p.close.Do(func() { close(p.closed) })
	return p.TCPListener.Close()
}

// Ready tells that requests are answered from now on, and what was done before, in one line.
func (s *Server) Ready(did string) error {
	if _, err := fmt.Fprintln(s.ready, did); err != nil {
		return fmt.Errorf("tell that the server is ready: %w", err)
	}
	return s.ready.Close()
}

// process is a running server, seen from the process that watches.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{}
	err   error // how it ended
}

// start starts a program as a server and waits until it is ready.
func (cfg Config) start(ctx context.Context, program string) (p *process, did string, err error) {
	port, err := cfg.Listener.File()
	if err != nil {
		return nil, "", fmt.Errorf("share the port: %w", err)
	}
	defer port.Close()
	ready, readyEnd, err := os.Pipe()
	if err != nil {
		return nil, "", fmt.Errorf("start the server: %w", err)
	}
	defer ready.Close()
	// The context would kill it; it ends with its standard input, and lets requests finish.
	cmd := exec.Command(program, cfg.Args...) //nolint:noctx // see above
	cmd.Args[0] = os.Args[0]                  // what it tells users to type
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = cfg.Dir, cfg.Env, cfg.Log, cfg.Log
	cmd.ExtraFiles = []*os.File{port, readyEnd}
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	_ = readyEnd.Close()
	if err != nil {
		return nil, "", fmt.Errorf("start the server: %w", err)
	}
	p = &process{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()

	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(ready).ReadString('\n')
		lines <- line
	}()
	select {
	case line := <-lines:
		if line != "" {
			return p, strings.TrimSpace(line), nil
		}
		// It ended, or is about to.
		_ = p.stop()
		return nil, "", fmt.Errorf("the server did not start: %s", cmd.ProcessState)
	case <-time.After(startWithin):
		_ = p.stop()
		return nil, "", fmt.Errorf("the server was not ready within %s", startWithin)
	case <-ctx.Done():
		return nil, "", errors.Join(ctx.Err(), p.stop())
	}
}

// stop lets the requests of a server finish, and waits for its end.
func (p *process) stop() error {
	_ = p.stdin.Close()
	select {
	case <-p.ended:
		return p.err
	case <-time.After(stopWithin):
		err := p.cmd.Process.Kill()
		<-p.ended
		return errors.Join(fmt.Errorf("the server did not stop within %s", stopWithin), err)
	}
}
