// Package observe lets the load generator look into the gateway that it measures: the project of growth.sh has these routes.
package observe

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"runtime/metrics"

	"github.com/entwine-data/entwine/gateway"
)

// Sample is what the runtime of the gateway says of itself. Live is what the last collection left: what a leak would let grow.
type Sample struct {
	Goroutines uint64 `json:"goroutines"`
	Live       uint64 `json:"live"`   // bytes
	Stacks     uint64 `json:"stacks"` // bytes
}

// Routes are GET /bench/runtime, with ?collect to collect garbage before, and the profiles below /bench/pprof/.
func Routes(r *gateway.Router) {
	r.HandleFunc("GET /bench/runtime", func(w http.ResponseWriter, req *http.Request) error {
		if req.URL.Query().Has("collect") {
			debug.FreeOSMemory()
		}
		m := []metrics.Sample{
			{Name: "/sched/goroutines:goroutines"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"},
		}
		metrics.Read(m)
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(Sample{m[0].Value.Uint64(), m[1].Value.Uint64(), m[2].Value.Uint64()})
	})
	r.Serve("GET /bench/pprof/profile", http.HandlerFunc(pprof.Profile))
	r.Serve("GET /bench/pprof/{name}", http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		pprof.Handler(req.PathValue("name")).ServeHTTP(w, req)
	}))
}
