// Command growth measures how the cost of a gateway grows with its data and its use, soaks it, and draws the results. See
// ../growth.sh, which builds the gateway that it measures.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// config is what all commands are told.
type config struct {
	work     string   // where the gateway and the databases are
	log      *os.File // of the gateways
	server   *url.URL // Postgres
	dialects []string
	sizes    []int // numbers of comments
	clients  int
	each     time.Duration // of a measurement
	warm     time.Duration // before it
	folder   string        // of the results
	plots    string        // their folder
	how      string
	fresh    bool
	soak     time.Duration
	capacity time.Duration // of measuring it
	share    float64       // of the capacity
	lock     bool          // SQLite's file in memory
}

// commands are in the order in which `all` runs them.
var commands = []struct {
	name, help string
	run        func(*config, context.Context) error
}{
	{"growth", "operations against the number of rows", (*config).growth},
	{"wide", "rows of 1 KB to 1 MB", (*config).wide},
	{"connections", "1 to 1000 clients, and what each costs while idle and while waiting", (*config).connections},
	{"pools", "connections to Postgres, directly and through PgBouncer", (*config).pools},
	{"soak", "a mixed load for a long time; fails if memory, goroutines, connections or p99 grow", (*config).soakTest},
	{"plot", "draw the results", (*config).plot},
}

func usageText() string {
	var b strings.Builder
	b.WriteString("growth COMMAND [flags]\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-12s %s\n", c.name, c.help)
	}
	return b.String()
}

func main() {
	log.SetFlags(log.Ltime)
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usageText())
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := parse(os.Args[2:])
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range commands {
		if c.name == os.Args[1] {
			if err := c.run(cfg, ctx); err != nil {
				log.Fatal(err)
			}
			return
		}
	}
	fmt.Fprint(os.Stderr, usageText())
	os.Exit(2)
}

func parse(args []string) (*config, error) {
	cfg := &config{}
	flags := flag.NewFlagSet("growth", flag.ExitOnError)
	server := flags.String("server", "postgres://postgres@127.0.0.1:55432/postgres", "a Postgres server in which databases may be made")
	dialects := flags.String("databases", "postgres,sqlite", "which databases to measure")
	sizes := flags.String("rows", "10000,100000,1000000,10000000", "numbers of rows")
	flags.IntVar(&cfg.clients, "clients", 1, "clients at a time, where they are not what is measured")
	flags.DurationVar(&cfg.each, "for", 3*time.Second, "how long each point is measured")
	flags.DurationVar(&cfg.warm, "warm", time.Second, "how long before each point")
	flags.StringVar(&cfg.folder, "results", "bench/growth/results", "the folder of the results")
	flags.StringVar(&cfg.plots, "plots", "docs/growth", "the folder of the plots")
	flags.StringVar(&cfg.how, "how", "2 cores, gateway, database and load generator together, nothing else running", "how it was measured, said in the results and below the plots")
	flags.BoolVar(&cfg.fresh, "fresh", false, "measure again what is there already")
	flags.DurationVar(&cfg.soak, "soak", 30*time.Minute, "how long to soak")
	flags.DurationVar(&cfg.capacity, "capacity", 20*time.Second, "how long the capacity is measured before the soak")
	flags.Float64Var(&cfg.share, "share", 0.7, "the soak's load as a part of the capacity")
	flags.BoolVar(&cfg.lock, "lock", false, "keep SQLite's file in memory during the soak, on machines that take back what was not used for a minute")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if cfg.work, err = filepath.Abs(filepath.Join(cmp.Or(os.Getenv("BENCH_TMP"), filepath.Join(os.TempDir(), "peer-bench")), "growth")); err != nil {
		return nil, err
	}
	if cfg.server, err = url.Parse(*server); err != nil {
		return nil, fmt.Errorf("-server: %w", err)
	}
	for _, d := range strings.Split(*dialects, ",") {
		if d != postgres && d != sqlite {
			return nil, fmt.Errorf("-databases: %q is neither postgres nor sqlite", d)
		}
		cfg.dialects = append(cfg.dialects, d)
	}
	for _, text := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 10_000 || n%1000 != 0 {
			return nil, fmt.Errorf("-rows: %q is not a multiple of 1000 from 10000", text)
		}
		cfg.sizes = append(cfg.sizes, n)
	}
	if err := os.MkdirAll(filepath.Join(cfg.work, "sqlite"), 0o755); err != nil {
		return nil, err
	}
	cfg.log, err = os.Create(filepath.Join(cfg.work, "gateway.log"))
	return cfg, err
}

// results opens the file of a command.
func (c *config) results(name string, keys int, header ...string) (*results, error) {
	return openResults(filepath.Join(c.folder, name+".csv"), c.how, c.fresh, keys, header...)
}
