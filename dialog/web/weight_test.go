package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/browser"
)

// The script is read whole before it runs, so it is small. The rules of the page bound the rest.
const (
	scriptMost   = 4 << 10  // bytes, compressed
	pageMost     = 60 << 10 // bytes, compressed, with all that belongs to it
	requestsMost = 5
)

// weight serves a page and notes what a browser asks for.
type weight struct {
	site http.Handler
	mu   sync.Mutex
	all  []string
	size int
}

func (h *weight) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := httptest.NewRecorder()
	h.site.ServeHTTP(a, r)
	body := a.Body.Bytes()
	if a.Header().Get("Content-Encoding") == "" {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(body) // into memory
		_ = z.Close()
		body = b.Bytes()
	}
	h.mu.Lock()
	h.all, h.size = append(h.all, r.URL.Path), h.size+len(body)
	h.mu.Unlock()
	for k, v := range a.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(a.Code)
	_, _ = w.Write(a.Body.Bytes()) // the browser may have gone on
}

func TestWeight(t *testing.T) {
	w := newWorld(t)
	h := &weight{site: w.srv.Config.Handler}
	b := w.visit().open()
	w.srv.Config.Handler = h
	w.beside(b, browser.Start(t), browser.Phone).Wait(`document.readyState == "complete"`)
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) > requestsMost || h.size > pageMost || !slices.ContainsFunc(h.all, func(path string) bool { return strings.HasSuffix(path, ".js") }) {
		t.Errorf("%d bytes for %q", h.size, h.all)
	}
	js := packed().byPath[packed().js]
	if len(js.gzip) > scriptMost {
		t.Errorf("the script has %d bytes", len(js.gzip))
	}
	// the script has no word of its own: the texts are the server's
	if words := regexp.MustCompile(`textContent = "|append\("`).FindAll(js.plain, -1); len(words) > 0 {
		t.Errorf("the script writes %q", words)
	}
}

// The card is painted while the script is still on its way.
func TestPaintedFirst(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	painted, once, early := make(chan struct{}), sync.Once{}, atomic.Bool{}
	site := w.srv.Config.Handler
	w.srv.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/painted":
			once.Do(func() { close(painted) })
			return
		case strings.HasSuffix(r.URL.Path, ".js"):
			select {
			case <-painted:
			case <-time.After(patience):
				early.Store(true)
			}
		}
		site.ServeHTTP(rw, r)
	})
	tab := browser.Start(t).Tab(t, browser.Phone)
	tab.Before(`new PerformanceObserver(list => list.getEntriesByName("first-contentful-paint").length && fetch("/painted")).observe({type: "paint", buffered: true})`)
	w.besideIn(tab, b)
	tab.Wait(`document.documentElement.classList.contains("copies")`)
	if early.Load() {
		t.Error("nothing was painted before the script")
	}
}
