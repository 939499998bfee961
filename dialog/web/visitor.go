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

// keys sign with the first key and verify with all.
type keys [][]byte

// mac signs value for one purpose, with 128 bits like the visitor's id.
func mac(key []byte, purpose, value string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// opens returns the index of the key of this signature, -1 for none.
func (k keys) opens(purpose, value, sig string) int {
	for i, key := range k {
		if hmac.Equal([]byte(mac(key, purpose, value)), []byte(sig)) {
			return i
		}
	}
	return -1
}

var lower = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// random returns a new id of 24 characters, 120 bits.
func random() string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return lower.EncodeToString(b[:])
}

// visitor is a person with a browser.
type visitor struct {
	id    string
	renew bool // needs a cookie: has none, or one with an old key or name
	new   bool // has no cookie

	device *Device // of a person who is signed in; nil: the visitor is anonymous
	gone   bool    // the visitor has the cookie of a device that is not there
	away   error   // the visitor has the cookie of a device, and the store is away: nobody knows whose
}

const (
	forCookie = "cookie"
	forForm   = "form"
	forOwner  = "owner"
	maxAge    = 400 * 24 * 60 * 60 // seconds; browsers keep no cookie longer
)

// cookieName makes a cookie name from the bot's constant name.
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

// cookieFor returns the cookie's name for a request. The prefix __Host- keeps other
// hosts of the domain from setting the cookie. The prefix needs https: over http some
// browsers and all other clients drop such a cookie, also on loopback.
func (s *Site) cookieFor(r *http.Request, suffix string) (name string, secure bool) {
	if s.Secure(r) {
		return "__Host-" + s.cookie + suffix, true
	}
	return s.cookie + suffix, false
}

// visitor is whoever makes a request: a person who is signed in, or an anonymous visitor. It costs a read of the store only with the
// cookie of a device.
func (s *Site) visitor(r *http.Request) visitor { return s.signedIn(r, s.anonymous(r)) }

// anonymous reads the visitor's cookie, or makes a new visitor. It stores nothing.
func (s *Site) anonymous(r *http.Request) visitor {
	name, secure := s.cookieFor(r, "")
	list := r.CookiesNamed(name)
	if !secure { // from an older version, where loopback counted as https
		list = append(list, r.CookiesNamed("__Host-"+name)...)
	}
	for _, c := range list {
		id, sig, ok := strings.Cut(c.Value, ".")
		if !ok || len(id) != 24 {
			continue
		}
		if i := s.keys.opens(forCookie, id, sig); i >= 0 {
			return visitor{id: id, renew: i > 0 || c.Name != name}
		}
	}
	return visitor{id: random(), renew: true, new: true}
}

// cookieless reports whether a request has no cookie of this page at all.
func (s *Site) cookieless(r *http.Request) bool {
	for _, c := range r.Cookies() {
		if name := strings.TrimPrefix(c.Name, "__Host-"); name == s.cookie || name == s.cookie+"-look" || name == s.cookie+deviceSuffix {
			return false
		}
	}
	return true
}

// welcome gives an anonymous visitor the cookie.
func (s *Site) welcome(w http.ResponseWriter, r *http.Request, v visitor) {
	if v.device != nil || v.away != nil {
		return
	}
	s.setCookie(w, r, "", v.id+"."+mac(s.keys[0], forCookie, v.id), maxAge)
}

func (s *Site) setCookie(w http.ResponseWriter, r *http.Request, suffix, value string, age int) {
	name, secure := s.cookieFor(r, suffix)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the client uses https
		Name: name, Value: value, Path: "/", MaxAge: age, Secure: secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// token returns the CSRF token of the visitor's forms.
func (s *Site) token(v visitor) string { return mac(s.keys[0], forForm, v.id) }

// pseudonym tells visitors apart for the script. It says nothing of the cookie.
func (s *Site) pseudonym(v visitor) string {
	if v.id == "" {
		return ""
	}
	return mac(s.keys[0], forOwner, v.id)[:8]
}

// looked returns the conversation that the visitor opened, by an unsigned cookie.
// The caller must check that it is the visitor's own.
func (s *Site) looked(r *http.Request) string {
	name, _ := s.cookieFor(r, "-look")
	if c, err := r.Cookie(name); err == nil && len(c.Value) <= 64 {
		return c.Value
	}
	return ""
}
