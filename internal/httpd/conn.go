package httpd

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// For each request net/http changes deadlines of its connection ten times, most of them to later than they were, and begins to read the
// next request only to learn that the client has gone away, which it gives up when the response is written. Of a small read that
// is a few hundredths. Connections here keep deadlines in mind, and wait before they look whether the client has gone away.

// listener accepts connections that do less.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, read: deadline{set: c.SetReadDeadline}, write: deadline{set: c.SetWriteDeadline}}, nil
}

// conn is a connection of [http.Server]. Its deadlines are as those of any other.
type conn struct {
	net.Conn
	read, write deadline
	hijacked    atomic.Bool

	mu      sync.Mutex
	waiting bool          // a read waits before it looks whether the client has gone away
	passed  chan struct{} // the deadline of the read that waits has passed
	timer   *time.Timer
}

// goneWithin is how long a client can have gone away without anybody noticing.
const goneWithin = 20 * time.Millisecond

// states is [http.Server.ConnState].
func states(c net.Conn, state http.ConnState) {
	if c, ok := c.(*conn); ok && state == http.StateHijacked {
		c.hijacked.Store(true)
	}
}

func (c *conn) Read(p []byte) (int, error) {
	// Only while a request is answered does net/http read a single byte.
	if len(p) == 1 && !c.hijacked.Load() && !c.wait() || c.read.passed() {
		return 0, os.ErrDeadlineExceeded
	}
	for {
		n, err := c.Conn.Read(p)
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !c.read.early() {
			return n, err
		}
	}
}

// wait waits for goneWithin. It is false if the deadline passes before.
func (c *conn) wait() bool {
	c.mu.Lock()
	if c.read.passed() {
		c.mu.Unlock()
		return false
	}
	if c.timer == nil {
		c.timer, c.passed = time.NewTimer(goneWithin), make(chan struct{}, 1)
	} else {
		c.timer.Reset(goneWithin)
	}
	c.waiting = true
	c.mu.Unlock()
	select {
	case <-c.passed:
		c.timer.Stop()
		return false
	case <-c.timer.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.waiting { // it has passed just then
		<-c.passed
		return false
	}
	c.waiting = false
	return true
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.waiting || !over(t) {
		return c.read.change(t)
	}
	c.read.remember(t) // nobody waits for the connection itself
	c.waiting = false
	c.passed <- struct{}{}
	return nil
}

func (c *conn) Write(p []byte) (int, error) {
	for written := 0; ; {
		n, err := c.Conn.Write(p[written:])
		written += n
		if !errors.Is(err, os.ErrDeadlineExceeded) || !c.write.early() {
			return written, err
		}
	}
}

func (c *conn) SetWriteDeadline(t time.Time) error { return c.write.change(t) }

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite is what net/http does before it closes a connection whose client may still send.
func (c *conn) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return errors.ErrUnsupported
}

// deadline is one of a connection. The connection is told of those that are earlier than the one that it knows; that one is later than
// it knows, or never, is found out when it stops too early.
type deadline struct {
	set func(time.Time) error // of the connection

	mu     sync.Mutex
	wanted time.Time // none if it is zero, as in net.Conn
	known  time.Time // to the connection
}

func (d *deadline) change(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	if t.IsZero() || !d.known.IsZero() && !t.Before(d.known) {
		return nil
	}
	d.known = t
	return d.set(t)
}

// remember keeps a deadline that has passed.
func (d *deadline) remember(t time.Time) {
	d.mu.Lock()
	d.wanted = t
	d.mu.Unlock()
}

// early says whether the connection has stopped although the deadline has not passed, and tells it the right one.
func (d *deadline) early() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if over(d.wanted) {
		return false
	}
	d.known = d.wanted
	return d.set(d.wanted) == nil
}

func (d *deadline) passed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return over(d.wanted)
}

// over says whether a deadline has passed.
func over(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }
