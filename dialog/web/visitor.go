package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"net/http"
	"strings"
)

// keys sign; the first one makes, all of them open.
type keys [][]byte

// mac signs value for one purpose. 128 bits are as many as the visitor's id has.
func mac(key []byte, purpose, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// opens reports which key made this signature, -1 for none.
func (k keys) opens(purpose, value, sig string) int {
	for i, key := range k {
		if hmac.Equal([]byte(mac(key, purpose, value)), []byte(sig)) {
			return i
		}
	}
	return -1
}

var lower = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// random is a fresh id of 24 characters, 120 bits.
func random() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return lower.EncodeToString(b[:])
}

// visitor is who asks.
type visitor struct {
	id    string
	fresh bool // has no cookie yet, or one of the old key
	new   bool // had no cookie
}

const (
	forCookie = "cookie"
	forForm   = "form"
	maxAge    = 400 * 24 * 60 * 60 // seconds; browsers keep no cookie longer
)

// cookieName makes a cookie's name of the bot's, which is constant.
func cookieName(bot string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(bot))
	if name == "" {
		return "bot"
	}
	return name
}

// cookieFor is the cookie's name for this request. The prefix __Host- keeps
// other hosts of the domain from setting it. It wants https: over plain http
// some browsers keep no such cookie, not even on loopback, and no other client does.
func (s *Site) cookieFor(r *http.Request, suffix string) (name string, secure bool) {
	if s.secure(r) {
		return "__Host-" + s.cookie + suffix, true
	}
	return s.cookie + suffix, false
}

// visitor reads who asks, or makes a new one. Nothing is stored.
func (s *Site) visitor(r *http.Request) visitor {
	name, secure := s.cookieFor(r, "")
	list := r.CookiesNamed(name)
	if !secure { // one of before, when loopback counted as https
		list = append(list, r.CookiesNamed("__Host-"+name)...)
	}
	for _, c := range list {
		id, sig, ok := strings.Cut(c.Value, ".")
		if !ok || len(id) != 24 {
			continue
		}
		if i := s.keys.opens(forCookie, id, sig); i >= 0 {
			return visitor{id: id, fresh: i > 0 || c.Name != name}
		}
	}
	return visitor{id: random(), fresh: true, new: true}
}

// welcome gives the visitor the cookie.
func (s *Site) welcome(w http.ResponseWriter, r *http.Request, v visitor) {
	s.setCookie(w, r, "", v.id+"."+mac(s.keys[0], forCookie, v.id), maxAge)
}

func (s *Site) setCookie(w http.ResponseWriter, r *http.Request, suffix, value string, age int) {
	name, secure := s.cookieFor(r, suffix)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // not Secure only where https is not spoken
		Name: name, Value: value, Path: "/", MaxAge: age, Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// token is what the visitor's forms carry.
func (s *Site) token(v visitor) string { return mac(s.keys[0], forForm, v.id) }

// looked is the conversation that the visitor has tapped open. It is only a
// wish: the id counts if it is one of the visitor's own.
func (s *Site) looked(r *http.Request) string {
	name, _ := s.cookieFor(r, "-look")
	if c, err := r.Cookie(name); err == nil && len(c.Value) <= 64 {
		return c.Value
	}
	return ""
}
