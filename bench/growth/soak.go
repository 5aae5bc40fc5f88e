package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	window = 10 * time.Second
	// workers are the connections that requests go through; more of them wait in the generator, and their waiting counts.
	workers = 64
)

// invalid is refused by validation, and must be.
const invalid = `query Wrong { posts(first: 1) { nodes { id nothing } } }`

// mixture chooses requests in the proportions of the mixed load.
type mixture struct {
	shares   []share
	requests [][][]byte
	total    int
}

func (g *gateway) mixture() (*mixture, error) {
	m := &mixture{shares: mixed}
	for _, s := range mixed {
		requests, err := g.requests(s.operation, 1000)
		if err != nil {
			return nil, err
		}
		m.requests = append(m.requests, requests)
		m.total += s.percent
	}
	return m, nil
}

func (m *mixture) next(random *rand.Rand) []byte {
	at := random.IntN(m.total)
	for i, s := range m.shares {
		if at -= s.percent; at < 0 {
			return m.requests[i][random.IntN(len(m.requests[i]))]
		}
	}
	panic("the shares are more than their total")
}

// soakTest loads the gateway with a part of what it can do and watches what grows.
func (c *config) soakTest(ctx context.Context) error {
	var faults []error
	for _, dialect := range c.dialects {
		if err := c.soakOf(ctx, dialect); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", dialect, err))
		}
	}
	return errors.Join(faults...)
}

func (c *config) soakOf(ctx context.Context, dialect string) error {
	// Half of a soak says nothing: it begins anew.
	out, err := openResults(c.folder+"/soak-"+dialect+".csv", c.how, true, 1, "seconds", "per_second", "p50_ms", "p99_ms", "errors", "rss_mib", "live_mib", "goroutines",
		"files", "connections", "gateway_us", "database_us", "yardstick_ms", "idle_percent", "waiting_percent", "stolen_percent", "read_mib", "sync_ms")
	if err != nil {
		return err
	}
	d, err := c.openDatabase(ctx, dialect, strconv.Itoa(used), used, fill)
	if err != nil {
		return err
	}
	defer d.sql.Close()
	if path, ok := strings.CutPrefix(d.url, "sqlite:"); ok && c.lock {
		unlock, err := lockInMemory(path)
		if err != nil {
			return err
		}
		defer unlock()
	}
	g, err := c.serve(ctx, d)
	if err != nil {
		return err
	}
	defer g.stop() //nolint:errcheck // what it wrote is taken away
	m, err := g.mixture()
	if err != nil {
		return err
	}
	capacity, err := g.capacity(c.capacity, m)
	if err != nil {
		return err
	}
	if err := d.forget(ctx); err != nil {
		return err
	}
	rate := capacity * c.share
	log.Printf("%s: capacity %.0f requests per second with 16 clients; soaking with %.0f for %s", dialect, capacity, rate, c.soak)

	s := &soaking{g: g, m: m, jobs: make(chan job, 10_000), used: g.usage(), spent: machineWork(), folder: c.work}
	if s.wrong, err = g.encode(invalid, nil); err != nil {
		return err
	}
	loading, stop := context.WithTimeout(ctx, c.soak)
	defer stop()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(s.work)
	}
	wg.Go(func() { s.arrive(loading, rate) })
	start := time.Now()
	tick := time.NewTicker(window)
	defer tick.Stop()
	var samples []sample
	for last := start; loading.Err() == nil; {
		select {
		case <-loading.Done():
		case <-tick.C:
			x, err := s.sample(ctx, time.Since(start), time.Since(last))
			if err != nil {
				stop()
				wg.Wait()
				return err
			}
			last = time.Now()
			samples = append(samples, x)
			if err := x.write(out); err != nil {
				return err
			}
			// So that the table stays as it is. What is dead of it, autovacuum takes.
			if _, err := d.sql.ExecContext(ctx, fmt.Sprintf("DELETE FROM comments WHERE id > %d", d.size)); err != nil {
				return err
			}
		}
	}
	wg.Wait()
	if err := errors.Join(ctx.Err(), d.forget(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return verdict(samples, c.soak)
}

// capacity is how many requests of the mixture 16 clients get answered per second.
func (g *gateway) capacity(lasting time.Duration, m *mixture) (float64, error) {
	clients, err := g.dialAll(16)
	if err != nil {
		return 0, err
	}
	defer hangUp(clients)
	random := rand.New(rand.NewPCG(5, 6))
	requests := make([][]byte, 20_000)
	for i := range requests {
		requests[i] = m.next(random)
	}
	f := g.press(clients, lasting, func(i int) []byte { return requests[i%len(requests)] })
	if f.errors > 0 {
		return 0, fmt.Errorf("%d errors, the first: %s", f.errors, f.firstError)
	}
	return f.rate(), nil
}

// job is a request that is due. What is sent late counts from when it was due.
type job struct {
	due     time.Time
	request []byte
	kind    kind
}

type kind int

const (
	ordinary  kind = iota
	refused        // must be answered with an error
	abandoned      // whose client goes away at once
)

type soaking struct {
	g      *gateway
	m      *mixture
	wrong  []byte
	used   usage   // until the last sample
	spent  machine // likewise
	folder string  // that the disk is measured by
	jobs   chan job

	mu     sync.Mutex
	took   []time.Duration
	errors int
}

// arrive lets requests arrive at random times, as those of many independent clients do.
func (s *soaking) arrive(ctx context.Context, rate float64) {
	defer close(s.jobs)
	random := rand.New(rand.NewPCG(7, 8))
	heavy := s.m.requests[2][0]
	for due := time.Now(); ctx.Err() == nil; {
		due = due.Add(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		j := job{due: due, request: s.m.next(random)}
		switch random.IntN(100) {
		case 0:
			j.request, j.kind = s.wrong, refused
		case 1:
			j.request, j.kind = heavy, abandoned
		}
		select {
		case s.jobs <- j:
		default:
			s.fail(errors.New("ten thousand requests wait for their turn"))
		}
	}
}

func (s *soaking) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errors++; s.errors <= 5 {
		log.Printf("error: %s", err)
	}
}

func (s *soaking) work() {
	var c *client
	for j := range s.jobs {
		var err error
		if c == nil {
			if c, err = dial(s.g.host); err != nil {
				s.fail(err)
				continue
			}
		}
		if j.kind == abandoned {
			_, err = c.conn.Write(j.request)
			time.Sleep(time.Millisecond) // it has begun
			_ = c.conn.Close()
			c = nil
			if err != nil {
				s.fail(err)
			}
			continue
		}
		answer, err := c.do(j.request)
		if err == nil && failed(answer) != (j.kind == refused) {
			err = fmt.Errorf("%.300s", answer)
		}
		if err != nil {
			s.fail(err)
			_ = c.conn.Close()
			c = nil
			continue
		}
		took := time.Since(j.due)
		s.mu.Lock()
		s.took = append(s.took, took)
		s.mu.Unlock()
	}
	if c != nil {
		_ = c.conn.Close()
	}
}

// sample is what a window came to.
type sample struct {
	at                             time.Duration
	rate                           float64
	p50, p99                       time.Duration
	errors                         int
	rss, live                      float64 // MiB
	goroutines, files, connections float64
	used                           usage         // for each request
	yardstick                      time.Duration // see there
	work                           machine       // what the whole machine did
	sync                           time.Duration // see syncTime
}

func (s *soaking) sample(ctx context.Context, at, lasted time.Duration) (x sample, err error) {
	s.mu.Lock()
	took, failures := s.took, s.errors
	s.took, s.errors = make([]time.Duration, 0, len(took)), 0
	s.mu.Unlock()
	x = sample{at: at, rate: float64(len(took)) / lasted.Seconds(), errors: failures}
	x.p50, x.p99, _ = quantiles(took)
	now, n := s.g.usage(), time.Duration(max(1, len(took)))
	used := now.since(s.used)
	s.used, x.used, x.yardstick = now, usage{used.gateway / n, used.database / n}, yardstick()
	work := machineWork()
	s.spent, x.work = work, work.since(s.spent)
	if x.sync, err = syncTime(s.folder); err != nil {
		return x, err
	}
	r, err := s.g.runtime(ctx, false)
	if err != nil {
		return x, err
	}
	rss, _ := s.g.memory()
	conns, err := s.g.connections(ctx)
	x.rss, x.live, x.goroutines, x.files, x.connections = float64(rss)/(1<<20), float64(r.Live)/(1<<20), float64(r.Goroutines), float64(s.g.files()), float64(conns)
	return x, err
}

func (x sample) write(out *results) error {
	idle, waiting, stolen := x.work.percent()
	log.Printf("%5.0f s %6.0f/s p50 %6.2f p99 %7.2f ms, %d errors, RSS %.0f MiB, live %.1f MiB, %.0f goroutines, %.0f files, %.0f connections, %d + %d us, yardstick %.2f ms, %.0f %% idle, %.0f %% waiting, %.0f %% stolen, %.1f MiB read, sync %.2f ms",
		x.at.Seconds(), x.rate, ms(x.p50), ms(x.p99), x.errors, x.rss, x.live, x.goroutines, x.files, x.connections, x.used.gateway.Microseconds(),
		x.used.database.Microseconds(), ms(x.yardstick), idle, waiting, stolen, x.work.readMiB, ms(x.sync))
	return out.add(int(x.at.Seconds()), x.rate, x.p50, x.p99, x.errors, x.rss, x.live, x.goroutines, x.files, x.connections,
		x.used.gateway.Microseconds(), x.used.database.Microseconds(), x.yardstick, idle, waiting, stolen, x.work.readMiB, x.sync)
}

// verdict compares the first and the last third of what comes after warming up, by their medians: a single window holds a
// collection or a checkpoint, a leak is in all of them. Tolerances are what windows differ by without a leak: requests that
// happen to be in flight (goroutines, files), when the heap was last collected (memory, in which a page of 1000 rows is one MiB), and
// for p99 the few requests that it consists of.
func verdict(samples []sample, lasted time.Duration) error {
	warm := min(2*time.Minute, lasted/4)
	samples = slices.DeleteFunc(slices.Clone(samples), func(x sample) bool { return x.at < warm })
	third := len(samples) / 3
	if third == 0 {
		return errors.New("too short for a verdict")
	}
	first, last := samples[:third], samples[len(samples)-third:]
	var faults []error
	for _, v := range []struct {
		name        string
		of          func(sample) float64
		times, plus float64
	}{
		{"RSS in MiB", func(x sample) float64 { return x.rss }, 1.10, 8},
		{"live heap in MiB", func(x sample) float64 { return x.live }, 1.10, 4},
		{"goroutines", func(x sample) float64 { return x.goroutines }, 1, 20},
		{"open files", func(x sample) float64 { return x.files }, 1, 10},
		{"connections to Postgres", func(x sample) float64 { return x.connections }, 1, 0},
		{"p99 in ms", func(x sample) float64 { return ms(x.p99) }, 1.25, 1},
	} {
		a, b := median(first, v.of), median(last, v.of)
		state := "stays"
		if b > a*v.times+v.plus {
			state = "GROWS"
			faults = append(faults, fmt.Errorf("%s grows from %.1f to %.1f", v.name, a, b))
		}
		log.Printf("%s: %-24s %9.1f -> %9.1f", state, v.name, a, b)
	}
	failures := 0
	for _, x := range samples {
		failures += x.errors
	}
	if failures > 0 {
		faults = append(faults, fmt.Errorf("%d errors", failures))
	}
	return errors.Join(faults...)
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, x := range samples {
		values[i] = of(x)
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
