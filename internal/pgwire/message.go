package pgwire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// begin starts a request. What the server may forget goes first, so that it is forgotten even if the rest fails.
func (c *Conn) begin() {
	c.out = c.out[:0]
	if c.pending != "" {
		c.command(c.pending)
		c.pending = ""
	}
	for _, name := range c.closed {
		c.message('C', func() {
			c.out = append(c.out, 'S')
			c.text(name)
		})
	}
	c.closed = c.closed[:0]
}

// message appends one message.
func (c *Conn) message(kind byte, body func()) {
	c.out = append(c.out, kind, 0, 0, 0, 0)
	at := len(c.out)
	if body != nil {
		body()
	}
	binary.BigEndian.PutUint32(c.out[at-4:], uint32(len(c.out)-at+4)) //nolint:gosec // see maxMessage
}

func (c *Conn) text(s string) { c.out = append(append(c.out, s...), 0) }

func (c *Conn) int16(n int) { c.out = binary.BigEndian.AppendUint16(c.out, uint16(n)) } //nolint:gosec // of few

func appendInt32(dst []byte, n int) []byte { return binary.BigEndian.AppendUint32(dst, uint32(n)) } //nolint:gosec // lengths

// reader cuts what a server sends into messages.
type reader struct {
	buf         []byte
	first, last int // what was received and not yet read
}

const (
	readSize   = 16 << 10
	maxMessage = 1<<30 - 1 // the most that Postgres can hold in one value
)

// size is the length of a message's body by its first five bytes.
func size(header []byte) int { return int(binary.BigEndian.Uint32(header[1:])) - 4 }

// next returns the next message. It may be used until next is called again.
func (r *reader) next(from io.Reader) (kind byte, msg []byte, err error) {
	const header = 5
	if err := r.fill(from, header); err != nil {
		return 0, nil, err
	}
	n := size(r.buf[r.first:])
	if n < 0 || n > maxMessage {
		return 0, nil, fmt.Errorf("a message of %d bytes: %w", n, io.ErrUnexpectedEOF)
	}
	if err := r.fill(from, header+n); err != nil {
		return 0, nil, err
	}
	kind, msg = r.buf[r.first], r.buf[r.first+header:r.first+header+n:r.first+header+n]
	r.first += header + n
	return kind, msg, nil
}

// fill receives until n bytes are there.
func (r *reader) fill(from io.Reader, n int) error {
	if r.last-r.first >= n {
		return nil
	}
	rest := r.buf[r.first:r.last]
	switch {
	case n > len(r.buf):
		r.buf = make([]byte, max(n, readSize))
		r.last, r.first = copy(r.buf, rest), 0
	case len(rest) == 0 && len(r.buf) > maxKept && n <= readSize:
		r.buf = make([]byte, readSize)
		r.first, r.last = 0, 0
	case len(r.buf)-r.first < n || len(rest) == 0:
		r.last, r.first = copy(r.buf, rest), 0
	}
	for r.last-r.first < n {
		got, err := from.Read(r.buf[r.last:])
		r.last += got
		if err != nil && r.last-r.first < n {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

var errMalformed = fmt.Errorf("malformed message of the server: %w", io.ErrUnexpectedEOF)

// fields reads the parts of a message. What is missing reads as zero, and err says so.
type fields struct {
	msg    []byte
	failed bool
}

func (f *fields) take(n int) []byte {
	if n > len(f.msg) || n < 0 {
		f.failed, f.msg = true, nil
		return make([]byte, max(n, 0)&7)
	}
	taken := f.msg[:n:n]
	f.msg = f.msg[n:]
	return taken
}

func (f *fields) int16() int { return int(int16(f.uint(2))) } //nolint:gosec // as the protocol says

func (f *fields) uint(n int) (u uint32) {
	for _, b := range f.take(n) {
		u = u<<8 | uint32(b)
	}
	return u
}

func (f *fields) text() string {
	n := bytes.IndexByte(f.msg, 0)
	if n < 0 {
		f.failed, f.msg = true, nil
		return ""
	}
	return string(f.take(n + 1)[:n])
}

func (f *fields) err() error {
	if f.failed {
		return errMalformed
	}
	return nil
}

// serverError reads an ErrorResponse.
func serverError(msg []byte) *pq.Error {
	e, f := &pq.Error{}, fields{msg: msg}
	for len(f.msg) > 1 {
		kind := f.take(1)[0]
		value := f.text()
		switch kind {
		case 'S':
			if e.Severity == "" {
				e.Severity = value
			}
		case 'V': // as S, but never translated
			e.Severity = value
		case 'C':
			e.Code = pqerror.Code(value)
		case 'M':
			e.Message = value
		case 'D':
			e.Detail = value
		case 'H':
			e.Hint = value
		case 'P':
			e.Position = value
		case 'p':
			e.InternalPosition = value
		case 'q':
			e.InternalQuery = value
		case 'W':
			e.Where = value
		case 's':
			e.Schema = value
		case 't':
			e.Table = value
		case 'c':
			e.Column = value
		case 'd':
			e.DataTypeName = value
		case 'n':
			e.Constraint = value
		case 'F':
			e.File = value
		case 'L':
			e.Line = value
		case 'R':
			e.Routine = value
		}
	}
	return e
}
