// Package pgwire executes prepared statements on connections that lib/pq has opened.
//
// lib/pq finds the server, signs in and does what is rare: transactions, COPY, statements that are not prepared. What a gateway does
// all day goes past it, over the same socket and in the same protocol, because lib/pq starts a goroutine for each statement whose
// context can end, asks for numbers as texts, and makes a string and a box of each value. Here the context is watched
// without a goroutine, numbers and bytes come in binary, and a row is a view of what was received.
//
// The two share a connection by taking turns: each sends a whole request and reads up to ReadyForQuery, so that neither has
// anything of the other's in its buffer. What the server says unasked in between is a notice or a setting, or that it goes away.
//
// The protocol: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY.
package pgwire

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Connector opens connections without TLS, whose sockets can be shared. It may be used from many goroutines.
type Connector struct {
	inner *pq.Connector
}

// NewConnector returns a connector for a configuration whose SSLMode must be disable.
func NewConnector(cfg pq.Config) (*Connector, error) {
	if cfg.SSLMode != pq.SSLModeDisable {
		return nil, fmt.Errorf("a connection with sslmode %s cannot be shared", cfg.SSLMode)
	}
	inner, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, err
	}
	inner.Dialer(dialer{})
	return &Connector{inner}, nil
}

// Driver implements driver.Connector.
func (c *Connector) Driver() driver.Driver { return c.inner.Driver() }

// Connect implements driver.Connector. The result is a [*Conn].
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	var sock *socket
	inner, err := c.inner.Connect(context.WithValue(ctx, socketKey{}, &sock))
	if err != nil {
		return nil, err
	}
	if sock == nil || !sock.ready() {
		_ = inner.Close()
		return nil, errors.New("lib/pq has connected without its dialer")
	}
	return &Conn{driverConn: inner.(driverConn), sock: sock, watch: watch{sock: sock}}, nil
}

// driverConn is what a connection of lib/pq can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// Conn is a connection of lib/pq whose prepared statements are executed here. One goroutine may use it at a time.
type Conn struct {
	driverConn
	sock   *socket
	watch  watch
	in     reader
	out    []byte
	names  int
	closed []string // statements that the server need not keep any more
	// pending is the beginning of a transaction that goes with the next request, and owed how many answers come before its own.
	pending string
	owed    int
	broken  bool // what comes next from the server is not known
}

// IsValid implements driver.Validator.
func (c *Conn) IsValid() bool { return !c.broken && c.driverConn.IsValid() }

// ResetSession implements driver.SessionResetter.
func (c *Conn) ResetSession(ctx context.Context) error {
	if c.broken {
		return driver.ErrBadConn
	}
	return c.driverConn.ResetSession(ctx)
}

