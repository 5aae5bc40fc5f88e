package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
)

var names = map[string]string{postgres: "Postgres", sqlite: "SQLite"}

// plot draws what there are results of.
func (c *config) plot(context.Context) error {
	if err := os.MkdirAll(c.plots, 0o755); err != nil {
		return err
	}
	for _, draw := range []func() (map[string]figure, error){c.plotGrowth, c.plotWide, c.plotConnections, c.plotPools, c.plotSoak} {
		figures, err := draw()
		if errors.Is(err, fs.ErrNotExist) {
			log.Print("not measured: ", err)
			continue
		}
		if err != nil {
			return err
		}
		for name, f := range figures {
			if err := os.WriteFile(filepath.Join(c.plots, name+".svg"), []byte(f.svg()), 0o644); err != nil { //nolint:gosec // a picture for the guide
				return err
			}
		}
	}
	return nil
}

// read reads the results of a command.
func (c *config) read(name string) (*results, error) {
	return readResults(filepath.Join(c.folder, name+".csv"))
}

// line takes points from rows.
func (r *results) line(x, y string, keep func(row []string) bool) (points [][2]float64) {
	for _, row := range r.rows {
		if keep(row) && r.text(row, y) != "" {
			points = append(points, [2]float64{r.number(row, x), r.number(row, y)})
		}
	}
	slices.SortFunc(points, func(a, b [2]float64) int { return int(a[0] - b[0]) })
	return points
}

// kinds are the panels of growth.
var kinds = []struct {
	title      string
	operations []string
}{
	{"Pages of a list", []string{"first page of 50", "page 2,001", "last page", "filtered and ordered"}},
	{"Below a parent", []string{"children, about 10", "children, 1/10 of all", "children, 1/10 of all, middle", "50 posts with 10 comments"}},
	{"One row", []string{"by id, with author", "create", "update by id"}},
	{"Counts", []string{"totalCount", "totalCount, at most 1,000", "totalCount, estimate"}},
}

func (c *config) plotGrowth() (map[string]figure, error) {
	r, err := c.read("growth")
	if err != nil {
		return nil, err
	}
	out := map[string]figure{}
	for dialect, name := range names {
		latency := figure{title: "Latency against rows, " + name, note: "Solid: the median; dashed: p99. " + r.how}
		processor := figure{title: "Processor time against rows, " + name, note: "The gateway's and the database's, together. " + r.how}
		for _, k := range kinds {
			lp := panel{title: k.title, x: axis{"rows of the table", true}, y: axis{"milliseconds", true}}
			pp := lp
			for _, o := range k.operations {
				here := func(row []string) bool { return r.text(row, "database") == dialect && r.text(row, "operation") == o }
				p50 := r.line("rows", "p50_ms", here)
				if len(p50) == 0 {
					continue
				}
				lp.series = append(lp.series, series{name: o, points: p50})
				used := r.line("rows", "gateway_ms", here)
				for i, d := range r.line("rows", "database_ms", here) {
					used[i][1] += d[1]
				}
				pp.series = append(pp.series, series{name: o, points: used})
			}
			for i, s := range lp.series {
				here := func(row []string) bool {
					return r.text(row, "database") == dialect && r.text(row, "operation") == s.name
				}
				lp.series = append(lp.series, series{points: r.line("rows", "p99_ms", here), like: i + 1})
			}
			latency.panels, processor.panels = append(latency.panels, lp), append(processor.panels, pp)
		}
		out["growth-"+dialect+"-latency"], out["growth-"+dialect+"-processor"] = latency, processor
	}
	return out, nil
}

func (c *config) plotWide() (map[string]figure, error) {
	r, err := c.read("wide")
	if err != nil {
		return nil, err
	}
	out := map[string]figure{}
	for dialect, name := range names {
		f := figure{title: "Wide rows, " + name, note: "Pages above ENTWINE_MAX_BYTES (32 MiB) are refused and have no point. " + r.how}
		for _, y := range []struct{ title, column, label string }{
			{"Latency, one client", "p50_ms", "milliseconds, median"},
			{"Throughput, 16 clients", "megabytes_per_second", "MB per second"},
			{"Peak of the gateway's memory, one client", "peak_mib", "MiB"},
			{"Peak of the gateway's memory, 16 clients", "peak_mib", "MiB"},
		} {
			clients := "16"
			if y.title[len(y.title)-len("one client"):] == "one client" {
				clients = "1"
			}
			p := panel{title: y.title, x: axis{"bytes of a row", true}, y: axis{y.label, true}}
			for _, column := range []struct{ name, title string }{{"body", "text"}, {"data", "JSON"}} {
				for _, rows := range []string{"1", "20", "50"} {
					points := r.line("row_bytes", y.column, func(row []string) bool {
						return r.text(row, "database") == dialect && r.text(row, "column") == column.name && r.text(row, "rows") == rows &&
							r.text(row, "clients") == clients && r.text(row, "refused") == ""
					})
					if len(points) > 0 {
						p.series = append(p.series, series{name: fmt.Sprintf("%s, page of %s", column.title, rows), points: points})
					}
				}
			}
			f.panels = append(f.panels, p)
		}
		out["wide-"+dialect] = f
	}
	return out, nil
}

