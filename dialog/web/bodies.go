package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"sync"
)

// The bounds of bodies that are being read. A network is an IPv4 /24 or an IPv6 /48.
const (
	maxBody    = 64 << 10     // bytes of a form
	backBody   = 512 << 10    // of a form that is too large, and is given back
	smallBody  = 4 << 10      // of a small form
	someForms  = connsNetwork // small forms from one network: behind a proxy, its connections have no bound
	allBodies  = 32 << 20     // bytes of all larger forms, at a time
	someBodies = 2 << 20      // bytes of the larger forms from one network
)

// bodies bounds the bodies that are being read, and their memory. A client that sends the
// last byte late, or never, holds only the share of its own network. Small forms have a
// share of their own, which larger ones cannot take. Loopback has all.
type bodies struct {
	mu    sync.Mutex
	all   int64            // bytes of larger ones
	of    map[string]int64 // network → bytes of larger ones
	forms map[string]int   // network → small forms
}

func newBodies() *bodies { return &bodies{of: map[string]int64{}, forms: map[string]int{}} }

// take reserves room for a body of n bytes; false: there is none.
func (b *bodies) take(a netip.Addr, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := network(a, sizes[1].bits4, sizes[1].bits6)
	if n <= smallBody {
		if !a.IsLoopback() && b.forms[from] >= someForms {
			return false
		}
		b.forms[from]++
		return true
	}
	if b.all+n > allBodies || !a.IsLoopback() && b.of[from]+n > someBodies {
		return false
	}
	b.all += n
	b.of[from] += n
	return true
}

// give returns what take reserved.
func (b *bodies) give(a netip.Addr, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from := network(a, sizes[1].bits4, sizes[1].bits6)
	if n <= smallBody {
		if b.forms[from]--; b.forms[from] == 0 {
			delete(b.forms, from)
		}
		return
	}
	b.all -= n
	if b.of[from] -= n; b.of[from] <= 0 {
		delete(b.of, from)
	}
}

// reading is how the reading of a form ended.
type reading uint8

const (
	readWhole  reading = iota
	readLarge          // whole, but over maxBody: given back
	readHuge           // over backBody
	readBroken         // no form
	readBusy           // not read: too many bodies are being read
)

// read reads the form of a post. Nothing of it outlives the request.
func (s *Site) read(w http.ResponseWriter, r *http.Request) reading {
	most := r.ContentLength
	switch {
	case most > backBody:
		return readHuge
	case most < 0:
		most = maxBody // of unknown length
	}
	a := s.Client(r)
	if !s.bodies.take(a, most) {
		return readBusy
	}
	defer s.bodies.give(a, most)
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return readHuge
	case err != nil:
		return readBroken
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
	case kind == "multipart/form-data":
		err = r.ParseMultipartForm(backBody) //nolint:gosec // the body is bounded above
	case kind == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	default:
		return readBroken
	}
	switch {
	case err != nil:
		return readBroken
	case len(raw) > maxBody:
		return readLarge
	}
	return readWhole
}
