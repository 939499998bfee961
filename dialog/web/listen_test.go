package web

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/browser"
)

// streams answers /events in front of a site. Each stream says what the test sends it.
type streams struct {
	site http.Handler
	lost atomic.Bool // there are none
	mute atomic.Bool // they say nothing

	mu    sync.Mutex
	open  map[chan string]*http.Request
	began int
}

func (s *streams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/events" {
		s.site.ServeHTTP(w, r)
		return
	}
	say := make(chan string)
	s.mu.Lock()
	s.open[say] = r
	s.began++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.open, say)
		s.mu.Unlock()
	}()
	if s.lost.Load() {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	if !s.mute.Load() {
		_, _ = fmt.Fprint(w, "retry: 50\n\n")
	}
	_ = out.Flush()
	for {
		select {
		case text := <-say:
			if text == "" {
				return
			}
			_, _ = fmt.Fprint(w, text)
			_ = out.Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// say says something on all streams, or ends them if it is nothing.
func (s *streams) say(text string) {
	s.mu.Lock()
	list := make([]chan string, 0, len(s.open))
	for c := range s.open {
		list = append(list, c)
	}
	s.mu.Unlock()
	for _, c := range list {
		c <- text
	}
}

func (s *streams) count() (open, began int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open), s.began
}

func (w *world) streams() *streams {
	s := &streams{site: w.srv.Config.Handler, open: map[chan string]*http.Request{}}
	w.srv.Config.Handler = s
	return s
}

// until waits until a condition holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// hide hides a page, or shows it again.
func hide(tab *browser.Tab, hidden bool) {
	browser.Eval[bool](tab, fmt.Sprintf(`Object.defineProperty(document, "hidden", {configurable: true, value: %v}), document.dispatchEvent(new Event("visibilitychange"))`, hidden))
}

// hurry shortens the times of a page's script.
func hurry(tab *browser.Tab, times string) {
	tab.Before(`window.setTimeout = (real => (f, ms, ...a) => real(f, ms in ` + times + ` ? ` + times + `[ms] : ms >= 7000 && ms <= 13000 && ` + times + `.poll || ms, ...a))(setTimeout)`)
}

// A visible page listens, and asks when it hears of another state. A stream that ends is opened again, with the state that the
// page shows.
func TestListens(t *testing.T) {
	w := newWorld(t)
	s := w.streams()
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	blurred := `document.activeElement.blur(), true`
	browser.Eval[bool](tab, blurred)
	until(t, "a stream", func() bool { open, _ := s.count(); return open == 1 })
	b.say("Bob")
	s.say("event: card\ndata:\nid: ")
	browser.Eval[bool](tab, `fetch("/help").then(answer => answer.text()).then(() => true)`) // the page has read the first part
	s.say("1\n\n")
	tab.Wait(atCount)
	browser.Eval[bool](tab, blurred)
	for n := range 4 {
		s.say("")
		until(t, "another stream", func() bool { open, began := s.count(); return open == 1 && began == n+2 })
	}
	browser.Eval[bool](tab, count)
	s.say(": nothing\n\nevent: card\ndata:\nid: 1\n\n")
	b.say("3")
	s.say("event: card\ndata:\nid: 2\n\n")
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
	hide(tab, true)
	until(t, "no stream of a hidden page", func() bool { open, _ := s.count(); return open == 0 })
	if browser.Eval[bool](tab, `new Promise(done => { let opened = false, real = fetch; fetch = (...a) => { opened = true; return real(...a) };
		dispatchEvent(new Event("online")); setTimeout(() => { fetch = real; done(opened) }) })`) {
		t.Error("a hidden page opens a stream")
	}
	b.tap("size:large")
	browser.Eval[bool](tab, `window.order = [], (real => window.fetch = (...a) => { order.push(new URL(a[0], location).pathname); return real(...a) })(fetch), true`)
	hide(tab, false)
	tab.Wait(`document.querySelector("main").dataset.step == "review"`)
	until(t, "a stream", func() bool { open, began := s.count(); return open == 1 && began == 6 })
	if got := browser.Eval[string](tab, `order.slice(0, 2).join()`); got != "/,/events" {
		t.Errorf("a page that comes back asks for %s", got)
	}
	browser.Eval[bool](tab, `dispatchEvent(new PageTransitionEvent("pagehide", {persisted: true}))`)
	until(t, "no stream of a page that was left", func() bool { open, _ := s.count(); return open == 0 })
}

// Where there are no streams, or only silent ones, a page asks now and then.
func TestPolls(t *testing.T) {
	br := browser.Start(t)
	for name, x := range map[string]struct {
		set   func(*streams)
		began int
	}{
		"none":   {func(s *streams) { s.lost.Store(true) }, 1},
		"silent": {func(s *streams) { s.mute.Store(true) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.streams()
			x.set(s)
			b := w.visit().open()
			tab := br.Tab(t, browser.Phone)
			hurry(tab, `({5000: 100, 1000: 1, poll: 20})`)
			w.besideIn(tab, b)
			browser.Eval[bool](tab, `document.activeElement.blur(), true`)
			until(t, "streams", func() bool { _, began := s.count(); return began == x.began })
			b.say("Bob")
			tab.Wait(atCount)
			if _, began := s.count(); began != x.began {
				t.Errorf("%d streams were opened, want %d", began, x.began)
			}
		})
	}
}

// Who is signed out leaves nothing that was typed.
func TestSignedOut(t *testing.T) {
	w := newWorld(t)
	s := w.streams()
	tab := w.beside(w.visit().open(), browser.Start(t), browser.Phone)
	until(t, "a stream", func() bool { open, _ := s.count(); return open == 1 })
	tab.Type("#text", "Bob")
	browser.Eval[bool](tab, `window.old = true`)
	s.say("event: bye\ndata:\n\n")
	tab.Wait(`!window.old && document.readyState == "complete"`)
	if got := browser.Eval[string](tab, `document.querySelector("#text").value + localStorage.length`); got != "0" {
		t.Errorf("kept %q", got)
	}
}

// Browsers open six connections to a host over HTTP/1.1. Seven tabs of one person load, because only the visible one listens.
func TestSevenTabs(t *testing.T) {
	w := newWorld(t)
	s := w.streams()
	tab := w.beside(w.visit().open(), browser.Start(t), browser.Phone)
	for n := range 7 {
		until(t, "a stream", func() bool { open, began := s.count(); return open == 1 && began == n+1 })
		hide(tab, true)
		tab = tab.Another()
		tab.Open(w.srv.URL + "/")
	}
	tab.Type("#text", "Bob\r")
	tab.Wait(atCount)
}

// Going back shows what is true now, also after an answer that was refused, and asks nobody to send a form again.
func TestGoingBack(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	tab.Type("#text", "Anna")
	b.say("Bob")
	tab.Press("\r")
	tab.Wait(`document.querySelector("#answer .alt")`)
	tab.Tap("#answer .alt")
	tab.Wait(atCount)
	tab.Type("#text", "lots\r")
	tab.Wait(`document.title.startsWith("Error: ")`)
	browser.Eval[bool](tab, `document.querySelector("#text").value = "", document.activeElement.blur(), true`)
	tab.Click(`a[href="/help"]`)
	b.get("/")
	b.say("3")
	tab.Back()
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
}
