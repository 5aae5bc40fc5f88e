package main

import (
	"strings"
	"testing"
	"time"
)

// A soak passes where nothing grows, and each thing that grows fails it by its name.
func TestVerdict(t *testing.T) {
	soak := func(change func(i int, x *sample)) error {
		var samples []sample
		for i := range 180 {
			x := sample{
				at: time.Duration(i+1) * window, rate: 1000, p50: time.Millisecond, p99: time.Duration(10+i%3) * time.Millisecond, rss: 60 + float64(i%5),
				live: 4 + float64(i%2), goroutines: 90 + float64(i%10), files: 80, connections: 10,
			}
			change(i, &x)
			samples = append(samples, x)
		}
		return verdict(samples, 30*time.Minute)
	}
	if err := soak(func(int, *sample) {}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(i int, x *sample){
		"RSS":                     func(i int, x *sample) { x.rss += float64(i) / 6 },
		"live heap":               func(i int, x *sample) { x.live += float64(i) / 20 },
		"goroutines":              func(i int, x *sample) { x.goroutines += float64(i) / 4 },
		"open files":              func(i int, x *sample) { x.files += float64(i) / 8 },
		"connections to Postgres": func(i int, x *sample) { x.connections += float64(i / 100) },
		"p99":                     func(i int, x *sample) { x.p99 += time.Duration(i) * 50 * time.Microsecond },
		"1 errors":                func(i int, x *sample) { x.errors = i / 179 },
	} {
		if err := soak(change); err == nil || !strings.HasPrefix(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
