package gateway

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGCPercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{{0, 400}, {5 << 20, 400}, {32 << 20, 400}, {33 << 20, 375}, {64 << 20, 200}, {100 << 20, 125}, {128 << 20, 100}, {4 << 30, 100}} {
		if got := gcPercent(c.live); got != c.want {
			t.Errorf("with %d MiB live: %d, not %d", c.live>>20, got, c.want)
		}
	}
}

// The collector follows what is live, up and down again.
func TestHeapIsWatched(t *testing.T) {
	watchHeap()
	becomes := func(want uint64) {
		t.Helper()
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			runtime.GC()
			if metrics.Read(sample); sample[0].Value.Uint64() == want {
				return
			}
		}
		t.Fatalf("GOGC is %d, not %d", sample[0].Value.Uint64(), want)
	}
	becomes(relaxed)
	held := make([]byte, 256<<20)
	becomes(strict)
	runtime.KeepAlive(held)
	becomes(relaxed)
}
