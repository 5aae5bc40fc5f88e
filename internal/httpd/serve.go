package httpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const drainWithin = 25 * time.Second

// Listen opens the address. command is what the user typed to start the server ("go run . dev"): if the port is taken, the
// error names the command to try instead.
func Listen(addr, command string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		return ln, nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	if free := nextFree(addr); free != "" {
		return nil, fmt.Errorf("listen on %s: another program uses this port; try: %s --addr %s", addr, command, free)
	}
	return nil, fmt.Errorf("listen on %s: another program uses this port; choose one with: %s --addr HOST:PORT", addr, command)
}

// nextFree returns the next address whose port is free, "" if there is none near.
func nextFree(addr string) string {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return ""
	}
	for next := port + 1; next <= min(port+20, 65535); next++ {
		candidate := net.JoinHostPort(host, strconv.Itoa(next))
		if ln, err := net.Listen("tcp", candidate); err == nil {
			_ = ln.Close()
			return candidate
		}
	}
	return ""
}

// Serve answers requests until ctx ends. Then it takes no new ones, lets those that run finish for at most 25 seconds, and
// returns nil if they did.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         states,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(listener{ln}) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	err := srv.Shutdown(grace)
	if err != nil {
		_ = srv.Close()
		err = fmt.Errorf("shut down: requests still ran after %s", drainWithin)
	}
	if serr := <-ended; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve: %w", serr))
	}
	return err
}
