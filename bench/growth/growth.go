package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"
	"time"
)

// growth measures each operation on tables of each size.
func (c *config) growth(ctx context.Context) error {
	out, err := c.results("growth", 3, "database", "rows", "operation", "requests", "per_second", "p50_ms", "p99_ms", "gateway_ms", "database_ms",
		"statements", "pages", "bytes", "errors")
	if err != nil {
		return err
	}
	for _, dialect := range c.dialects {
		for _, size := range c.sizes {
			if err := c.growthOf(ctx, out, dialect, size); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *config) growthOf(ctx context.Context, out *results, dialect string, size int) error {
	var left []operation
	for _, o := range growing {
		if size >= o.least && !out.has(dialect, size, o.name) {
			left = append(left, o)
		}
	}
	if len(left) == 0 {
		return nil
	}
	d, err := c.openDatabase(ctx, dialect, strconv.Itoa(size), size, fill)
	if err != nil {
		return err
	}
	defer d.sql.Close()
	g, err := c.serve(ctx, d)
	if err != nil {
		return err
	}
	defer g.stop() //nolint:errcheck // it was only read from
	clients, err := g.dialAll(c.clients)
	if err != nil {
		return err
	}
	defer hangUp(clients)
	for _, o := range left {
		requests, err := g.requests(o, 2000)
		if refused, ok := errors.AsType[*refusal](err); ok && refused.code == "GRAPHQL_VALIDATION_FAILED" {
			log.Printf("left out, because this build does not know it: %s", o.name)
			continue
		}
		if err != nil {
			return err
		}
		request := func(i int) []byte { return requests[i%len(requests)] }
		g.press(clients, c.warm, request)
		before, counted := d.work(ctx)
		f := g.press(clients, c.each, request)
		after, _ := d.work(ctx)
		statements, pages := "", ""
		if counted && f.requests > 0 && after.statements > before.statements { // nobody has set them back
			statements = strconv.FormatFloat((after.statements-before.statements)/float64(f.requests), 'f', 1, 64)
			pages = strconv.FormatFloat((after.pages-before.pages)/float64(f.requests), 'f', 1, 64)
		}
		if o.writes {
			if err := d.forget(ctx); err != nil {
				return err
			}
		}
		log.Printf("%s %9d %-30s %7.0f/s p50 %8.3f p99 %8.3f ms, processor %.3f + %.3f ms, %s statements, %s pages, %d errors", dialect, size, o.name, f.rate(),
			ms(f.p50), ms(f.p99), f.each(f.used.gateway), f.each(f.used.database), statements, pages, f.errors)
		if f.errors > 0 {
			return fmt.Errorf("%s on %d rows: %d errors, the first: %s", o.name, size, f.errors, f.firstError)
		}
		err = out.add(dialect, size, o.name, f.requests, f.rate(), f.p50, f.p99, f.each(f.used.gateway), f.each(f.used.database), statements, pages,
			f.bytes/max(1, f.requests), f.errors)
		if err != nil {
			return err
		}
	}
	return nil
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
