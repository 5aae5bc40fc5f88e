package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"strconv"
	"time"
)

// The widths of rows, and how many there are of each.
var widths = []int{1 << 10, 10 << 10, 100 << 10, 1 << 20}

const documents = 64

// fillDocuments makes rows whose text and whose JSON are as wide as their size says. They hold nothing that compresses well.
func fillDocuments(ctx context.Context, d *database) error {
	insert := "INSERT INTO documents (size, body, data) VALUES ($1, $2, $3)"
	random := rand.New(rand.NewPCG(3, 4))
	word := func() string { return strconv.FormatUint(random.Uint64(), 36) }
	for _, width := range widths {
		for range documents {
			text := make([]byte, 0, width+16)
			for len(text) < width {
				text = append(append(text, word()...), ' ')
			}
			var lines []map[string]any
			for size := 0; size < width; size += 60 {
				lines = append(lines, map[string]any{"name": word(), "value": random.IntN(1e6), "note": word(), "done": random.IntN(2) == 0})
			}
			data, err := json.Marshal(map[string]any{"lines": lines})
			if err != nil {
				return err
			}
			if _, err := d.sql.ExecContext(ctx, insert, width, string(text[:width]), string(data)); err != nil {
				return err
			}
		}
	}
	if d.dialect == sqlite {
		return exec1(ctx, d.sql, "ANALYZE")
	}
	return exec1(ctx, d.sql, "VACUUM (FREEZE, ANALYZE)")
}

// wide reads rows of each width, alone and as pages, and asks for a page that is larger than the limit.
func (c *config) wide(ctx context.Context) error {
	out, err := c.results("wide", 5, "database", "row_bytes", "column", "rows", "clients", "requests", "per_second", "p50_ms", "p99_ms", "gateway_ms", "database_ms",
		"megabytes_per_second", "peak_mib", "answer_bytes", "refused")
	if err != nil {
		return err
	}
	for _, dialect := range c.dialects {
		d, err := c.openDatabase(ctx, dialect, "wide", 0, fillDocuments)
		if err != nil {
			return err
		}
		for _, width := range widths {
			for _, column := range []string{"body", "data"} {
				for _, rows := range []int{1, 20, 50} {
					for _, clients := range []int{1, 16} {
						if out.has(dialect, width, column, rows, clients) {
							continue
						}
						if err := c.wideOf(ctx, out, d, width, column, rows, clients); err != nil {
							return errors.Join(err, d.sql.Close())
						}
					}
				}
			}
		}
		if err := d.sql.Close(); err != nil {
			return err
		}
	}
	return nil
}

// wideOf starts a gateway anew, so that its peak is that of these requests.
func (c *config) wideOf(ctx context.Context, out *results, d *database, width int, column string, rows, n int) error {
	g, err := c.serve(ctx, d, "ENTWINE_TIMEOUT=50s") // sixteen clients wait long for 20 MB each
	if err != nil {
		return err
	}
	defer g.stop() //nolint:errcheck // it was only read from
	o := operation{
		name:  fmt.Sprintf("%d rows of %d bytes", rows, width),
		query: `query Wide($size: Int!, $rows: Int!) { documents(first: $rows, where: {size: {eq: $size}}, orderBy: [{field: ID}]) { nodes { id ` + column + ` } } }`,
		variables: func(*rand.Rand, *database) map[string]any {
			return map[string]any{"size": width, "rows": rows}
		},
	}
	requests, err := g.requests(o, 1)
	if refused, ok := errors.AsType[*refusal](err); ok {
		// What the limit is for: the answer says so, and the memory stays where it is.
		_, peak := g.memory()
		log.Printf("%s %s %s: refused with %s (%s), peak %d MiB", d.dialect, o.name, column, refused.code, refused.message, peak>>20)
		return out.add(d.dialect, width, column, rows, n, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, peak>>20, 0, refused.code)
	}
	if err != nil {
		return err
	}
	clients, err := g.dialAll(n)
	if err != nil {
		return err
	}
	defer hangUp(clients)
	request := func(int) []byte { return requests[0] }
	g.press(clients, c.warm, request)
	f := g.press(clients, max(c.each, time.Second), request)
	if f.errors > 0 {
		return fmt.Errorf("%s: %d errors, the first: %s", o.name, f.errors, f.firstError)
	}
	_, peak := g.memory()
	speed := float64(f.bytes) / 1e6 / f.elapsed.Seconds()
	log.Printf("%s %s %s, %d clients: %7.1f/s p50 %8.2f p99 %8.2f ms, processor %.2f + %.2f ms, %.0f MB/s, peak %d MiB", d.dialect, o.name, column, n, f.rate(),
		ms(f.p50), ms(f.p99), f.each(f.used.gateway), f.each(f.used.database), speed, peak>>20)
	return out.add(d.dialect, width, column, rows, n, f.requests, f.rate(), f.p50, f.p99, f.each(f.used.gateway), f.each(f.used.database), speed, peak>>20,
		f.bytes/max(1, f.requests), "")
}
