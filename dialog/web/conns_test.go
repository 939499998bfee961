package web

import (
	"net"
	"net/netip"
	"testing"
)

type from string

func (from) Network() string  { return "tcp" }
func (f from) String() string { return string(f) }

// Connections are bounded for an address, its network, and in all. This machine and trusted
// proxies have the bound of all; a closed connection makes room.
func TestBounded(t *testing.T) {
	b := Bounded(nil, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, 5).(*bounded)
	open := func(addr string, most int) (names [][]string) {
		for range most {
			n, ok := b.admit(from(addr))
			if !ok {
				break
			}
			names = append(names, n)
		}
		return names
	}
	for _, c := range []struct {
		addr string
		want int
	}{
		{"203.0.113.9:1", connsAddress}, {"203.0.113.9:2", 0}, {"[::ffff:203.0.113.9]:2", 0},
		{"203.0.113.10:1", connsAddress}, {"203.0.113.11:1", connsAddress}, {"203.0.113.12:1", connsAddress}, {"203.0.113.13:1", 0},
		{"[2001:db8:1:1::1]:1", connsAddress}, {"[2001:db8:1:1::2]:1", 0}, {"[2001:db8:1:2::1]:1", connsAddress},
		{"10.0.0.1:1", 1000}, {"127.0.0.1:1", 1000}, {"[::1]:1", 1000},
	} {
		if n := len(open(c.addr, 1000)); n != c.want {
			t.Errorf("%s: %d, want %d", c.addr, n, c.want)
		}
	}
	for _, names := range open("198.51.100.1:1", 100) {
		b.closed(names)
	}
	if n := len(open("198.51.100.1:1", 1000)); n != connsAddress {
		t.Errorf("%d after others were closed", n)
	}
	open("127.0.0.1:1", connsAll+5)
	if b.all != connsAll+5 || len(open("192.0.2.1:1", 1)) != 0 {
		t.Errorf("%d in all", b.all)
	}
}

// A listener closes what is beyond the bound, and counts what is closed, twice or not.
func TestBoundedListener(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Bounded(raw, nil, 0)
	defer l.Close()
	for range 3 {
		c, err := net.Dial("tcp", raw.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = got.Close(), got.Close()
		_ = c.Close()
	}
	if n := l.(*bounded).all; n != 0 {
		t.Errorf("%d are open", n)
	}
}
