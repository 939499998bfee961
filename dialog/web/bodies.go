package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
)

// The bounds of bodies that are being read.
const (
	maxBody    = 64 << 10  // bytes of a form
	backBody   = 512 << 10 // of a form that is too large, and is given back
	smallBody  = 4 << 10   // of forms that are always read: the bound of connections bounds them
	allBodies  = 32 << 20  // of all others, at a time
	someBodies = 2 << 20   // of the others from one network (IPv4 /24, IPv6 /48); loopback has all
)

// bodies bounds the memory of bodies that are being read. A client that sends the last byte
// late, or never, holds only the share of its own network.
type bodies struct {
	mu  sync.Mutex
	all int64
	of  map[string]int64 // network → bytes
}

func newBodies() *bodies { return &bodies{of: map[string]int64{}} }

// take reserves n bytes for a client; false: there is no room.
func (b *bodies) take(a netip.Addr, n int64) bool {
	if n <= smallBody {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	from := network(a, sizes[1].bits4, sizes[1].bits6)
	if b.all+n > allBodies || !a.IsLoopback() && b.of[from]+n > someBodies {
		return false
	}
	b.all += n
	b.of[from] += n
	return true
}

// give returns what take reserved.
func (b *bodies) give(a netip.Addr, n int64) {
	if n <= smallBody {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	from := network(a, sizes[1].bits4, sizes[1].bits6)
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
	a := s.client(r)
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
	w.Header().Del("Connection")
	r.Body = io.NopCloser(bytes.NewReader(raw))
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(backBody) //nolint:gosec // the body is bounded above
	} else {
		r.Body = http.MaxBytesReader(w, r.Body, backBody)
		err = r.ParseForm()
	}
	switch {
	case err != nil:
		return readBroken
	case len(raw) > maxBody:
		return readLarge
	}
	return readWhole
}
