package web

import (
	"net/netip"
	"sync"
)

// streamsVisitor bounds the streams of one visitor.
const streamsVisitor = 8

// audience counts the open streams: in all, of one visitor, and of an address and its network as connections are.
type audience struct {
	most    int
	drained chan struct{} // closed: streams end
	once    sync.Once     // closes drained

	mu  sync.Mutex
	all int
	of  map[string]int // visitor or network → open streams
}

func newAudience(most int) *audience {
	return &audience{most: max(0, most), drained: make(chan struct{}), of: map[string]int{}}
}

// enter counts a stream until leave is called; false: there is no room for it.
func (x *audience) enter(visitor string, from netip.Addr) (leave func(), ok bool) {
	names, most := []string{visitor}, []int{streamsVisitor}
	if !from.IsLoopback() {
		names = append(names, network(from, sizes[0].bits4, sizes[0].bits6), network(from, sizes[1].bits4, sizes[1].bits6))
		most = append(most, connsAddress, connsNetwork)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.all >= x.most {
		return func() {}, false
	}
	for i, name := range names {
		if x.of[name] >= most[i] {
			return func() {}, false
		}
	}
	x.all++
	for _, name := range names {
		x.of[name]++
	}
	return func() { x.left(names) }, true
}

func (x *audience) left(names []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all--
	for _, name := range names {
		if x.of[name]--; x.of[name] == 0 {
			delete(x.of, name)
		}
	}
}

// LivePages is how many pages hear of changes now.
func (s *Site) LivePages() int {
	s.audience.mu.Lock()
	defer s.audience.mu.Unlock()
	return s.audience.all
}

// Drain ends all streams, and each later one as soon as it has begun: the pages open them again, at another instance or after
// the restart. Call it before http.Server.Shutdown, which waits for them.
func (s *Site) Drain() { s.audience.once.Do(func() { close(s.audience.drained) }) }
