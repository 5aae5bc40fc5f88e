// Package watch keeps a development server up to date with the files of its project. The process that was started owns the
// port and runs the server as a child; when a source is saved it generates, builds, and starts a second child on the same
// port. Only when that one is ready does the first one stop. So no request is refused, and a mistake leaves the server as
// it was.
package watch

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	lookEvery      = 200 * time.Millisecond
	startWithin    = 5 * time.Minute // the demo data may be large
	handOverWithin = 200 * time.Millisecond
	stopWithin     = 30 * time.Second
)

// Config says what is watched and how it is served. All fields are required.
type Config struct {
	// Dir is the project's folder, the root of its module.
	Dir string
	// Listener is the port that the servers share.
	Listener *net.TCPListener
	// Args and Env start the program as a server that calls Join.
	Args, Env []string
	// Log gets what servers and tools print.
	Log io.Writer
	// Started is called when the first server is ready.
	Started func(did string)
}

// Run serves, with the running program at first, until ctx ends or a server does without being asked.
func Run(ctx context.Context, cfg Config) error {
	parent := os.Getppid()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	out, err := os.MkdirTemp("", "entwine-dev-")
	if err != nil {
		return fmt.Errorf("make a folder for programs: %w", err)
	}
	defer func() { _ = os.RemoveAll(out) }() // a temporary folder
	b := &builder{root: cfg.Dir, out: out}
	sources := newFiles(cfg.Dir)
	server, did, err := cfg.start(ctx, program)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	cfg.Started(did)

	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var changed []string
	for {
		select {
		case <-ctx.Done():
			return server.stop()
		case <-server.ended:
			return unlessEnded(ctx, fmt.Errorf("the server ended: %s", server.cmd.ProcessState))
		case <-tick.C:
		}
		// `go run` dies of a signal without passing it on.
		if os.Getppid() != parent {
			return server.stop()
		}
		if names := sources.changes(); len(names) > 0 {
			changed = append(changed, names...)
			continue // until nothing more is saved: editors and version control write several files
		}
		if len(changed) > 0 {
			server = cfg.replace(ctx, server, b, changed)
			changed = nil
		}
	}
}

// replace returns the server of the changed sources, or the old one if they do not give one.
func (cfg Config) replace(ctx context.Context, old *process, b *builder, changed []string) *process {
	start := time.Now()
	cfg.say("\n%s changed", list(changed))
	program, times, err := b.build(ctx, changed)
	var next *process
	var did string
	if err == nil {
		next, did, err = cfg.start(ctx, program)
		_ = os.Remove(program) // a running program needs no file
	}
	if err != nil {
		if ctx.Err() == nil {
			cfg.say("%v\nThe server goes on as it was before this change.", err)
		}
		return old
	}
	took := time.Since(start)
	if err := old.stop(); err != nil {
		cfg.say("stop the old server: %v", err)
	}
	cfg.say("Ready again after %.1f s (%s); tables %s", took.Seconds(), times, did)
	return next
}

func (cfg Config) say(format string, args ...any) { fmt.Fprintf(cfg.Log, format+"\n", args...) }

// list names a few files.
func list(names []string) string {
	const most = 3
	slices.Sort(names)
	names = slices.Compact(names)
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// unlessEnded drops the error of a server that ended because it was asked to: a terminal sends its signals to all processes.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