func (c *config) plotConnections() (map[string]figure, error) {
	r, err := c.read("connections")
	if err != nil {
		return nil, err
	}
	f := figure{title: "Clients", note: "a: a post by id with its author; b: 50 newest posts. " + r.how}
	for _, y := range []struct {
		title, column, label string
		log                  bool
	}{
		{"Requests per second", "per_second", "requests per second", false},
		{"Latency, p99", "p99_ms", "milliseconds", true},
		{"Processor time of the gateway for a request", "gateway_ms", "milliseconds", false},
		{"Peak of the gateway's memory", "peak_mib", "MiB", false},
	} {
		p := panel{title: y.title, x: axis{"clients", true}, y: axis{y.label, y.log}}
		for _, dialect := range []string{postgres, sqlite} {
			for _, o := range using {
				here := func(row []string) bool {
					return r.text(row, "database") == dialect && r.text(row, "operation") == o.name
				}
				if points := r.line("clients", y.column, here); len(points) > 0 {
					p.series = append(p.series, series{name: o.name + ", " + names[dialect], points: points})
				}
			}
		}
		f.panels = append(f.panels, p)
	}
	return map[string]figure{"connections": f}, nil
}

func (c *config) plotPools() (map[string]figure, error) {
	r, err := c.read("pools")
	if err != nil {
		return nil, err
	}
	f := figure{title: "Connections to Postgres", note: "a: a post by id with its author; c: 50 posts with 10 comments each; g: create a comment. " + r.how}
	for _, y := range []struct{ title, column, label string }{
		{"Requests per second", "per_second", "requests per second"},
		{"Latency, p99", "p99_ms", "milliseconds"},
	} {
		for _, n := range []string{"16", "64"} {
			p := panel{title: y.title + ", " + n + " clients", x: axis{"connections of the pool (ENTWINE_MAX_CONNS)", true}, y: axis{y.label, true}}
			for _, through := range []string{"direct", "pgbouncer"} {
				for i, o := range pooling {
					points := r.line("connections", y.column, func(row []string) bool {
						return r.text(row, "through") == through && r.text(row, "operation") == o.name && r.text(row, "clients") == n
					})
					s := series{name: o.name, points: points}
					if through == "pgbouncer" {
						s.name, s.like = o.name+", through PgBouncer", i+1
					}
					if len(points) > 0 {
						p.series = append(p.series, s)
					}
				}
			}
			f.panels = append(f.panels, p)
		}
	}
	return map[string]figure{"pools": f}, nil
}

func (c *config) plotSoak() (map[string]figure, error) {
	out := map[string]figure{}
	for dialect, name := range names {
		r, err := c.read("soak-" + dialect)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f := figure{title: "Soak, " + name, note: fmt.Sprintf("A mixed load at %.0f %% of the capacity. %s", c.share*100, r.how)}
		for _, p := range []struct {
			title, label string
			columns      [][2]string // and what they are called
		}{
			{"Requests", "per second", [][2]string{{"per_second", "requests"}}},
			{"Latency", "milliseconds", [][2]string{{"p50_ms", "median"}, {"p99_ms", "p99"}}},
			{"Memory", "MiB", [][2]string{{"rss_mib", "resident"}, {"live_mib", "live after a collection"}}},
			{"What is open", "number", [][2]string{{"goroutines", "goroutines"}, {"files", "files and sockets"}, {"connections", "connections to Postgres"}}},
		} {
			made := panel{title: p.title, x: axis{"seconds", false}, y: axis{p.label, false}}
			for _, column := range p.columns {
				made.series = append(made.series, series{name: column[1], points: r.line("seconds", column[0], func([]string) bool { return true })})
			}
			f.panels = append(f.panels, made)
		}
		out["soak-"+dialect] = f
	}
	return out, nil
}
