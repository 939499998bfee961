package dialog

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// The cache estimates the memory of a conversation within a fifth, or its bound in bytes
// means nothing. Memory that other tests free meanwhile spoils a round; then another one
// counts.
func TestCacheReckons(t *testing.T) {
	var real, reckoned float64
	for range 20 {
		real, reckoned = costs()
		if ratio := reckoned / real; ratio > 0.8 && ratio < 1.25 {
			return
		}
	}
	t.Errorf("reckoned %.0f bytes for %.0f: the bound of the cache is off by %.0f %%", reckoned, real, 100*(reckoned/real-1))
}

// costs are the bytes of a conversation in memory, and the cache's estimate.
func costs() (real, reckoned float64) {
	const n = 5000
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	c := newCache(1 << 30)
	for i := range n {
		place := Place{Channel: "tg", Address: fmt.Sprint(1_000_000 + i), Lang: "en", Push: true}
		r := &Record{
			Head:    Head{Key: Key{"lockbay", "escrow", fmt.Sprintf("tg:%d", 1_000_000+i)}, Owner: fmt.Sprintf("tg:%d", 1_000_000+i), Draft: fmt.Sprintf("d%09d", i), Step: "trade_review", Updated: time.Now()},
			Answers: fmt.Appendf(nil, `{"s":"@anna_ceramics_%d","a":{"m":125000,"c":"EUR"},"d":"Handmade dinner set, 24 pieces, celadon glaze, two spare plates","h":72,"f":"split","q":1234567890}`, i),
			Places:  []Place{place}, Timers: []Timer{{"remind", 1}, {"expire", 2}}, By: "74db3c.77cacb",
			shown: &screens{},
		}
		r.shown.read(fmt.Appendf(nil, `[{"c":"tg","a":%q,"v":7,"m":"%d"}]`, place.Address, i), 7)
		for j := range seenMax {
			r.Seen = append(r.Seen, uint64(j))
		}
		c.put(r)
	}
	real = (float64(heap()) - float64(before)) / n
	_, bytes := c.stats()
	runtime.KeepAlive(c)
	return real, float64(bytes) / n
}
