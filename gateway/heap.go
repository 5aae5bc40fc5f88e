package gateway

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// A gateway keeps little and allocates much: with Go's default, by which the heap grows to twice what is live, the collector would
// run for a third of the time. So it may grow to five times that, but not by more than spare, or by what is live if that is more. (Three
// times costs small reads a twelfth, for 7 MiB less of 41.) Where operations hold much, five times as much would be a great deal of memory,
// and to touch all of it for the first time costs more than to collect it.
const (
	relaxed = 400 // percent, as GOGC
	strict  = 100
	spare   = 128 << 20 // bytes
)

// relaxGC sets how often garbage is collected. GOGC overrides it.
func (c *command) relaxGC() {
	if _, set := c.lookup("GOGC"); !set {
		watchHeap()
	}
}

// watchHeap adapts the collector of the process after each collection.
var watchHeap = sync.OnceFunc(func() {
	debug.SetGCPercent(relaxed)
	h := &heap{percent: relaxed, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	runtime.SetFinalizer(h, (*heap).collected)
})

// heap is garbage at all times, so that its finalizer tells that there was a collection.
type heap struct {
	percent int
	live    []metrics.Sample
}

func (h *heap) collected() {
	metrics.Read(h.live)
	if percent := gcPercent(h.live[0].Value.Uint64()); percent != h.percent {
		h.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(h, (*heap).collected)
}

// gcPercent is by how much the heap may grow when so many bytes are live, in steps: setting it stops the world for a moment.
func gcPercent(live uint64) int {
	if live*relaxed/100 <= spare {
		return relaxed
	}
	return max(strict, int(spare*100/live/25*25))
}