// Prepare implements driver.Conn.
func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext. The result is a [*Stmt], unless it is for COPY or has columns of a type that
// is left to lib/pq.
func (c *Conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if !c.IsValid() {
		return nil, driver.ErrBadConn
	}
	if word := strings.TrimLeft(query, " \t\r\n"); len(word) >= 4 && strings.EqualFold(word[:4], "copy") {
		return c.foreign(ctx, query)
	}
	c.names++
	s := &Stmt{conn: c, name: "e" + strconv.Itoa(c.names)}
	c.begin()
	c.message('P', func() {
		c.text(s.name)
		c.text(query)
		c.int16(0)
	})
	c.message('D', func() {
		c.out = append(c.out, 'S')
		c.text(s.name)
	})
	c.message('S', nil)
	foreign := false
	err := c.exchange(ctx, func(kind byte, msg []byte) error {
		switch kind {
		case 't':
			return s.parameters(msg)
		case 'T':
			return s.describe(msg)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.broken { // ctx has ended too late for this request, but the connection serves no other
		return nil, fmt.Errorf("prepare: %w", ctx.Err())
	}
	for _, col := range s.columns {
		foreign = foreign || col.foreign()
	}
	if foreign {
		c.closed = append(c.closed, s.name)
		return c.foreign(ctx, query)
	}
	return s, nil
}

// foreign leaves a statement to lib/pq.
func (c *Conn) foreign(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.settle(ctx); err != nil {
		return nil, err
	}
	st, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if st, ok := st.(driverStmt); ok {
		return foreignStmt{st, c}, nil
	}
	return st, nil // of COPY, with which nothing else takes turns
}

// exchange sends what was written and calls each for the messages that answer it, up to ReadyForQuery. An error of the server, or
// the first of each, is returned then.
func (c *Conn) exchange(ctx context.Context, each func(kind byte, msg []byte) error) error {
	c.watch.begin(ctx)
	err := c.send()
	var failure error
	for err == nil {
		var kind byte
		var msg []byte
		if kind, msg, err = c.receive(); err != nil {
			break
		}
		switch {
		case kind == 'E':
			failure = serverError(msg)
		case kind == 'Z':
			return c.end(failure)
		case failure == nil:
			failure = each(kind, msg)
		}
	}
	c.broken = true
	return c.end(err)
}

// receive reads the next message of the answer. An error means that the connection cannot be used any more; that of the server is
// one if the server is about to leave.
func (c *Conn) receive() (kind byte, msg []byte, err error) {
	for {
		kind, msg, err = c.in.next(c.sock.Conn)
		if err != nil {
			return 0, nil, err
		}
		if c.owed > 0 {
			switch kind {
			case 'Z':
				c.owed--
			case 'E':
				return 0, nil, fmt.Errorf("begin or end of a transaction: %w: %w", driver.ErrBadConn, serverError(msg))
			}
			continue
		}
		switch kind {
		case 'N', 'S', 'A': // notices, settings, notifications
			continue
		case 'G', 'H', 'W':
			return 0, nil, fmt.Errorf("COPY in a prepared statement: %w", errMalformed)
		case 'E':
			if e := serverError(msg); e.Fatal() {
				return 0, nil, fmt.Errorf("%w: %w", driver.ErrBadConn, e)
			}
		}
		return kind, msg, nil
	}
}

func (c *Conn) send() error {
	n, err := c.sock.Conn.Write(c.out)
	if err != nil && n == 0 {
		err = fmt.Errorf("%w: %w", driver.ErrBadConn, err) // nothing has happened
	}
	if cap(c.out) > maxKept {
		c.out = nil
	}
	return err
}

// maxKept is the size up to which a buffer is kept for the next message.
const maxKept = 64 << 10

type socketKey struct{}

// dialer tells [Connector.Connect] which socket lib/pq talks to.
type dialer struct{ net.Dialer }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s := &socket{Conn: c, network: network, address: address}
	if to, ok := ctx.Value(socketKey{}).(**socket); ok {
		*to = s
	}
	return s, nil
}

// socket is lib/pq's connection. It listens while lib/pq signs in, for the key by which the server knows who may cancel.
type socket struct {
	net.Conn
	network, address string

	greeted bool
	head    []byte // of the message that is being received
	left    int    // bytes of it that are still to come
	key     []byte
}

func (s *socket) ready() bool { return s.greeted && s.key != nil }

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if !s.greeted {
		s.listen(p[:n])
	}
	return n, err
}

// listen looks at messages of the server until the first ReadyForQuery.
func (s *socket) listen(p []byte) {
	const header = 5
	for len(p) > 0 && !s.greeted {
		if s.left > 0 {
			n := min(s.left, len(p))
			if s.head[0] == 'K' {
				s.key = append(s.key, p[:n]...)
			}
			p, s.left = p[n:], s.left-n
		} else {
			n := min(header-len(s.head), len(p))
			s.head, p = append(s.head, p[:n]...), p[n:]
			if len(s.head) < header {
				return
			}
			s.left = size(s.head)
		}
		if s.left == 0 {
			s.greeted = s.head[0] == 'Z'
			s.head = s.head[:0]
		}
	}
}

// patience is how long a server that was asked to cancel may take to say that it has.
const patience = 10 * time.Second

// cancel asks the server, over a connection of its own, to end what it does for this one. Whether it listens or not, reading
// ends in the time that [patience] says.
func (s *socket) cancel() {
	_ = s.SetReadDeadline(time.Now().Add(patience))
	ctx, done := context.WithTimeout(context.Background(), patience)
	defer done()
	c, err := (&net.Dialer{}).DialContext(ctx, s.network, s.address)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	const cancelRequest = 80877102
	msg := appendInt32(nil, 8+len(s.key))
	msg = appendInt32(msg, cancelRequest)
	if _, err := c.Write(append(msg, s.key...)); err == nil {
		_, _ = c.Read(make([]byte, 1)) // the server closes when it has acted
	}
}
