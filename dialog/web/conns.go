package web

import (
	"net"
	"net/netip"
	"sync"
)

// The bounds of open connections.
const (
	connsAll     = 8192 // beside those of streams
	connsAddress = 128  // of one address (IPv6: /64)
	connsNetwork = 512  // of its /24 (/48)
)

// Bounded bounds the open connections that l accepts: in all, with streams of live pages more,
// and of one address and its network, except of this machine and of trusted proxies. A
// connection beyond is closed at once.
func Bounded(l net.Listener, trusted []netip.Prefix, live int) net.Listener {
	return &bounded{Listener: l, trusted: trusted, most: connsAll + max(0, live), of: map[string]int{}}
}

type bounded struct {
	net.Listener
	trusted []netip.Prefix
	most    int

	mu  sync.Mutex
	all int
	of  map[string]int // network → open connections
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if names, ok := b.admit(c.RemoteAddr()); ok {
			return &boundedConn{Conn: c, of: b, names: names}, nil
		}
		_ = c.Close()
	}
}

// admit counts a connection; names are the networks for which it is counted.
func (b *bounded) admit(from net.Addr) (names []string, ok bool) {
	if at, err := netip.ParseAddrPort(from.String()); err == nil {
		if a := at.Addr().Unmap(); !a.IsLoopback() && !within(b.trusted, a) {
			names = []string{network(a, sizes[0].bits4, sizes[0].bits6), network(a, sizes[1].bits4, sizes[1].bits6)}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.most {
		return nil, false
	}
	for i, name := range names {
		if b.of[name] >= [...]int{connsAddress, connsNetwork}[i] {
			return nil, false
		}
	}
	b.all++
	for _, name := range names {
		b.of[name]++
	}
	return names, true
}

func (b *bounded) closed(names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	for _, name := range names {
		if b.of[name]--; b.of[name] == 0 {
			delete(b.of, name)
		}
	}
}

// boundedConn is a counted connection.
type boundedConn struct {
	net.Conn
	of    *bounded
	names []string
	once  sync.Once
}

// Close implements net.Conn.
func (c *boundedConn) Close() error {
	c.once.Do(func() { c.of.closed(c.names) })
	return c.Conn.Close()
}
