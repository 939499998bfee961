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

// Secure reports whether the client uses https, so that it keeps a __Host- cookie.
func (s *Site) Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if s.public != nil && s.public.Scheme == "https" && hostOf(r) == strings.ToLower(s.public.Hostname()) {
		return true
	}
	return s.trusted(peer(r)) && strings.EqualFold(elements(r.Header.Values("X-Forwarded-Proto"))[0], "https")
}

// door is the result of the check where a form comes from.
type door uint8

const (
	doorShut  door = iota // from another site, or without browser headers and right token: 403
	doorOther             // from this page, of another visitor: 409
	doorOpen
)

// foreign reports whether the browser says that a post comes from another site. The origin
// null says nothing: a page that hides its address sends it, and so does a redirect.
func (s *Site) foreign(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return false
	}
	return s.cross.Check(r) != nil
}

// door checks a post that is not foreign by the token, and by the browser's headers
// (Sec-Fetch-Site, Origin); a plain client has only the token.
func (s *Site) door(r *http.Request, v visitor) door {
	if s.keys.opens(forForm, v.id, r.PostForm.Get("csrf")) >= 0 {
		return doorOpen
	}
	from, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if from == "same-origin" || from == "" && origin != "" && origin != "null" { // foreign has accepted the origin
		return doorOther
	}
	return doorShut
}
