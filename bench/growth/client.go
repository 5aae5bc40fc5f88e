package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// client is one connection that is kept open. It does less than net/http's, whose work would be that of the gateway's rivals for
// the processors.
type client struct {
	conn net.Conn
	r    *bufio.Reader
	body bytes.Buffer
}

func dial(host string) (*client, error) {
	conn, err := net.DialTimeout("tcp", host, 10*time.Second) //nolint:noctx // bounded by its timeout
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, r: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// encode makes a request of an operation.
func (g *gateway) encode(query string, variables map[string]any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	head := "POST /graphql HTTP/1.1\r\nHost: " + g.host + "\r\nAuthorization: Bearer " + g.token +
		"\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	return append([]byte(head), body...), nil
}

// do sends a request and reads the answer, which is valid until the next one.
func (c *client) do(request []byte) ([]byte, error) {
	if err := c.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	c.body.Reset()
	if _, err := io.Copy(&c.body, res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK && !failed(c.body.Bytes()) {
		return nil, fmt.Errorf("%s: %.300s", res.Status, c.body.Bytes())
	}
	return c.body.Bytes(), nil
}

// failed says whether an answer has errors.
func failed(answer []byte) bool { return bytes.Contains(answer, []byte(`"errors":[`)) }

// ask runs an operation once and reads its data.
func (g *gateway) ask(query string, variables map[string]any, data any) error {
	request, err := g.encode(query, variables)
	if err != nil {
		return err
	}
	c, err := dial(g.host)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	answer, err := c.do(request)
	if err != nil {
		return err
	}
	var out struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string         `json:"message"`
			Extensions map[string]any `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return err
	}
	if len(out.Errors) > 0 {
		return &refusal{code: fmt.Sprint(out.Errors[0].Extensions["code"]), message: out.Errors[0].Message}
	}
	return json.Unmarshal(out.Data, data)
}

// refusal is an error that the gateway answers with.
type refusal struct{ code, message string }

func (r *refusal) Error() string { return r.code + ": " + r.message }

// figures are what a load came to.
type figures struct {
	requests, errors int
	firstError       string
	p50, p99, max    time.Duration
	elapsed          time.Duration
	bytes            int
	used             usage
}

// rate is requests per second.
func (f figures) rate() float64 { return float64(f.requests) / f.elapsed.Seconds() }

// each is processor milliseconds per request.
func (f figures) each(d time.Duration) float64 {
	return d.Seconds() * 1000 / float64(max(1, f.requests))
}

// press sends requests from clients, each the next one as soon as it has its answer. requests(i) is the i-th of all.
func (g *gateway) press(clients []*client, lasting time.Duration, request func(i int) []byte) figures {
	type share struct {
		took     []time.Duration
		errors   int
		first    string
		received int
	}
	shares := make([]share, len(clients))
	done := make(chan struct{})
	before, start := g.usage(), time.Now()
	end := start.Add(lasting)
	for w, c := range clients {
		go func() {
			defer func() { done <- struct{}{} }()
			s := &shares[w]
			for i := w; time.Now().Before(end); i += len(clients) {
				sent := time.Now()
				answer, err := c.do(request(i))
				if err == nil && failed(answer) {
					err = fmt.Errorf("%.300s", answer)
				}
				if err != nil {
					if s.errors++; s.first == "" {
						s.first = err.Error()
					}
					if s.errors > 100 {
						return // nothing is learned from more
					}
					if again, err := dial(g.host); err == nil {
						_ = c.conn.Close()
						*c = *again
					}
					continue
				}
				s.received += len(answer)
				s.took = append(s.took, time.Since(sent))
			}
		}()
	}
	for range clients {
		<-done
	}
	out := figures{elapsed: time.Since(start), used: g.usage().since(before)}
	var took []time.Duration
	for _, s := range shares {
		took = append(took, s.took...)
		out.errors += s.errors
		out.bytes += s.received
		if out.firstError == "" {
			out.firstError = s.first
		}
	}
	out.requests = len(took)
	out.p50, out.p99, out.max = quantiles(took)
	return out
}

func quantiles(took []time.Duration) (p50, p99, most time.Duration) {
	if len(took) == 0 {
		return 0, 0, 0
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
}

func (g *gateway) dialAll(n int) ([]*client, error) {
	out := make([]*client, 0, n)
	for range n {
		c, err := dial(g.host)
		if err != nil {
			hangUp(out)
			return nil, fmt.Errorf("client %d: %w", len(out)+1, err)
		}
		out = append(out, c)
	}
	return out, nil
}

func hangUp(clients []*client) {
	for _, c := range clients {
		_ = c.conn.Close()
	}
}
