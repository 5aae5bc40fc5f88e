package gateway

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// A gateway keeps little and allocates much: with Go's default, by which the heap grows to twice what is live, the collector would
// take a sixth of a small read. So it may grow to three times that, but not by more than spare, or by what is live if that is more. Five
// times gave nothing more, and cost operations that wait for the database a tenth, since memory that was not used for long has to
// come into the processor's caches again. Where operations hold much, three times as much would be a great deal of memory, and to touch
// all of it for the first time costs more than to collect it.
const (
	relaxed = 200 // percent, as GOGC
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
