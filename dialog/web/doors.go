package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// hostOf returns the host of a request, without port and brackets.
func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func loopbackName(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// knownHost rejects unknown host names on a loopback address. Another site's name
// could resolve to the loopback address (DNS rebinding).
func (s *Site) knownHost(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return true
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		return true
	}
	host := hostOf(r)
	return loopbackName(host) || s.hosts[host]
}

// peer returns the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

func (s *Site) trusted(a netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// client returns the client's address. From a trusted proxy this is the last address
// in X-Forwarded-For other than a trusted proxy's.
func (s *Site) client(r *http.Request) netip.Addr {
	a := peer(r)
	if !s.trusted(a) {
		return a
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return a // malformed: the sender of this entry counts as the client
		}
		if a = hop.Unmap(); !s.trusted(a) {
			return a
		}
	}
	return a
}

// network returns the range of one customer of a provider: an IPv4 address or an
// IPv6 /64.
func network(a netip.Addr) string {
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// secure reports whether the client uses https, so that it keeps a __Host- cookie.
func (s *Site) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if s.public != nil && s.public.Scheme == "https" && hostOf(r) == strings.ToLower(s.public.Hostname()) {
		return true
	}
	return s.trusted(peer(r)) && r.Header.Get("X-Forwarded-Proto") == "https"
}

// door is the result of the check where a form comes from.
type door uint8

const (
	doorShut  door = iota // cross-origin, or without browser headers and right token: 403
	doorOther             // from this page, of another visitor: 409
	doorOpen
)

// door checks a post by the browser's headers (Sec-Fetch-Site, Origin) and by the
// token; a plain client has only the token.
func (s *Site) door(r *http.Request, v visitor) door {
	if s.cross.Check(r) != nil {
		return doorShut
	}
	if s.keys.opens(forForm, v.id, r.PostForm.Get("csrf")) >= 0 {
		return doorOpen
	}
	// Check has accepted the Origin, if there is one
	if r.Header.Get("Sec-Fetch-Site") == "same-origin" || r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") != "" {
		return doorOther
	}
	return doorShut
}
