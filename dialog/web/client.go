package web

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/internal/limit"
)

// peer returns the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

func (s *Site) trusted(a netip.Addr) bool { return within(s.cfg.TrustedProxies, a) }

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Client returns the address for which a request is counted. Behind a trusted proxy this is
// the last address in X-Forwarded-For other than a trusted proxy's.
//
// The header of a proxy on this machine always counts: only a program here can connect from loopback, and loopback
// itself has no limit.
func (s *Site) Client(r *http.Request) netip.Addr {
	a := peer(r)
	if !s.trusted(a) && !a.IsLoopback() {
		return a
	}
	hops := elements(r.Header.Values("X-Forwarded-For"))
	for i := len(hops) - 1; i >= 0; i-- {
		if hops[i] == "" {
			continue
		}
		hop, ok := hopAddr(hops[i])
		if !ok {
			return a // malformed: the sender of this entry counts as the client
		}
		if a = hop; !s.trusted(a) {
			return a
		}
	}
	return a
}

// stranger reports whether a request came through a proxy that is not trusted.
func (s *Site) stranger(r *http.Request) bool { return !s.trusted(peer(r)) && byProxy(r) }

// silent reports whether a request for the public name came through a trusted proxy that
// says not for whom.
func (s *Site) silent(r *http.Request) bool {
	return s.trusted(peer(r)) && r.Header.Get("X-Forwarded-For") == "" &&
		(byProxy(r) || s.public != nil && strings.EqualFold(hostOf(r), s.public.Hostname()))
}

// byProxy reports whether a request has a header that proxies add.
func byProxy(r *http.Request) bool {
	return slices.ContainsFunc([]string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded"},
		func(name string) bool { return r.Header.Get(name) != "" })
}

// elements returns the elements of a header's list, without space and quotes. There is at
// least one.
func elements(values []string) []string {
	list := strings.Split(strings.Join(values, ","), ",")
	for i, e := range list {
		list[i] = strings.Trim(strings.TrimSpace(e), `"`)
	}
	return list
}

// hopAddr reads an address of X-Forwarded-For, which may have a port and brackets.
func hopAddr(hop string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	if strings.HasPrefix(hop, "[") && strings.HasSuffix(hop, "]") {
		hop = hop[1 : len(hop)-1]
	}
	a, err := netip.ParseAddr(hop)
	return a.Unmap().WithZone(""), err == nil
}

// network returns the network of an address: of so many bits for IPv4 and for IPv6.
func network(a netip.Addr, bits4, bits6 int) string {
	bits := bits4
	if a.Is6() {
		bits = bits6
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// A network's size: what one customer of a provider has, what one company or neighbourhood
// has, and what a provider has.
var sizes = [...]struct{ bits4, bits6 int }{{32, 64}, {24, 48}, {16, 32}}

// networks limit the networks around an address, from the smallest on.
type networks []*limit.Limiter

// take takes a token of each network of an address. Where one has none, take takes nothing
// and returns the time until its next one.
func (n networks) take(a netip.Addr, now time.Time) (wait time.Duration) {
	for i, l := range n {
		if wait = l.Take(network(a, sizes[i].bits4, sizes[i].bits6), now); wait > 0 {
			n[:i].give(a, now)
			return wait
		}
	}
	return 0
}

// give gives a token of each network of an address back.
func (n networks) give(a netip.Addr, now time.Time) {
	for i, l := range n {
		l.Give(network(a, sizes[i].bits4, sizes[i].bits6), now)
	}
}

// limitAddress takes a token of the client's networks. Loopback has no limit.
func (s *Site) limitAddress(r *http.Request) time.Duration {
	switch {
	case s.stranger(r):
		s.proxies.warn("web: requests come through a proxy that is not trusted, so that https and, unless it is on this machine, the addresses of visitors are unknown: "+
			"name its address in TrustedProxies (--trusted-proxies)", peer(r).String())
	case s.silent(r):
		s.proxies.warn("web: a trusted proxy sends no X-Forwarded-For, so that the addresses of visitors are unknown, and their limits are off or count them as one: "+
			"set the header there (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for)", peer(r).String())
	}
	a := s.Client(r)
	if a.IsLoopback() {
		return 0
	}
	return s.addrs.take(a, s.cfg.Now())
}

// start hands the input of a form to the engine. An action of Starts first takes a token of
// the client's networks, and gives it back unless a conversation was started. Without a
// token start returns the time until the next one.
func (s *Site) start(ctx context.Context, p *post) (out dialog.Outcome, wait time.Duration, err error) {
	a := s.Client(p.r)
	if name, _, _ := strings.Cut(p.action, ":"); !a.IsLoopback() && slices.Contains(s.cfg.Starts, name) {
		if wait = s.starts.take(a, s.cfg.Now()); wait > 0 {
			return out, wait, nil
		}
		defer func() {
			if !out.Started {
				s.starts.give(a, s.cfg.Now())
			}
		}()
	}
	out, err = s.engine.Handle(ctx, s.decode(p))
	return out, 0, err
}
