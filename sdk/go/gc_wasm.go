package actionbox

import (
	"runtime"
	"runtime/debug"
)

// How much the heap may grow before it is collected.
const growth = 8 << 20

// The collector reads the clock, which is an import, and no import may be called while the host allocates
// memory for what it hands in. A collection that an allocation sets off there would kill the component, so
// none starts by itself: [collect] is called where imports are allowed.
func init() { debug.SetGCPercent(-1) }

// What was in use after the last collection.
var inUse uint64

// collect collects garbage once the heap has grown.
func collect() {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc < inUse+growth {
		return
	}
	runtime.GC()
	runtime.ReadMemStats(&memory)
	inUse = memory.HeapAlloc
}
