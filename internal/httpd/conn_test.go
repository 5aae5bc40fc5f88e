package httpd

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// pair is a connection that was accepted, and its other end.
func pair(t *testing.T) (accepted, other net.Conn) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	other, err = net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err = listener{inner}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = accepted.Close(), other.Close() })
	return accepted, other
}

// late is by how much something may come too late on a busy machine.
const late = 2 * time.Second

// Whatever deadlines are set one after the other, the last one is that at which a read or a write ends.
func TestDeadlines(t *testing.T) {
	for name, of := range map[string]struct {
		set func(net.Conn, time.Time) error
		do  func(net.Conn) error
	}{
		"read":   {net.Conn.SetReadDeadline, func(c net.Conn) error { _, err := c.Read(make([]byte, 100)); return err }},
		"look":   {net.Conn.SetReadDeadline, func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err }},
		"write":  {net.Conn.SetWriteDeadline, func(c net.Conn) error { _, err := c.Write(make([]byte, 64<<20)); return err }},
		"either": {net.Conn.SetDeadline, func(c net.Conn) error { _, err := c.Read(make([]byte, 100)); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := pair(t)
			random := rand.New(rand.NewPCG(1, 2))
			for range 30 {
				// Some of these pass before the last one is set, or while it lasts.
				for range random.IntN(4) {
					deadline := time.Now().Add(time.Duration(random.IntN(40)-5) * time.Millisecond)
					if random.IntN(4) == 0 {
						deadline = time.Time{}
					}
					if err := of.set(c, deadline); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
				}
				last := time.Now().Add(time.Duration(random.IntN(30)-5) * time.Millisecond)
				if err := of.set(c, last); err != nil {
					t.Fatal(err)
				}
				err := of.do(c)
				if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("%v", err)
				}
				if by := time.Since(last); by < 0 || by > late {
					t.Fatalf("%s after the deadline", by)
				}
			}
		})
	}
}

// A deadline that is set while somebody reads ends the read then, or does not any more.
func TestDeadlineOfARunningRead(t *testing.T) {
	for _, size := range []int{1, 100} {
		c, other := pair(t)
		random := rand.New(rand.NewPCG(3, uint64(size)))
		for range 200 {
			if err := c.SetReadDeadline(time.Now().Add(time.Duration(1+random.IntN(8)) * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			begun, read := make(chan struct{}), make(chan error)
			go func() {
				close(begun)
				_, err := c.Read(make([]byte, size))
				read <- err
			}()
			<-begun
			time.Sleep(time.Duration(random.IntN(9000)) * time.Microsecond)
			began := time.Now()
			err := c.SetReadDeadline(time.Unix(1, 0))
			if err := errors.Join(err, <-read); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > late {
				t.Fatalf("%v after %s", err, time.Since(began))
			}
			if err := c.SetReadDeadline(time.Time{}); err != nil {
				t.Fatal(err)
			}
			if random.IntN(2) == 0 {
				continue
			}
			go func() { _, _ = other.Write([]byte{7}) }()
			p := make([]byte, size)
			if n, err := c.Read(p); n != 1 || p[0] != 7 || err != nil {
				t.Fatalf("read %d %v: %v", n, p, err)
			}
		}
	}
}

// What is written arrives whole, although deadlines before the last one pass meanwhile.
func TestWriteGoesOn(t *testing.T) {
	c, other := pair(t)
	sent := make([]byte, 32<<20)
	for i := range sent {
		sent[i] = byte(i >> 10)
	}
	if err := errors.Join(c.SetWriteDeadline(time.Now().Add(20*time.Millisecond)), c.SetWriteDeadline(time.Now().Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(100 * time.Millisecond)
		got, err := io.ReadAll(other)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d of %d bytes: %v", len(got), len(sent), err)
		}
	})
	if n, err := c.Write(sent); n != len(sent) || err != nil {
		t.Errorf("%d bytes: %v", n, err)
	}
	c.Close()
	wg.Wait()
}

// A client that goes away ends its request, however long that takes.
func TestGoneClient(t *testing.T) {
	for _, after := range []time.Duration{0, goneWithin / 2, 3 * goneWithin} {
		began, ended := make(chan struct{}), make(chan error, 1)
		addr := serving(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			close(began)
			select {
			case <-r.Context().Done():
				ended <- nil
			case <-time.After(10 * time.Second):
				ended <- errors.New("nobody noticed")
			}
		})
		client, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
		<-began
		time.Sleep(after)
		client.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// Who takes a connection over has it as it is.
func TestHijacked(t *testing.T) {
	taken := make(chan struct{})
	addr := serving(t, func(w http.ResponseWriter, _ *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		close(taken)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		began, p := time.Now(), make([]byte, 1)
		for range 1000 {
			if _, err := c.Read(p); err != nil {
				t.Error(err)
				return
			}
		}
		if d := time.Since(began); d > 1000*goneWithin/2 {
			t.Errorf("1000 bytes in %s", d)
		}
		_, _ = buffered.WriteString("thanks")
		_ = buffered.Flush()
	})
	client, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-taken // or net/http reads it along with the request
	_, _ = client.Write(make([]byte, 1000))
	if got, err := io.ReadAll(client); string(got) != "thanks" {
		t.Errorf("%q: %v", got, err)
	}
}

// serving serves a handler and returns the address.
func serving(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	ln, err := Listen("127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ConnState: states}
	go func() { _ = s.Serve(listener{ln}) }()
	t.Cleanup(func() { s.Close() })
	return ln.Addr().String()
}
