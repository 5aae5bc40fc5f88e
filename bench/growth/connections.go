package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"
	"time"

	"github.com/entwine-data/entwine/bench/growth/observe"
)

// used is the size of the database on which use is measured.
const used = 1_000_000

// using are the operations that many clients send.
var using = []operation{mixed[0].operation, mixed[1].operation}

// connections presses the gateway with more and more clients that keep their connections.
func (c *config) connections(ctx context.Context) error {
	out, err := c.results("connections", 3, "database", "operation", "clients", "requests", "per_second", "p50_ms", "p99_ms", "max_ms", "gateway_ms",
		"database_ms", "peak_mib", "goroutines", "errors")
	if err != nil {
		return err
	}
	costs, err := c.results("clients", 2, "database", "state", "clients", "bytes_each", "goroutines_each")
	if err != nil {
		return err
	}
	for _, dialect := range c.dialects {
		d, err := c.openDatabase(ctx, dialect, strconv.Itoa(used), used, fill)
		if err != nil {
			return err
		}
		for _, o := range using {
			for _, n := range []int{1, 4, 16, 64, 256, 1000} {
				if out.has(dialect, o.name, n) {
					continue
				}
				if err := c.connectionsOf(ctx, out, d, o, n); err != nil {
					return errors.Join(err, d.sql.Close())
				}
			}
		}
		if !costs.has(dialect, "idle") {
			if err := c.costs(ctx, costs, d); err != nil {
				return errors.Join(err, d.sql.Close())
			}
		}
		if err := d.sql.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) connectionsOf(ctx context.Context, out *results, d *database, o operation, n int) error {
	g, err := c.serve(ctx, d)
	if err != nil {
		return err
	}
	defer g.stop() //nolint:errcheck // it was only read from
	requests, err := g.requests(o, 2000)
	if err != nil {
		return err
	}
	clients, err := g.dialAll(n)
	if err != nil {
		return err
	}
	defer hangUp(clients)
	request := func(i int) []byte { return requests[i%len(requests)] }
	g.press(clients, c.warm, request)
	goroutines := make(chan uint64, 1)
	go func() {
		time.Sleep(c.each / 2)
		s, err := g.runtime(ctx, false)
		if err != nil {
			log.Print(err)
		}
		goroutines <- s.Goroutines
	}()
	f := g.press(clients, c.each, request)
	running := <-goroutines
	_, peak := g.memory()
	log.Printf("%s %s %4d clients: %6.0f/s p50 %7.2f p99 %7.2f max %7.2f ms, processor %.3f + %.3f ms, peak %d MiB, %d goroutines, %d errors %s", d.dialect, o.name, n, f.rate(),
		ms(f.p50), ms(f.p99), ms(f.max), f.each(f.used.gateway), f.each(f.used.database), peak>>20, running, f.errors, f.firstError)
	return out.add(d.dialect, o.name, n, f.requests, f.rate(), f.p50, f.p99, f.max, f.each(f.used.gateway), f.each(f.used.database), peak>>20, running, f.errors)
}

// costs measures what the gateway keeps for a client that is connected and idle, and for one whose operation waits for the database.
func (c *config) costs(ctx context.Context, out *results, d *database) error {
	const n = 1000
	g, err := c.serve(ctx, d)
	if err != nil {
		return err
	}
	defer g.stop() //nolint:errcheck // it was only read from
	requests, err := g.requests(using[1], 1)
	if err != nil {
		return err
	}
	before, err := g.runtime(ctx, true)
	if err != nil {
		return err
	}
	clients, err := g.dialAll(n)
	if err != nil {
		return err
	}
	defer hangUp(clients)
	for _, cl := range clients { // a connection has its buffers from its first request on
		if _, err := cl.do(requests[0]); err != nil {
			return err
		}
	}
	idle, err := g.runtime(ctx, true)
	if err != nil {
		return err
	}
	note := func(state string, after, before observe.Sample) error {
		bytes := (float64(after.Live+after.Stacks) - float64(before.Live+before.Stacks)) / n
		goroutines := (float64(after.Goroutines) - float64(before.Goroutines)) / n
		log.Printf("%s: a client that is %s costs %.1f KiB and %.2f goroutines", d.dialect, state, bytes/1024, goroutines)
		return out.add(d.dialect, state, n, bytes, goroutines)
	}
	if err := note("idle", idle, before); err != nil || d.dialect == sqlite {
		return err
	}
	// While the table is locked, every operation waits: ten of them for Postgres, the others for a connection to it.
	tx, err := d.sql.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, "LOCK TABLE posts IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	ended := make(chan error, n)
	for _, cl := range clients {
		go func() {
			answer, err := cl.do(requests[0])
			if err == nil && failed(answer) {
				err = fmt.Errorf("%.300s", answer)
			}
			ended <- err
		}()
	}
	time.Sleep(2 * time.Second)
	waiting, err := g.runtime(ctx, true)
	if err != nil {
		return err
	}
	if err := tx.Rollback(); err != nil {
		return err
	}
	for range clients {
		if err := <-ended; err != nil {
			return fmt.Errorf("an operation that waited: %w", err)
		}
	}
	return note("waiting", waiting, idle)
}
